// The wall between apps at the dialects' own addresses. The rows are those that the dialects register; each that takes an id has
// an example below, and a row without one fails. A stranger with a key of the same dialect calls each with the owner's id and with
// one that nobody has: between the two there must be no difference, but where the vendor's page tells a foreign file from none.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from '../../src/conformance/pipes/connect.ts';
import type { DialectRoute } from '../../src/core/dialect.ts';
import { dialects } from '../../src/dialects/registry.ts';
import { type Answer, type Body, fixture, type Rig, startRig, type Tenant } from './rig.ts';

/** A call with an id in it, and a body where the row takes one. */
type Example = { path: string; body?: unknown };
/** What the owner has, by the dialect's own names. */
type Things = Readonly<Record<'media' | 'other', string>>;

const at =
  (path: (id: string) => string, body?: (id: string) => unknown, which: keyof Things = 'other') =>
  (things: Things): Example => ({ path: path(things[which]), ...(body && { body: body(things[which]) }) });
const ofMedia = (path: (id: string) => string, body?: (id: string) => unknown) => at(path, body, 'media');

const template = at((id) => `/v1/pool-numbers/${id}/templates/hello`);
const templates = at((id) => `/v1/pool-numbers/${id}/templates`);
const device = (below: string, body?: () => unknown) => at((id) => `/devices/${id}${below}`, body);
const hook = { url: 'https://example.com/', events: ['messages.whatsapp.received'] };
const library = '/api/partner-gateway/v1/media';

const examples: Record<string, Record<string, (things: Things) => Example>> = {
  chirp: {
    'GET /v1/media/:mediaId': ofMedia((id) => `/v1/media/${id}`),
    'GET /v1/webhooks/:webhookId': at((id) => `/v1/webhooks/${id}`),
    'PUT /v1/webhooks/:webhookId': at(
      (id) => `/v1/webhooks/${id}`,
      () => hook,
    ),
    'DELETE /v1/webhooks/:webhookId': at((id) => `/v1/webhooks/${id}`),
  },
  onprem: {
    'GET /v1/media/:mediaId': ofMedia((id) => `/v1/media/${id}`),
    'GET /v1/media/:mediaId/download': ofMedia((id) => `/v1/media/${id}/download`),
    'DELETE /v1/media/:mediaId': ofMedia((id) => `/v1/media/${id}`),
  },
  pipes: {
    'GET /v1/media/download/:mediaId': ofMedia((id) => `/v1/media/download/${id}`),
    'GET /v1/pool-numbers/:poolNumberId/templates': templates,
    'POST /v1/pool-numbers/:poolNumberId/templates': templates,
    'GET /v1/pool-numbers/:poolNumberId/templates/:name': template,
    'POST /v1/pool-numbers/:poolNumberId/templates/:name': template,
    'DELETE /v1/pool-numbers/:poolNumberId/templates/:name': template,
  },
  qlara: {
    'GET /api/files/:mediaKey': ofMedia((id) => `/api/files/${id}`),
    [`GET ${library}/:mediaId`]: at((id) => `${library}/${id}`),
    [`DELETE ${library}`]: at(
      () => library,
      (mediaId) => ({ mediaId }),
    ),
    [`DELETE ${library}/:mediaId`]: at((id) => `${library}/${id}`),
    'GET /api/messages/status/:customerMessageId': at((id) => `/api/messages/status/${id}`),
    'GET /api/partner-gateway/v1/inbox/:chatId/messages': at((id) => `/api/partner-gateway/v1/inbox/${id}/messages`),
    'PATCH /api/partner-gateway/v1/inbox/:chatId/archive': at(
      (id) => `/api/partner-gateway/v1/inbox/${id}/archive`,
      () => ({}),
    ),
    'PATCH /api/partner-gateway/v1/inbox/:chatId/read': at(
      (id) => `/api/partner-gateway/v1/inbox/${id}/read`,
      () => ({}),
    ),
  },
  'wa-server': {
    'GET /media': ofMedia((path) => `/media?path=${encodeURIComponent(path)}`),
    'GET /devices/:device_id': device(''),
    'POST /devices/:device_id/qr': device('/qr', () => ({})),
    'POST /devices/:device_id/disconnect': device('/disconnect', () => ({})),
    'GET /devices/:device_id/groups': device('/groups'),
    'GET /devices/:device_id/profile': device('/profile'),
    'GET /devices/:device_id/presence': device('/presence'),
    'GET /devices/:device_id/messages': device('/messages'),
    'POST /devices/:device_id/messages': device('/messages', () => ({})),
    'POST /devices/:device_id/destroy': device('/destroy'),
    'DELETE /devices/:device_id': device(''),
  },
};

/** Where the vendor's page demands 403 for what belongs to somebody else. */
const toldApart = ['pipes GET /v1/media/download/:mediaId', 'wa-server GET /media'];

type Home = { owner: Tenant; stranger: Tenant; things: Things };

/** Another id of the same form, which nobody has. */
const nobodys = (id: string): string =>
  id.replace(/\w(?=(?:\.\w+)?$)/, (last) => {
    if (/\d/.test(last)) return String((Number(last) + 1) % 10);
    const [first, second] = last === last.toLowerCase() ? 'ab' : 'AB';
    return (last === first ? second : first) ?? '';
  });

let rig: Rig;
const homes = new Map<string, Home>();
let strangersHouse: string;

async function made(path: string, body: object, key?: string): Promise<Body> {
  const answer = await rig.call('POST', path, body, key);
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** What the owner has, learnt as an application would. */
const learn: Record<string, (told: Body, owner: Tenant) => Promise<Things>> = {
  chirp: async (told, { key }) => ({
    media: told.data.message.mediaId,
    other: (await made('/v1/webhooks', hook, key)).id,
  }),
  onprem: async (told) => ({ media: told.media_items[0].image.id, other: '' }),
  pipes: async (told) => ({ media: told.pipes.media.mediaId, other: told.pipes.poolNumberId }),
  async qlara(told, { key }) {
    const form = new FormData();
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    );
    form.append('file', new Blob([png], { type: 'image/png' }), 'menu.png');
    const kept = await fetch(rig.gateway.url + library, { method: 'POST', headers: { 'x-api-key': key }, body: form });
    return { media: told.content.mediaKey, other: ((await kept.json()) as Body).mediaId };
  },
  'wa-server': async (told) => ({ media: told.payload.media_path, other: told.device_id }),
};

const spoken = [...dialects.values()].filter(({ facade }) => facade !== null);
const rowsOf = (name: string): readonly DialectRoute[] => dialects.get(name)?.facade?.routes ?? [];
const nameOf = ({ method, path }: DialectRoute): string => `${method} ${path}`;
const keyOf = ({ needs }: DialectRoute, tenant: Tenant, house: string): string =>
  needs !== 'password' && needs.reach === 'organization' ? house : tenant.key;

beforeAll(async () => {
  rig = await startRig();
  const ours = await made('/api/v1/organizations', { name: 'The owners' });
  const theirs = await made('/api/v1/organizations', { name: 'The others' });
  ({ key: strangersHouse } = await made(`/api/v1/organizations/${theirs.id}/keys`, { dialect: 'chirp' }));
  for (const { name } of spoken) {
    const owner = await rig.tenant({ dialect: name, organization_id: ours.id });
    const stranger = await rig.tenant({ dialect: name, organization_id: theirs.id });
    const isTold = ({ json }: { json: unknown }) => name !== 'onprem' || (json as Body).media_items !== undefined;
    // The stranger has things of its own, so that an empty answer is never an accident.
    for (const tenant of [stranger, owner]) await rig.send(tenant, [{ path: fixture('label.png') }]);
    await stranger.receiver.next(isTold);
    const told = await owner.receiver.next(isTold);
    const things = await learn[name]?.(told.json, owner);
    if (things === undefined) throw new Error(`nobody knows what an app of ${name} has`);
    homes.set(name, { owner, stranger, things });
  }
}, 60_000);
afterAll(() => rig?.close());

test('every row that has a place for an id has an example, and every example a row', () => {
  for (const { name } of spoken) {
    const named = rowsOf(name).map(nameOf);
    const placed = named.filter((row) => row.includes(':'));
    expect(Object.keys(examples[name] ?? {}), name).toEqual(expect.arrayContaining(placed));
    expect(named, name).toEqual(expect.arrayContaining(Object.keys(examples[name] ?? {})));
  }
});

/** What a caller can tell from an answer, without the id that it sent itself, the time, and what is new for each request. */
const seen = ({ status, headers, text }: Answer, id: string) => ({
  status,
  text: text
    .replaceAll(id, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/(?<="request_id":")[0-9a-f-]{36}/g, 'REQUEST'),
  headers: Object.fromEntries([...headers].filter(([name]) => name !== 'date')),
});

describe.each(spoken)('$name', ({ name }) => {
  const home = (): Home => {
    const found = homes.get(name);
    if (found === undefined) throw new Error(`${name} has no home`);
    return found;
  };
  const placed = rowsOf(name).filter((row) => examples[name]?.[nameOf(row)] !== undefined);
  const ends = ({ method, path }: DialectRoute) => method === 'DELETE' || path.endsWith('/destroy');
  const ordered = [...placed.filter((row) => !ends(row)), ...placed.filter(ends)];
  const ended = new Set<string>();

  test.each(ordered.map((row) => [nameOf(row), row] as const))('%s', async (called, row) => {
    const { owner, stranger, things } = home();
    const example = examples[name]?.[called];
    if (example === undefined) throw new Error(`${called} has no example`);
    const call = ({ path, body }: Example, key: string) => rig.call(row.method, path, body, key);
    const nothing: Things = { media: nobodys(things.media), other: nobodys(things.other) };
    const which = example({ media: 'media', other: 'other' });
    const id = JSON.stringify(which).includes('other') ? 'other' : 'media';

    const foreign = await call(example(things), stranger.key);
    if (toldApart.includes(`${name} ${called}`)) {
      expect(foreign.status, foreign.text).toBe(403);
    } else {
      expect([403, 404, 409, 501], foreign.text).toContain(foreign.status);
      expect(seen(foreign, things[id])).toEqual(seen(await call(example(nothing), stranger.key), nothing[id]));
    }

    // Then the owner, for whom the id is one: only what is not offered is refused to everybody.
    if (ended.has(things[id])) return;
    if (ends(row)) ended.add(things[id]);
    const own = await call(example(things), owner.key);
    const isOffered = Object.keys(row.describes.answers).some((status) => Number(status) < 400);
    expect(own.status < 400, `${own.status} ${own.text}`).toBe(isOffered);
  });

  test('what takes no id tells a stranger nothing of others', async () => {
    const { owner, stranger, things } = home();
    const rows = rowsOf(name).filter((row) => row.method === 'GET' && examples[name]?.[nameOf(row)] === undefined);
    for (const row of rows) {
      const answer = await rig.call('GET', row.path, undefined, keyOf(row, stranger, strangersHouse));
      expect(answer.status, row.path).toBeLessThan(502);
      const secrets = [things.media, things.other, owner.appId, owner.endpointId, owner.receiver.url, owner.display];
      for (const secret of secrets.filter((one) => one !== '')) expect(answer.text, row.path).not.toContain(secret);
    }
  });
});

test("an organization's key makes no key for another organization's app", async () => {
  const home = homes.get('chirp');
  const make = (appId: string) => rig.call('POST', '/v1/organization/app-keys', { name: 'x', appId }, strangersHouse);
  const foreign = await make(home?.owner.appId ?? '');
  expect(foreign.status).toBe(404);
  const unknown = nobodys(home?.owner.appId ?? '');
  expect(seen(foreign, home?.owner.appId ?? '')).toEqual(seen(await make(unknown), unknown));
  expect((await make(home?.stranger.appId ?? '')).status).toBe(201);
});

test('a socket cannot be narrowed to a conversation or a number of somebody else', async () => {
  const home = homes.get('pipes');
  if (home === undefined) throw new Error('pipes has no home');
  const [{ json } = { json: {} }] = home.owner.receiver.received;
  const { conversationId, poolNumberId } = (json as Body).pipes;
  const target = { url: rig.gateway.url, key: home.stranger.key };
  for (const scope of [{ conversationId }, { poolNumberId }]) {
    const [name = '', id = ''] = Object.entries(scope)[0] ?? [];
    const foreign = await refused(target, { apiKey: home.stranger.key, [name]: id });
    expect(foreign.status).toBe(403);
    expect(foreign).toEqual(await refused(target, { apiKey: home.stranger.key, [name]: nobodys(id) }));
    expect((await refused(target, { apiKey: home.owner.key, [name]: id })).status).toBe(101);
  }
});
