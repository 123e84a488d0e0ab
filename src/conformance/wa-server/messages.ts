import { createHash, createHmac, randomInt } from 'node:crypto';
import { isObject } from '../../core/json.ts';
import type { SandboxMessage } from '../../core/sandbox-desk.ts';
import { type Form, maybe, must, mustFit } from '../form.ts';
import { type Check, type Heard, offered, type Target } from '../target.ts';
import { getMedia, knownTypes, mediaPath, received } from './forms.ts';

/** A number that nobody else writes from, by which the webhook of a message is told from others. */
const stranger = (): string => `39333${randomInt(1_000_000, 9_999_999)}`;
const jidOf = (phone: string): string => `${phone}@s.whatsapp.net`;

function fromIn({ json }: Heard): unknown {
  const payload = isObject(json) ? json['payload'] : undefined;
  return isObject(payload) ? payload['from'] : undefined;
}

const heardFrom = (target: Target, phone: string): Promise<Heard> =>
  offered(target, 'receiver').next((heard) => fromIn(heard) === jidOf(phone));

type Sent = { name: string; type: string; file: SandboxMessage; members?: { [name: string]: Form } };

const bytes = new TextEncoder().encode('the bytes of a file that somebody sent');
const sha256 = createHash('sha256').update(bytes).digest('hex');

async function* fileBytes(): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const photo = { type: 'image/jpeg' };
const pdf = { type: 'application/pdf' };
const caption = 'Der "Schaden" \u2028';

const files: readonly Sent[] = [
  { name: 'a photo', type: 'image', file: photo },
  { name: 'a photo with a caption', type: 'image', file: { ...photo, caption }, members: { caption } },
  { name: 'a video', type: 'video', file: { type: 'video/mp4' } },
  { name: 'a voice note', type: 'audio', file: { type: 'audio/ogg; codecs=opus' }, members: { ptt: true } },
  { name: 'a sound', type: 'audio', file: { type: 'audio/mpeg' } },
  { name: 'a sound of another type', type: 'audio', file: { type: 'audio/mp4' } },
  {
    name: 'a document',
    type: 'document',
    file: { ...pdf, fileName: 'contract.pdf' },
    members: { file_name: 'contract.pdf' },
  },
  {
    name: 'a document with a path for a name',
    type: 'document',
    file: { ...pdf, fileName: '../../x' },
    members: { file_name: 'x' },
  },
  {
    name: 'a document of another type',
    type: 'document',
    file: {
      type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      fileName: 'claim.docx',
    },
    members: { file_name: 'claim.docx' },
  },
  { name: 'a sticker', type: 'sticker', file: { type: 'image/webp' } },
];

export const messageChecks: readonly Check[] = [
  {
    name: 'a text is told in the envelope, whose request id is in the header too',
    needs: ['inject', 'receiver'],
    async run(target) {
      const from = stranger();
      await offered(target, 'inject')({ from, text: 'Hello' });
      const heard = await heardFrom(target, from);
      mustFit(heard.json, received({ from: jidOf(from), chat: jidOf(from), type: 'text', text: 'Hello' }));
      const { request_id } = heard.json as { request_id: string };
      must(heard.headers['x-wa-request-id'] === request_id, 'X-WA-Request-ID is another than request_id');
      must(/^application\/json/.test(heard.headers['content-type'] ?? ''), 'the body is not said to be JSON');
    },
  },
  {
    name: 'a webhook is signed with the secret, which itself is not sent',
    needs: ['inject', 'receiver', 'secret'],
    async run(target) {
      const from = stranger();
      const secret = offered(target, 'secret');
      await offered(target, 'inject')({ from, text: 'Hello' });
      const heard = await heardFrom(target, from);
      const wanted = createHmac('sha256', secret).update(heard.body).digest('hex');
      must(
        Object.values(heard.headers).some((value) => value === `sha256=${wanted}`),
        'no header holds the HMAC-SHA256 of the body',
      );
      must(!JSON.stringify([heard.headers, heard.json]).includes(secret), 'the secret was sent');
    },
  },
  ...files.map(
    ({ name, type, file, members = {} }): Check => ({
      name: `${name} is told with a path, which leads to its bytes`,
      needs: ['inject', 'receiver'],
      async run(target) {
        const from = stranger();
        await offered(target, 'inject')({ from, ...file, body: fileBytes() });
        const { json } = await heardFrom(target, from);
        const bare = file.type?.split(';')[0] ?? '';
        const facts = {
          media_path: mediaPath,
          mime_type: bare,
          file_size: bytes.length,
          sha256,
          // The carrier may give a name where the sender gave none.
          file_name: maybe(/./),
          ...members,
        };
        mustFit(json, received({ from: jidOf(from), chat: jidOf(from), type, ...facts }));
        const told = json as { device_id: string; app_id: string; payload: { media_path: string } };
        const { media_path } = told.payload;
        must(media_path.startsWith(`media/${told.app_id}/${told.device_id}-`), 'the path names other ids');
        const found = await getMedia(target, media_path);
        must(found.status === 200 && Buffer.from(found.bytes).equals(bytes), 'the path yields other bytes');
        const wanted = knownTypes.includes(bare) ? bare : 'application/octet-stream';
        const served = found.headers.get('content-type');
        must(served === wanted, `the type is ${served} in place of ${wanted}`);
      },
    }),
  ),
];
