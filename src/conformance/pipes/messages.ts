// Messages as they come over the socket. The account must have no webhook that keeps them from it.

import { isObject } from '../../core/json.ts';
import type { SandboxMessage } from '../../core/sandbox-desk.ts';
import { type Form, must, mustFit } from '../form.ts';
import { type Check, offered, type Target } from '../target.ts';
import { type Client, connected, type Frame } from './connect.ts';
import { fileAt, frame, media, stranger } from './forms.ts';
import { welcome } from './sockets.ts';

const bytes = new TextEncoder().encode('the bytes of a file that somebody sent');

async function* fileBytes(): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const dataOf = ({ data }: Frame): Frame => (isObject(data) ? data : {});
const isFrom = (from: string) => (given: Frame) => dataOf(given)['fromNumber'] === from;

type Sent = { name: string; type: string; file: SandboxMessage; fileName?: string };

const sent: readonly Sent[] = [
  { name: 'a photo', type: 'image', file: { type: 'image/jpeg' } },
  { name: 'a photo with a caption', type: 'image', file: { type: 'image/png', caption: 'Der "Schaden" \u2028 🚗' } },
  { name: 'a document', type: 'document', file: { type: 'application/pdf', fileName: 'a.pdf' }, fileName: 'a.pdf' },
  {
    name: 'a document whose name is a path',
    type: 'document',
    file: { type: 'application/pdf', fileName: '../../x' },
    fileName: 'x',
  },
  { name: 'a voice note', type: 'audio', file: { type: 'audio/ogg; codecs=opus' } },
  { name: 'a video', type: 'video', file: { type: 'video/mp4', caption: 'Der Hof' } },
  { name: 'a sticker', type: 'sticker', file: { type: 'image/webp' } },
];

function formOf(from: string, { type, file, fileName }: Sent): Form {
  const mimeType = file.type?.split(';')[0] ?? '';
  return frame(from, { type, text: file.caption ?? '', media: media(mimeType, bytes.length, fileName) });
}

/** Sends a message and gives what the client hears of it. */
async function heard(target: Target, client: Client, from: string, message: SandboxMessage): Promise<Frame> {
  await offered(target, 'inject')({ from, ...message });
  return await client.next(isFrom(from));
}

const textOf = (given: Frame) => dataOf(given)['text'];

export const messageChecks: readonly Check[] = [
  {
    name: 'a text comes over the socket',
    needs: ['inject'],
    run: (target) =>
      connected(target, {}, async (client) => {
        const from = stranger();
        const text = 'Is it insured? 🚗';
        mustFit(await heard(target, client, from, { text }), frame(from, { type: 'text', text }));
      }),
  },
  ...sent.map(
    (one): Check => ({
      name: `${one.name} comes over the socket with a path that leads to its bytes`,
      needs: ['inject'],
      run: (target) =>
        connected(target, {}, async (client) => {
          const from = stranger();
          const given = await heard(target, client, from, { ...one.file, body: fileBytes() });
          mustFit(given, formOf(from, one));
          const { media: shown } = dataOf(given) as { media: { downloadUrl: string } };
          const { status, bytes: found } = await fileAt(target, shown.downloadUrl);
          must(status === 200 && Buffer.from(found).equals(bytes), 'the path leads to other bytes');
        }),
    }),
  ),
  {
    name: 'a connection to one conversation hears that one and no other',
    needs: ['inject'],
    run: (target) =>
      connected(target, {}, async (everything) => {
        const [ada, ben] = [stranger(), stranger()];
        const { conversationId } = dataOf(await heard(target, everything, ada, { text: 'Ada' }));
        const id = String(conversationId);
        await connected(target, { conversationId: id }, async (client) => {
          mustFit(await client.next(), welcome({ scope: 'conversation', conversationId: id }));
          await heard(target, everything, ben, { text: 'Ben' });
          await heard(target, everything, ada, { text: 'Ada again' });
          const next = await client.next();
          must(
            textOf(next) === 'Ada again',
            `the first frame of the conversation says ${JSON.stringify(textOf(next))}`,
          );
        });
      }),
  },
  {
    name: 'a connection to one number hears what came to it',
    needs: ['inject'],
    run: (target) =>
      connected(target, {}, async (everything) => {
        const from = stranger();
        const { poolNumberId } = dataOf(await heard(target, everything, from, { text: 'one' }));
        await connected(target, { poolNumberId: String(poolNumberId) }, async (client) => {
          mustFit(await client.next(), welcome({ scope: 'user' }));
          must(textOf(await heard(target, client, from, { text: 'two' })) === 'two', 'it heard something else');
        });
      }),
  },
  {
    name: 'what came while nobody was connected comes to whoever connects for all, the oldest first, 750 ms apart',
    needs: ['inject'],
    async run(target) {
      const senders = [stranger(), stranger(), stranger()];
      for (const [at, from] of senders.entries()) await offered(target, 'inject')({ from, text: String(at) });
      const times: number[] = [];
      await connected(target, {}, async (client) => {
        for (const [at] of senders.entries()) {
          const next = await client.next((given) => senders.some((from) => isFrom(from)(given)));
          times.push(performance.now());
          must(textOf(next) === String(at), `${JSON.stringify(textOf(next))} came in place of ${at}`);
        }
      });
      const [first = 0, , third = 0] = times;
      must(third - first > 1200, `three messages came within ${Math.round(third - first)} ms`);
    },
  },
];
