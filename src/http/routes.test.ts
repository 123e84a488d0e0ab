import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { firstPage, start } from '../../test/contracts/records/rig.ts';
import { type Answer, furnish, type Http, openHttp } from '../../test/http/rig.ts';
import { newId, prefixes } from '../core/ids.ts';
import type { Needs, Route } from './route.ts';
import { routes } from './routes.ts';

const nameOf = ({ method, path }: Route): string => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`;

function wordsFor(needs: Needs): RegExp {
  if (needs === 'metrics') return /^Key: `read`, instance\. Or the token `MEDIADOCK_METRICS_TOKEN`/;
  if (typeof needs === 'string') return /^No key/;
  return needs.reach === 'instance'
    ? new RegExp(`^Key: \`${needs.permission}\`, instance\\.`)
    : new RegExp(`^Key: \`${needs.permission}\`\\.`);
}

test('docs/api.md describes exactly the routes there are, each with the key that it needs', () => {
  const sections = [...readFileSync('docs/api.md', 'utf8').matchAll(/^### (.+)\n\n(.+)$/gm)];
  expect(sections.map(([, heading]) => heading).sort()).toEqual(routes.map(nameOf).sort());
  for (const route of routes) {
    const [, , first = ''] = sections.find(([, heading]) => heading === nameOf(route)) ?? [];
    expect(first, nameOf(route)).toMatch(wordsFor(route.needs));
  }
});

test('no two routes answer to the same method and path', () => {
  expect(new Set(routes.map(nameOf)).size).toBe(routes.length);
});

const keyed = routes.filter(({ needs }) => typeof needs === 'object');
/** The path with a thing of its own in each place. */
const pathTo = (route: Route, ids: Record<string, string>): string =>
  route.path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const id = ids[name === 'id' ? kindIn(route.path) : name];
    if (id === undefined) throw new Error(`${route.path} has a place that no test fills: ${name}`);
    return id;
  });
const kindIn = (path: string): string => path.split('/')[3] ?? '';

/** One of everything that an app can have. */
async function belongings(http: Http) {
  const { app, connection, channel, message, media, key, endpoint, receive, reach } = await furnish(http);
  const { id: endpoint_id } = await endpoint();
  await receive({ media: [] });
  const { rows } = await http.records.listDeliveries({ reach, filter: {}, page: firstPage });
  const path = `/api/v1/apps/${app.id}`;
  const { json } = await http.call('GET', `${path}/keys`, { key });
  const [{ id: key_id } = { id: '' }] = json['data'] as { id: string }[];
  const user = { reach, appId: app.id, name: `ada-${app.id}`, hash: 'scrypt$', now: start };
  const made = await http.records.createUser(user);
  if (made?.is !== 'created') throw new Error('the user was not made');
  return {
    key,
    ids: {
      apps: app.id,
      connections: connection.id,
      channels: channel.id,
      messages: message.id,
      media: media.id,
      key_id,
      endpoint_id,
      user_id: made.user.id,
      // Nothing of an app; its keys are refused there whatever the id.
      organizations: newId('organization', start),
      journal: newId('journal', start),
      deliveries: rows[0]?.id ?? 'none',
      // Of the whole instance: a key of an app is refused whatever stands there.
      backups: 'none',
      app: app.id,
      blob: 'none',
    } as Record<string, string>,
  };
}

const password = 'Tr0ub4dor&3';

/** What the schema of a body asks for, where it asks for something. */
function bodyFor(route: Route): { body?: object } {
  if (route.operation === 'createUser') return { body: { name: 'stranger', password } };
  if (route.operation === 'updateUser') return { body: { password } };
  if (route.method === 'PATCH') return { body: {} };
  if (route.method !== 'POST') return {};
  if (route.operation === 'createEndpoint') return { body: { url: 'https://stranger.example/hook' } };
  const span = { scope: 'all', from: new Date(start).toISOString(), to: new Date(start + 1).toISOString() };
  return route.operation === 'replayEvents' ? { body: span } : {};
}

const wire = ({ status, headers, text }: Answer) => ({
  status,
  text,
  headers: [...headers].filter(([name]) => name !== 'date'),
});

test('every route below /api needs a key, and says nothing else to whoever has none', async () => {
  const http = await openHttp();
  expect(keyed.map(({ path }) => path).sort()).toEqual(
    routes
      .map(({ path }) => path)
      .filter((path) => path.startsWith('/api/'))
      .sort(),
  );
  const refusals = new Set<string>();
  for (const route of keyed) {
    const answer = await http.call(route.method, route.path.replaceAll(/:\w+/g, 'x'), { key: null });
    refusals.add(JSON.stringify(wire(answer)));
  }
  expect(refusals.size).toBe(1);
  expect([...refusals][0]).toContain('key_missing');
});

test('a stranger learns nothing: a thing of somebody else and a thing that does not exist give the same bytes', async () => {
  const http = await openHttp();
  const { ids } = await belongings(http);
  const { key } = await belongings(http);
  const unknown = Object.fromEntries(
    Object.entries(ids).map(([name, id]) => {
      const kind = Object.entries(prefixes).find(([, prefix]) => id.startsWith(`${prefix}_`))?.[0];
      return [name, newId(kind as keyof typeof prefixes, start)];
    }),
  );
  let refused = 0;
  for (const route of keyed.filter(({ path }) => path.includes(':'))) {
    const options = {
      key,
      ...bodyFor(route),
    };
    const foreign = await http.call(route.method, pathTo(route, ids), options);
    const missing = await http.call(route.method, pathTo(route, unknown), options);
    expect(wire(foreign), nameOf(route)).toEqual(wire(missing));
    expect([403, 404], nameOf(route)).toContain(foreign.status);
    refused += 1;
  }
  expect(refused).toBeGreaterThan(25);
});

test('a filter that names somebody else’s thing finds as much as one that names nothing', async () => {
  const http = await openHttp();
  const { ids } = await belongings(http);
  const { key } = await belongings(http);
  for (const [path, name, kind] of [
    ['media', 'app_id', 'apps'],
    ['media', 'message_id', 'messages'],
    ['messages', 'channel_id', 'channels'],
    ['events', 'app_id', 'apps'],
    ['deliveries', 'endpoint_id', 'endpoint_id'],
    ['channels', 'app_id', 'apps'],
  ] as const) {
    const foreign = await http.call('GET', `/api/v1/${path}?${name}=${ids[kind]}`, { key });
    const missing = await http.call('GET', `/api/v1/${path}?${name}=nothing`, { key });
    expect(foreign.json['data'], path).toEqual([]);
    expect(wire(foreign), path).toEqual(wire(missing));
  }
});
