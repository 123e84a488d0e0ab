// Every command of the port on PostgreSQL. Reads and orders are the shared ones, each in a transaction of its own; the hot
// ones are written for this engine.

import type { Pool } from 'pg';
import type { PassFailpoint } from '../../core/failpoints.ts';
import type { Claimed, ClaimRequest, JobKind, RecordsSettings } from '../../core/records.ts';
import { socketKey } from '../administration/queues.ts';
import { sweep } from '../ageing/sweep.ts';
import { captureJobs, deliveryJobs, removeJobs } from '../claimed.ts';
import type { Job } from '../claiming.ts';
import { type CommandName, type Commands, ordersOn, readsOn, sides } from '../commands.ts';
import type { OnCommit } from '../group.ts';
import { eventsEnd, listEvents } from '../reads/events.ts';
import type { Access } from '../schema.ts';
import { acceptor } from './accept/accept.ts';
import { claimer } from './claims.ts';
import { durabilityOf } from './durability.ts';
import { forgetRanges, sweepTurnstile } from './forget.ts';
import { asRecords, release, renew } from './leases.ts';
import { makeRanges } from './partitions.ts';
import { persistence } from './persistence.ts';
import { captureSettler } from './settle-captures.ts';
import { deliverySettler, removalSettler } from './settle-deliveries.ts';
import { sharingCommits } from './shared-commit.ts';
import { addUpStorage } from './storage.ts';
import { type Begin, following, reading, readingOften, type Tx, transaction, writing } from './transaction.ts';

export type CommandParts = {
  settings: RecordsSettings;
  log: (line: object) => void;
  pass: PassFailpoint | undefined;
  /** Keys in a range of the tables that are cut into ranges. */
  rangeKeys: number | undefined;
  onCommit: OnCommit | undefined;
};

type Work<Value> = (access: Access, tx: Tx) => Promise<Value>;

export function commandsOn(pool: Pool, parts: CommandParts): Commands<CommandName> {
  const { settings, log, pass, rangeKeys, onCommit } = parts;
  const persist = persistence(log);
  const run = <Value>(begin: Begin, work: Work<Value>): Promise<Value> =>
    transaction(pool, begin, (tx) => work({ db: tx.db, settings, severalWriters: true, pass }, tx));
  const read = <Value>(work: Work<Value>) => persist.repeatable(() => run(reading, work));
  const readOften = <Value>(work: Work<Value>) => persist.repeatable(() => run(readingOften, work));
  const order = <Value>(work: Work<Value>) => persist.once(() => run(writing, work));

  /** Keys of sockets to which clients are connected at this node: none when it begins. */
  const openSockets = new Set<number>();

  /** A claim, and then what its jobs are about. */
  function claiming<Loaded>(kind: JobKind, load: (access: Access, claimed: Claimed<Job>) => Promise<Claimed<Loaded>>) {
    const claim = claimer(pool, kind, openSockets);
    return async (request: ClaimRequest): Promise<Claimed<Loaded>> => {
      const { jobs, ...rest } = await persist.repeatable(() => claim(request));
      return jobs.length === 0 ? { jobs: [], ...rest } : await readOften((access) => load(access, { jobs, ...rest }));
    };
  }

  function settling<Unit, Outcome>(settle: (units: readonly Unit[]) => Promise<Outcome[]>) {
    const persistently = (units: readonly Unit[]) => persist.repeatable(() => settle(units));
    return sharingCommits(persistently, persistently, log, onCommit);
  }

  return {
    ...shared((name) => (request) => {
      const command: Work<unknown> = (access) =>
        named(sides[name] === 'read' ? readsOn(access) : ordersOn(access), name)(request);
      return sides[name] === 'read' ? read(command) : order(command);
    }),
    // Each of its statements must see what was committed before it.
    listEvents: (request) => persist.repeatable(() => run(following, (access) => listEvents(access, request))),
    eventsEnd: () => persist.repeatable(() => run(following, eventsEnd)),
    accept: acceptor(pool, { settings, persist, log, pass, onCommit }),
    claimCaptures: claiming('capture', captureJobs),
    claimDeliveries: claiming('deliver', deliveryJobs),
    claimRemovals: claiming('remove', removeJobs),
    settleCaptures: settling(captureSettler(pool, settings)),
    settleDeliveries: settling(deliverySettler(pool, settings)),
    settleRemovals: settling(removalSettler(pool)),
    openLane: async ({ endpointId, open }) => {
      const key = await order((access) => socketKey(access, endpointId));
      if (key !== undefined) openSockets[open ? 'add' : 'delete'](key);
      return key !== undefined;
    },
    renew: ({ leases, until }) =>
      persist.repeatable(async () => {
        const { rows } = await pool.query<{ key: number }>(renew, [asRecords(leases), until]);
        const held = new Set(rows.map(({ key }) => key));
        return leases.flatMap(({ job }) => (held.has(job) ? [] : [job]));
      }),
    release: ({ leases, now }) =>
      persist.repeatable(async () => {
        await pool.query(release, [asRecords(leases), now]);
      }),
    durability: () => persist.repeatable(() => durabilityOf(pool)),
    sweep: (request) =>
      persist.repeatable(async () => {
        await makeRanges(pool, rangeKeys);
        const { changed, spared } = await forgetRanges(pool, settings, request, log);
        const limit = request.limit - changed;
        if (limit <= 0) return { changed };
        return await run(writing, async (access, tx) => {
          // Another node that is at it does the work of both.
          if ((await tx.rows(`${sweepTurnstile} SKIP LOCKED`)).length === 0) return { changed };
          const swept = await sweep(access, { now: request.now, limit }, spared);
          tx.send(addUpStorage);
          return { changed: changed + swept.changed };
        });
      }),
  };
}

type Any = (request: unknown) => Promise<unknown>;

/** One function for each command; what each takes and gives is typed where it is written. */
const shared = (of: (name: CommandName) => Any): Commands<CommandName> =>
  Object.fromEntries(
    (Object.keys(sides) as CommandName[]).map((name) => [name, of(name)]),
  ) as unknown as Commands<CommandName>;

function named(commands: object, name: string): Any {
  const found: unknown = Object.hasOwn(commands, name) ? Reflect.get(commands, name) : undefined;
  if (typeof found !== 'function') throw new Error(`the database knows no command ${name}`);
  return found as Any;
}
