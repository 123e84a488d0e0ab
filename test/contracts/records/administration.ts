// Organizations, apps, keys, connections, channels, endpoints.

import { expect, test } from 'vitest';
import { Fault } from '../../../src/core/faults.ts';
import type { Reach } from '../../../src/core/model.ts';
import type { KeyOwner } from '../../../src/core/records.ts';
import {
  day,
  everything,
  firstPage,
  home,
  newApp,
  newChannel,
  newConnection,
  type Open,
  second,
  start,
  sweepAll,
} from './rig.ts';

const strange = 'Zoë \u0000 \ud83d 👩‍🦰';

export function administrationClaims(name: string, open: Open): void {
  test(`${name}: an organization is made, changed and deleted`, async () => {
    const { records } = await open();
    const made = await records.createOrganization({ now: start, name: strange, mediaRetentionDays: 3 });
    expect(made).toMatchObject({ name: strange, mediaRetentionDays: 3, createdAt: start });
    const { id } = made;
    expect(await records.organization({ id })).toEqual(made);
    expect(await records.updateOrganization({ id, set: {} })).toEqual(made);
    expect(await records.updateOrganization({ id, set: { mediaRetentionDays: null } })).toEqual({
      ...made,
      mediaRetentionDays: null,
    });
    expect((await records.listOrganizations({ page: firstPage })).rows).toEqual([
      { ...made, mediaRetentionDays: null },
    ]);
    expect(await records.updateOrganization({ id: 'org_none', set: { name: 'x' } })).toBeUndefined();
    expect(await records.deleteOrganization({ id, now: start })).toBe(true);
    expect(await records.updateOrganization({ id, set: { name: 'x' } })).toBeUndefined();
  });

  test(`${name}: an app is made, changed and deleted; an unknown organization makes none`, async () => {
    const { records } = await open();
    const organization = await records.createOrganization({ now: start, name: 'Org', mediaRetentionDays: null });
    const made = await newApp(records, { name: strange, organizationId: organization.id, linkSeconds: 60 });
    const set = {
      name: 'Renamed',
      dialect: 'held',
      mediaRetentionSeconds: 1,
      linkSeconds: null,
      deliverWithinSeconds: 2,
      holdLimitSeconds: 3,
    };
    expect(await records.app({ reach: everything, id: made.id })).toEqual(made);
    expect(await records.updateApp({ reach: everything, id: made.id, set })).toEqual({ ...made, ...set });
    expect((await records.listApps({ reach: everything, page: firstPage })).rows).toEqual([{ ...made, ...set }]);
    const { id: _id, createdAt: _at, ...rest } = made;
    expect(await records.createApp({ now: start, ...rest, organizationId: 'org_none' })).toBeUndefined();
    expect(await records.deleteApp({ reach: everything, id: made.id, now: start })).toBe(true);
    expect(await records.deleteApp({ reach: everything, id: made.id, now: start })).toBe(false);
    expect(await records.app({ reach: everything, id: made.id })).toBeUndefined();
  });

  test(`${name}: a key is found by its hash until it is revoked`, async () => {
    const { records } = await open();
    const at = await home(records);
    const hash = Uint8Array.from({ length: 32 }, (_, n) => n * 7);
    const given = {
      name: strange,
      reach: at.reach,
      permissions: ['read', 'send'],
      mode: 'test',
      dialect: 'native',
    } as const;
    const made = await records.createKey({ now: start, hash, ...given, permissions: [...given.permissions] });
    expect(made).toMatchObject({ ...given, createdAt: start });
    expect(await records.keyByHash({ hash, now: start })).toEqual(made);
    expect(await records.keyByHash({ hash: hash.toReversed(), now: start })).toBeUndefined();
    const named = { reach: at.reach, owner: { kind: 'app', id: at.app.id }, id: made.id } as const;
    expect(await records.key(named)).toEqual(made);
    expect(await records.updateKey({ ...named, set: { permissions: ['manage'] } })).toEqual({
      ...made,
      permissions: ['manage'],
    });
    expect((await records.listKeys({ ...named, page: firstPage })).rows).toEqual([
      { ...made, permissions: ['manage'] },
    ]);
    expect(await records.deleteKey({ ...named, now: start })).toBe(true);
    expect(await records.deleteKey({ ...named, now: start })).toBe(false);
    expect(await records.keyByHash({ hash, now: start })).toBeUndefined();
  });

  test(`${name}: keys of the instance and of an organization have their reach, while the organization lives`, async () => {
    const { records } = await open();
    const organization = await records.createOrganization({ now: start, name: 'Org', mediaRetentionDays: null });
    const rest = { now: start, name: 'k', permissions: ['read' as const], mode: 'live' as const, dialect: 'native' };
    const [all, some] = [Uint8Array.of(1), Uint8Array.of(2)];
    await records.createKey({ ...rest, hash: all, reach: everything });
    await records.createKey({ ...rest, hash: some, reach: { kind: 'organization', organizationId: organization.id } });
    expect((await records.keyByHash({ hash: all, now: start }))?.reach).toEqual(everything);
    expect((await records.keyByHash({ hash: some, now: start }))?.reach).toEqual({
      kind: 'organization',
      organizationId: organization.id,
    });
    await records.deleteOrganization({ id: organization.id, now: start });
    expect(await records.keyByHash({ hash: some, now: start })).toBeUndefined();
    expect(await records.keyByHash({ hash: all, now: start })).toBeDefined();
  });

  test(`${name}: keys of an organization are kept apart from those of its apps`, async () => {
    const { records } = await open();
    const organization = await records.createOrganization({ now: start, name: 'Org', mediaRetentionDays: null });
    const at = await home(records, { organizationId: organization.id });
    const rest = { now: start, name: 'k', permissions: ['read' as const], mode: 'live' as const, dialect: 'native' };
    const reach = { kind: 'organization', organizationId: organization.id } as const;
    const mine = await records.createKey({ ...rest, hash: Uint8Array.of(1), reach });
    const ofApp = await records.createKey({ ...rest, hash: Uint8Array.of(2), reach: at.reach });
    const owners = [
      { kind: 'organization', id: organization.id },
      { kind: 'app', id: at.app.id },
    ] as const;
    const listed = async (within: Reach, owner: KeyOwner) =>
      (await records.listKeys({ reach: within, owner, page: firstPage })).rows.map(({ id }) => id);
    for (const within of [everything, reach]) {
      expect(await listed(within, owners[0])).toEqual([mine.id]);
      expect(await listed(within, owners[1])).toEqual([ofApp.id]);
    }
    const strangers: Reach[] = [at.reach, { kind: 'organization', organizationId: 'org_none' }];
    for (const within of strangers) {
      expect(await listed(within, owners[0])).toEqual([]);
      const named = { reach: within, owner: owners[0], id: mine.id };
      expect(await records.key(named)).toBeUndefined();
      expect(await records.updateKey({ ...named, set: { name: 'x' } })).toBeUndefined();
      const rotated = { hash: Uint8Array.of(3), now: start, oldUntil: start };
      expect(await records.rotateKey({ ...named, ...rotated })).toBeUndefined();
      expect(await records.deleteKey({ ...named, now: start })).toBe(false);
    }
    expect(await records.key({ reach, owner: owners[0], id: ofApp.id })).toBeUndefined();
    expect(await records.deleteKey({ reach, owner: owners[0], id: mine.id, now: start })).toBe(true);
  });

  test(`${name}: a key that is rotated works beside its successor until it ends, and is forgotten in time`, async () => {
    const { records } = await open();
    const at = await home(records);
    const [old, next, third] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
    const given = { name: strange, permissions: ['send' as const], mode: 'test' as const, dialect: 'held' };
    const made = await records.createKey({ now: start, hash: old, reach: at.reach, ...given });
    expect(made.endsAt).toBeNull();
    const owner = { kind: 'app', id: at.app.id } as const;
    const named = { reach: at.reach, owner, id: made.id };
    const ends = start + second;
    const successor = await records.rotateKey({ ...named, hash: next, now: start + 1, oldUntil: ends });
    expect(successor).toMatchObject({ ...given, reach: at.reach, endsAt: null, createdAt: start + 1 });
    expect(successor?.id).not.toBe(made.id);
    expect(await records.key(named)).toEqual({ ...made, endsAt: ends });
    expect(await records.keyByHash({ hash: old, now: ends - 1 })).toEqual({ ...made, endsAt: ends });
    expect(await records.keyByHash({ hash: old, now: ends })).toBeUndefined();
    expect(await records.keyByHash({ hash: next, now: ends })).toEqual(successor);
    // Rotated once more it is given no more time, and after its end not at all.
    await records.rotateKey({ ...named, hash: third, now: ends - 1, oldUntil: ends + day });
    expect((await records.key(named))?.endsAt).toBe(ends);
    const late = { ...named, hash: Uint8Array.of(4), now: ends, oldUntil: ends };
    expect(await records.rotateKey(late)).toBeUndefined();
    expect(await records.keyByHash({ hash: third, now: ends })).toBeDefined();
    await sweepAll(records, ends + 30 * day);
    expect(await records.key(named)).toBeDefined();
    await sweepAll(records, ends + 30 * day + 1);
    expect(await records.key(named)).toBeUndefined();
    expect((await records.listKeys({ reach: at.reach, owner, page: firstPage })).rows).toHaveLength(2);
  });

  test(`${name}: a key for an app that is not there is refused as a fault`, async () => {
    const { records } = await open();
    const rest = {
      now: start,
      hash: Uint8Array.of(1),
      name: 'k',
      permissions: [],
      mode: 'live' as const,
      dialect: 'native',
    };
    const error = await records
      .createKey({ ...rest, reach: { kind: 'app', appId: 'app_none' } })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Fault);
    expect(error).toMatchObject({ code: 'not_found' });
  });

  test(`${name}: a connection is made and changed, and is deleted only without live channels`, async () => {
    const { records } = await open();
    const made = await newConnection(records);
    const { id } = made;
    expect(await records.connection({ id })).toEqual(made);
    const set = {
      name: strange,
      settings: { hosts: ['a', strange], deep: { n: Number.MAX_SAFE_INTEGER } },
      sealed: Uint8Array.of(0, 255),
    };
    expect(await records.updateConnection({ id, set })).toEqual({ ...made, ...set });
    expect((await records.listConnections({ page: firstPage })).rows).toEqual([{ ...made, ...set }]);
    const channel = await newChannel(records, await newApp(records), made);
    expect(await records.deleteConnection({ id, now: start })).toBe('in_use');
    await records.deleteChannel({ reach: everything, id: channel.id, now: start });
    expect(await records.deleteConnection({ id, now: start })).toBe('deleted');
    expect(await records.deleteConnection({ id, now: start })).toBe('absent');
    expect(await records.connection({ id })).toBeUndefined();
  });

  test(`${name}: an address belongs to one live channel of a connection`, async () => {
    const { records } = await open();
    const [app, connection] = [await newApp(records), await newConnection(records)];
    const channel = await newChannel(records, app, connection, '42');
    const again = {
      now: start,
      appId: app.id,
      connectionId: connection.id,
      address: '42',
      display: strange,
      sealed: Uint8Array.of(),
    };
    expect(await records.createChannel(again)).toEqual({ is: 'taken' });
    expect(await records.createChannel({ ...again, connectionId: (await newConnection(records)).id })).toMatchObject({
      is: 'created',
    });
    expect(await records.deleteChannel({ reach: everything, id: channel.id, now: start })).toBe(true);
    expect(await records.deleteChannel({ reach: everything, id: channel.id, now: start })).toBe(false);
    expect(await records.channel({ reach: everything, id: channel.id })).toBeUndefined();
    expect(await records.createChannel(again)).toMatchObject({
      is: 'created',
      channel: { address: '42', display: strange, state: 'active' },
    });
    expect(await records.createChannel({ ...again, appId: 'app_none' })).toEqual({ is: 'absent', what: 'app' });
    expect(await records.createChannel({ ...again, connectionId: 'con_none' })).toEqual({
      is: 'absent',
      what: 'connection',
    });
  });

  test(`${name}: a deleted app frees its addresses and its connection`, async () => {
    const { records } = await open();
    const at = await home(records);
    await records.deleteApp({ reach: everything, id: at.app.id, now: start });
    await newChannel(records, await newApp(records), at.connection, at.channel.address);
    expect(await records.deleteConnection({ id: at.connection.id, now: start })).toBe('in_use');
  });

  test(`${name}: an endpoint is made, changed and listed`, async () => {
    const { records } = await open();
    const at = await home(records);
    const made = await at.endpoint('native', ['message.received']);
    const named = { reach: at.reach, appId: at.app.id, id: made.id };
    expect(made).toMatchObject({
      appId: at.app.id,
      state: 'active',
      reason: null,
      events: ['message.received'],
      createdAt: start,
    });
    expect(await records.endpoint(named)).toEqual(made);
    const set = { url: `https://x.example/${strange}`, dialect: 'held', events: null, sealed: Uint8Array.of(4) };
    expect(await records.updateEndpoint({ ...named, now: start + second, set })).toEqual({ ...made, ...set });
    expect(await records.updateEndpoint({ ...named, now: start, set: { state: 'active' } })).toEqual({
      ...made,
      ...set,
    });
    expect((await records.listEndpoints({ ...named, page: firstPage })).rows).toEqual([{ ...made, ...set }]);
    const other = await newApp(records);
    expect(await records.endpoint({ ...named, reach: everything, appId: other.id })).toBeUndefined();
  });

  test(`${name}: everything is there after it was closed and opened again`, async () => {
    const { records, reopen } = await open();
    const at = await home(records);
    const stored = await at.receive();
    const again = await reopen();
    await again.ping();
    expect(await again.message({ reach: at.reach, id: stored.id })).toEqual(stored);
  });

  test(`${name}: closing lets what was called finish, and refuses what comes after`, async () => {
    const { records, reopen } = await open();
    const at = await home(records);
    const calls = Array.from({ length: 20 }, () => records.accept([at.unit([at.message()])]));
    await records.close();
    expect((await Promise.all(calls)).flat().map((outcome) => outcome.created)).toEqual(Array(20).fill(1));
    await expect(records.ping()).rejects.toThrow('closed');
    await records.close();
    const again = await reopen();
    expect((await again.listMessages({ reach: at.reach, filter: {}, page: firstPage })).rows).toHaveLength(20);
  });
}
