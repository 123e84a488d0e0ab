import type { Desk } from '../../core/desk.ts';
import { Fault } from '../../core/faults.ts';
import { stateNow } from '../../core/present.ts';
import { appOf, type DeskParts, whose } from './parts.ts';

type FileDesk = Pick<Desk, 'media' | 'stateOf' | 'upload' | 'removeMedia' | 'askMedia'>;

export const fileDesk = ({ records, uploads, clock, onWork }: DeskParts): FileDesk => ({
  media: async (caller, name) =>
    await whose(records, caller, 'media', name, async (reach, id) => await records.media({ reach, id })),
  stateOf: (media) => stateNow(media, clock.now()),
  upload: async (caller, file) => await uploads.take(caller.reach, appOf(caller), file),
  async removeMedia({ reach }, id) {
    if ((await records.deleteMedia({ reach, id, now: clock.now() })) === undefined) throw new Fault('not_found');
    onWork();
  },
  async askMedia({ reach }, id) {
    const moved = await records.askMedia({ reach, id, now: clock.now() });
    if (moved === undefined) throw new Fault('not_found');
    onWork();
    return moved.row;
  },
});
