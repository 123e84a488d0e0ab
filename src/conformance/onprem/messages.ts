import type { SandboxMessage } from '../../core/sandbox-desk.ts';
import { type Form, must, mustFit } from '../form.ts';
import type { Check } from '../target.ts';
import { call, downloaded, mediaObject, received } from './forms.ts';
import { allKinds, bytes, fileBytes, fileIn, hearOf, listening, outcomeOf } from './listening.ts';

type Sent = { name: string; kind: string; file: SandboxMessage; more?: { [name: string]: Form } };

const photo = { type: 'image/jpeg' };
const pdf = { type: 'application/pdf' };
const caption = 'Der "Schaden" \u2028';

const files: readonly Sent[] = [
  { name: 'a photo', kind: 'image', file: photo },
  { name: 'a photo with a caption', kind: 'image', file: { ...photo, caption }, more: { caption } },
  { name: 'a video', kind: 'video', file: { type: 'video/mp4' } },
  { name: 'a voice note', kind: 'voice', file: { type: 'audio/ogg; codecs=opus' } },
  { name: 'a sound', kind: 'audio', file: { type: 'audio/mpeg' } },
  { name: 'a document', kind: 'document', file: { ...pdf, fileName: 'a.pdf' }, more: { filename: 'a.pdf' } },
  {
    name: 'a document with a path for a name',
    kind: 'document',
    file: { ...pdf, fileName: '../../x' },
    more: { filename: 'x' },
  },
  { name: 'a sticker', kind: 'sticker', file: { type: 'image/webp' } },
];

export const messageChecks: readonly Check[] = [
  {
    name: 'a text is told with its sender, its id and its time',
    needs: ['inject', 'receiver'],
    async run(target) {
      await listening(target, allKinds, async () => {
        const { heard, from } = await hearOf(target, { text: 'Hello' });
        mustFit(heard.json, received(from, { type: 'text', text: { body: 'Hello' } }));
        must(heard.method === 'POST', `it is a ${heard.method}`);
        must(/^application\/json/.test(heard.headers['content-type'] ?? ''), 'the body is not said to be JSON');
      });
    },
  },
  ...files.map(
    ({ name, kind, file, more }): Check => ({
      name: `${name} is told as ${kind}, and is fetched by its id as soon as it is said to be here`,
      needs: ['inject', 'receiver'],
      async run(target) {
        await listening(target, allKinds, async () => {
          const { heard, from } = await hearOf(target, { ...file, body: fileBytes() });
          const type = file.type?.split(';')[0] ?? '';
          mustFit(heard.json, received(from, { type: kind, [kind]: mediaObject(type, more) }));
          const { id, status } = fileIn(heard, kind);
          if (status === 'undownloaded') mustFit((await outcomeOf(target, id)).json, downloaded(kind, id));
          const got = await call(target, 'GET', `/v1/media/${id}`);
          must(got.status === 200 && Buffer.from(got.bytes).equals(bytes), 'its id does not yield its bytes');
        });
      },
    }),
  ),
];
