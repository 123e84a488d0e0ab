import { sql } from 'kysely';
import type { Millis } from '../../core/ids.ts';
import type { RestingJob } from '../../core/records.ts';
import type { Access } from '../schema.ts';
import { fromStored } from '../stored-json.ts';

/** Most resting jobs that are looked at; more than that is one fault, not many. */
const most = 1000;

async function resting({ db }: Access, limit: number): Promise<(RestingJob & { key: number })[]> {
  const rows = await db
    .selectFrom('jobs')
    .leftJoin('media', (join) => join.onRef('media.key', '=', 'jobs.subject').on('jobs.kind', '=', 'capture'))
    .leftJoin('deliveries', (join) => join.onRef('deliveries.key', '=', 'jobs.subject').on('jobs.kind', '=', 'deliver'))
    .leftJoin('blobs', (join) => join.onRef('blobs.key', '=', 'jobs.subject').on('jobs.kind', '=', 'remove'))
    .innerJoin('apps', (join) =>
      join.on('apps.key', '=', sql<number>`coalesce(media.app_key, deliveries.app_key, blobs.app_key)`),
    )
    .select(['jobs.key', 'jobs.kind', 'jobs.lapses', 'jobs.failures', 'jobs.last_reason', 'jobs.created_at'])
    .select(['apps.id as app_id', sql<string>`coalesce(media.id, deliveries.id, blobs.object)`.as('about')])
    .where('jobs.state', '=', 'resting')
    .orderBy('jobs.key')
    .limit(Math.min(limit, most))
    .execute();
  return rows.map((row) => ({
    key: row.key,
    // An object's key is its app's id and its own.
    id: row.about.split('/').at(-1) ?? '',
    kind: row.kind,
    appId: row.app_id as RestingJob['appId'],
    lapses: row.lapses,
    failures: row.failures,
    reason: fromStored<string>(row.last_reason),
    createdAt: row.created_at,
  }));
}

export async function listResting(access: Access, { limit }: { limit: number }): Promise<RestingJob[]> {
  return (await resting(access, limit)).map(({ key: _inside, ...job }) => job);
}

export async function resumeJobs(
  access: Access,
  { ids, now }: { ids: readonly string[] | null; now: Millis },
): Promise<number> {
  const wanted = (await resting(access, most)).filter(({ id }) => ids === null || ids.includes(id));
  if (wanted.length === 0) return 0;
  const resumed = await access.db
    .updateTable('jobs')
    .set({ state: 'ready', due_at: now, lapses: 0 })
    .where(
      'key',
      'in',
      wanted.map(({ key }) => key),
    )
    .where('state', '=', 'resting')
    .executeTakeFirst();
  return Number(resumed.numUpdatedRows);
}
