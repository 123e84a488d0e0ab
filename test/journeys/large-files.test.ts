// Sizes at their ends: a file of 100 MiB passes through a gateway that never holds it, one byte more is refused, and a file of
// no bytes is a file. The gateway runs in a process of its own, so that its memory can be told from that of the test.

import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Fault } from '../../src/sandbox/fault.ts';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { about, adminKey, type Body, messageOf } from './rig.ts';

/** How long a whole file may take, or the start of a process. */
const patienceMs = 60_000;
vi.setConfig({ testTimeout: 2 * patienceMs, hookTimeout: 2 * patienceMs });

const mebibyte = 1024 * 1024;
const largest = 100 * mebibyte;
/**
 * How much more memory two large files at once may take than a small one did. Chunks that wait to be collected are some 60 MiB,
 * however many and however large the files; holding the files would take 200 MiB and more.
 */
const allowance = 100 * mebibyte;

const number = { phoneNumberId: '106540352242922', display: '15550783881', accessToken: 'EAAG', appSecret: 'secret' };
const clock = { now: () => Date.now() };
let folder: string;
let sandbox: Sandbox;
let receiver: Receiver;
let gateway: ChildProcess;
let intakeUrl: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mediadock-large-'));
  sandbox = await startSandbox({ clock, folder: join(folder, 'carrier') });
  sandbox.addNumber(number);
  receiver = await startReceiver({ clock });
  gateway = fork(fileURLToPath(new URL('./gateway-process.ts', import.meta.url)), [], {
    execArgv: [],
    env: {
      MEDIADOCK_PORT: '0',
      MEDIADOCK_DATA_DIR: folder,
      MEDIADOCK_ADMIN_KEY: adminKey,
      MEDIADOCK_RATE_PER_MINUTE: '0',
      MEDIADOCK_RATE_BURST_PER_SECOND: '0',
      MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
      MEDIADOCK_LOG_LEVEL: 'error',
    },
  });
  const { url } = await said();
  const make = async (path: string, body: object): Promise<Body> => {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status}`);
    return await answer.json();
  };
  const { id: connection_id, ...connection } = await make('/api/v1/connections', {
    carrier: 'whatsapp-cloud',
    name: 'Meta',
    app_secret: number.appSecret,
    verify_token: 'token',
    graph_url: sandbox.origin,
  });
  intakeUrl = connection.intake_url;
  const { id: app_id } = await make('/api/v1/apps', { name: 'Claims' });
  await make('/api/v1/channels', {
    app_id,
    connection_id,
    address: number.phoneNumberId,
    display: `+${number.display}`,
    access_token: number.accessToken,
  });
  await make(`/api/v1/apps/${app_id}/endpoints`, { url: receiver.url });
});
afterAll(async () => {
  gateway.disconnect();
  await once(gateway, 'exit');
  await Promise.all([receiver.close(), sandbox.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** The next thing that the gateway's process says. */
async function said(): Promise<Body> {
  const [message] = await once(gateway, 'message', { signal: AbortSignal.timeout(patienceMs) });
  return message;
}

async function peakBytes(): Promise<number> {
  gateway.send('peak?');
  return (await said()).peakBytes;
}

let files = 0;
/** So many bytes, others in each file, always the same ones in the nth; never more than one chunk of them at a time. */
async function* bytesOf(size: number): AsyncIterable<Uint8Array> {
  let state = 0x9e3779b9 + ++files;
  for (let left = size; left > 0; ) {
    const words = new Uint32Array(16 * 1024);
    for (let at = 0; at < words.length; at++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[at] = state;
    }
    const chunk = new Uint8Array(words.buffer).subarray(0, left);
    left -= chunk.byteLength;
    yield chunk;
  }
}

/** A document of this size on its whole way; gives its media as it was delivered, and the digest that the carrier took. */
async function sent(size: number, fault?: Fault): Promise<{ media: Body; sha256: string }> {
  if (fault !== undefined) sandbox.fault('*', fault, 1);
  const file = { bytes: bytesOf(size), type: 'application/zip', fileName: 'scans.zip' };
  const [message] = await sandbox.send({ url: intakeUrl, phoneNumberId: number.phoneNumberId, files: [file] });
  if (message === undefined) throw new Error('nothing was sent');
  const delivered = await receiver.next(about(message.messageId), AbortSignal.timeout(patienceMs));
  return { media: messageOf(delivered).media[0], sha256: message.media.sha256 };
}

/** The digest and length of what a link gives, read as it comes. */
async function read(url: string): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of (await fetch(url)).body ?? []) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { sha256: hash.digest('hex'), size };
}

test('two files of 100 MiB at once arrive and leave whole, and the gateway grows by less than one of them', async () => {
  const small = await sent(mebibyte);
  await read(small.media.url);
  const before = await peakBytes();
  const both = await Promise.all([sent(largest), sent(largest)]);
  await Promise.all(
    both.map(async ({ media, sha256 }) => {
      expect(media).toMatchObject({ state: 'stored', integrity: 'verified', size: largest, sha256 });
      expect(await read(media.url)).toEqual({ sha256, size: largest });
    }),
  );
  expect((await peakBytes()) - before).toBeLessThan(allowance);
});

test.each<[string, Fault | undefined]>([
  ['said beforehand', undefined],
  ['noticed on the way', { at: 'link', is: 'chunked' }],
])('a file of one byte more is unavailable for its size, %s, and leaves nothing behind', async (_, fault) => {
  const before = await kept();
  const { media } = await sent(largest + 1, fault);
  expect(media).toMatchObject({ state: 'unavailable', reason: 'media_too_large', size: null, url: null });
  expect(await kept()).toEqual(before);
});

test('a file of no bytes, declared as such, is stored and given', async () => {
  const { media, sha256 } = await sent(0);
  expect(media).toMatchObject({ state: 'stored', integrity: 'verified', size: 0, sha256 });
  expect(await read(media.url)).toEqual({ sha256, size: 0 });
});

async function kept(): Promise<string[]> {
  const entries = await readdir(join(folder, 'blobs'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}
