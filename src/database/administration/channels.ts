import { type Millis, newId } from '../../core/ids.ts';
import type { Channel, Reach } from '../../core/model.ts';
import type { PauseReason } from '../../core/reasons.ts';
import type { Page, PageRequest } from '../../core/records.ts';
import { pageOf } from '../reads/page.ts';
import { ownersWithin, within } from '../reads/reach.ts';
import type { Access } from '../schema.ts';
import { channelsByKeys } from '../views/channel.ts';
import { appKey } from './apps.ts';
import { changes } from './changes.ts';
import { emit } from './emit.ts';

type New = {
  now: Millis;
  appId: string;
  connectionId: string;
  address: string;
  display: string;
  sealed: Uint8Array;
  id?: Channel['id'];
};
type Created = { is: 'created'; channel: Channel } | { is: 'taken' } | { is: 'absent'; what: 'app' | 'connection' };

export async function createChannel(
  access: Access,
  { now, appId, connectionId, address, display, sealed, id = newId('channel', now) }: New,
): Promise<Created> {
  const { db } = access;
  const app = await appKey(access, { kind: 'instance' }, appId);
  if (app === undefined) return { is: 'absent', what: 'app' };
  const connection = await db
    .selectFrom('connections')
    .select('key')
    .where('id', '=', connectionId)
    .where('deleted_at', 'is', null)
    .$if(access.severalWriters, (query) => query.forShare())
    .executeTakeFirst();
  if (connection === undefined) return { is: 'absent', what: 'connection' };
  const row = await db
    .insertInto('channels')
    .values({
      id,
      app_key: app,
      connection_key: connection.key,
      address,
      display: JSON.stringify(display),
      sealed,
      state: 'active',
      state_at: now,
      created_at: now,
    })
    // Of its address among the live ones, or of an id that was reserved.
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .executeTakeFirst();
  if (row === undefined) return { is: 'taken' };
  const channel = (await channelsByKeys(access, [row.key])).get(row.key);
  return channel === undefined ? { is: 'absent', what: 'app' } : { is: 'created', channel };
}

/** The key of a live channel within reach. */
async function liveKey({ db }: Access, reach: Reach, id: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('channels')
    .innerJoin('apps', 'apps.key', 'channels.app_key')
    .select('channels.key')
    .where('channels.id', '=', id)
    .where('channels.state', '<>', 'destroyed')
    .where(within(reach))
    .executeTakeFirst();
  return row?.key;
}

export async function channel(
  access: Access,
  { reach, id }: { reach: Reach; id: string },
): Promise<Channel | undefined> {
  const key = await liveKey(access, reach, id);
  return key === undefined ? undefined : (await channelsByKeys(access, [key])).get(key);
}

export async function listChannels(
  access: Access,
  { reach, appId, page }: { reach: Reach; appId?: string; page: PageRequest },
): Promise<Page<Channel>> {
  return await pageOf(
    'channels',
    page,
    await ownersWithin(access, reach, appId),
    async (owner, before, limit) => {
      const rows = access.db
        .selectFrom('channels')
        .select('key')
        .where('state', '<>', 'destroyed')
        .where('key', '<', before)
        .orderBy('key', 'desc')
        .limit(limit);
      return await (owner === null ? rows : rows.where('app_key', '=', owner)).execute();
    },
    (keys) => channelsByKeys(access, keys),
  );
}

export async function updateChannel(
  access: Access,
  { reach, id, now, set }: { reach: Reach; id: string; now: Millis; set: { display?: string; sealed?: Uint8Array } },
): Promise<Channel | undefined> {
  const key = await liveKey(access, reach, id);
  if (key === undefined) return undefined;
  const changed = changes({
    display: set.display === undefined ? undefined : JSON.stringify(set.display),
    sealed: set.sealed,
  });
  if (changed !== undefined) await access.db.updateTable('channels').set(changed).where('key', '=', key).execute();
  if (set.sealed !== undefined) {
    await access.db
      .updateTable('channels')
      .set({ probe_at: now })
      .where('key', '=', key)
      .where('state', '=', 'paused')
      .execute();
    // What failed may have failed for the former secrets, and an unknown media would wait for hours.
    await access.db
      .updateTable('jobs')
      .set({ state: 'ready', due_at: now })
      .where('kind', '=', 'capture')
      .where('lane', '=', key)
      .where('state', '=', 'waiting')
      .execute();
  }
  return await channel(access, { reach, id });
}

export async function deleteChannel(
  access: Access,
  { reach, id, now }: { reach: Reach; id: string; now: Millis },
): Promise<boolean> {
  const key = await liveKey(access, reach, id);
  if (key === undefined) return false;
  const gone = {
    state: 'destroyed',
    reason: JSON.stringify('operator' satisfies PauseReason),
    state_at: now,
    probe_at: null,
  } as const;
  await access.db.updateTable('channels').set(gone).where('key', '=', key).execute();
  return true;
}

/** Stops a channel whose account the carrier refuses, until a probe succeeds. One that is paused already is only probed later. */
export async function pauseChannel(
  access: Access,
  { key, reason, now, probeAt }: { key: number; reason: string; now: Millis; probeAt: Millis },
): Promise<void> {
  const { db } = access;
  const paused = await db
    .updateTable('channels')
    .set({ state: 'paused', reason: JSON.stringify(reason), state_at: now, probe_at: probeAt })
    .where('key', '=', key)
    .where('state', '=', 'active')
    .returning('app_key')
    .executeTakeFirst();
  if (paused !== undefined)
    await emit(access, [{ type: 'channel.paused', appKey: paused.app_key, channelKey: key }], now);
  else
    await db
      .updateTable('channels')
      .set({ probe_at: probeAt, reason: JSON.stringify(reason) })
      .where('key', '=', key)
      .where('state', '=', 'paused')
      // A probe that is due was asked for by new secrets; what the former ones met says nothing of them.
      .where('probe_at', '>', now)
      .execute();
}

/** A paused channel works again. */
export async function resumeChannel(access: Access, { key, now }: { key: number; now: Millis }): Promise<void> {
  const resumed = await access.db
    .updateTable('channels')
    .set({ state: 'active', reason: null, state_at: now, probe_at: null })
    .where('key', '=', key)
    .where('state', '=', 'paused')
    .returning('app_key')
    .executeTakeFirst();
  if (resumed !== undefined)
    await emit(access, [{ type: 'channel.resumed', appKey: resumed.app_key, channelKey: key }], now);
}
