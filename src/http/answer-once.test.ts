import { expect, test } from 'vitest';
import { furnish, type Http, openHttp } from '../../test/http/rig.ts';
import { Fault } from '../core/faults.ts';
import { sealer } from '../core/sealing.ts';
import { idempotency } from '../flows/idempotency.ts';

const once = (key: string) => ({ 'idempotency-key': key });
const appsOf = async (http: Http) => (await http.call('GET', '/api/v1/apps')).json['data'] as object[];

test('the same request with the same key is carried out once and answered the same way', async () => {
  const http = await openHttp();
  const send = () => http.call('POST', '/api/v1/apps', { body: { name: 'Once' }, headers: once('a') });
  const first = await send();
  const second = await send();
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.json).toEqual(first.json);
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(await appsOf(http)).toHaveLength(1);
});

test('an answer that shows a secret shows it again, and lies sealed in the database', async () => {
  const kept: Uint8Array[] = [];
  const http = await openHttp(({ records, clock }) => ({
    idempotency: idempotency({
      records: {
        beginIdempotent: (request) => records.beginIdempotent(request),
        async endIdempotent(request) {
          if (request.end !== null) kept.push(request.end.answer);
          await records.endIdempotent(request);
        },
      },
      sealer: sealer([new Uint8Array(32).fill(1)]),
      secretKey: new Uint8Array(32).fill(1),
      clock,
      onError: () => {},
    }),
  }));
  const { app } = await furnish(http);
  const send = () => http.call('POST', `/api/v1/apps/${app.id}/keys`, { body: {}, headers: once('k') });
  const first = await send();
  const secret = String(first.json['key']);
  expect((await send()).json['key']).toBe(secret);
  expect(kept).toHaveLength(1);
  expect(Buffer.concat(kept).includes(secret)).toBe(false);
});

test('what is kept to compare requests by cannot be made without the secret key, so that no password is guessed by it', async () => {
  const fingerprints: string[] = [];
  const keyed = (fill: number) => () =>
    openHttp(({ records, clock }) => ({
      idempotency: idempotency({
        records: {
          async beginIdempotent(request) {
            fingerprints.push(request.fingerprint);
            return await records.beginIdempotent(request);
          },
          endIdempotent: (request) => records.endIdempotent(request),
        },
        sealer: sealer([new Uint8Array(32).fill(fill)]),
        secretKey: new Uint8Array(32).fill(fill),
        clock,
        onError: () => {},
      }),
    }));
  for (const open of [keyed(1), keyed(1), keyed(2)])
    await (await open()).call('POST', '/api/v1/apps', { body: { name: 'Tr0ub4dor&3' }, headers: once('k') });
  const [first, same, other] = fingerprints;
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(same).toBe(first);
  expect(other).not.toBe(first);
});

test('a different request with the key is refused, another caller has keys of their own', async () => {
  const http = await openHttp();
  const { app, key } = await furnish(http);
  const path = `/api/v1/apps/${app.id}/keys`;
  const named = (name: string, caller?: string) =>
    http.call('POST', path, { body: { name }, headers: once('a'), ...(caller && { key: caller }) });
  expect((await named('one')).status).toBe(201);
  const other = await named('two');
  expect([other.status, other.json['code']]).toEqual([400, 'idempotency_reused']);
  expect((await named('two', key)).status).toBe(201);
});

test('of two at the same time one is carried out, and the other told to wait', async () => {
  const held = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const http = await openHttp(({ administration }) => ({
    administration: {
      ...administration,
      async createConnection(given) {
        entered.resolve();
        await held.promise;
        return await administration.createConnection(given);
      },
    },
  }));
  const body = { carrier: 'whatsapp-cloud', name: 'Meta', app_secret: 'secret', verify_token: 'token' };
  const send = () => http.call('POST', '/api/v1/connections', { body, headers: once('c') });
  const first = send();
  await entered.promise;
  const second = await send();
  expect([second.status, second.json['code'], second.headers.get('retry-after')]).toEqual([
    409,
    'idempotency_running',
    '1',
  ]);
  held.resolve();
  const done = await first;
  expect(done.status).toBe(201);
  expect((await send()).json).toEqual(done.json);
});

test('a refusal is kept too, a failure of ours is not', async () => {
  let broken = true;
  const http = await openHttp(({ administration }) => ({
    administration: {
      ...administration,
      async deleteConnection() {
        if (broken) throw new Error('the disk is on fire');
        throw new Fault('not_found');
      },
    },
  }));
  const drop = () => http.call('DELETE', '/api/v1/connections/con_x', { headers: once('d') });
  expect((await drop()).status).toBe(500);
  broken = false;
  const refused = await drop();
  expect([refused.status, refused.headers.get('idempotency-replayed')]).toEqual([404, null]);
  broken = true;
  const again = await drop();
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([404, 'true']);
  expect(again.json).toEqual(refused.json);
  expect(again.headers.get('content-type')).toBe('application/problem+json');
});

test('what has no body in its answer has none the second time', async () => {
  const http = await openHttp();
  const { media, key } = await furnish(http);
  const drop = () => http.call('DELETE', `/api/v1/media/${media.id}`, { key, headers: once('m') });
  expect((await drop()).status).toBe(204);
  const again = await drop();
  expect([again.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([204, '', 'true']);
});

test('an upload that was cut can be sent again with its key, one that arrived is not kept twice', async () => {
  const http = await openHttp();
  const { key } = await furnish(http);
  const headers = { ...once('u'), 'content-type': 'text/plain', 'x-file-name': 'a.txt' };
  const bytes = Buffer.from('twelve bytes');
  const gone = new AbortController();
  const cut = fetch(`${http.url}/api/v1/media`, {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${key}` },
    signal: gone.signal,
    duplex: 'half',
    body: new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(bytes.subarray(0, 5))),
      pull: () => gone.abort(),
    }),
  } as RequestInit);
  await expect(cut).rejects.toThrow();
  const send = () => http.call('POST', '/api/v1/media', { key, body: bytes, headers });
  await expect.poll(async () => (await send()).status).toBe(201);
  const again = await send();
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  const list = (await http.call('GET', '/api/v1/media?kind=document', { key })).json['data'] as object[];
  expect(list).toHaveLength(1);
});

test('a key that is not one is refused, and reading takes none', async () => {
  const http = await openHttp();
  for (const bad of ['with space', 'x'.repeat(256)]) {
    const answer = await http.call('POST', '/api/v1/apps', { body: { name: 'x' }, headers: once(bad) });
    expect([answer.status, answer.json['errors']]).toMatchObject([400, [{ field: 'headers.idempotency-key' }]]);
  }
  expect((await http.call('GET', '/api/v1/apps', { headers: once('with space') })).status).toBe(200);
});
