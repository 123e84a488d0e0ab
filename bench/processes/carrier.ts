// The carrier: files on its shelf, each with other bytes, and the webhooks that announce them.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeptMedia } from '../../src/sandbox/kept-media.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { appSecret, carrierNumbers } from '../carrier-numbers.ts';
import { serveParent } from '../serve-parent.ts';
import { wallClock } from '../wall-clock.ts';

const folder = await mkdtemp(join(tmpdir(), 'mediadock-bench-carrier-'));
const sandbox = await startSandbox({ clock: { now: () => Date.now() }, folder });
for (const number of carrierNumbers) sandbox.addNumber({ ...number, appSecret });

const shelf: { phoneNumberId: string; media: KeptMedia }[] = [];
let files = 0;
const block = Buffer.alloc(64 * 1024, 'a photo, a voice note, a contract; ');

/** So many bytes, others for each file. */
async function* bytesOf(size: number): AsyncGenerator<Uint8Array> {
  files += 1;
  const first = Buffer.from(block);
  // What a JPEG begins with, so that its type is known by its bytes as well.
  Buffer.from('ffd8ffe000104a464946000101', 'hex').copy(first);
  first.writeUInt32BE(files, 32);
  first.write(folder, 40);
  for (let left = size, chunk = first; left > 0; left -= chunk.length, chunk = block) {
    yield chunk.subarray(0, Math.min(left, chunk.length));
  }
}

const numberAt = (place: number) => {
  const number = carrierNumbers[place % carrierNumbers.length];
  if (number === undefined) throw new Error('the carrier has no numbers');
  return number;
};

/** The next file of the shelf as a webhook. */
function webhookOf({ phoneNumberId, media }: (typeof shelf)[number]) {
  const message = sandbox.compose.message(sandbox.compose.media(media));
  const body = sandbox.escape(sandbox.compose.body([sandbox.compose.received(phoneNumberId, [message])]));
  return { id: message.id, body };
}

async function post(url: string, body: Uint8Array): Promise<void> {
  const { status, error } = await sandbox.post(url, body, { secret: appSecret, timeoutMs: 60_000 });
  if (status !== 200) throw new Error(`a webhook was answered with ${status} ${error}`);
}

const commands = {
  origin: () => sandbox.origin,

  /** Puts files on the shelf, spread over the numbers. */
  async fill({ count, bytes }: { count: number; bytes: number }): Promise<void> {
    for (let place = 0; place < count; place++) {
      const { phoneNumberId } = numberAt(place);
      const media = await sandbox.keep(phoneNumberId, { bytes: bytesOf(bytes) }, { type: 'image/jpeg' });
      shelf.push({ phoneNumberId, media });
    }
  },

  /** The next files begin a new shelf; what lay on the former can still be fetched. */
  clear: () => void shelf.splice(0),

  /** Takes every token back, so that captures are refused from now on. */
  revoke() {
    for (const { phoneNumberId } of carrierNumbers) sandbox.replaceToken(phoneNumberId, 'revoked');
  },

  /** A link to each file, fresh for five minutes, with the token that it wants. */
  links: () =>
    shelf.map(({ phoneNumberId, media }) => {
      const { image } = sandbox.compose.media(media) as unknown as { image: { url: string } };
      const token = carrierNumbers.find((number) => number.phoneNumberId === phoneNumberId)?.accessToken ?? '';
      return { url: image.url, token };
    }),

  /** Announces every file, so many at once. */
  async announce({ url, inFlight }: { url: string; inFlight: number }): Promise<void> {
    const left = shelf.values();
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        for (const file of left) await post(url, webhookOf(file).body);
      }),
    );
  },

  /**
   * Announces every file at a steady rate, whether the former webhooks are answered or not.
   * @returns when each message was to be sent, in milliseconds since 1970
   */
  async announceSteadily({ url, perSecond }: { url: string; perSecond: number }): Promise<Map<string, number>> {
    const due = new Map<string, number>();
    const posts: Promise<void>[] = [];
    const began = wallClock();
    for (const [place, file] of shelf.entries()) {
      const at = began + (place * 1000) / perSecond;
      while (wallClock() < at) await new Promise((resolve) => setTimeout(resolve, at - wallClock()));
      const { id, body } = webhookOf(file);
      due.set(id, at);
      posts.push(post(url, body));
    }
    await Promise.all(posts);
    return due;
  },
};
export type CarrierCommands = typeof commands;

serveParent(commands, async () => {
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
});
