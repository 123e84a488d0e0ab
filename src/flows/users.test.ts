import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { home, settings, start } from '../../test/contracts/records/rig.ts';
import type { Caller } from '../core/caller.ts';
import { hashOf } from '../core/keys.ts';
import type { Records } from '../core/records.ts';
import { sealer } from '../core/sealing.ts';
import { openSqliteRecords } from '../database/sqlite/open.ts';
import { dialects } from '../dialects/registry.ts';
import { type KeyAdministration, keyAdministration } from './key-administration.ts';
import { users } from './users.ts';

const password = 'Tr0ub4dor&3';
const week = 7 * 24 * 60 * 60 * 1000;

let folder: string;
let records: Records;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mediadock-users-'));
  records = await openSqliteRecords({ folder, settings, now: () => start });
});
afterAll(async () => {
  await records.close();
  await rm(folder, { recursive: true });
});

const clock = { now: () => start };
const dialectOf = (name: string) => {
  const dialect = dialects.get(name);
  if (dialect === undefined) throw new Error(`no dialect ${name}`);
  return dialect;
};
const createKey: KeyAdministration['createKey'] = (...given) =>
  keyAdministration({ records, dialectOf, sealer: sealer([new Uint8Array(32)]), clock }).createKey(...given);

/** A user of an app of its own, counted by nobody yet. */
async function somebody(name: string) {
  const people = users({ records, administration: { createKey }, clock });
  const { app, reach } = await home(records);
  const user = await people.create(reach, app.id, { name, password });
  const login = (given = password, as = name) => people.login('onprem', as, given, week);
  const works = async ({ secret }: { secret: string }, now = start) =>
    (await records.keyByHash({ hash: hashOf(secret), now })) !== undefined;
  return { people, app, reach, user, login, works };
}

test('name and password give a key of the app, for a while', async () => {
  const { app, login, works } = await somebody('Ada');
  const made = await login();
  if (made === undefined) throw new Error('no key was given');
  expect(made.endsAt).toBe(start + week);
  expect(await records.keyByHash({ hash: hashOf(made.secret), now: start })).toMatchObject({
    reach: { kind: 'app', appId: app.id },
    dialect: 'onprem',
    mode: 'live',
  });
  expect(await works(made, start + week - 1)).toBe(true);
  expect(await works(made, start + week)).toBe(false);
  expect(await login(password, 'ADA')).toBeDefined();
});

test('a wrong password and a name that nobody has give nothing', async () => {
  const { login } = await somebody('Bob');
  for (const [given, as] of [
    ['Tr0ub4dor&4', 'Bob'],
    ['', 'Bob'],
    [password, 'nobody'],
    [password, 'Bob\u0000'],
    [password, '\ud800'],
    [password, ''],
  ] as const)
    expect(await login(given, as), as).toBeUndefined();
});

test('a logout ends the key in use, and no key that came from elsewhere', async () => {
  const { people, app, reach, login, works } = await somebody('Cleo');
  const made = await login();
  const key = made && (await records.keyByHash({ hash: hashOf(made.secret), now: start }));
  if (made === undefined || key === undefined) throw new Error('no key was given');
  const caller = (id: string): Caller => ({ ...key, key: id });
  expect(await people.logout(caller(key.id))).toBe(true);
  expect(await works(made)).toBe(false);
  const given = { hash: hashOf('by hand'), name: 'by hand', reach: key.reach, permissions: key.permissions };
  const other = await records.createKey({ now: start, ...given, mode: 'live', dialect: 'onprem' });
  expect(await people.logout(caller(other.id))).toBe(false);
  expect(await records.key({ reach, owner: { kind: 'app', id: app.id }, id: other.id })).toBeDefined();
});

test('another password, and the end of a user, end the keys that were given, and nobody else’s', async () => {
  const { people, app, reach, user, login, works } = await somebody('Dora');
  const others = await people.create(reach, app.id, { name: 'Eve', password });
  const [first, eves] = [await login(), await people.login('onprem', 'Eve', password, week)];
  if (first === undefined || eves === undefined) throw new Error('no key was given');
  await people.setPassword(reach, app.id, user.id, 'C0rrect-horse');
  expect([await works(first), await works(eves)]).toEqual([false, true]);
  expect(await login()).toBeUndefined();
  expect(await login('C0rrect-horse')).toBeDefined();
  await people.remove(reach, app.id, others.id);
  expect(await works(eves)).toBe(false);
});

test('a key that is given while its user is removed does not outlive it', async () => {
  const { people, app, reach, user } = await somebody('Finn');
  const slow = users({
    records,
    clock,
    administration: {
      async createKey(...given) {
        await people.remove(reach, app.id, user.id);
        return await createKey(...given);
      },
    },
  });
  expect(await slow.login('onprem', 'Finn', password, week)).toBeUndefined();
  const owner = { kind: 'app', id: app.id } as const;
  const { rows } = await records.listKeys({ reach, owner, page: { limit: 10, cursor: null } });
  expect(rows).toEqual([]);
});

test('a name that was tried ten times in vain is not tried again for a while, whether there is one or not', async () => {
  const { login } = await somebody('Gus');
  for (const name of ['Gus', 'nobody at all']) {
    for (let times = 0; times < 10; times++) expect(await login('Wr0ng-guess', name)).toBeUndefined();
    await expect(login(password, name)).rejects.toMatchObject({ code: 'rate_limited' });
    await expect(login(password, name.toUpperCase())).rejects.toMatchObject({ code: 'rate_limited' });
  }
});

test('who knows the password may log in as often as they like', async () => {
  const { login } = await somebody('Hope');
  for (let times = 0; times < 12; times++) expect(await login()).toBeDefined();
});

test('a crowd of logins at once is sent away in part, and never all tried together', async () => {
  const { login } = await somebody('Ina');
  const asked = await Promise.allSettled(Array.from({ length: 30 }, (_, at) => login('Wr0ng-guess', `crowd ${at}`)));
  const refused = asked.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBe(12);
});
