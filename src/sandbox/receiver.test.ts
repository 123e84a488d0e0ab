import { Webhook } from 'standardwebhooks';
import { type Dispatcher, request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Receiver, startReceiver } from './receiver.ts';

const now = Date.UTC(2026, 10, 20, 12);
const clock = { now: () => now };
const secret = `whsec_${Buffer.from('a key of the receiver').toString('base64')}`;
let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver({ clock, secret });
});
afterEach(() => receiver.close());

const post = (body: string, headers: Record<string, string> = {}, path = '') =>
  request(receiver.url + path, { method: 'POST', body, headers });

function signed(body: string, options: { by?: Webhook; at?: number } = {}): Record<string, string> {
  const at = new Date(options.at ?? now);
  return {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(at.getTime() / 1000),
    'webhook-signature': (options.by ?? new Webhook(secret)).sign('evt_1', at, body),
  };
}

const statusOf = async (answer: Promise<Dispatcher.ResponseData>): Promise<number> => {
  const { statusCode, body } = await answer;
  await body.dump();
  return statusCode;
};

test('a request is kept with its bytes, its JSON and its headers, and answered with 200', async () => {
  expect(await statusOf(post('{"a": "ü"}', { 'x-own': 'yes' }, '/hook?b=1'))).toBe(200);
  expect(receiver.received).toMatchObject([
    { number: 1, at: now, method: 'POST', path: '/hook?b=1', json: { a: 'ü' }, headers: { 'x-own': 'yes' } },
  ]);
  expect(Buffer.from(receiver.received[0]?.body ?? []).toString()).toBe('{"a": "ü"}');
});

test('a body of JSON or of anything else is kept as it came', async () => {
  await statusOf(post('{"broken', { 'content-type': 'application/json' }));
  await statusOf(request(receiver.url));
  expect(receiver.received.map(({ method, json, body }) => [method, json, body.length])).toEqual([
    ['POST', undefined, 8],
    ['GET', undefined, 0],
  ]);
});

test('a signature is right only for this secret, this body and this time', async () => {
  await statusOf(post('{}', signed('{}')));
  await statusOf(post('{}', { ...signed('{}'), 'webhook-signature': `v1,AAAA ${signed('{}')['webhook-signature']}` }));
  await statusOf(post('{ }', signed('{}')));
  await statusOf(post('{}', signed('{}', { by: new Webhook('b3RoZXI=') })));
  await statusOf(post('{}', signed('{}', { at: now - 301_000 })));
  await statusOf(post('{}'));
  expect(receiver.received.map(({ verified }) => verified)).toEqual([true, true, false, false, false, false]);
});

test('a secret may be raw text, and without one nothing is said about signatures', async () => {
  const raw = await startReceiver({ clock, secret: 'some raw text' });
  const deaf = await startReceiver({ clock });
  const headers = signed('{}', { by: new Webhook('some raw text', { format: 'raw' }) });
  for (const { url } of [raw, deaf]) await statusOf(request(url, { method: 'POST', body: '{}', headers }));
  expect(raw.received[0]?.verified).toBe(true);
  expect(deaf.received[0]?.verified).toBeNull();
  await Promise.all([raw.close(), deaf.close()]);
});

test('a request can be waited for, be it here already or not', async () => {
  const second = receiver.next(({ number }) => number === 2);
  await statusOf(post('1'));
  await statusOf(post('2'));
  expect((await second).json).toBe(2);
  expect((await receiver.next(({ json }) => json === 1)).number).toBe(1);
  await expect(receiver.next(() => false, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('it answers as it is told, by the request too', async () => {
  receiver.answer(503);
  expect(await statusOf(post(''))).toBe(503);
  receiver.answer(({ json }) => ({ status: json === 'slow' ? 429 : 204, headers: { 'retry-after': '7' } }));
  const answer = await post('"slow"');
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '7']);
  await answer.body.dump();
  receiver.answer('reset');
  await expect(post('')).rejects.toThrow();
});

test('an answer that never comes ends with the receiver', async () => {
  receiver.answer(() => new Promise(() => {}));
  const waiting = expect(post('')).rejects.toThrow();
  await receiver.next(() => true);
  await receiver.close();
  await waiting;
});
