import type { Desk } from '../../core/desk.ts';
import { Fault } from '../../core/faults.ts';
import { newId } from '../../core/ids.ts';
import { appOf, type DeskParts, whose } from './parts.ts';

type ChannelDesk = Pick<Desk, 'channels' | 'channel' | 'removeChannel' | 'reserveChannel'>;

/** More channels than an app has. */
const page = { limit: 200, cursor: null };

export const channelDesk = ({ records, eraser, clock }: DeskParts): ChannelDesk => ({
  async channels(caller) {
    return (await records.listChannels({ reach: caller.reach, appId: appOf(caller), page })).rows;
  },
  channel: async (caller, name) =>
    await whose(records, caller, 'channel', name, async (reach, id) => await records.channel({ reach, id })),
  async removeChannel(caller, id) {
    try {
      await eraser.channel(caller.reach, id);
      return true;
    } catch (error) {
      if (error instanceof Fault && error.code === 'not_found') return false;
      throw error;
    }
  },
  reserveChannel: () => newId('channel', clock.now()),
});
