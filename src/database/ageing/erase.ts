// The media of destroyed channels and deleted apps. Readers stopped seeing it with the commit that destroyed the owner;
// this makes rows and bytes follow. An owner is marked when nothing of it is left, and is not looked at again.

import { sql } from 'kysely';
import type { Millis } from '../../core/ids.ts';
import type { DeliveryReason, MediaReason } from '../../core/reasons.ts';
import type { MediaState } from '../../core/states.ts';
import { doomBlobs } from '../administration/blobs.ts';
import { killDeliveries } from '../administration/deliveries.ts';
import { answerAskers, erasedDetails } from '../administration/media.ts';
import type { Access } from '../schema.ts';
import type { Step } from './step.ts';

const kept: readonly MediaState[] = ['remote', 'pending', 'stored', 'unavailable', 'expired'];

export const eraseDestroyedChannels: Step = async (access, now, limit) => {
  const channels = await access.db
    .selectFrom('channels')
    .select('key')
    .where('state', '=', sql.lit('destroyed'))
    .where('erased_at', 'is', null)
    .limit(limit)
    .execute();
  let changed = 0;
  for (const { key } of channels) {
    const room = limit - changed;
    if (room <= 0) break;
    const rows = await selectErasable(access, room)
      .where('channel_key', '=', key)
      .where('state', '<>', sql.lit('deleted'))
      .execute();
    await erase(access, rows, 'channel_destroyed', now);
    for (const row of rows) await answerAskers(access, row, now);
    // Nothing is added to what was deleted: fewer than asked for were the last.
    if (rows.length < room)
      await access.db.updateTable('channels').set({ erased_at: now }).where('key', '=', key).execute();
    changed += Math.max(1, rows.length);
  }
  return changed;
};

export const eraseDeletedApps: Step = async (access, now, limit) => {
  const apps = await access.db
    .selectFrom('apps')
    .select('key')
    .where('deleted_at', 'is not', null)
    .where('erased_at', 'is', null)
    .limit(limit)
    .execute();
  let changed = 0;
  for (const { key } of apps) {
    const room = limit - changed;
    if (room <= 0) break;
    const rows = await selectErasable(access, room).where('app_key', '=', key).where('state', 'in', kept).execute();
    await erase(access, rows, 'app_deleted', now);
    const left = room - rows.length;
    const documents = left > 0 ? await forgetDocuments(access, key, left) : 0;
    if (documents < left) await access.db.updateTable('apps').set({ erased_at: now }).where('key', '=', key).execute();
    changed += Math.max(1, rows.length + documents);
  }
  return changed;
};

async function forgetDocuments({ db }: Access, app: number, limit: number): Promise<number> {
  const some = db.selectFrom('documents').select('key').where('app_key', '=', app).limit(limit);
  const { numDeletedRows } = await db.deleteFrom('documents').where('key', 'in', some).executeTakeFirst();
  return Number(numDeletedRows);
}

const selectErasable = ({ db, severalWriters }: Access, limit: number) =>
  db
    .selectFrom('media')
    .select(['key', 'app_key', 'message_key', 'blob_key', 'askers'])
    .limit(limit)
    .$if(severalWriters, (query) => query.forUpdate());

type Erasable = { key: number; message_key: number | null; blob_key: number | null };

async function erase(
  access: Access,
  rows: readonly Erasable[],
  reason: MediaReason & DeliveryReason,
  now: Millis,
): Promise<void> {
  if (rows.length === 0) return;
  const keys = rows.map((row) => row.key);
  await access.db
    .updateTable('media')
    .set({
      state: 'deleted',
      reason: JSON.stringify(reason),
      state_at: now,
      details: JSON.stringify(erasedDetails),
      blob_key: null,
    })
    .where('key', 'in', keys)
    .execute();
  await access.db.deleteFrom('jobs').where('kind', '=', 'capture').where('subject', 'in', keys).execute();
  await killDeliveries(
    access,
    { messageKeys: [...new Set(rows.flatMap((row) => row.message_key ?? []))] },
    reason,
    now,
  );
  await doomBlobs(access, [...new Set(rows.flatMap((row) => row.blob_key ?? []))], now);
}
