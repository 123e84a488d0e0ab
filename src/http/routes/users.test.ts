import { expect, test } from 'vitest';
import { fieldsOf, furnish, keyOf, openHttp } from '../../../test/http/rig.ts';

const password = 'Tr0ub4dor&3';

test('a user is made, listed and removed, and a password comes back from nowhere', async () => {
  const http = await openHttp();
  const { app, key } = await furnish(http);
  const path = `/api/v1/apps/${app.id}/users`;
  const made = await http.call('POST', path, { key, body: { name: 'Ada', password } });
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({ id: expect.stringMatching(/^usr_/), app_id: app.id, name: 'Ada' });
  const list = await http.call('GET', path, { key });
  expect(list.json['data']).toEqual([made.json]);
  for (const { text } of [made, list]) expect(text).not.toMatch(/Tr0ub4dor|scrypt/);
  expect((await http.records.userByName({ name: 'ada' }))?.hash).toMatch(/^scrypt\$/);

  const one = `${path}/${made.json['id']}`;
  expect((await http.call('PATCH', one, { key, body: { password: 'C0rrect-horse' } })).status).toBe(200);
  expect((await http.call('DELETE', one, { key })).status).toBe(204);
  expect((await http.call('DELETE', one, { key })).status).toBe(404);
  expect((await http.call('PATCH', one, { key, body: { password } })).status).toBe(404);
});

test('a name is taken once in the whole instance, whatever its case', async () => {
  const http = await openHttp();
  const [first, second] = [await furnish(http), await furnish(http)];
  const make = (app: { id: string }, name: string) =>
    http.call('POST', `/api/v1/apps/${app.id}/users`, { body: { name, password } });
  expect((await make(first.app, 'Ada')).status).toBe(201);
  for (const app of [first.app, second.app]) {
    const refused = await make(app, 'ADA');
    expect(refused.status).toBe(409);
    expect(fieldsOf(refused)).toEqual(['body.name']);
  }
});

test.each([
  ['Tr0ub4&', 'short'],
  [`Tr0ub4dor&${'3'.repeat(60)}`, 'long'],
  ['Troubador&', 'without a digit'],
  ['tr0ub4dor&3', 'without an upper-case letter'],
  ['TR0UB4DOR&3', 'without a lower-case letter'],
  ['Tr0ub4dor3', 'without anything else'],
  ['Tr0ub4dor&\u0000', 'with a control character'],
])('the password %j is refused, being %s, and not repeated', async (wrong) => {
  const http = await openHttp();
  const { app } = await furnish(http);
  const refused = await http.call('POST', `/api/v1/apps/${app.id}/users`, { body: { name: 'ada', password: wrong } });
  expect(refused.status).toBe(400);
  expect(fieldsOf(refused)).toContain('body.password');
  expect(refused.text).not.toContain(wrong);
});

test('a name that no login could send is refused', async () => {
  const http = await openHttp();
  const { app } = await furnish(http);
  for (const name of ['ada:admin', '', 'a\u0000da']) {
    const refused = await http.call('POST', `/api/v1/apps/${app.id}/users`, { body: { name, password } });
    expect(fieldsOf(refused), name).toContain('body.name');
  }
});

test('users are made and seen with the permission to manage alone', async () => {
  const http = await openHttp();
  const { app } = await furnish(http);
  const key = await keyOf(http, app, ['read', 'send']);
  const path = `/api/v1/apps/${app.id}/users`;
  expect((await http.call('GET', path, { key })).status).toBe(403);
  expect((await http.call('POST', path, { key, body: { name: 'ada', password } })).status).toBe(403);
});
