import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { suites } from '../../src/conformance/registry.ts';
import { injectInto } from '../conformance/inject.ts';
import { adminKey, type Body, fixture } from '../journeys/rig.ts';
import { freePort } from '../servers/free-port.ts';
import { type CliRig, startRig, type Tenant } from './rig.ts';
import { shell } from './shell.ts';

/** A gateway whose simulated carrier sends to the app, and a stored photo by its name in the dialect. */
async function ready(dialect: string, mediaIn: (json: Body) => string | undefined) {
  const rig = await startRig({ MEDIADOCK_RATE_PER_MINUTE: '1000' });
  const tenant = await rig.tenant({ dialect });
  const inject = injectInto(rig, tenant);
  rig.gateway.useSandbox({ send: async (message) => ({ ...(await inject(message)), mediaId: null }) });
  await rig.send(tenant, [{ path: fixture('label.png') }]);
  const { json } = await tenant.receiver.next((heard) => mediaIn(heard.json) !== undefined);
  return { rig, tenant, media: mediaIn(json) ?? '' };
}

/** Runs the checks with all that can be given. */
const everything = ({ rig, tenant, media }: { rig: CliRig; tenant: Tenant; media: string }, dialect: string) =>
  rig.type(
    [
      ...['conformance', dialect, rig.gateway.url, '--key', tenant.key, '--media', media],
      ...['--inject', 'sandbox', '--admin-key', adminKey, '--receiver', '0', '--json'],
    ],
    { env: { MEDIADOCK_KEY: 'another' } },
  );

test.each([
  ['chirp', ({ data }: Body) => data.message.mediaId],
  ['qlara', ({ content }: Body) => content.mediaKey],
  ['onprem', ({ media_items: items }: Body) => items?.[0].image.id],
] as [string, (json: Body) => string][])(
  'the checks of %s run against a server, messages and webhooks too',
  async (dialect, mediaIn) => {
    const { code, out, err } = await everything(await ready(dialect, mediaIn), dialect);
    const { checks, passed, failed, not_run } = JSON.parse(out) as Body;
    expect(checks.filter(({ result }: Body) => result === 'failed')).toEqual([]);
    expect([code, failed]).toEqual([0, 0]);
    expect(checks.map(({ name }: Body) => name)).toEqual(suites.get(dialect)?.map(({ name }) => name));
    expect(passed + not_run).toBe(checks.length);
    const lacking = checks.filter(({ result }: Body) => result === 'not_run').map(({ reason }: Body) => reason);
    expect(lacking.every((reason: string) => /^needs .*(?:key|login|clock)/.test(reason))).toBe(true);
    expect(passed).toBeGreaterThan(15);
    expect(err).toContain(`${passed} passed, 0 failed, ${not_run} not run`);
  },
  60_000,
);

/** A server in front of another that answers one thing wrongly. */
async function wrongBefore(url: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { 'content-type': type, authorization } = request.headers;
    const answer = await fetch(url + request.url, {
      method: request.method ?? '',
      headers: { ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const text = await answer.text();
    const status = answer.status === 404 ? 200 : answer.status;
    response.writeHead(status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' }).end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('of a server that is wrong it is said what was found in place of what, and the exit code is 1', async () => {
  const rig = await startRig();
  const { key } = await rig.tenant({ dialect: 'chirp' });
  const wrong = await wrongBefore(rig.gateway.url);
  const { code, out, err } = await rig.type(['conformance', 'chirp', wrong, '--key', key]);
  expect(code).toBe(1);
  expect(out).toMatch(
    /^FAILED +media that does not exist, and ids that are none, are answered with 404\n +→ the status is 200 in place of 404/m,
  );
  expect(out).toMatch(/^FAILED +every answer tells how much of the rate is left\n +→ x-ratelimit-limit is null/m);
  expect(out).toMatch(/^PASSED +without a key, and with an unknown one, the answer is 401$/m);
  expect(out).toMatch(/^NOT RUN +a media id gives a link that yields the bytes without a key\n +→ needs --media$/m);
  expect(err).toMatch(/mediadock: \d+ of \d+ checks failed/);
});

test('without an address it is the usual server that is checked', async () => {
  const rig = await startRig();
  const { key } = await rig.tenant({ dialect: 'wa-server' });
  const { code, out } = await rig.type(['conformance', 'wa-server', '--key', key, '--json']);
  expect([code, JSON.parse(out).url]).toEqual([0, rig.gateway.url]);
});

test.each([
  [['nobody', 'http://127.0.0.1:9'], 'there are checks for chirp'],
  [['chirp', 'ftp://x'], 'not an http or https address'],
  [['chirp', 'http://127.0.0.1:9', '--inject', 'twilio'], 'only sandbox is known'],
  [['chirp', 'http://127.0.0.1:9', '--login', 'ada'], 'a name, a colon, a password'],
  [['chirp', 'http://127.0.0.1:9', '--receiver', 'here'], 'expected a port or an http address'],
  [['chirp', 'http://127.0.0.1:9', '--receiver', '70000'], 'there is no port 70000'],
  [['chirp', 'http://127.0.0.1:9', '--receiver-port', '1'], 'of no use without --receiver'],
])('what cannot be meant is a mistake in the command: %j', async (args, says) => {
  const { code, err } = await shell(['conformance', ...args, '--key', 'k']);
  expect(code).toBe(2);
  expect(err).toContain(says);
});

test('where no server answers, that is said once', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { code, out, err } = await shell(['conformance', 'chirp', url, '--key', 'k']);
  expect([code, out]).toEqual([3, '']);
  expect(err).toContain(`no server answers at ${url}`);
});
