// A text message that an application sends to itself, as if a carrier had brought it. It takes the path of every other one,
// on a channel of a connection whose carrier nobody speaks for, so that nothing can be posted to it from outside.

import type { Desk } from '../../core/desk.ts';
import { Fault } from '../../core/faults.ts';
import { newId } from '../../core/ids.ts';
import { appOf, type DeskParts } from './parts.ts';

const page = { limit: 200, cursor: null };

export function playgroundDesk({ records, sealer, clock, onWork }: DeskParts): Pick<Desk, 'simulate'> {
  async function connectionId(carrier: string) {
    const known = (await records.listConnections({ page })).rows.find((one) => one.carrier === carrier);
    if (known !== undefined) return known.id;
    const made = { now: clock.now(), carrier, name: 'Playground', settings: {}, sealed: sealer.seal({}) };
    return (await records.createConnection(made)).id;
  }

  return {
    async simulate(caller, { from, to, text, subject, carrier: as }) {
      if (caller.mode !== 'test')
        throw new Fault('permission_missing', { detail: 'Only a test key can simulate a message.' });
      const appId = appOf(caller);
      const now = clock.now();
      const connection = await connectionId(`playground-${as}`);
      // Two apps may simulate the same number: the address names the app too, and only the display is shown.
      const address = `${appId}:${to}`;
      await records.createChannel({
        now,
        appId,
        connectionId: connection,
        address,
        display: to,
        sealed: sealer.seal({}),
      });
      // Told from every other by its own form.
      const carrierMessageId = newId('journal', now);
      await records.accept([
        {
          connectionId: connection,
          receivedAt: now,
          headers: {},
          body: Buffer.from(JSON.stringify({ from, to, text, subject, carrier: as })),
          messages: [
            {
              is: 'message',
              address,
              dedupeKey: carrierMessageId,
              carrierMessageId,
              direction: 'inbound',
              origin: 'live',
              kind: 'text',
              text,
              identities: [{ kind: 'phone', value: from.replace(/^\+/, '') }],
              name: null,
              groupId: null,
              context: null,
              content: subject === undefined ? null : { subject },
              raw: null,
              errors: [],
              sentAt: now,
              media: [],
            },
          ],
          statuses: 0,
          notices: 0,
          unparsed: [],
          verified: true,
        },
      ]);
      onWork();
      const { rows } = await records.listMessages({
        reach: caller.reach,
        filter: { carrierMessageId },
        page: { limit: 1, cursor: null },
      });
      const [message] = rows;
      if (message === undefined) throw new Error('a simulated message was not stored');
      return message.id;
    },
  };
}
