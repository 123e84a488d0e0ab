// The wall between apps. The routes are those that the server registers; each has an example below, and a route without one
// fails. Every example is called by its owner, by strangers with the owner's ids, and by the same strangers with ids that
// nobody has: between the last two there must be no difference at all.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { routes } from '../../src/http/app.ts';
import type { Route } from '../../src/http/route.ts';
import { faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';
import { type Answer, about, adminKey, fixture, messageOf, type Rig, startRig, type Tenant } from './rig.ts';

const day = 86_400_000;

/** Everything that the owner has, one of each kind, by its public id. The spare ones are there to be deleted. */
type Things = Record<
  | 'organization'
  | 'spareOrganization'
  | 'app'
  | 'spareApp'
  | 'key'
  | 'endpoint'
  | 'connection'
  | 'spareConnection'
  | 'channel'
  | 'conversation'
  | 'message'
  | 'media'
  | 'lostMedia'
  | 'delivery'
  | 'deadDelivery'
  | 'journal'
  | 'organizationKey'
  | 'carrierMessage'
  | 'backup'
  | 'user'
  | 'blob',
  string
>;

/** Nothing is kept so long. */
const far = 'until=2100-01-01T00:00:00Z';

type Example = (things: Things) => { path: string; body?: unknown };

/** An example of each route: every id that it can be given stands in it. */
const examples: Record<string, Example> = {
  'GET /api/v1/media': (t) => ({ path: `/api/v1/media?app_id=${t.app}&message_id=${t.message}` }),
  'POST /api/v1/media': (t) => ({ path: `/api/v1/media?app_id=${t.app}`, body: { a: 'file' } }),
  'GET /api/v1/media/:id': (t) => ({ path: `/api/v1/media/${t.media}` }),
  'GET /api/v1/media/:id/content': (t) => ({ path: `/api/v1/media/${t.media}/content?proxy=1` }),
  'POST /api/v1/media/:id/retry': (t) => ({ path: `/api/v1/media/${t.lostMedia}/retry` }),
  'DELETE /api/v1/media/:id': (t) => ({ path: `/api/v1/media/${t.media}` }),
  'GET /api/v1/messages': (t) => ({
    path: `/api/v1/messages?app_id=${t.app}&channel_id=${t.channel}&conversation_id=${t.conversation}&carrier_message_id=${encodeURIComponent(t.carrierMessage)}`,
  }),
  'GET /api/v1/messages/:id': (t) => ({ path: `/api/v1/messages/${t.message}` }),
  'GET /api/v1/events': (t) => ({ path: `/api/v1/events?app_id=${t.app}` }),
  'GET /api/v1/events/stream': () => ({ path: '/api/v1/events/stream' }),
  'GET /api/v1/retention/plan': (t) => ({ path: `/api/v1/retention/plan?app_id=${t.app}&${far}` }),
  'GET /api/v1/deliveries': (t) => ({ path: `/api/v1/deliveries?app_id=${t.app}&endpoint_id=${t.endpoint}` }),
  'GET /api/v1/deliveries/:id': (t) => ({ path: `/api/v1/deliveries/${t.delivery}` }),
  'GET /api/v1/deliveries/:id/attempts': (t) => ({ path: `/api/v1/deliveries/${t.delivery}/attempts` }),
  'POST /api/v1/deliveries/:id/replay': (t) => ({ path: `/api/v1/deliveries/${t.deadDelivery}/replay` }),
  'POST /api/v1/organizations': () => ({ path: '/api/v1/organizations', body: { name: 'Another' } }),
  'GET /api/v1/organizations': () => ({ path: '/api/v1/organizations' }),
  'GET /api/v1/organizations/:id': (t) => ({ path: `/api/v1/organizations/${t.organization}` }),
  'PATCH /api/v1/organizations/:id': (t) => ({
    path: `/api/v1/organizations/${t.organization}`,
    body: { name: 'Renamed' },
  }),
  'DELETE /api/v1/organizations/:id': (t) => ({ path: `/api/v1/organizations/${t.spareOrganization}` }),
  'POST /api/v1/apps': (t) => ({ path: '/api/v1/apps', body: { name: 'Another', organization_id: t.organization } }),
  'GET /api/v1/apps': () => ({ path: '/api/v1/apps' }),
  'GET /api/v1/apps/:id': (t) => ({ path: `/api/v1/apps/${t.app}` }),
  'PATCH /api/v1/apps/:id': (t) => ({ path: `/api/v1/apps/${t.app}`, body: { name: 'Renamed' } }),
  'DELETE /api/v1/apps/:id': (t) => ({ path: `/api/v1/apps/${t.spareApp}` }),
  'POST /api/v1/apps/:id/keys': (t) => ({ path: `/api/v1/apps/${t.app}/keys`, body: { permissions: ['read'] } }),
  'GET /api/v1/apps/:id/keys': (t) => ({ path: `/api/v1/apps/${t.app}/keys` }),
  'GET /api/v1/apps/:id/keys/:key_id': (t) => ({ path: `/api/v1/apps/${t.app}/keys/${t.key}` }),
  'PATCH /api/v1/apps/:id/keys/:key_id': (t) => ({
    path: `/api/v1/apps/${t.app}/keys/${t.key}`,
    body: { name: 'Renamed' },
  }),
  'DELETE /api/v1/apps/:id/keys/:key_id': (t) => ({ path: `/api/v1/apps/${t.app}/keys/${t.key}` }),
  'POST /api/v1/apps/:id/keys/:key_id/rotate': (t) => ({ path: `/api/v1/apps/${t.app}/keys/${t.key}/rotate` }),
  'POST /api/v1/organizations/:id/keys': (t) => ({
    path: `/api/v1/organizations/${t.organization}/keys`,
    body: { permissions: ['read'] },
  }),
  'GET /api/v1/organizations/:id/keys': (t) => ({ path: `/api/v1/organizations/${t.organization}/keys` }),
  'GET /api/v1/organizations/:id/keys/:key_id': (t) => ({
    path: `/api/v1/organizations/${t.organization}/keys/${t.organizationKey}`,
  }),
  'PATCH /api/v1/organizations/:id/keys/:key_id': (t) => ({
    path: `/api/v1/organizations/${t.organization}/keys/${t.organizationKey}`,
    body: { name: 'Renamed' },
  }),
  'POST /api/v1/organizations/:id/keys/:key_id/rotate': (t) => ({
    path: `/api/v1/organizations/${t.organization}/keys/${t.organizationKey}/rotate`,
  }),
  'DELETE /api/v1/organizations/:id/keys/:key_id': (t) => ({
    path: `/api/v1/organizations/${t.organization}/keys/${t.organizationKey}`,
  }),
  'POST /api/v1/apps/:id/users': (t) => ({
    path: `/api/v1/apps/${t.app}/users`,
    // Names are unique in the whole instance, and a stranger may make one in an app of its own.
    body: { name: `user-of-${t.app.slice(-8)}`, password: 'Another-1-pass' },
  }),
  'GET /api/v1/apps/:id/users': (t) => ({ path: `/api/v1/apps/${t.app}/users` }),
  'PATCH /api/v1/apps/:id/users/:user_id': (t) => ({
    path: `/api/v1/apps/${t.app}/users/${t.user}`,
    body: { password: 'Changed-1-pass' },
  }),
  'DELETE /api/v1/apps/:id/users/:user_id': (t) => ({ path: `/api/v1/apps/${t.app}/users/${t.user}` }),
  'POST /api/v1/apps/:id/endpoints': (t) => ({
    path: `/api/v1/apps/${t.app}/endpoints`,
    body: { url: 'http://127.0.0.1:9/', events: ['media.deleted'] },
  }),
  'GET /api/v1/apps/:id/endpoints': (t) => ({ path: `/api/v1/apps/${t.app}/endpoints` }),
  'GET /api/v1/apps/:id/endpoints/:endpoint_id': (t) => ({ path: `/api/v1/apps/${t.app}/endpoints/${t.endpoint}` }),
  'PATCH /api/v1/apps/:id/endpoints/:endpoint_id': (t) => ({
    path: `/api/v1/apps/${t.app}/endpoints/${t.endpoint}`,
    body: { headers: { 'x-of': 'the owner' } },
  }),
  'DELETE /api/v1/apps/:id/endpoints/:endpoint_id': (t) => ({ path: `/api/v1/apps/${t.app}/endpoints/${t.endpoint}` }),
  'POST /api/v1/apps/:id/endpoints/:endpoint_id/rotate-secret': (t) => ({
    path: `/api/v1/apps/${t.app}/endpoints/${t.endpoint}/rotate-secret`,
  }),
  'POST /api/v1/apps/:id/endpoints/:endpoint_id/replay-dead': (t) => ({
    path: `/api/v1/apps/${t.app}/endpoints/${t.endpoint}/replay-dead`,
  }),
  'POST /api/v1/apps/:id/endpoints/:endpoint_id/replay': (t) => ({
    path: `/api/v1/apps/${t.app}/endpoints/${t.endpoint}/replay`,
    body: { scope: 'dead', from: '2026-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' },
  }),
  'POST /api/v1/apps/:id/endpoints/:endpoint_id/test': (t) => ({
    path: `/api/v1/apps/${t.app}/endpoints/${t.endpoint}/test`,
  }),
  'POST /api/v1/apps/:id/endpoints/:endpoint_id/pause': (t) => ({
    path: `/api/v1/apps/${t.app}/endpoints/${t.endpoint}/pause`,
  }),
  'POST /api/v1/apps/:id/endpoints/:endpoint_id/resume': (t) => ({
    path: `/api/v1/apps/${t.app}/endpoints/${t.endpoint}/resume`,
  }),
  'POST /api/v1/connections': () => ({
    path: '/api/v1/connections',
    body: { carrier: 'whatsapp-cloud', name: 'Another', app_secret: 'a-secret', verify_token: 'a-token' },
  }),
  'GET /api/v1/connections': () => ({ path: '/api/v1/connections' }),
  'GET /api/v1/connections/:id': (t) => ({ path: `/api/v1/connections/${t.connection}` }),
  'PATCH /api/v1/connections/:id': (t) => ({
    path: `/api/v1/connections/${t.connection}`,
    body: { name: 'Renamed' },
  }),
  'DELETE /api/v1/connections/:id': (t) => ({ path: `/api/v1/connections/${t.spareConnection}` }),
  'POST /api/v1/channels': (t) => ({
    path: '/api/v1/channels',
    body: { app_id: t.app, connection_id: t.connection, address: '999', access_token: 'a-token' },
  }),
  'GET /api/v1/channels': (t) => ({ path: `/api/v1/channels?app_id=${t.app}` }),
  'GET /api/v1/channels/:id': (t) => ({ path: `/api/v1/channels/${t.channel}` }),
  'PATCH /api/v1/channels/:id': (t) => ({ path: `/api/v1/channels/${t.channel}`, body: { display: 'Renamed' } }),
  'DELETE /api/v1/channels/:id': (t) => ({ path: `/api/v1/channels/${t.channel}` }),
  'GET /api/v1/journal': () => ({ path: '/api/v1/journal' }),
  'GET /api/v1/journal/:id': (t) => ({ path: `/api/v1/journal/${t.journal}` }),
  'POST /api/v1/journal/:id/replay': (t) => ({ path: `/api/v1/journal/${t.journal}/replay` }),
  'POST /api/v1/journal/replay': () => ({ path: '/api/v1/journal/replay', body: { only: 'unparsed' } }),
  'GET /api/v1/doctor': () => ({ path: '/api/v1/doctor' }),
  'POST /api/v1/scrub': () => ({ path: '/api/v1/scrub' }),
  'POST /api/v1/backups': () => ({ path: '/api/v1/backups' }),
  'GET /api/v1/backups/:id': (t) => ({ path: `/api/v1/backups/${t.backup}` }),
  'GET /api/v1/backups/:id/records': (t) => ({ path: `/api/v1/backups/${t.backup}/records` }),
  'GET /api/v1/backups/:id/objects': (t) => ({ path: `/api/v1/backups/${t.backup}/objects` }),
  'GET /api/v1/backups/:id/objects/:app/:blob': (t) => ({
    path: `/api/v1/backups/${t.backup}/objects/${t.app}/${t.blob}`,
  }),
  'DELETE /api/v1/backups/:id': (t) => ({ path: `/api/v1/backups/${t.backup}` }),
  'GET /api/v1/jobs': () => ({ path: '/api/v1/jobs?state=resting' }),
  'POST /api/v1/jobs/resume': () => ({ path: '/api/v1/jobs/resume', body: { ids: ['med_none'] } }),
  'POST /api/v1/sandbox/messages': () => ({ path: '/api/v1/sandbox/messages?text=Hello' }),
};

/** Routes that look at no key, tried further down. */
const open = [
  'GET /healthz',
  'GET /readyz',
  'GET /metrics',
  'GET /in/reach',
  'GET /media/reach',
  'GET /in/:connection',
  'POST /in/:connection',
  'GET /media/*',
  'GET /openapi.json',
  'GET /openapi/:dialect.json',
  'GET /docs',
  'GET /docs/:file',
];

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
const keyed = routes.filter(({ needs }) => typeof needs === 'object');
/** What deletes comes last, and the deepest of it first. */
const deepness = ({ method, path }: Route): number => (method === 'DELETE' ? path.split('/').length : Infinity);
const ordered = keyed.toSorted((a, b) => (deepness(a) === deepness(b) ? 0 : deepness(b) - deepness(a)));

let rig: Rig;
let owner: Tenant;
let stranger: Tenant;
let things: Things;
/** Ids that have the right form and belong to nothing. */
let nothing: Things;
/** Keys of organizations: the owner's, and one that has an app of its own. */
let ownersOrganizationKey: string;
let strangersOrganizationKey: string;

beforeAll(async () => {
  rig = await startRig();
  rig.gateway.useSandbox({ send: async () => ({ carrierMessageId: 'wamid.x', mediaId: null }) });
  const organization = await made('/api/v1/organizations', { name: 'The owners' });
  const others = await made('/api/v1/organizations', { name: 'The others' });
  owner = await rig.tenant({ organization_id: organization });
  stranger = await rig.tenant({ organization_id: others });
  ownersOrganizationKey = await organizationKey(organization);
  strangersOrganizationKey = await organizationKey(others);

  // The stranger has things of its own, so that an empty answer is never an accident.
  const [own] = await rig.send(stranger, [{ path: fixture('label.png') }]);
  await stranger.receiver.next(about(own?.messageId ?? ''));

  const lostMessage = messageOf(await owner.receiver.next(about(await loseFile())));
  owner.receiver.answer(500);
  const [sent] = await rig.send(owner, [{ path: fixture('accident.jpg') }], { caption: 'only for the owner' });
  const received = await owner.receiver.next(about(sent?.messageId ?? ''));
  const message = messageOf(received);
  const failed = await rig.log.next((line) => line.msg === 'delivery' && line['outcome'] === 'retry');
  rig.clock.advance(8 * day);
  await rig.log.next((line) => line['delivery'] === failed['delivery'] && line['outcome'] === 'dead');
  owner.receiver.answer(200);
  const deliveries = (await rig.call('GET', '/api/v1/deliveries?state=delivered', undefined, owner.key)).body.data;

  things = {
    organization,
    spareOrganization: await made('/api/v1/organizations', { name: 'Spare' }),
    app: owner.appId,
    spareApp: await made('/api/v1/apps', { name: 'Spare', organization_id: organization }),
    key: await made(`/api/v1/apps/${owner.appId}/keys`, { name: 'spare' }),
    endpoint: owner.endpointId,
    connection: rig.connection.id,
    spareConnection: await made('/api/v1/connections', {
      carrier: 'whatsapp-cloud',
      name: 'Spare',
      app_secret: 'a-secret',
      verify_token: 'a-token',
    }),
    channel: owner.channelId,
    conversation: message.conversation_id,
    message: message.id,
    media: message.media[0].id,
    lostMedia: lostMessage.media[0].id,
    delivery: deliveries[0].id,
    deadDelivery: String(failed['delivery']),
    journal: (await rig.call('GET', '/api/v1/journal')).body.data[0].id,
    user: await made(`/api/v1/apps/${owner.appId}/users`, { name: 'spare', password: 'Spare-1-pass' }),
    organizationKey: await made(`/api/v1/organizations/${organization}/keys`, { name: 'spare' }),
    carrierMessage: message.carrier_message_id,
    // Known once one was begun.
    backup: `${'0'.repeat(31)}1`,
    blob: await blobOf(message.media[0].id),
  };
  nothing = Object.fromEntries(
    Object.entries(things).map(([name, id]) => [name, `${id.slice(0, 4)}${'0'.repeat(27)}`]),
  ) as Things;
});
afterAll(() => rig.close());

/** A message whose file the carrier does not have. @returns the carrier's id of the message */
async function loseFile(): Promise<string> {
  const media = await rig.sandbox.keep(owner.phoneNumberId, { path: fixture('contract.pdf') }, { type: 'image/jpeg' });
  rig.sandbox.fault(media.id, faultCatalogue.media_gone);
  rig.sandbox.fault(media.id, faultCatalogue.link_404);
  const { compose } = rig.sandbox;
  const message = compose.message(compose.media(media));
  await rig.post(compose.body([compose.received(owner.phoneNumberId, [message])]));
  await rig.log.next((line) => line.msg === 'capture' && line['outcome'] !== 'stored' && line['outcome'] !== 'stale');
  rig.clock.advance(10_000);
  return message.id;
}

async function made(path: string, body: unknown): Promise<string> {
  const answer = await rig.call('POST', path, body);
  expect(answer.status, answer.text).toBe(201);
  return answer.body.id;
}

/** Where the store has the bytes of a media: told by nothing but a backup. */
async function blobOf(id: string): Promise<string> {
  const media = await rig.gateway.records.media({ reach: { kind: 'instance' }, id });
  return media?.blob?.split('/')[1] ?? 'none';
}

async function organizationKey(organizationId: string): Promise<string> {
  return (await rig.call('POST', `/api/v1/organizations/${organizationId}/keys`, { name: 'all' })).body.key;
}

/** What a caller can tell from an answer; the date is the time, nothing else. */
const seen = ({ status, headers, text }: Answer) => ({
  status,
  text,
  headers: Object.fromEntries([...headers].filter(([name]) => name !== 'date')),
});

const ids = (): string[] => Object.values(things);

test('every route has an example, and every example a route', () => {
  expect([...Object.keys(examples), ...open].sort()).toEqual(routes.map(nameOf).sort());
  expect(routes.filter(({ needs }) => typeof needs !== 'object').map(nameOf)).toEqual(open);
});

test.each(keyed.map((route) => [nameOf(route), route] as const))(
  '%s: its example names every id it takes',
  (name, route) => {
    const example = examples[name]?.(things) ?? { path: '' };
    const url = new URL(example.path, rig.gateway.url);
    const named = (schema: z.ZodType) =>
      schema instanceof z.ZodObject ? Object.keys(schema.shape).filter((member) => member.endsWith('_id')) : [];
    expect([...url.searchParams.keys()]).toEqual(expect.arrayContaining(named(route.query)));
    expect(Object.keys(example.body ?? {})).toEqual(expect.arrayContaining(named(route.body)));
    for (const segment of url.pathname.split('/').filter((part) => /^[a-z]{3}_/.test(part))) {
      expect(ids()).toContain(segment);
    }
  },
);

describe.each(ordered.map((route) => [nameOf(route), route] as const))('%s', (name, route) => {
  const call = (example: { path: string; body?: unknown }, key: string, method: string = route.method) =>
    rig.call(method, example.path, example.body, key);
  const of = (some: Things) => examples[name]?.(some) ?? { path: '/' };
  const ofInstance = typeof route.needs === 'object' && route.needs.reach === 'instance';
  const ofOrganization = route.path.startsWith('/api/v1/organizations/:id/keys');
  // Asked without an upgrade it has the same refusal for everybody; what it tells is tried in its own tests.
  const isStream = route.operation === 'streamEvents';
  const isList = route.method === 'GET' && !route.path.includes(':') && !isStream;
  const strangers = () => ({ app: stranger.key, organization: strangersOrganizationKey });

  test('a stranger with the right ids sees exactly what ids of nothing show', async () => {
    for (const key of Object.values(strangers())) {
      const refused = await call(of(things), key);
      expect(refused.status).toBe(isStream ? 426 : ofInstance ? 403 : isList ? 200 : 404);
      for (const id of ids().filter((one) => !of(things).path.includes(one))) expect(refused.text).not.toContain(id);
      expect(seen(await call(of(nothing), key))).toEqual(seen(refused));
      if (isList && !ofInstance)
        expect(refused.body.data).toEqual(of(things).path.includes('?') ? [] : expect.any(Array));
      if (route.head)
        expect(seen(await call(of(nothing), key, 'HEAD'))).toEqual(seen(await call(of(things), key, 'HEAD')));

      // The stranger's own app in front of a thing of the owner.
      const mixed = await call(of({ ...things, app: stranger.appId }), key);
      if (!name.includes('/apps/:id/') || !route.path.includes('_id')) continue;
      expect(mixed.status).toBe(404);
      expect(seen(await call(of({ ...nothing, app: stranger.appId }), key))).toEqual(seen(mixed));
    }
  });

  test('the owner is served', async () => {
    // Before the owner, whose call may be the one that deletes.
    const status = isStream ? 426 : route.path.endsWith('/content') ? 200 : route.status;
    if (route.method === 'GET' && !ofInstance)
      expect((await call(of(things), ownersOrganizationKey)).status).toBe(status);
    const ownersKey = ofOrganization ? ownersOrganizationKey : owner.key;
    const served = await call(of(things), ofInstance ? adminKey : ownersKey);
    expect(served.status, served.text).toBe(status);
    if (route.operation === 'beginBackup') {
      things.backup = served.body.id;
      await expect
        .poll(async () => (await rig.call('GET', `/api/v1/backups/${things.backup}`)).body.state)
        .toBe('ready');
    }
    if (isList && !ofInstance) expect(served.body.data.length).toBeGreaterThan(0);
  });

  if (isList && !ofInstance) {
    test('without a filter a stranger sees nothing of others', async () => {
      for (const key of Object.values(strangers())) {
        const everything = route.operation === 'planRetention' ? `?${far}` : '';
        const { body, text } = await call({ path: route.path + everything }, key);
        expect(body.data.length).toBeGreaterThan(0);
        for (const id of ids().filter((one) => one !== things.connection)) expect(text).not.toContain(id);
        expect(text).not.toContain('only for the owner');
      }
    });
  }
});

test('a link opens for whoever holds it, and an id alone opens nothing', async () => {
  const [sent] = await rig.send(stranger, [{ path: fixture('sticker.webp') }]);
  const [media] = messageOf(await stranger.receiver.next(about(sent?.messageId ?? ''))).media;
  expect((await rig.call('GET', new URL(media.url).pathname + new URL(media.url).search, undefined, null)).status).toBe(
    200,
  );
  const bare = await rig.call('GET', `/media/${media.id}.webp`, undefined, owner.key);
  expect(bare.status).toBe(403);
  expect(seen(await rig.call('GET', `/media/${nothing.media}.webp`, undefined, owner.key))).toEqual(seen(bare));
});

test('a webhook that one connection signed reaches no channel of another', async () => {
  const foreign = await rig.call('POST', '/api/v1/connections', {
    carrier: 'whatsapp-cloud',
    name: 'Foreign',
    app_secret: 'foreign-secret',
    verify_token: 'foreign-token',
  });
  const { compose } = rig.sandbox;
  const message = compose.message(compose.contents.text('to a number of somebody else'));
  const body = rig.sandbox.escape(compose.body([compose.received(stranger.phoneNumberId, [message])]));
  const answer = await rig.sandbox.post(foreign.body.intake_url, body, { secret: 'foreign-secret' });
  expect(answer.status).toBe(200);
  const [entry] = (await rig.call('GET', '/api/v1/journal?only=unrouted')).body.data;
  expect(entry).toMatchObject({ connection_id: foreign.body.id, unrouted: 1 });
  const { body: messages } = await rig.call('GET', '/api/v1/messages', undefined, stranger.key);
  expect(JSON.stringify(messages)).not.toContain(message.id);
});

describe('keys', () => {
  test('every route refuses a call without a key, with an unknown one and with a key in the query', async () => {
    for (const route of keyed) {
      const { path, body } = examples[nameOf(route)]?.(nothing) ?? { path: '/' };
      const without = await rig.call(route.method, path, body, null);
      expect([without.status, without.body.code], nameOf(route)).toEqual([401, 'key_missing']);
      const unknown = await rig.call(route.method, path, body, `${stranger.key.slice(0, -1)}~`);
      expect([unknown.status, unknown.body.code], nameOf(route)).toEqual([401, 'key_unknown']);
      const query = await rig.call(
        route.method,
        `${path}${path.includes('?') ? '&' : '?'}key=${stranger.key}`,
        body,
        null,
      );
      expect(query.status, nameOf(route)).toBe(401);
    }
  });

  test('every route refuses a key that lacks the permission it needs, before it looks anything up', async () => {
    const all = ['read', 'send', 'manage'] as const;
    for (const lacking of all) {
      const { body } = await rig.call('POST', `/api/v1/apps/${stranger.appId}/keys`, {
        permissions: all.filter((one) => one !== lacking),
      });
      for (const route of keyed) {
        if (typeof route.needs !== 'object' || route.needs.permission !== lacking) continue;
        const example = examples[nameOf(route)]?.(nothing) ?? { path: '/' };
        const answer = await rig.call(route.method, example.path, example.body, body.key);
        expect([answer.status, answer.body.code], nameOf(route)).toEqual([403, 'permission_missing']);
      }
    }
  });

  test('a key gives no permission that it lacks', async () => {
    const { body } = await rig.call('POST', `/api/v1/apps/${stranger.appId}/keys`, { permissions: ['manage'] });
    const path = `/api/v1/apps/${stranger.appId}/keys`;
    for (const permissions of [['read'], ['manage', 'send'], undefined]) {
      const answer = await rig.call('POST', path, { permissions }, body.key);
      expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
    }
    expect((await rig.call('PATCH', `${path}/${body.id}`, { permissions: ['read', 'manage'] }, body.key)).status).toBe(
      403,
    );
    expect((await rig.call('POST', path, { permissions: ['manage'] }, body.key)).status).toBe(201);
  });

  test('a revoked key and the key of a deleted app end within a second', async () => {
    const app = await made('/api/v1/apps', { name: 'Short-lived' });
    const first = (await rig.call('POST', `/api/v1/apps/${app}/keys`, {})).body;
    const second = (await rig.call('POST', `/api/v1/apps/${app}/keys`, {})).body;
    const works = async (key: string) => (await rig.call('GET', '/api/v1/media', undefined, key)).status;
    expect([await works(first.key), await works(second.key)]).toEqual([200, 200]);
    expect((await rig.call('DELETE', `/api/v1/apps/${app}/keys/${first.id}`)).status).toBe(204);
    rig.clock.advance(1000);
    expect([await works(first.key), await works(second.key)]).toEqual([401, 200]);
    expect((await rig.call('DELETE', `/api/v1/apps/${app}`)).status).toBe(204);
    rig.clock.advance(1000);
    expect([await works(first.key), await works(second.key)]).toEqual([401, 401]);
  });

  test('permissions taken from a key are gone within a second', async () => {
    const { body } = await rig.call('POST', `/api/v1/apps/${stranger.appId}/keys`, { permissions: ['read', 'manage'] });
    const path = `/api/v1/apps/${stranger.appId}`;
    expect((await rig.call('GET', path, undefined, body.key)).status).toBe(200);
    expect((await rig.call('PATCH', `${path}/keys/${body.id}`, { permissions: ['read'] })).status).toBe(200);
    rig.clock.advance(1000);
    expect((await rig.call('GET', path, undefined, body.key)).status).toBe(403);
  });
});
