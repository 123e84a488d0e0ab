// RCS: one message to a push, with a file and perhaps its thumbnail. Phones choose the ids of messages, so each id is used by
// two senders here.

import { bytesOf } from '../../../src/sandbox/bytes-of.ts';
import { type RcsFile, rcsContents, rcsEvents } from '../../../src/sandbox/rcs/events.ts';
import { makePush } from '../../../src/sandbox/rcs/push.ts';
import { startRcsSandbox } from '../../../src/sandbox/rcs/sandbox.ts';
import {
  clock,
  fileType,
  type OpenTortureCarrier,
  type SeededFile,
  type Wanted,
  type Webhook,
} from './torture-carrier.ts';

const clientToken = 'torture_client_token';
const senders = ['+12223334444', '+4915110000001'] as const;
const agentOf = (number: number): string => `torture-${number}@rbm.goog`;

export const openRcs: OpenTortureCarrier = async (folder) => {
  const google = await startRcsSandbox({ clock, folder, agentId: agentOf(0), clientToken });
  let agents = 0;
  let messages = 0;

  const keep = ({ seed, size }: SeededFile): Promise<RcsFile> =>
    google.keep({ bytes: bytesOf(size, seed), type: fileType, fileName: `${seed}.bin` });

  async function webhook(agentId: string, { files, late }: Wanted): Promise<Webhook> {
    const [file, thumbnail] = await Promise.all(files.map(keep));
    if (file && late) google.fault(file.media.id, { is: 'store_error', status: 404 }, 1);
    const from = senders[messages % 2] ?? senders[0];
    const id = `M${Math.floor(messages++ / 2)}`;
    const content = file ? rcsContents.file(file, thumbnail) : rcsContents.text('no file');
    const { event } = rcsEvents(agentId, clock).message(content, { from, messageId: id });
    const { body, headers } = makePush(event, clock.now(), { clientToken });
    const kept = [file, thumbnail].flatMap((one) => (one ? [one.media] : []));
    return {
      headers: { 'content-type': 'application/json', ...headers },
      body: Buffer.from(body).toString('base64'),
      messages: [{ id, from, files: kept }],
    };
  }

  return {
    connection: {
      carrier: 'rcs',
      name: 'Google',
      client_token: clientToken,
      api_url: google.origin,
      media_hosts: [new URL(google.origin).host],
    },
    mostFiles: 2,
    newChannel: () => ({ address: agentOf(++agents) }),
    webhooks: (_, agentId, wanted) => Promise.all(wanted.map((one) => webhook(agentId, one))),
    cutOnce: () => google.fault('*', { is: 'reset', when: 'mid_body' }, 1),
    calm: () => google.clearFaults(),
  };
};
