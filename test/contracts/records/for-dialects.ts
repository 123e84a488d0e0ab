// What dialects need of the records besides messages and files: ids that hold fewer bits than ours, names that were given out
// before there was a thing, small documents, people who log in.

import { expect, test } from 'vitest';
import { idsBeginningWith, leadingBits, newId } from '../../../src/core/ids.ts';
import type { App } from '../../../src/core/model.ts';
import type { DocumentName, Records } from '../../../src/core/records.ts';
import { everything, firstPage, fresh, home, newApp, newChannel, type Open, start, sweepAll, upload } from './rig.ts';

const bits = 100;
const around = <Kind extends 'media' | 'channel' | 'endpoint' | 'app'>(kind: Kind, id: string) =>
  idsBeginningWith(kind, leadingBits(id as Parameters<typeof leadingBits>[0], bits), bits);

const named = (app: App, name: string, some: Partial<DocumentName> = {}): DocumentName => ({
  appId: app.id,
  dialect: 'native',
  kind: 'device',
  name,
  ...some,
});

const put = async (records: Records, name: DocumentName, value: object, how: 'put' | 'create' = 'put') =>
  await records.putDocument({ ...name, value: { ...value }, now: start, how });

const person = async (records: Records, app: App, name: string) =>
  await records.createUser({ reach: everything, appId: app.id, name, hash: `hash of ${name}`, now: start });

export function dialectClaims(name: string, open: Open): void {
  test(`${name}: a thing is found by the first bits of its id, whoever's it is and whatever became of it`, async () => {
    const { records } = await open();
    const [at, other] = [await home(records), await home(records)];
    const endpoint = await at.endpoint();
    const made = await records.createUpload({
      reach: everything,
      appId: at.app.id,
      now: start,
      upload: upload(at.app),
    });
    const things = [
      ['media', made?.media.id ?? ''],
      ['channel', at.channel.id],
      ['endpoint', endpoint.id],
      ['app', at.app.id],
    ] as const;
    for (const [kind, id] of things) {
      expect(await records.idWithin(around(kind, id))).toEqual({ id, appId: at.app.id });
      expect(await records.idWithin({ kind, from: id, to: id })).toEqual({ id, appId: at.app.id });
    }
    expect(await records.idWithin(around('channel', other.channel.id))).toMatchObject({ appId: other.app.id });
    for (const [kind] of things) expect(await records.idWithin(around(kind, newId(kind, start - 1e9)))).toBeUndefined();
    await records.deleteApp({ reach: everything, id: at.app.id, now: start });
    await sweepAll(records, start);
    for (const [kind, id] of things) expect(await records.idWithin(around(kind, id))).toEqual({ id, appId: at.app.id });
  });

  test(`${name}: a channel is made under an id that was given out before, once`, async () => {
    const { records } = await open();
    const at = await home(records);
    const id = newId('channel', start);
    const order = {
      now: start,
      appId: at.app.id,
      connectionId: at.connection.id,
      display: '+1',
      sealed: Uint8Array.of(1),
      id,
    };
    const made = await records.createChannel({ ...order, address: fresh('address') });
    expect(made).toMatchObject({ is: 'created', channel: { id, state: 'active' } });
    expect(await records.createChannel({ ...order, address: fresh('address') })).toEqual({ is: 'taken' });
    await records.deleteChannel({ reach: everything, id, now: start });
    expect(await records.createChannel({ ...order, address: fresh('address') })).toEqual({ is: 'taken' });
    expect((await newChannel(records, at.app, at.connection)).id).not.toBe(id);
  });

  test(`${name}: a key that was given an end works until then`, async () => {
    const { records } = await open();
    const { reach } = await home(records);
    const hash = Uint8Array.from({ length: 32 }, (_, n) => n);
    const order = { hash, name: 'login', reach, permissions: ['read' as const], mode: 'live' as const };
    const key = await records.createKey({ now: start, ...order, dialect: 'native', endsAt: start + 10 });
    expect(key.endsAt).toBe(start + 10);
    expect(await records.keyByHash({ hash, now: start + 9 })).toEqual(key);
    expect(await records.keyByHash({ hash, now: start + 10 })).toBeUndefined();
  });

  test(`${name}: a document is put, replaced, created only where there is none, and removed`, async () => {
    const { records } = await open();
    const { app } = await home(records);
    const one = named(app, 'a');
    expect(await records.document(one)).toBeUndefined();
    expect(await put(records, one, { n: 1 }, 'create')).toBe(true);
    expect(await put(records, one, { n: 2 }, 'create')).toBe(false);
    expect(await records.document(one)).toEqual({ name: 'a', value: { n: 1 }, createdAt: start });
    expect(await put(records, one, { text: '\u0000 \ud83d' })).toBe(true);
    expect(await records.document(one)).toMatchObject({ value: { text: '\u0000 \ud83d' } });
    expect(await records.removeDocument(one)).toBe(true);
    expect(await records.removeDocument(one)).toBe(false);
    expect(await records.document(one)).toBeUndefined();
  });

  test(`${name}: a document has its app, its dialect and its kind, and is listed with its own, page by page`, async () => {
    const { records } = await open();
    const [app, other] = [await newApp(records), await newApp(records)];
    for (const text of ['a', 'b', 'c']) await put(records, named(app, text), { text });
    const strangers = [named(other, 'a'), named(app, 'a', { dialect: 'held' }), named(app, 'a', { kind: 'settings' })];
    for (const stranger of strangers) await put(records, stranger, { text: 'stranger' });
    const { name: _name, ...kind } = named(app, '');
    const first = await records.listDocuments({ ...kind, page: { limit: 2, cursor: null } });
    const rest = await records.listDocuments({ ...kind, page: { limit: 2, cursor: first.next } });
    expect([...first.rows, ...rest.rows].map(({ value }) => value['text'])).toEqual(['c', 'b', 'a']);
    expect(rest.next).toBeNull();
    expect(await records.document(named(app, 'a'))).toMatchObject({ value: { text: 'a' } });
  });

  test(`${name}: of those who create one document at once, one does`, async () => {
    const { records } = await open();
    const app = await newApp(records);
    const made = await Promise.all(Array.from({ length: 8 }, (_, n) => put(records, named(app, 'a'), { n }, 'create')));
    expect(made.filter(Boolean)).toHaveLength(1);
  });

  test(`${name}: a document has at most 64 KiB`, async () => {
    const { records } = await open();
    const app = await newApp(records);
    const text = 'ä'.repeat((64 * 1024 - '{"text":""}'.length) / 2);
    expect(await put(records, named(app, 'a'), { text })).toBe(true);
    await expect(put(records, named(app, 'a'), { text: `${text}ä` })).rejects.toMatchObject({ code: 'body_too_large' });
    expect(await records.document(named(app, 'a'))).toMatchObject({ value: { text } });
  });

  test(`${name}: documents are gone with their app, for readers at once and then altogether`, async () => {
    const { records } = await open();
    const app = await newApp(records);
    for (let n = 0; n < 5; n++) await put(records, named(app, `${n}`), {});
    await records.deleteApp({ reach: everything, id: app.id, now: start });
    expect(await records.document(named(app, '0'))).toBeUndefined();
    expect(await put(records, named(app, '9'), {})).toBe(false);
    expect(await records.removeDocument(named(app, '0'))).toBe(false);
    expect(await records.isErased({ kind: 'app', id: app.id })).toBe(false);
    expect(await sweepAll(records, start, 2)).toBeGreaterThanOrEqual(5);
    expect(await records.isErased({ kind: 'app', id: app.id })).toBe(true);
  });

  test(`${name}: a name belongs to one person of the whole instance, however it is spelled`, async () => {
    const { records } = await open();
    const [app, other] = [await newApp(records), await newApp(records)];
    const made = await person(records, app, 'Zoë');
    if (made?.is !== 'created') throw new Error('nobody was made');
    expect(made.user).toMatchObject({ appId: app.id, name: 'Zoë', hash: 'hash of Zoë', createdAt: start });
    for (const again of ['Zoë', 'ZOË', 'Zoe\u0308']) {
      expect(await person(records, other, again)).toEqual({ is: 'taken' });
      expect(await records.userByName({ name: again })).toEqual(made.user);
    }
    expect(await records.userByName({ name: 'zoe' })).toBeUndefined();
    expect(await records.createUser({ reach: everything, appId: 'app_none', name: 'x', hash: 'y', now: start })).toBe(
      undefined,
    );
  });

  test(`${name}: people are listed, given another password and removed within the reach of who asks`, async () => {
    const { records } = await open();
    const [at, stranger] = [await home(records), await home(records)];
    for (const who of ['ada', 'bob', 'cy']) await person(records, at.app, who);
    const asked = { reach: at.reach, appId: at.app.id };
    const foreign = { reach: stranger.reach, appId: at.app.id };
    const list = await records.listUsers({ ...asked, page: firstPage });
    expect(list.rows.map((row) => row.name)).toEqual(['cy', 'bob', 'ada']);
    expect((await records.listUsers({ ...foreign, page: firstPage })).rows).toEqual([]);
    const id = list.rows[1]?.id ?? '';
    const set = { hash: 'another' };
    expect(await records.updateUser({ ...foreign, id, set })).toBeUndefined();
    expect(await records.deleteUser({ ...foreign, id })).toBe(false);
    expect(await records.updateUser({ ...asked, id, set })).toMatchObject({ name: 'bob', hash: 'another' });
    expect(await records.userByName({ name: 'bob' })).toMatchObject(set);
    expect(await records.deleteUser({ ...asked, id })).toBe(true);
    expect(await records.deleteUser({ ...asked, id })).toBe(false);
    expect(await records.userByName({ name: 'bob' })).toBeUndefined();
  });

  test(`${name}: the people of a deleted app are gone at once, and their names free`, async () => {
    const { records } = await open();
    const [app, other] = [await newApp(records), await newApp(records)];
    await person(records, app, 'ada');
    await records.deleteApp({ reach: everything, id: app.id, now: start });
    expect(await records.userByName({ name: 'ada' })).toBeUndefined();
    expect(await person(records, other, 'ada')).toMatchObject({ is: 'created' });
  });
}
