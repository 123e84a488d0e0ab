import { expect, test } from 'vitest';
import { adminKey, furnish, type Http, openHttp } from '../../../test/http/rig.ts';

async function organization(http: Http) {
  const made = await http.call('POST', '/api/v1/organizations', { body: { name: 'Insurance' } });
  const path = `/api/v1/organizations/${made.json['id']}/keys`;
  const app = await http.call('POST', '/api/v1/apps', { body: { name: 'Claims', organization_id: made.json['id'] } });
  return { id: String(made.json['id']), path, app: String(app.json['id']) };
}
const make = (http: Http, path: string, body: object = {}, key = adminKey) => http.call('POST', path, { body, key });
const works = async (http: Http, key: unknown) =>
  (await http.call('GET', '/api/v1/media', { key: String(key) })).status === 200;

test('a rotated key and the one in its place both work until the overlap ends, then only the new one', async () => {
  const http = await openHttp();
  const { app } = await furnish(http);
  const path = `/api/v1/apps/${app.id}/keys`;
  const old = await make(http, path, { name: 'backend', permissions: ['read'] });
  const rotated = await make(http, `${path}/${old.json['id']}/rotate`, { overlap_seconds: 60 });
  expect([rotated.status, rotated.json]).toMatchObject([
    201,
    { name: 'backend', permissions: ['read'], ends_at: null },
  ]);
  expect(rotated.json['key']).not.toBe(old.json['key']);
  const now = http.parts.clock.now();
  const shown = await http.call('GET', `${path}/${old.json['id']}`);
  expect(shown.json['ends_at']).toBe(new Date(now + 60_000).toISOString());
  expect([await works(http, old.json['key']), await works(http, rotated.json['key'])]).toEqual([true, true]);
  http.moveTo(now + 60_001);
  expect([await works(http, old.json['key']), await works(http, rotated.json['key'])]).toEqual([false, true]);
});

test('nobody gets more from rotating a key than they have', async () => {
  const http = await openHttp();
  const { app } = await furnish(http);
  const path = `/api/v1/apps/${app.id}/keys`;
  const whole = await make(http, path, {});
  const manager = await make(http, path, { permissions: ['manage'] });
  const refused = await make(http, `${path}/${whole.json['id']}/rotate`, {}, String(manager.json['key']));
  expect([refused.status, refused.json['code']]).toEqual([403, 'permission_missing']);
  expect(refused.text).not.toContain('mdk_');
});

test('a key of an organization reaches all its apps and no other, and looks after its own kind', async () => {
  const http = await openHttp();
  const { id, path, app } = await organization(http);
  const stranger = await furnish(http);
  const made = await make(http, path, { name: 'head office' });
  expect([made.status, made.json]).toMatchObject([201, { organization_id: id, app_id: null, dialect: 'native' }]);
  const key = String(made.json['key']);
  const apps = await http.call('GET', '/api/v1/apps', { key });
  expect((apps.json['data'] as { id: string }[]).map((one) => one.id)).toEqual([app]);
  expect((await http.call('GET', `/api/v1/media/${stranger.media.id}`, { key })).status).toBe(404);

  const second = await make(http, path, { permissions: ['read'] }, key);
  const one = `${path}/${second.json['id']}`;
  expect((await http.call('PATCH', one, { key, body: { name: 'auditor' } })).json['name']).toBe('auditor');
  expect(((await http.call('GET', path, { key })).json['data'] as object[]).length).toBe(2);
  expect((await make(http, `${one}/rotate`, {}, key)).status).toBe(201);
  expect((await http.call('DELETE', one, { key })).status).toBe(204);
  expect(await works(http, second.json['key'])).toBe(false);
});

test('the keys of an organization are nobody else’s affair', async () => {
  const http = await openHttp();
  const mine = await organization(http);
  const other = await organization(http);
  const made = await make(http, mine.path);
  const { key: appKey } = await furnish(http);
  const foreign = await make(http, other.path);
  for (const key of [appKey, String(foreign.json['key'])]) {
    for (const [method, path] of [
      ['GET', mine.path],
      ['POST', mine.path],
      ['GET', `${mine.path}/${made.json['id']}`],
      ['PATCH', `${mine.path}/${made.json['id']}`],
      ['POST', `${mine.path}/${made.json['id']}/rotate`],
      ['DELETE', `${mine.path}/${made.json['id']}`],
    ] as const) {
      const answer = await http.call(method, path, {
        key,
        ...(method !== 'GET' && method !== 'DELETE' && { body: {} }),
      });
      expect([answer.status, answer.json['code']], `${method} ${path}`).toEqual([404, 'not_found']);
    }
  }
});
