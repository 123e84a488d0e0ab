import { expect, test } from 'vitest';
import { start } from '../../../test/contracts/records/rig.ts';
import { type Answer, fieldsOf, furnish, type Http, keyOf, openHttp } from '../../../test/http/rig.ts';

const idOf = ({ json }: Answer): string => String(json['id']);
const post = (http: Http, path: string, body: unknown) => http.call('POST', `/api/v1${path}`, { body });

const secrets = { app_secret: 'top-secret-1', verify_token: 'top-secret-2' };

/** Everything that a script sets up, from nothing. */
async function setUp(http: Http) {
  const organization = await post(http, '/organizations', { name: 'Law firm', media_retention_days: 30 });
  const app = await post(http, '/apps', { name: 'Desk', organization_id: idOf(organization), link_seconds: 60 });
  const connection = await post(http, '/connections', { carrier: 'whatsapp-cloud', name: 'Main', ...secrets });
  const channel = await post(http, '/channels', {
    app_id: idOf(app),
    connection_id: idOf(connection),
    address: '106540352242922',
    display: '+15550783881',
    access_token: 'top-secret-3',
  });
  const key = await post(http, `/apps/${idOf(app)}/keys`, { name: 'Reader', permissions: ['read'], mode: 'test' });
  const endpoint = await post(http, `/apps/${idOf(app)}/endpoints`, {
    url: 'https://app.example/hook',
    headers: { 'x-tenant': 'top-secret-4' },
    events: ['media.stored'],
    secret: 'top-secret-5',
  });
  return { organization, app, connection, channel, key, endpoint };
}

test('a script sets everything up, reads it back, and meets no secret but those that are shown once', async () => {
  const http = await openHttp();
  const made = await setUp(http);
  for (const [what, answer] of Object.entries(made)) expect(answer.status, what).toBe(201);
  expect(made.connection.json['intake_url']).toBe(`${http.url}/in/${idOf(made.connection)}`);
  expect(made.key.json['key']).toMatch(/^mdk_test_/);
  expect(made.endpoint.json['secret']).toBe('top-secret-5');

  const app = `/api/v1/apps/${idOf(made.app)}`;
  for (const [path, one] of [
    ['/api/v1/organizations', made.organization],
    ['/api/v1/apps', made.app],
    ['/api/v1/connections', made.connection],
    ['/api/v1/channels', made.channel],
    [`${app}/keys`, made.key],
    [`${app}/endpoints`, made.endpoint],
  ] as const) {
    const { key: _key, secret: _secret, ...shown } = one.json;
    const read = await http.call('GET', `${path}/${idOf(one)}`);
    const list = await http.call('GET', path);
    expect(read.json, path).toEqual(shown);
    expect(list.json, path).toEqual({ data: [shown], next: null });
    expect(read.text + list.text, path).not.toMatch(/top-secret|mdk_/);
  }
});

test('a change touches only what it names, and null takes a setting back', async () => {
  const http = await openHttp();
  const made = await setUp(http);
  const change = async (path: string, one: Answer, body: object) => {
    const answer = await http.call('PATCH', `/api/v1${path}/${idOf(one)}`, { body });
    expect(answer.status, path).toBe(200);
    const { key: _key, secret: _secret, ...before } = one.json;
    return [answer.json, before] as const;
  };
  const app = `/apps/${idOf(made.app)}`;
  for (const [path, one, body, also] of [
    ['/organizations', made.organization, { media_retention_days: null }, {}],
    ['/apps', made.app, { link_seconds: null, hold_limit_seconds: 7 }, {}],
    ['/connections', made.connection, { name: 'Other', graph_version: 'v25.0' }, {}],
    ['/channels', made.channel, { display: 'Front desk' }, {}],
    [`${app}/keys`, made.key, { permissions: ['read', 'send'] }, {}],
    [`${app}/endpoints`, made.endpoint, { events: null, state: 'paused' }, { reason: 'operator' }],
    ['/apps', { ...made.app, json: { ...made.app.json, link_seconds: null, hold_limit_seconds: 7 } }, {}, {}],
  ] as const) {
    const [after, before] = await change(path, one, body);
    expect(after, path).toEqual({ ...before, ...body, ...also });
  }
});

test('what is deleted is not found any more, and a connection in use stays', async () => {
  const http = await openHttp();
  const made = await setUp(http);
  const app = `/api/v1/apps/${idOf(made.app)}`;
  const connection = `/api/v1/connections/${idOf(made.connection)}`;
  expect((await http.call('DELETE', connection)).json['code']).toBe('connection_in_use');
  for (const path of [
    `${app}/keys/${idOf(made.key)}`,
    `${app}/endpoints/${idOf(made.endpoint)}`,
    `/api/v1/channels/${idOf(made.channel)}`,
    connection,
    app,
    `/api/v1/organizations/${idOf(made.organization)}`,
  ]) {
    expect((await http.call('DELETE', path)).status, path).toBe(204);
    expect((await http.call('DELETE', path)).json['code'], path).toBe('not_found');
  }
  expect((await http.call('GET', app)).status).toBe(404);
});

test('a bad setting is refused with its name', async () => {
  const http = await openHttp();
  const { app, connection } = await setUp(http);
  const appId = idOf(app);
  for (const [path, body, fields] of [
    ['/organizations', { name: 'x'.repeat(201), media_retention_days: 0 }, ['body.media_retention_days', 'body.name']],
    ['/organizations', { name: 'tab\there' }, ['body.name']],
    ['/apps', { name: '\ud800' }, ['body.name']],
    ['/apps', { name: 'x', organization_id: 'org_nowhere' }, ['body.organization_id']],
    ['/apps', { name: 'x', dialect: 'latin' }, ['body.dialect']],
    ['/apps', { name: 'x', link_seconds: 0 }, ['body.link_seconds']],
    ['/connections', { carrier: 'pigeon', name: 'x' }, ['body.carrier']],
    ['/connections', { carrier: 'whatsapp-cloud', name: 'x', app_secret: 's' }, ['body.verify_token']],
    [
      '/channels',
      { app_id: appId, connection_id: idOf(connection), address: '9', access_token: 't', colour: 'red' },
      ['body.colour'],
    ],
    ['/channels', { app_id: appId, connection_id: 'con_x', address: '9', access_token: 't' }, ['body.connection_id']],
    [`/apps/${appId}/keys`, { permissions: [] }, ['body.permissions']],
    [`/apps/${appId}/keys`, { permissions: ['read', 'read'], mode: 'dry' }, ['body.mode', 'body.permissions']],
    [`/apps/${appId}/endpoints`, { url: 'ftp://x' }, ['body.url']],
    [`/apps/${appId}/endpoints`, { url: 'https://127.0.0.1/x' }, ['body.url']],
    [
      `/apps/${appId}/endpoints`,
      { url: 'https://x.example', headers: { Host: 'y', 'x-ok': 'a\r\nb' }, secret: 'whsec_!', events: ['all'] },
      ['body.events.0', 'body.headers.Host', 'body.headers.x-ok', 'body.secret'],
    ],
  ] as const) {
    const answer = await post(http, path, body);
    expect([answer.status, fieldsOf(answer)], `${path} ${JSON.stringify(body)}`).toEqual([400, [...fields]]);
  }
});

test('a socket is set up like any endpoint, but stays what it is', async () => {
  const http = await openHttp();
  const { app, reach } = await furnish(http);
  const order = { now: start, reach, appId: app.id, url: '', transport: 'socket', dialect: 'native' } as const;
  const made = await http.records.createEndpoint({ ...order, settings: {}, events: null, sealed: Uint8Array.of(1) });
  const path = `/api/v1/apps/${app.id}/endpoints/${made?.id}`;
  expect((await http.call('GET', path)).json).toMatchObject({ transport: 'socket', url: '', settings: {} });
  const settings = { standard_webhooks: false };
  expect((await http.call('PATCH', path, { body: { settings } })).json).toMatchObject({ settings });
  for (const [field, value] of [
    ['url', 'https://app.example/hook'],
    ['dialect', 'native'],
  ] as const) {
    const answer = await http.call('PATCH', path, { body: { [field]: value } });
    expect([answer.status, fieldsOf(answer)]).toEqual([400, [`body.${field}`]]);
  }
});

test('an address belongs to one live channel of a connection', async () => {
  const http = await openHttp();
  const { app, connection, channel } = await setUp(http);
  const body = {
    app_id: idOf(app),
    connection_id: idOf(connection),
    address: channel.json['address'],
    access_token: 't',
  };
  const again = await post(http, '/channels', body);
  expect([again.status, again.json['code'], fieldsOf(again)]).toEqual([409, 'name_taken', ['body.address']]);
  await http.call('DELETE', `/api/v1/channels/${idOf(channel)}`);
  expect((await post(http, '/channels', body)).status).toBe(201);
});

test('nobody hands on a permission that they lack', async () => {
  const http = await openHttp();
  const { app } = await furnish(http);
  const path = `/api/v1/apps/${app.id}/keys`;
  const key = await keyOf(http, app, ['manage']);
  for (const body of [{}, { permissions: ['read'] }, { permissions: ['manage', 'send'] }]) {
    const answer = await http.call('POST', path, { key, body });
    expect([answer.status, answer.json['code']]).toEqual([403, 'permission_missing']);
  }
  const own = await http.call('POST', path, { key, body: { permissions: ['manage'] } });
  expect(own.status).toBe(201);
  const raised = await http.call('PATCH', `${path}/${idOf(own)}`, { key, body: { permissions: ['read'] } });
  expect(raised.json['code']).toBe('permission_missing');
});

test('a key of an app looks after its own app, and cannot make or delete one', async () => {
  const http = await openHttp();
  const mine = await furnish(http);
  const other = await furnish(http);
  const { key } = mine;
  const list = await http.call('GET', '/api/v1/apps', { key });
  expect((list.json['data'] as { id: string }[]).map(({ id }) => id)).toEqual([mine.app.id]);
  const renamed = await http.call('PATCH', `/api/v1/apps/${mine.app.id}`, { key, body: { name: 'Mine' } });
  expect(renamed.json['name']).toBe('Mine');
  expect((await http.call('PATCH', `/api/v1/apps/${other.app.id}`, { key, body: { name: 'M' } })).status).toBe(404);
  expect((await http.call('DELETE', `/api/v1/apps/${mine.app.id}`, { key })).status).toBe(403);
  const endpoints = `/api/v1/apps/${mine.app.id}/endpoints`;
  expect((await http.call('POST', endpoints, { key, body: { url: 'https://a.example/h' } })).status).toBe(201);
});

test('a new secret is shown once and is another one', async () => {
  const http = await openHttp();
  const { app, endpoint } = await setUp(http);
  const path = `/api/v1/apps/${idOf(app)}/endpoints/${idOf(endpoint)}/rotate-secret`;
  const first = await http.call('POST', path);
  const second = await http.call('POST', path, { body: { overlap_seconds: 0 } });
  expect(Object.keys(first.json)).toEqual(['secret']);
  expect(first.json['secret']).toMatch(/^whsec_/);
  expect(second.json['secret']).not.toBe(first.json['secret']);
  expect(fieldsOf(await http.call('POST', path, { body: { overlap_seconds: -1 } }))).toEqual(['body.overlap_seconds']);
});
