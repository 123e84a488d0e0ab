// Accepting: a request's journal row, its messages, media, event, deliveries and jobs become true in one commit. Requests
// that arrive while a commit runs share the next one.
//
// A group is written whole first. When the server refuses something in it, each caller's requests are written apart, and of
// those that are refused again every item by itself: what cannot be stored is unparsed, its siblings stand. An outage is
// never taken for a fault of what was to be written.

import type { Pool } from 'pg';
import type { PassFailpoint } from '../../../core/failpoints.ts';
import { Fault } from '../../../core/faults.ts';
import type { AcceptOutcome, AcceptUnit, JobKind, RecordsSettings } from '../../../core/records.ts';
import type { OnCommit } from '../../group.ts';
import { isOutage, isTransient } from '../failure.ts';
import type { Persistence } from '../persistence.ts';
import { sharingCommits } from '../shared-commit.ts';
import { type Tx, transaction, writing, writingOften } from '../transaction.ts';
import { readKnown } from './known.ts';
import { layOut, noRows } from './lay-out.ts';
import { bare, type Item, type PreparedUnit, prepare, problemOf } from './prepare.ts';
import { writeRows } from './write.ts';

type Units = readonly PreparedUnit[];

export type AcceptParts = {
  settings: RecordsSettings;
  persist: Persistence;
  log: (line: object) => void;
  pass: PassFailpoint | undefined;
  onCommit: OnCommit | undefined;
};

export function acceptor(pool: Pool, { settings, persist, log, pass, onCommit }: AcceptParts) {
  /** Everything of these units, as one step of a transaction. @throws when the connection of one was never there */
  async function write(tx: Tx, units: Units): Promise<AcceptOutcome[]> {
    const known = await readKnown(tx, units, settings);
    const rows = noRows();
    const take = layOut(known, rows, settings);
    const outcomes = units.map((prepared) => {
      const { connectionId, replays } = prepared.unit;
      const connection = known.connections.get(connectionId);
      if (connection === undefined) throw new Error(`there is no connection ${connectionId}`);
      if (replays !== undefined && !known.received.has(replays)) throw new Fault('not_found');
      return take(prepared, connection);
    });
    writeRows(tx, rows);
    known.announce.write(tx);
    return outcomes;
  }

  const whole = (units: Units): Promise<AcceptOutcome[]> =>
    persist.repeatable(async (again) => {
      const before = again ? await storedBefore(units) : undefined;
      return before ?? (await transaction(pool, writingOften, (tx) => written(tx, units)));
    });

  async function written(tx: Tx, units: Units): Promise<AcceptOutcome[]> {
    const outcomes = await write(tx, units);
    if (pass !== undefined) {
      await tx.sent();
      pass('in_accept_commit');
    }
    return outcomes;
  }

  /**
   * What became of units whose commit may have happened unheard: all of them are there, or none. An entry that is read again
   * was there before and tells nothing; alone it is read once more.
   */
  async function storedBefore(units: Units): Promise<AcceptOutcome[] | undefined> {
    if (units.every(({ unit }) => unit.replays !== undefined)) return undefined;
    const { rows } = await pool.query<Omit<AcceptOutcome, 'mediaAdded' | 'ready'>>(
      `SELECT id AS "journalId", messages AS created, duplicates, unrouted, unparsed FROM journal WHERE id = ANY ($1::text[])`,
      [units.map(({ journalId }) => journalId)],
    );
    const found = new Map(rows.map((row) => [row.journalId, row]));
    const outcomes = units.flatMap(({ journalId }) => found.get(journalId) ?? []);
    // How many media were added to known messages is not kept; nobody decides by it. What is ready is not looked up.
    const unknown = { mediaAdded: 0, ready: ['capture', 'deliver'] satisfies JobKind[] };
    return outcomes.length === units.length ? outcomes.map((outcome) => ({ ...outcome, ...unknown })) : undefined;
  }

  /** Every item in a savepoint of its own. */
  async function itemByItem(tx: Tx, prepared: PreparedUnit): Promise<AcceptOutcome> {
    const kept: Item[] = [];
    const unparsed = [...prepared.unparsed];
    for (const item of prepared.items) {
      const alone = { ...prepared, items: [item], unparsed: [] };
      const tried = await within(tx, () => write(tx, [alone]), 'undone');
      if (tried.ok) kept.push(item);
      else unparsed.push(tried.problem);
    }
    const rest = await within(tx, () => write(tx, [{ ...prepared, items: kept, unparsed }]), 'kept');
    if (rest.ok && rest.value[0] !== undefined) return rest.value[0];
    const problem = rest.ok ? 'nothing of it could be stored' : rest.problem;
    const [outcome] = await write(tx, [bare(prepared.unit, prepared.journalId, problem)]);
    if (outcome === undefined) throw new Error('a unit gave no outcome');
    return outcome;
  }

  const carefully = (units: Units): Promise<AcceptOutcome[]> =>
    persist.repeatable(async (again) => {
      const before = again ? await storedBefore(units) : undefined;
      if (before !== undefined) return before;
      return await transaction(pool, writing, async (tx) => {
        const outcomes: AcceptOutcome[] = [];
        for (const prepared of units) outcomes.push(await itemByItem(tx, prepared));
        return outcomes;
      });
    });

  const alone = (units: Units) => whole(units).catch((error: unknown) => refused(error, () => carefully(units)));
  const store = sharingCommits(whole, alone, log, onCommit);

  return (units: readonly AcceptUnit[]): Promise<AcceptOutcome[]> => store(units.map(prepare));
}

/** Another way for what the server refused. @throws on an outage, and where it may go right at once */
function refused<Value>(error: unknown, otherwise: () => Promise<Value>): Promise<Value> {
  if (isOutage(error) || isTransient(error)) throw error;
  return otherwise();
}

/** Runs a step in a savepoint: what fails leaves nothing behind, and with `undone` neither does what succeeds. */
async function within<Value>(
  tx: Tx,
  step: () => Promise<Value>,
  then: 'kept' | 'undone',
): Promise<{ ok: true; value: Value } | { ok: false; problem: string }> {
  tx.send('SAVEPOINT step');
  try {
    const value = await step();
    await tx.sent();
    tx.send(then === 'kept' ? 'RELEASE step' : 'ROLLBACK TO step; RELEASE step');
    return { ok: true, value };
  } catch (error) {
    const cause = await tx.causeOf(error);
    if (isOutage(cause) || isTransient(cause)) throw cause;
    tx.send('ROLLBACK TO step; RELEASE step');
    return { ok: false, problem: problemOf(cause) };
  }
}
