// The one thread that writes. A batch is one commit: BEGIN IMMEDIATE, every command, COMMIT, and each caller learns its
// own result only after that. If anything in it throws, all of it is rolled back and each command is redone in a
// commit of its own, so that only the guilty one fails. When the disk is at fault, nothing is redone: all callers hear it.

import { workerData } from 'node:worker_threads';
import { type ArmedFailpoint, passing } from '../../core/failpoints.ts';
import type { Millis } from '../../core/ids.ts';
import type { ClaimRequest, RecordsSettings } from '../../core/records.ts';
import { socketKey } from '../administration/queues.ts';
import { sweep } from '../ageing/sweep.ts';
import { captureJobs, deliveryJobs, removeJobs } from '../claimed.ts';
import { type Commands, type HotName, ordersOn } from '../commands.ts';
import { migrations } from '../migrations/migrations.ts';
import type { Access } from '../schema.ts';
import { acceptor } from './accept.ts';
import { claimer } from './claims.ts';
import { connectWriter, durabilityOf } from './connect.ts';
import { kyselyOn } from './driver.ts';
import { isOutage, packFailure } from './failure.ts';
import { leaseHolder, voidLeases } from './leases.ts';
import { migrate } from './migrate.ts';
import { type Command, commandIn, type Outcome, serve, tellLog } from './serve.ts';
import { captureSettler } from './settle-captures.ts';
import { deliverySettler, removalSettler } from './settle-deliveries.ts';

export type WriterData = {
  file: string;
  settings: RecordsSettings;
  now: Millis;
  failpoints: readonly ArmedFailpoint[];
};

const { file, settings, now, failpoints } = workerData as WriterData;
const pass = passing(failpoints, () => process.kill(process.pid, 'SIGKILL'));
const sqlite = connectWriter(file);
migrate(sqlite, file, migrations, now);
voidLeases(sqlite);
const access: Access = { db: kyselyOn(sqlite), settings, severalWriters: false, pass };

const accept = acceptor(sqlite, settings);
/** Keys of sockets to which clients are connected: none when this process begins. */
const openSockets = new Set<number>();
const claims = {
  capture: claimer(sqlite, 'capture'),
  deliver: claimer(sqlite, 'deliver', openSockets),
  remove: claimer(sqlite, 'remove'),
};
const leases = leaseHolder(sqlite);
const settleRemovals = removalSettler(sqlite, leases);

const hot: Commands<Exclude<HotName, 'accept'>> = {
  claimCaptures: async (request: ClaimRequest) => await captureJobs(access, claims.capture(request)),
  claimDeliveries: async (request: ClaimRequest) => await deliveryJobs(access, claims.deliver(request)),
  claimRemovals: async (request: ClaimRequest) => await removeJobs(access, claims.remove(request)),
  openLane: async ({ endpointId, open }) => {
    const key = await socketKey(access, endpointId);
    if (key !== undefined) openSockets[open ? 'add' : 'delete'](key);
    return key !== undefined;
  },
  renew: async (request) => leases.renew(request),
  release: async (request) => leases.release(request),
  settleCaptures: captureSettler(sqlite, access, leases),
  settleDeliveries: deliverySettler(sqlite, access, leases),
  settleRemovals: async (units) => settleRemovals(units),
  sweep: async (request) => {
    const swept = await sweep(access, request);
    sqlite.exec(`PRAGMA incremental_vacuum(${Math.trunc(request.limit)})`);
    return swept;
  },
  durability: async () => durabilityOf(sqlite),
};

const table = { ...hot, ...ordersOn(access), accept, ping: () => undefined };

const run = async ({ name, request }: Command, careful: boolean): Promise<unknown> =>
  await commandIn(table, name)(request, careful);

async function inOneCommit(commands: readonly Command[], careful: boolean): Promise<Outcome[]> {
  sqlite.exec('BEGIN IMMEDIATE');
  try {
    const outcomes: Outcome[] = [];
    for (const command of commands) outcomes.push({ ok: true, value: await run(command, careful) });
    if (commands.some(({ name }) => name === 'accept')) pass?.('in_accept_commit');
    sqlite.exec('COMMIT');
    return outcomes;
  } catch (error) {
    // SQLite has rolled back by itself after some errors.
    if (sqlite.isTransaction) sqlite.exec('ROLLBACK');
    throw error;
  }
}

async function alone(command: Command): Promise<Outcome> {
  try {
    const [outcome] = await inOneCommit([command], true);
    return outcome ?? { ok: true, value: undefined };
  } catch (error) {
    return { ok: false, failure: packFailure(error) };
  }
}

async function batch(commands: readonly Command[]): Promise<Outcome[]> {
  try {
    return await inOneCommit(commands, false);
  } catch (error) {
    const failure = packFailure(error);
    tellLog({ notice: 'a commit was rolled back', commands: commands.length, error: failure.message });
    if (isOutage(error)) return commands.map(() => ({ ok: false, failure }));
    const outcomes: Outcome[] = [];
    for (const command of commands) outcomes.push(await alone(command));
    return outcomes;
  }
}

serve(batch, () => sqlite.close());
