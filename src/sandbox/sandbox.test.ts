import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesOf } from './bytes-of.ts';
import type { KeptMedia } from './kept-media.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const clock = { time: 0, now: () => clock.time };
const photo = join(import.meta.dirname, '../../assets/sandbox/photo.jpg');
let folder: string;
let sandbox: Sandbox;

beforeEach(async () => {
  clock.time = Date.UTC(2026, 10, 20, 12);
  folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  sandbox = await startSandbox({ clock, folder });
  sandbox.addNumber({ phoneNumberId: '111', display: '15550783881', accessToken: 'token-1', appSecret: 'secret' });
  sandbox.addNumber({ phoneNumberId: '222', display: '15550783882', accessToken: 'token-2', appSecret: 'secret' });
});

afterEach(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
});

const headers = (token = 'token-1') => ({ authorization: `Bearer ${token}`, 'user-agent': 'test' });

async function get(url: string, given: Record<string, string> = headers()) {
  const answer = await request(url, { headers: given });
  const body = Buffer.from(await answer.body.arrayBuffer());
  return { status: answer.statusCode, headers: answer.headers, body };
}

async function lookUp(id: string, token = 'token-1', query = '') {
  const { status, body } = await get(`${sandbox.origin}/v24.0/${id}${query}`, headers(token));
  const json: unknown = JSON.parse(body.toString());
  return { status, json: json as { url: string; error?: { code: number; error_subcode?: number } } };
}

const keepPhoto = (): Promise<KeptMedia> => sandbox.keep('111', { path: photo }, { type: 'image/jpeg' });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('a kept file is looked up and downloaded with the token, byte for byte', async () => {
  const kept = await keepPhoto();
  const { status, json } = await lookUp(kept.id, 'token-1', '?phone_number_id=111');
  expect(status).toBe(200);
  expect(json).toEqual({
    messaging_product: 'whatsapp',
    url: expect.stringContaining(
      `${sandbox.origin}/whatsapp_business/attachments/?mid=${kept.id}&source=getMedia&ext=`,
    ),
    mime_type: 'image/jpeg',
    sha256: kept.sha256,
    file_size: kept.size,
    id: kept.id,
  });
  const file = await get(json.url);
  expect(file.status).toBe(200);
  expect(file.headers).toMatchObject({ 'content-type': 'image/jpeg', 'content-length': String(kept.size) });
  expect(sha256(file.body)).toBe(kept.sha256);
});

test('a file of any size is streamed in and out', async () => {
  const size = 20 * 1024 * 1024 + 7;
  const kept = await sandbox.keep('111', { bytes: bytesOf(size, 'big') }, { type: 'application/zip' });
  const hash = createHash('sha256');
  for await (const chunk of bytesOf(size, 'big')) hash.update(chunk);
  expect(kept).toMatchObject({ size, sha256: hash.digest('hex') });
  const { json } = await lookUp(kept.id);
  expect(sha256((await get(json.url)).body)).toBe(kept.sha256);
});

test('a file of no bytes can be kept', async () => {
  const kept = await sandbox.keep('111', { bytes: bytesOf(0, '') }, { type: 'text/plain' });
  expect((await get((await lookUp(kept.id)).json.url)).body).toHaveLength(0);
});

test('a link dies after five minutes of the clock, and a new look-up gives a new one', async () => {
  const kept = await keepPhoto();
  const { json } = await lookUp(kept.id);
  clock.time += 5 * minute - 1;
  expect((await get(json.url)).status).toBe(200);
  clock.time += 1;
  expect((await get(json.url)).status).toBe(404);
  expect((await get((await lookUp(kept.id)).json.url)).status).toBe(200);
});

test('a link whose end or media was changed is refused', async () => {
  const kept = await keepPhoto();
  const other = await keepPhoto();
  const url = new URL((await lookUp(kept.id)).json.url);
  url.searchParams.set('ext', String(Number(url.searchParams.get('ext')) + 60));
  expect((await get(url.href)).status).toBe(404);
  const swapped = (await lookUp(kept.id)).json.url.replace(kept.id, other.id);
  expect((await get(swapped)).status).toBe(404);
});

test('an id of a webhook lives 7 days and one of an upload 30', async () => {
  const received = await keepPhoto();
  const uploaded = await sandbox.keep('111', { path: photo }, { type: 'image/jpeg', uploaded: true });
  clock.time += 7 * day - 1;
  expect((await lookUp(received.id)).status).toBe(200);
  clock.time += 1;
  expect(await lookUp(received.id)).toMatchObject({ status: 400, json: { error: { code: 100, error_subcode: 33 } } });
  clock.time += 23 * day - 1;
  expect((await lookUp(uploaded.id)).status).toBe(200);
  clock.time += 1;
  expect((await lookUp(uploaded.id)).status).toBe(400);
});

test('both hops want the token of the number that the media belongs to', async () => {
  const kept = await keepPhoto();
  const { json } = await lookUp(kept.id);
  expect(await lookUp(kept.id, 'token-2')).toMatchObject({ status: 400, json: { error: { code: 100 } } });
  expect(await lookUp(kept.id, 'unheard-of')).toMatchObject({ status: 401, json: { error: { code: 190 } } });
  expect(await lookUp(kept.id, 'token-1', '?phone_number_id=222')).toMatchObject({ status: 400 });
  expect((await get(`${sandbox.origin}/v24.0/${kept.id}`, { 'user-agent': 'test' })).status).toBe(401);
  expect((await get(json.url, headers('token-2'))).status).toBe(401);
  expect((await get(json.url, { 'user-agent': 'test' })).status).toBe(401);
});

test('a token that was replaced gets error 190, and the new one works', async () => {
  const kept = await keepPhoto();
  const { json } = await lookUp(kept.id);
  sandbox.replaceToken('111', 'token-new');
  expect(await lookUp(kept.id)).toMatchObject({ status: 401, json: { error: { code: 190 } } });
  expect((await get(json.url)).status).toBe(401);
  expect((await lookUp(kept.id, 'token-new')).status).toBe(200);
});

test('a request without User-Agent is refused', async () => {
  const kept = await keepPhoto();
  expect((await get(`${sandbox.origin}/v24.0/${kept.id}`, { authorization: 'Bearer token-1' })).status).toBe(400);
});

test('a deleted media is unknown from then on', async () => {
  const kept = await keepPhoto();
  const answer = await request(`${sandbox.origin}/v24.0/${kept.id}`, { method: 'DELETE', headers: headers() });
  expect(await answer.body.json()).toEqual({ success: true });
  expect((await lookUp(kept.id)).status).toBe(400);
});

test('every request is noted with the token that it brought and the status that it got', async () => {
  const kept = await keepPhoto();
  await get((await lookUp(kept.id)).json.url);
  await get(`${sandbox.origin}/nothing/of/this/kind`, { 'user-agent': 'test' });
  expect(sandbox.requests).toMatchObject([
    { listener: 'main', path: `/v24.0/${kept.id}`, bearer: 'token-1', mediaId: kept.id, status: 200 },
    { listener: 'main', path: '/whatsapp_business/attachments/', bearer: 'token-1', mediaId: kept.id, status: 200 },
    { listener: 'main', path: '/nothing/of/this/kind', bearer: null, mediaId: null, status: 400 },
  ]);
});

test('a request can be waited for before it comes', async () => {
  const kept = await keepPhoto();
  const coming = sandbox.nextRequest(({ mediaId, status }) => mediaId === kept.id && status === 200);
  await lookUp(kept.id);
  expect((await coming).path).toBe(`/v24.0/${kept.id}`);
  await expect(sandbox.nextRequest(() => false, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('what was kept is there again after a restart, with links of its own', async () => {
  const kept = await keepPhoto();
  const { json } = await lookUp(kept.id);
  await sandbox.close();
  sandbox = await startSandbox({ clock, folder });
  sandbox.addNumber({ phoneNumberId: '111', display: '15550783881', accessToken: 'token-1', appSecret: 'secret' });
  expect((await get(json.url.replace(/^http:..[^/]+/, sandbox.origin))).status).toBe(404);
  expect(sha256((await get((await lookUp(kept.id)).json.url)).body)).toBe(kept.sha256);
});

test('files that are past their life are removed when another one comes', async () => {
  const old = await keepPhoto();
  clock.time += 7 * day;
  const kept = await keepPhoto();
  expect((await readdir(folder)).toSorted()).toEqual([kept.id, `${kept.id}.json`]);
  expect(old.id).not.toBe(kept.id);
});

test('a number that the sandbox does not have is an error of the caller', async () => {
  await expect(sandbox.keep('333', { path: photo }, { type: 'image/jpeg' })).rejects.toThrow('333');
  await expect(sandbox.keep('111', { path: '/no/such/file' }, { type: 'image/jpeg' })).rejects.toThrow(
    'could not keep',
  );
  expect(await readdir(folder)).toEqual([]);
});
