import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type OutgoingAnswer, OutgoingError, type Requester } from '../core/requester.ts';
import type { SendRequest } from '../core/transport.ts';
import { guardedRequester } from '../outgoing/guarded-requester.ts';
import { webhookTransport } from './webhook.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const body = '{"type":"message.received","text":"Grüße 👋"}';

type Received = { method: string | undefined; headers: IncomingHttpHeaders; body: string };

/** A receiver that keeps what it gets; `answer` may leave the reply open. */
async function receiver(answer: RequestListener) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ method: request.method, headers: request.headers, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => close(server));
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, server };
}

function close(server: Server): void {
  server.closeAllConnections();
  server.close();
}

function sender(allowedRanges: string[] = ['127.0.0.0/8']) {
  const requester = guardedRequester({ allowedRanges, userAgent: 'mediadock/test', connectTimeoutMs: 5_000 });
  onTestFinished(() => requester.close());
  return sendingThrough(requester);
}

function sendingThrough(requester: Requester, now = Date.now()) {
  const transport = webhookTransport({ requester, clock: { now: () => now } });
  return (url: string, more: Partial<SendRequest> = {}) =>
    transport.send({
      url,
      body,
      headers: { 'content-type': 'application/json' },
      secrets: [secret],
      standardHeaders: true,
      id: 'evt_1',
      at: now,
      timeoutMs: 10_000,
      signal: new AbortController().signal,
      ...more,
    });
}

test('a receiver verifies what arrives with the package of Standard Webhooks', async () => {
  const { received, url } = await receiver((_, response) => void response.end('thanks'));
  const outcome = await sender()(url);
  const [request] = received;
  expect(request).toMatchObject({ method: 'POST', body });
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'mediadock/test',
    'webhook-id': 'evt_1',
  });
  expect(new Webhook(secret).verify(request?.body ?? '', request?.headers as Record<string, string>)).toEqual(
    JSON.parse(body),
  );
  expect(outcome).toEqual({
    status: 200,
    error: null,
    fault: 'none',
    retryAfterMs: null,
    reply: 'thanks',
    durationMs: 0,
    bodySha256: createHash('sha256').update(body).digest('hex'),
    bodyLength: Buffer.byteLength(body),
  });
});

test('while a secret is replaced both verify, and a third does not', async () => {
  const { received, url } = await receiver((_, response) => void response.end());
  const other = 'whsec_b3RoZXIgc2VjcmV0IG9mIDMyIGJ5dGVz';
  await sender()(url, { secrets: [other, secret] });
  const headers = received[0]?.headers as Record<string, string>;
  expect(headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
  for (const known of [secret, other]) expect(() => new Webhook(known).verify(body, headers)).not.toThrow();
  expect(() => new Webhook('whsec_c3RyYW5nZXI=').verify(body, headers)).toThrow();
});

test.each(['my secret', 'päss-wörd ✓'])(
  'a secret that does not start with whsec_ signs with its bytes: %s',
  async (raw) => {
    const { received, url } = await receiver((_, response) => void response.end());
    await sender()(url, { secrets: [raw] });
    const headers = received[0]?.headers as Record<string, string>;
    expect(() => new Webhook(Buffer.from(raw), { format: 'raw' }).verify(body, headers)).not.toThrow();
  },
);

test.each([[['whsec_not base64!']], [['']], [[]], [[secret, 'whsec_']]])(
  'nothing is sent unsigned when the secrets cannot be used: %j',
  async (secrets) => {
    const { received, url } = await receiver((_, response) => void response.end());
    expect(await sender()(url, { secrets })).toMatchObject({
      status: null,
      fault: 'receiver',
      error: 'a signing secret cannot be used',
    });
    expect(received).toEqual([]);
  },
);

test('an endpoint that will not have them gets no headers of Standard Webhooks, and all others', async () => {
  const { received, url } = await receiver((_, response) => void response.end());
  const outcome = await sender()(url, { standardHeaders: false, headers: { 'x-vendor-signature': 'abc' } });
  expect(outcome.status).toBe(200);
  expect(received[0]?.headers).toMatchObject({ 'x-vendor-signature': 'abc' });
  expect(Object.keys(received[0]?.headers ?? {}).filter((name) => name.startsWith('webhook-'))).toEqual([]);
});

test('static headers arrive, and those that belong to the gateway cannot be replaced by them', async () => {
  const { received, url } = await receiver((_, response) => void response.end());
  const forged = {
    'Webhook-Id': 'evt_forged',
    'WEBHOOK-SIGNATURE': 'v1,forged',
    'content-length': '1',
    Host: 'forged',
  };
  await sender()(url, { headers: { 'X-Tenant': 'acme', ...forged, 'transfer-encoding': 'chunked', expect: 'forged' } });
  const headers = received[0]?.headers as Record<string, string>;
  expect(headers['x-tenant']).toBe('acme');
  expect(headers['host']).toBe(new URL(url).host);
  expect(JSON.stringify(headers)).not.toContain('forged');
  expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
});

test('a static header that cannot be sent is the fault of the endpoint', async () => {
  const { url } = await receiver((_, response) => void response.end());
  const outcome = await sender()(url, { headers: { 'x-a': 'b\r\nc: d' } });
  expect(outcome).toMatchObject({ status: null, fault: 'receiver', error: 'the header x-a cannot be sent' });
});

test.each([201, 204, 299])('%i is a success', async (status) => {
  const { url } = await receiver((_, response) => void response.writeHead(status).end());
  expect(await sender()(url)).toMatchObject({ status, error: null, fault: 'none' });
});

test.each([400, 404, 410, 500, 503])("%i is the receiver's fault", async (status) => {
  const { url } = await receiver((_, response) => void response.writeHead(status).end('no'));
  expect(await sender()(url)).toMatchObject({ status, error: `answered ${status}`, fault: 'receiver', reply: 'no' });
});

test('a redirect is an answer and is not followed', async () => {
  const { received, url } = await receiver((_, response) => void response.writeHead(307, { location: '/on' }).end());
  const outcome = await sender()(url);
  expect(outcome).toMatchObject({ status: 307, error: 'answered 307; redirects are not followed', fault: 'receiver' });
  expect(received).toHaveLength(1);
});

test('a wait that the receiver asks for is passed on', async () => {
  const { url } = await receiver((_, response) => void response.writeHead(429, { 'retry-after': '7' }).end());
  expect(await sender()(url)).toMatchObject({ status: 429, retryAfterMs: 7_000 });
});

test('a receiver that never answers is given up in time', async () => {
  const { url } = await receiver(() => {});
  expect(await sender()(url, { timeoutMs: 60 })).toMatchObject({
    status: null,
    error: 'timed out after 0.06 s',
    fault: 'receiver',
    reply: null,
  });
});

test('a receiver that answers and then hangs has answered', async () => {
  const { url } = await receiver((_, response) => void response.writeHead(200).write('got it, and'));
  const requester = guardedRequester({ allowedRanges: ['127.0.0.0/8'], userAgent: 'test', connectTimeoutMs: 5_000 });
  onTestFinished(() => requester.close());
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const inTime: Requester = {
    ...requester,
    request: async (request) => {
      const answer = await requester.request(request);
      return { ...answer, body: watched(answer.body, () => vi.advanceTimersByTime(200)) };
    },
  };
  expect(await sendingThrough(inTime)(url, { timeoutMs: 200 })).toMatchObject({
    status: 200,
    error: null,
    fault: 'none',
    reply: 'got it, and',
  });
});

/** @param read called when the first part of the body was taken, and more is asked for */
const watched = (body: OutgoingAnswer['body'], read: () => void): OutgoingAnswer['body'] => ({
  destroy: body.destroy,
  async *[Symbol.asyncIterator]() {
    for await (const part of body) {
      yield part;
      read();
    }
  },
});

test('a receiver that answers and then breaks off has answered', async () => {
  const { url } = await receiver((_, response) => {
    response.writeHead(500, { 'content-length': '100' });
    response.write('oh', () => response.destroy());
  });
  expect(await sender()(url)).toMatchObject({ status: 500, fault: 'receiver', reply: 'oh' });
});

test('of an endless reply only the first 4 KiB are read, whole characters only, and the connection is closed', async () => {
  const closed = Promise.withResolvers<void>();
  const { url } = await receiver((_, response) => {
    response.on('close', closed.resolve);
    const more = () => {
      while (response.write('€'.repeat(10_000)));
      response.once('drain', more);
    };
    more();
  });
  const outcome = await sender()(url);
  expect(outcome.reply).toBe('€'.repeat(1365));
  expect(outcome).toMatchObject({ status: 200, fault: 'none' });
  await closed.promise;
});

test('a reply that is no text becomes text that a database can keep', async () => {
  const { url } = await receiver((_, response) => void response.end(Buffer.from([0x61, 0x00, 0xff, 0x62])));
  expect((await sender()(url)).reply).toBe('a\ufffd\ufffdb');
});

test('a refused connection is told in plain words', async () => {
  const { server, url } = await receiver(() => {});
  close(server);
  await once(server, 'close');
  expect(await sender()(url)).toMatchObject({ status: null, error: 'connection refused', fault: 'receiver' });
});

test('an address that the guard refuses is the fault of the endpoint, and the outcome says why', async () => {
  const { received, url } = await receiver((_, response) => void response.end());
  const outcome = await sender([])(url);
  expect(outcome).toMatchObject({
    status: null,
    fault: 'receiver',
    error: 'the address is not allowed: the address is not a public one',
  });
  expect(received).toEqual([]);
});

test('a stop of the gateway is nobody else’s fault', async () => {
  const stop = new AbortController();
  const { url } = await receiver(() => stop.abort());
  expect(await sender()(url, { signal: stop.signal })).toMatchObject({ status: null, fault: 'gateway', reply: null });
});

test.each(['EAI_AGAIN', 'ENETUNREACH', 'EMFILE'])('%s blames our own side', async (code) => {
  const failing: Requester = {
    request: async () => {
      throw new OutgoingError('connect', 'cannot connect', Object.assign(new Error(code), { code }));
    },
    objection: () => undefined,
    close: async () => {},
  };
  expect(await sendingThrough(failing)('https://receiver.example/')).toMatchObject({ fault: 'gateway' });
});
