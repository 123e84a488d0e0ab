// Who may connect, and what is said besides messages.

import { type Form, must, mustFit } from '../form.ts';
import type { Check, Target } from '../target.ts';
import { connected, refused } from './connect.ts';
import { refusal } from './forms.ts';

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export const welcome = (more: { [name: string]: Form }): Form => ({
  type: 'connected',
  userId: /./,
  connectionId: uuid,
  ...more,
});

async function expectRefusal(target: Target, query: Record<string, string>, status: number, code: string) {
  const answer = await refused(target, query);
  must(answer.status === status, `the connection is answered with ${answer.status} in place of ${status}`);
  mustFit(answer.json, refusal(code));
}

export const socketChecks: readonly Check[] = [
  {
    name: 'a connection without a key, or with an unknown one, is refused with 401 before there is one',
    needs: [],
    async run(target) {
      for (const query of [{}, { apiKey: '' }, { apiKey: 'pk_nobody' }] as Record<string, string>[])
        await expectRefusal(target, query, 401, 'UNAUTHORIZED');
    },
  },
  {
    name: 'a connection to a conversation that does not exist is refused with 403 before there is one',
    needs: [],
    async run(target) {
      for (const conversationId of ['conv_000000000000000000000000000', 'nothing', ''])
        await expectRefusal(target, { apiKey: target.key, conversationId }, 403, 'FORBIDDEN');
    },
  },
  {
    name: 'whoever connects is welcomed, and several may be connected at the same time',
    needs: [],
    run: (target) =>
      connected(target, {}, (first) =>
        connected(target, {}, async (second) => {
          const welcomes = [await first.next(), await second.next()];
          for (const frame of welcomes) mustFit(frame, welcome({ scope: 'user' }));
          must(welcomes[0]?.['connectionId'] !== welcomes[1]?.['connectionId'], 'two connections have one id');
          must(welcomes[0]?.['userId'] === welcomes[1]?.['userId'], 'one account has two ids');
        }),
      ),
  },
];
