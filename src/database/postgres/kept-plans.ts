// A statement that comes again is prepared once for each connection, so that it is not planned anew for every commit: on a
// busy node that was a third of the server's work.
//
// A kept plan suits the sizes that the tables had. One that was made while a table was empty may go by the wrong index until
// the server's own statistics catch up, a minute after the table has grown. So a connection drops its plans at growing
// ages, early while everything is new.
//
// A pooler in transaction mode gives each transaction whatever connection is free, which may not know what was prepared, or
// know it already. Where that shows, nothing is prepared any more; the caller asks again.

import { createHash } from 'node:crypto';
import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import { isUnprepared } from './failure.ts';

/** What is asked less often is not worth keeping: queries of people, of whom each filters for something else. */
const keptFrom = 3;
/** Each connection of the server holds the plans of so many statements at most. */
const mostKept = 150;
const mostSeen = 1000;

const firstAgeMs = 1000;
const lastAgeMs = 30_000;

type Names = { of(text: string): string | undefined; stop(cause: Error): void };
type Kept = { names: Names; now: () => number; ageMs: number; since: number };

const keptBy = new WeakMap<PoolClient, Kept>();

/**
 * Connections that this pool opens from now on keep plans.
 * @param onStop hears when that turns out not to work here
 * @param now milliseconds since whenever, never backwards
 */
export function keepPlans(pool: Pool, onStop: (cause: Error) => void, now = () => performance.now()): void {
  const names = statementNames(onStop);
  pool.on('connect', (client) => keptBy.set(client, { names, now, ageMs: firstAgeMs, since: now() }));
}

/** Sends a statement, prepared where it has come before. */
export async function ask<Row extends QueryResultRow>(
  client: PoolClient,
  text: string,
  values: unknown[],
): Promise<QueryResult<Row>> {
  const kept = keptBy.get(client);
  // Several statements in one text cannot be prepared.
  const name = text.includes(';') ? undefined : kept?.names.of(text);
  if (kept === undefined || name === undefined) return await client.query<Row>(text, values);
  dropOld(client, kept);
  return await client.query<Row>({ name, text, values });
}

/** Tells what a transaction failed of. */
export function judgePlans(client: PoolClient, cause: unknown): void {
  if (isUnprepared(cause)) keptBy.get(client)?.names.stop(cause);
}

function dropOld(client: PoolClient, kept: Kept): void {
  const now = kept.now();
  if (now - kept.since < kept.ageMs) return;
  kept.since = now;
  kept.ageMs = Math.min(2 * kept.ageMs, lastAgeMs);
  // Sent ahead of the statement; what is wrong with the connection shows there.
  client.query('DISCARD PLANS').catch(() => {});
}

/** A name is made of its text, so it means the same statement wherever it is known. */
function statementNames(onStop: (cause: Error) => void): Names {
  let stopped = false;
  const seen = new Map<string, number>();
  const names = new Map<string, string>();
  return {
    of(text) {
      if (stopped) return undefined;
      const known = names.get(text);
      if (known !== undefined || names.size === mostKept) return known;
      const times = (seen.get(text) ?? 0) + 1;
      if (times < keptFrom) {
        if (seen.size < mostSeen || times > 1) seen.set(text, times);
        return undefined;
      }
      seen.delete(text);
      const name = `mediadock ${createHash('sha256').update(text).digest('base64url').slice(0, 24)}`;
      names.set(text, name);
      return name;
    },
    stop(cause) {
      if (!stopped) onStop(cause);
      stopped = true;
    },
  };
}
