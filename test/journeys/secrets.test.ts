// After a long day with every kind of trouble, nothing secret and nothing private stands where it does not belong: in the
// log, in an answer, in an event, or readable in the data folder.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { routes } from '../../src/http/app.ts';
import { faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';
import { about, adminKey, type Body, exact, fixture, messageOf, type Rig, startRig, type Tenant } from './rig.ts';

const secretKey = Buffer.alloc(32, 'secret key of the instance').toString('base64');
const person = { phone: '4915112345678', userId: 'DE.13491208655302741918', name: 'Ottokar Domma' };
const strayNumber = '4915199999999';
const caption = 'Unfallbericht streng vertraulich';
const fileName = 'Arztbrief-Domma.pdf';
const newToken = 'EAAG-token-that-came-later';
const headerSecret = 'password-of-the-receiver';
const endpointPath = 'T0KEN/in-the-path-of-an-endpoint';
const wrongSecrets = {
  key: 'mdk_live_this-key-is-mistyped-but-nearly-right',
  verifyToken: 'the-token-of-another-system',
  appSecret: 'an app secret with spaces',
  accessToken: 'EAAG token with spaces',
};

let rig: Rig;
let tenant: Tenant;
/** What must never be seen again, by what it is. */
const secrets: Record<string, string> = {};
/** Ids under which the carrier knows messages; they hold the person's number. */
const carrierMessageIds: string[] = [];
/** Answers to everything that was read, changed or refused. */
const answers: { name: string; text: string }[] = [];

async function call(method: string, path: string, body?: unknown, key?: string | null): Promise<Body> {
  const answer = await rig.call(method, path, body, key);
  answers.push({ name: `${method} ${path}`, text: answer.text });
  return answer.body;
}

beforeAll(async () => {
  rig = await startRig({ MEDIADOCK_SECRET_KEY: secretKey, MEDIADOCK_LOG_LEVEL: 'trace' });
  tenant = await rig.tenant();
  const { appSecret, verifyToken } = rig.connection;
  Object.assign(secrets, { adminKey, secretKey, newToken, headerSecret, ...wrongSecrets });
  Object.assign(secrets, { appSecret, verifyToken, accessToken: tenant.accessToken, webhookSecret: tenant.secret });
  Object.assign(secrets, { key: tenant.key, wrongKey: wrongSecrets.key });
});
afterAll(() => rig.close());

const logged = (): string => JSON.stringify(rig.log.lines);

test('a long day: captures, faults, deliveries, administration, strangers', async () => {
  const { sandbox } = rig;
  const { compose } = sandbox;
  const app = `/api/v1/apps/${tenant.appId}`;
  const connection = `/api/v1/connections/${rig.connection.id}`;
  const channel = `/api/v1/channels/${tenant.channelId}`;

  // Files, the first of them without trouble.
  const file = { path: fixture('contract.pdf'), fileName };
  const [sent] = await rig.send(tenant, [file], { caption, person });
  const [media] = messageOf(await tenant.receiver.next(about(sent?.messageId ?? ''))).media;
  const troubles = ['html_page', 'truncated', 'reset_mid_body', 'redirect_private', 'same_wrong_bytes', 'look_up_500'];
  for (const [nth, trouble] of (troubles as (keyof typeof faultCatalogue)[]).entries()) {
    const kept = await sandbox.keep(tenant.phoneNumberId, file, { type: 'application/pdf', fileName });
    sandbox.fault(kept.id, faultCatalogue[trouble], 1);
    const message = compose.message(compose.media(kept, { caption, url: 'missing' }), { person });
    await rig.post(compose.body([compose.received(tenant.phoneNumberId, [message])]));
    let failed = 0;
    await rig.log.next((line) => line.msg === 'capture' && line['outcome'] === 'retry' && failed++ === nth);
  }
  rig.clock.advance(5000);

  // Webhooks that are refused, unrouted or unreadable.
  const text = compose.message(compose.contents.text(caption), { person });
  const body = compose.body([compose.received(tenant.phoneNumberId, [text])]);
  for (const signature of ['missing', 'wrong', 'malformed'] as const) await rig.post(body, { signature });
  await rig.post(JSON.parse(JSON.stringify(body).replaceAll(tenant.phoneNumberId, strayNumber)));
  await rig.post([{ caption, from: person.phone }]);
  await rig.post(body);
  for (const token of [rig.connection.verifyToken, wrongSecrets.verifyToken]) {
    await sandbox.handshake(rig.connection.intakeUrl, token, '123');
  }

  // Numbers and ids of the carrier where they do not belong.
  carrierMessageIds.push(sent?.messageId ?? '', text.id);
  for (const number of [person.phone, `+${person.phone}`, person.userId, strayNumber, ...carrierMessageIds]) {
    await exact(rig.gateway.url, `/api/v1/messages/${number}`, { headers: { 'x-api-key': tenant.key } });
    await exact(rig.gateway.url, `/${number}/messages?from=${encodeURIComponent(number)}`);
  }

  // Strangers, and people who mistype.
  await call('GET', '/api/v1/media', undefined, wrongSecrets.key);
  await call('GET', `/api/v1/media?api_key=${tenant.key}`, undefined, null);
  await call('GET', `/api/v1/media?api_key=${tenant.key}`);
  await call('POST', '/api/v1/connections', {
    carrier: 'whatsapp-cloud',
    name: 'x',
    app_secret: wrongSecrets.appSecret,
  });
  await call('PATCH', connection, { app_secret: wrongSecrets.appSecret, verify_token: 7 });
  await call('PATCH', channel, { access_token: wrongSecrets.accessToken });
  await call('POST', `${app}/endpoints`, {
    url: tenant.receiver.url,
    secret: 'whsec_!!',
    headers: { host: headerSecret },
  });
  await exact(rig.gateway.url, '/api/v1/apps', {
    method: 'POST',
    headers: { 'x-api-key': adminKey },
    body: `{"name":"${tenant.secret}`,
  });

  // Links: whole, altered, in pieces.
  const url = new URL(media.url);
  secrets['linkToken'] = url.searchParams.get('token') ?? '';
  for (const target of [
    url.pathname + url.search,
    `${url.pathname}${url.search}x`,
    `${url.pathname}${url.search.replace('?', '&')}`,
    `${url.pathname}${url.search.replace('?', '%3F')}`,
    `${url.pathname}#${url.search}`,
    `/api/v1/nothing${url.search}`,
    `/in/${rig.connection.id}${url.search}`,
  ]) {
    await exact(rig.gateway.url, target);
  }
  await exact(rig.gateway.url, url.pathname + url.search, { headers: { range: 'bytes=999999999-' } });

  // An endpoint that fails, with credentials of its own; its delivery dies and is sent again.
  const endpoint = await rig.call('POST', `${app}/endpoints`, {
    url: `${tenant.receiver.url}/${endpointPath}`,
    headers: { authorization: headerSecret },
    secret: tenant.secret,
  });
  tenant.receiver.answer(({ path }) => (path.includes(endpointPath) ? 'reset' : 200));
  const [again] = await rig.send(tenant, [file], { caption, person });
  await tenant.receiver.next(about(again?.messageId ?? ''));
  const failed = await rig.log.next((line) => line.msg === 'delivery' && line['endpoint'] === endpoint.body.id);
  tenant.receiver.answer(200);
  rig.clock.advance(60_000);
  await rig.log.next(
    (line) => line.msg === 'delivery' && line['endpoint'] === endpoint.body.id && line['outcome'] === 'delivered',
  );
  await call('GET', `/api/v1/deliveries/${failed['delivery']}/attempts`);
  const rotated = await rig.call('POST', `${app}/endpoints/${endpoint.body.id}/rotate-secret`);
  secrets['rotatedSecret'] = rotated.body.secret;

  // The token ends, the channel pauses, a new one comes.
  sandbox.replaceToken(tenant.phoneNumberId, newToken);
  await rig.send(tenant, [{ ...file, message: { url: 'missing' } }], { caption, person });
  await tenant.receiver.next(({ json }) => JSON.stringify(json).includes('"channel.paused"'));
  await call('PATCH', channel, { access_token: newToken });
  await tenant.receiver.next(({ json }) => JSON.stringify(json).includes('"channel.resumed"'));
  await call('PATCH', connection, {
    name: 'Renamed',
    verify_token: ['the-next-verify-token', rig.connection.verifyToken],
  });
  secrets['nextVerifyToken'] = 'the-next-verify-token';

  const spare = await rig.call('POST', `${app}/keys`, { name: 'spare' });
  secrets['spareKey'] = spare.body.key;
  await call('GET', '/api/v1/media', undefined, spare.body.key);
  await call('DELETE', `${app}/keys/${spare.body.id}`);
  await call('DELETE', `/api/v1/media/${media.id}`, undefined, tenant.key);
  await rig.restart();
});

test('the log holds no secret, no link, no whole number, no name and nothing that people wrote', () => {
  expect(rig.log.lines.length).toBeGreaterThan(50);
  const log = logged();
  const { display, phoneNumberId } = tenant;
  const ids = Object.fromEntries(carrierMessageIds.map((id, nr) => [`carrier message id ${nr}`, id]));
  const hidden = {
    ...secrets,
    ...person,
    ...ids,
    caption,
    fileName,
    display,
    phoneNumberId,
    strayNumber,
    endpointPath,
  };
  for (const [name, secret] of Object.entries(hidden)) {
    for (const form of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    ]) {
      expect(
        log.includes(form),
        `${name} in ${rig.log.lines.map((line) => JSON.stringify(line)).find((line) => line.includes(form))}`,
      ).toBe(false);
    }
  }
  expect(log).not.toMatch(/[?&](?:hash|ext|mid|token|expires|hub\.)/);
});

test('no answer gives a secret back, whoever asks and whatever was wrong', async () => {
  const { body: keys } = await rig.call('GET', `/api/v1/apps/${tenant.appId}/keys`);
  const organization = await rig.call('POST', '/api/v1/organizations', { name: 'Versicherung' });
  const above = await rig.call('POST', `/api/v1/organizations/${organization.body.id}/keys`, { name: 'all of them' });
  secrets['organizationKey'] = above.body.key;
  const owners: Record<string, { id: string; keyId?: string }> = {
    organizations: { id: organization.body.id, keyId: above.body.id },
    apps: { id: tenant.appId, keyId: keys.data[0].id },
    channels: { id: tenant.channelId },
    connections: { id: rig.connection.id },
  };
  const filled = (path: string): string => {
    const { id, keyId } = owners[path.split('/')[3] ?? ''] ?? { id: '' };
    return path
      .replace(':id', id)
      .replace(':key_id', keyId ?? '')
      .replace(':endpoint_id', tenant.endpointId);
  };
  const settled = routes.filter(
    ({ method, path }) => method === 'GET' && /(?:connections|channels|endpoints|keys|apps)/.test(path),
  );
  expect(settled.length).toBeGreaterThanOrEqual(10);
  for (const { path } of settled) {
    const target = filled(path);
    const answer = await rig.call('GET', target);
    expect(answer.status, target).toBe(200);
    answers.push({ name: target, text: answer.text });
  }
  for (const { name: asked, text } of answers) {
    for (const [name, secret] of Object.entries(secrets))
      expect(text.includes(secret), `${name} in ${asked}: ${text}`).toBe(false);
  }
});

test('no event carries a secret', () => {
  for (const received of tenant.receiver.received) {
    const text = Buffer.from(received.body).toString();
    for (const [name, secret] of Object.entries(secrets)) {
      // Its own fresh link is what an event is for.
      if (name !== 'linkToken') expect(text.includes(secret), name).toBe(false);
    }
  }
});

test('whoever copies the data folder without its key reads no secret in it', async () => {
  const files = (await readdir(rig.config.dataDir)).filter((name) => name.startsWith('mediadock.'));
  if (rig.config.databaseUrl === undefined) expect(files).toContain('mediadock.db');
  for (const name of files) {
    const bytes = await readFile(join(rig.config.dataDir, name));
    for (const [what, secret] of Object.entries(secrets))
      expect(bytes.includes(secret), `${what} in ${name}`).toBe(false);
  }
});
