// The carrier of the torture, in a process of its own so that its downloads do not wait for the load: files are made of
// seeds, so that nobody has to hold them to know them.

import { bytesOf } from '../../src/sandbox/bytes-of.ts';
import type { KeptMedia } from '../../src/sandbox/kept-media.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { answering } from './child.ts';

export type Number_ = { phoneNumberId: string; display: string; accessToken: string; appSecret: string };
/** A message to be composed: with a new file, with one that was sent before, or without any. */
export type Wanted = { file: { seed: string; size: number } | { again: string } | null };
export type Composed = { id: string; media: { id: string; sha256: string; size: number } | null };
/** The body of one webhook, in base64, and what it tells. */
export type Webhook = { body: string; signature: string; messages: Composed[] };

const sandbox = await startSandbox({
  clock: { now: () => Date.now() },
  folder: process.env['TORTURE_FOLDER'] ?? '',
});
const { compose } = sandbox;
const secrets = new Map<string, string>();
const kept = new Map<string, KeptMedia>();

async function fileOf(phoneNumberId: string, file: NonNullable<Wanted['file']>): Promise<KeptMedia> {
  if ('again' in file) {
    const media = kept.get(file.again);
    if (media === undefined) throw new Error(`no media ${file.again} was ever kept`);
    return media;
  }
  const media = await sandbox.keep(
    phoneNumberId,
    { bytes: bytesOf(file.size, file.seed) },
    { type: 'application/octet-stream', fileName: `${file.seed}.bin` },
  );
  kept.set(media.id, media);
  return media;
}

answering(
  { origin: sandbox.origin },
  {
    addNumber(number: Number_) {
      secrets.set(number.phoneNumberId, number.appSecret);
      sandbox.addNumber(number);
    },
    async webhook({ phoneNumberId, wanted }: { phoneNumberId: string; wanted: Wanted[] }): Promise<Webhook> {
      const messages: Composed[] = [];
      const parts = [];
      for (const { file } of wanted) {
        const media = file && (await fileOf(phoneNumberId, file));
        const content = media === null ? compose.contents.text('no file') : compose.media(media);
        const message = compose.message(content);
        parts.push(message);
        messages.push({ id: message.id, media: media && { id: media.id, sha256: media.sha256, size: media.size } });
      }
      const body = sandbox.escape(compose.body([compose.received(phoneNumberId, parts)]));
      return {
        body: Buffer.from(body).toString('base64'),
        signature: sandbox.sign(body, secrets.get(phoneNumberId) ?? ''),
        messages,
      };
    },
    /** The next download is cut in the middle. */
    cutOnce: () => sandbox.fault('*', { at: 'link', is: 'reset', when: 'mid_body' }, 1),
    calm: () => sandbox.clearFaults(),
  },
);
