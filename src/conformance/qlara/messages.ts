// Inbound messages, as the callback hears them.

import { randomInt } from 'node:crypto';
import { isObject } from '../../core/json.ts';
import type { SandboxMessage } from '../../core/sandbox-desk.ts';
import { ask } from '../ask.ts';
import { type Form, must, mustFit } from '../form.ts';
import { type Check, type Heard, offered, type Target } from '../target.ts';
import { call, expectAnswer, fileAnswer, inbound, mediaKey } from './forms.ts';
import { keepingWebhook, webhookPath } from './webhook.ts';

/** A number that nobody else writes from, by which the webhook of a message is told from others. */
const stranger = (): string => `+39333${randomInt(1_000_000, 9_999_999)}`;

/** Sends a message and gives what the callback heard of it. */
async function heard(target: Target, from: string, message: SandboxMessage): Promise<Heard> {
  await offered(target, 'inject')({ from, ...message });
  return await offered(target, 'receiver').next(({ json }) => isObject(json) && json['from'] === from);
}

/** The receiver's address as the callback, for as long as `run` runs. */
const listening = (target: Target, run: () => Promise<void>): Promise<void> =>
  keepingWebhook(target, async () => {
    const { url } = offered(target, 'receiver');
    const set = await call(target, 'POST', webhookPath, { body: { callbackUrl: url } });
    must(set.status === 201, `the callback is answered with ${set.status}: ${set.text}`);
    await run();
  });

const bytes = new TextEncoder().encode('the bytes of a file that somebody sent');

async function* fileBytes(): AsyncGenerator<Uint8Array> {
  yield bytes;
}

type Sent = { name: string; type: string; file: SandboxMessage };

const sent: readonly Sent[] = [
  { name: 'a photo', type: 'IMAGE', file: { type: 'image/jpeg' } },
  { name: 'a photo with a caption', type: 'IMAGE', file: { type: 'image/png', caption: 'Der "Schaden" \u2028 🚗' } },
  { name: 'a document', type: 'DOCUMENT', file: { type: 'application/pdf', fileName: 'contract.pdf' } },
  { name: 'a document whose name is a path', type: 'DOCUMENT', file: { type: 'application/pdf', fileName: '../../x' } },
  { name: 'a voice note', type: 'AUDIO', file: { type: 'audio/ogg; codecs=opus' } },
  { name: 'a sound', type: 'AUDIO', file: { type: 'audio/mpeg' } },
  { name: 'a video', type: 'VIDEO', file: { type: 'video/mp4', caption: 'Der Hof' } },
  { name: 'a sticker', type: 'STICKER', file: { type: 'image/webp' } },
];

function contentOf({ type, file }: Sent): { [name: string]: Form } {
  const mimeType = file.type?.split(';')[0] ?? '';
  return { type, ...(file.caption !== undefined && { caption: file.caption }), mimeType, mediaKey };
}

export const messageChecks: readonly Check[] = [
  {
    name: 'a text is told with its words',
    needs: ['inject', 'receiver'],
    run: (target) =>
      listening(target, async () => {
        const from = stranger();
        const { json, method, headers } = await heard(target, from, { text: 'Is it insured? 🚗' });
        mustFit(json, inbound(from, { type: 'TEXT', text: 'Is it insured? 🚗' }));
        must(method === 'POST', `it is told by ${method}`);
        must(/^application\/json/.test(headers['content-type'] ?? ''), 'the body is not said to be JSON');
      }),
  },
  ...sent.map(
    (one): Check => ({
      name: `${one.name} is told with a media key, which leads to its bytes`,
      needs: ['inject', 'receiver'],
      run: (target) =>
        listening(target, async () => {
          const from = stranger();
          const { json } = await heard(target, from, { ...one.file, body: fileBytes() });
          mustFit(json, inbound(from, contentOf(one)));
          const { mediaKey: key } = (json as { content: { mediaKey: string } }).content;
          const file = await expectAnswer(call(target, 'GET', `/api/files/${key}`), 200, fileAnswer(key));
          const { status, bytes: found } = await ask((file as { url: string }).url);
          must(status === 200 && Buffer.from(found).equals(bytes), 'the link yields other bytes');
        }),
    }),
  ),
];
