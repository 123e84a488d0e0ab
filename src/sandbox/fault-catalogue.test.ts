import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultName, faultCatalogue } from './fault-catalogue.ts';
import type { KeptMedia } from './kept-media.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

const clock = { now: () => Date.UTC(2026, 10, 20, 12) };
const file = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz');
const privateAddress = 'http://169.254.169.254';
let folder: string;
let sandbox: Sandbox;
let media: KeptMedia;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  sandbox = await startSandbox({ clock, folder });
  sandbox.addNumber({ phoneNumberId: '111', display: '15550783881', accessToken: 'token', appSecret: 'secret' });
  media = await sandbox.keep('111', { bytes: someChunks() }, { type: 'image/jpeg' });
});
afterEach(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
});

async function* someChunks(): AsyncIterable<Uint8Array> {
  yield file;
}

/** What came of a request: the answer as far as it arrived, and whether the connection broke. */
type Got = { status: number | null; headers: IncomingHttpHeaders; body: Buffer; broke: boolean };

async function get(url: string, signal: AbortSignal | null = null): Promise<Got> {
  const got: Got = { status: null, headers: {}, body: Buffer.alloc(0), broke: false };
  const headers = { authorization: 'Bearer token', 'user-agent': 'test' };
  try {
    const answer = await request(url, { headers, signal });
    Object.assign(got, { status: answer.statusCode, headers: answer.headers });
    for await (const chunk of answer.body) got.body = Buffer.concat([got.body, chunk]);
  } catch {
    got.broke = true;
  }
  return got;
}

const look = (signal?: AbortSignal) => get(`${sandbox.origin}/v24.0/${media.id}?phone_number_id=111`, signal);
const json = ({ body }: Got) => JSON.parse(body.toString());
const link = async (): Promise<string> => json(await look()).url;
const download = async () => get(await link());

const lookUpFails =
  (status: number, code: number, more: object = {}) =>
  async () => {
    const got = await look();
    expect(got.status).toBe(status);
    expect(json(got).error).toMatchObject({ code, ...more });
  };
const throttled = (code: number) => async () => {
  await lookUpFails(429, code)();
  expect((await look()).headers['retry-after']).toBe('30');
};
const lookUpSays = (says: object) => async () => expect(json(await look())).toMatchObject(says);
const linkFails = (status: number) => async () => expect((await download()).status).toBe(status);
const serves = (headers: object, body: Buffer) => async () => {
  const got = await download();
  expect(got).toMatchObject({ status: 200, broke: false });
  expect(got.headers).toMatchObject(headers);
  expect(got.body.toString()).toBe(body.toString());
};
const wholeLength = { 'content-length': String(file.length) };

/** Holds until it is released, then goes on as if nothing had been. */
const heldUntilReleased = (ask: () => Promise<Got>) => async () => {
  const asked = ask();
  await sandbox.held(media.id);
  sandbox.release(media.id);
  expect(await asked).toMatchObject({ status: 200, broke: false });
};

const claims: Record<FaultName, () => Promise<unknown>> = {
  unknown_media: lookUpFails(400, 100, { error_subcode: 33, type: 'GraphMethodException' }),
  token_invalid: lookUpFails(401, 0),
  token_expired: lookUpFails(401, 190),
  permission_missing: lookUpFails(403, 10),
  account_locked: lookUpFails(403, 131031),
  app_limit: lookUpFails(400, 4),
  account_limit: lookUpFails(400, 80007),
  throughput_limit: lookUpFails(400, 130429),
  app_limit_429: throttled(4),
  account_limit_429: throttled(80007),
  throughput_limit_429: throttled(130429),
  service_down: lookUpFails(503, 2, { is_transient: true }),
  media_gone: lookUpFails(400, 131052),
  look_up_500: async () => expect((await look()).status).toBe(500),
  look_up_html_page: async () => expect((await look()).headers['content-type']).toMatch('text/html'),
  look_up_reset: async () => expect(await look()).toMatchObject({ status: null, broke: true }),
  look_up_stall: heldUntilReleased(look),
  look_up_redirect: async () => {
    const { status, headers } = await look();
    expect(status).toBe(302);
    expect(headers.location).toMatch(sandbox.otherOrigin);
  },
  claims_wrong_sha256: async () => {
    const { sha256 } = json(await look());
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(sha256).not.toBe(media.sha256);
  },
  claims_base64_sha256: () => lookUpSays({ sha256: Buffer.from(media.sha256, 'hex').toString('base64') })(),
  claims_no_sha256: async () => expect(json(await look())).not.toHaveProperty('sha256'),
  claims_size_as_text: lookUpSays({ file_size: String(file.length) }),
  claims_size_too_small: lookUpSays({ file_size: 1 }),
  claims_no_size: async () => expect(json(await look())).not.toHaveProperty('file_size'),
  claims_dead_link: linkFails(404),
  claims_no_link: async () => expect(json(await look())).not.toHaveProperty('url'),
  claims_private_link: lookUpSays({ url: `${privateAddress}/latest/` }),
  dead_link: async () => {
    const first = await link();
    const second = await link();
    expect((await get(first)).status).toBe(404);
    sandbox.clearFaults();
    expect([(await get(first)).status, (await get(second)).status]).toEqual([404, 404]);
    expect((await download()).status).toBe(200);
  },
  link_401: linkFails(401),
  link_403: linkFails(403),
  link_404: linkFails(404),
  link_429: async () => expect(await download()).toMatchObject({ status: 429, headers: { 'retry-after': '30' } }),
  link_500: linkFails(500),
  html_page: async () => {
    const { status, headers, body } = await download();
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(body.toString()).toMatch(/^<!DOCTYPE html>/);
  },
  reset: async () => expect(await download()).toMatchObject({ status: null, broke: true }),
  reset_mid_body: async () => {
    const got = await download();
    expect(got).toMatchObject({ status: 200, headers: wholeLength, broke: true });
    expect(got.body.length).toBeLessThan(file.length);
  },
  truncated: async () => {
    const got = await download();
    expect(got).toMatchObject({ status: 200, headers: wholeLength, broke: true });
    expect(got.body.toString()).toBe(file.subarray(0, file.length / 2).toString());
  },
  chunked: async () => {
    await serves({ 'transfer-encoding': 'chunked' }, file)();
    expect((await download()).headers).not.toHaveProperty('content-length');
  },
  empty: serves({ 'content-length': '0' }, Buffer.alloc(0)),
  short: serves({ 'content-length': '10' }, file.subarray(0, 10)),
  long: serves({ 'content-length': '1048576' }, Buffer.concat([file, Buffer.alloc(1024 * 1024 - file.length)])),
  wrong_bytes: async () => {
    const bodies = [await download(), await download(), await download()].map(({ body }) => body.toString('latin1'));
    expect(new Set([...bodies, file.toString('latin1')]).size).toBe(4);
    expect(bodies.map(({ length }) => length)).toEqual(Array(3).fill(file.length));
  },
  same_wrong_bytes: async () => {
    const bodies = [await download(), await download()].map(({ body }) => body);
    expect(bodies[0]).toEqual(bodies[1]);
    expect(bodies[0]).not.toEqual(file);
    expect(bodies[0]).toHaveLength(file.length);
  },
  served_octets: serves({ 'content-type': 'application/octet-stream' }, file),
  served_wrong_type: serves({ 'content-type': 'video/mp4' }, file),
  served_no_type: async () => expect((await download()).headers).not.toHaveProperty('content-type'),
  gzip: async () => {
    const { headers, body } = await download();
    expect(headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(body)).toEqual(file);
  },
  stall: heldUntilReleased(() => download()),
  stall_mid_body: heldUntilReleased(() => download()),
  drip: async () => {
    const asked = download();
    for (let given = 0; given < file.length; given += 10) {
      await sandbox.held(media.id);
      sandbox.release(media.id);
    }
    expect((await asked).body).toEqual(file);
  },
  redirect: async () => {
    const { status, headers } = await download();
    expect(status).toBe(302);
    const followed = await request(String(headers.location), { headers: { 'user-agent': 'test' } });
    expect(new URL(String(headers.location)).origin).toBe(sandbox.otherOrigin);
    expect(Buffer.from(await followed.body.arrayBuffer())).toEqual(file);
    expect(sandbox.requests.at(-1)).toMatchObject({ listener: 'other_host', bearer: null, mediaId: media.id });
  },
  redirect_loop: async () => {
    const url = await link();
    const { status, headers } = await get(url);
    expect(status).toBe(302);
    expect(new URL(String(headers.location), url).href).toBe(url);
  },
  redirect_private: async () => expect((await download()).headers.location).toMatch(privateAddress),
};

test.each(Object.keys(faultCatalogue) as FaultName[])('the fault %s does what its name says', async (name) => {
  sandbox.fault(media.id, faultCatalogue[name]);
  await claims[name]();
  sandbox.clearFaults();
  sandbox.release(media.id);
  await serves(wholeLength, file)();
});

test('a fault strikes so many times as it was told, at this media only, and the next one follows it', async () => {
  const other = await sandbox.keep('111', { bytes: someChunks() }, { type: 'image/jpeg' });
  sandbox.fault(media.id, faultCatalogue.link_500, 2);
  sandbox.fault(media.id, faultCatalogue.link_401, 1);
  const url = await link();
  const otherUrl = json(await get(`${sandbox.origin}/v24.0/${other.id}`)).url;
  expect((await get(otherUrl)).status).toBe(200);
  const statuses = [await get(url), await get(url), await get(url), await get(url)].map(({ status }) => status);
  expect(statuses).toEqual([500, 500, 401, 200]);
});

test('a fault of the id * strikes at every media', async () => {
  const other = await sandbox.keep('111', { bytes: someChunks() }, { type: 'image/jpeg' });
  sandbox.fault('*', faultCatalogue.service_down);
  expect([(await look()).status, (await get(`${sandbox.origin}/v24.0/${other.id}`)).status]).toEqual([503, 503]);
});

test('half of the file has arrived when a body stalls', async () => {
  sandbox.fault(media.id, faultCatalogue.stall_mid_body);
  const { body } = await request(await link(), { headers: { authorization: 'Bearer token', 'user-agent': 'test' } });
  await sandbox.held(media.id);
  const chunks = body[Symbol.asyncIterator]();
  expect(Buffer.from((await chunks.next()).value).toString()).toBe(file.subarray(0, file.length / 2).toString());
  sandbox.release(media.id);
  expect(Buffer.from((await chunks.next()).value).toString()).toBe(file.subarray(file.length / 2).toString());
});

test('a client that leaves during a stall frees the sandbox', async () => {
  sandbox.fault(media.id, faultCatalogue.look_up_stall, 1);
  const leaving = new AbortController();
  const asked = look(leaving.signal);
  await sandbox.held(media.id);
  leaving.abort();
  expect((await asked).broke).toBe(true);
  expect((await look()).status).toBe(200);
});

test('a drip with a pace of its own needs no release', async () => {
  const paused: number[] = [];
  const paced = await startSandbox({ clock, folder, pause: async (ms) => void paused.push(ms) });
  paced.addNumber({ phoneNumberId: '111', display: '15550783881', accessToken: 'token', appSecret: 'secret' });
  const kept = await paced.keep('111', { bytes: someChunks() }, { type: 'image/jpeg' });
  paced.fault(kept.id, { at: 'link', is: 'drip', bytes: 12, everyMs: 1000 });
  const { url } = json(await get(`${paced.origin}/v24.0/${kept.id}`));
  expect((await get(url)).body).toEqual(file);
  expect(paused).toEqual([1000, 1000, 1000]);
  await paced.close();
});
