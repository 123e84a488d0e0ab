import { sql } from 'kysely';
import type { Backlog, JobKind } from '../../core/records.ts';
import type { Access, JobState } from '../schema.ts';

/** What waits, for health and metrics. */
export async function backlog({ db }: Access): Promise<Backlog> {
  const all = await db
    .selectFrom('jobs')
    .leftJoin('endpoints as socket', (join) =>
      join
        .on('jobs.kind', '=', 'deliver')
        .onRef('socket.key', '=', 'jobs.lane')
        .on('socket.transport', '=', sql.lit('socket'))
        .on('socket.state', '<>', sql.lit('deleted')),
    )
    .select(({ fn }) => [
      'jobs.kind',
      'jobs.state',
      'socket.transport',
      fn.countAll<number>().as('count'),
      fn.min<number>('jobs.created_at').as('oldest_at'),
      fn.min<number | null>('jobs.deadline').as('nearest_deadline'),
    ])
    .groupBy(['jobs.kind', 'jobs.state', 'socket.transport'])
    .execute();
  // What waits at a socket waits for a client, and says nothing of this house.
  const isQueued = ({ transport, state }: (typeof all)[number]) =>
    transport === 'socket' && (state === 'ready' || state === 'waiting');
  const jobs = all.filter((row) => !isQueued(row));
  const queued = all.filter(isQueued).reduce((sum, { count }) => sum + count, 0);
  const journal = await db
    .selectFrom('journal')
    .select(({ fn }) => [
      fn.sum<number | null>('unrouted').as('unrouted'),
      fn.sum<number | null>('unparsed').as('unparsed'),
    ])
    .where('open', '=', 1)
    .executeTakeFirstOrThrow();
  const counts = await db
    .selectNoFrom([
      sql<number>`(select count(*) from deliveries where state = 'dead')`.as('dead'),
      sql<number>`(select count(*) from channels where state = 'paused')`.as('channels'),
      sql<number>`(select count(*) from endpoints where state = 'paused')`.as('endpoints'),
    ])
    .executeTakeFirstOrThrow();

  const of = (kind: JobKind) => {
    const mine = jobs.filter((row) => row.kind === kind);
    const count = (state: JobState) =>
      mine.filter((row) => row.state === state).reduce((sum, row) => sum + row.count, 0);
    return {
      ready: count('ready'),
      waiting: count('waiting'),
      running: count('leased'),
      resting: count('resting'),
      oldestAt: least(mine.map((row) => row.oldest_at)),
      nearestDeadline: least(mine.map((row) => row.nearest_deadline)),
    };
  };
  const { nearestDeadline: _none, ...deliveries } = of('deliver');
  return {
    captures: of('capture'),
    deliveries: { ...deliveries, dead: counts.dead, queued },
    journal: { unrouted: journal.unrouted ?? 0, unparsed: journal.unparsed ?? 0 },
    pausedChannels: counts.channels,
    pausedEndpoints: counts.endpoints,
  };
}

function least(times: (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
