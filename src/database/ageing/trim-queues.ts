import { sql } from 'kysely';
import { trimSocket } from '../administration/queues.ts';
import type { Step } from './step.ts';

/** Queues of sockets, kept within what their dialects allow while nobody connects. */
export const trimQueues: Step = async (access, now, limit) => {
  const sockets = await access.db
    .selectFrom('endpoints')
    .select(['key', 'dialect'])
    .where('transport', '=', sql.lit('socket'))
    .where('state', '<>', sql.lit('deleted'))
    .orderBy('key')
    .$if(access.severalWriters, (query) => query.forShare())
    .execute();
  let changed = 0;
  for (const { key, dialect } of sockets) {
    const queue = access.settings.policies[dialect]?.queue;
    if (queue === undefined) continue;
    if (changed >= limit) break;
    const { perSender, lifeMs } = queue;
    changed += await trimSocket(access, key, { perSender, olderThan: now - lifeMs, now }, limit - changed);
  }
  return changed;
};
