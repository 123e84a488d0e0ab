// The records on SQLite: one database file in the data folder, one thread that writes, one that reads.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ArmedFailpoint } from '../../core/failpoints.ts';
import type { Millis } from '../../core/ids.ts';
import type { Records, RecordsSettings } from '../../core/records.ts';
import { type CommandName, sides } from '../commands.ts';
import { grouping, type OnCommit } from '../group.ts';
import { unpackFailure } from './failure.ts';
import { lockFolder } from './lock.ts';
import type { ReaderData } from './reader.ts';
import type { Command, Outcome } from './serve.ts';
import { startThread, type Thread } from './thread.ts';
import type { WriterData } from './writer.ts';

export type SqliteOptions = {
  /** The data folder; made where it is missing. */
  folder: string;
  settings: RecordsSettings;
  /** Dates the migrations; commands bring their own time. */
  now(): Millis;
  /** Hears what callers do not: commits that were redone, and the death of a thread. */
  log?: (line: object) => void;
  failpoints?: readonly ArmedFailpoint[];
  onCommit?: OnCommit | undefined;
};

// Type stripping runs `.ts` from source and refuses it under node_modules; the build makes `.js` of them.
const fromSource = import.meta.url.endsWith('.ts');
const writerFile = new URL(fromSource ? './writer.ts' : './writer.js', import.meta.url);
export const readerFile = new URL(fromSource ? './reader.ts' : './reader.js', import.meta.url);

/**
 * Opens the records in a folder, migrated to the newest schema; the leases of a former process are void.
 * @throws when another server holds the folder, or a newer one has migrated it
 */
export async function openSqliteRecords({
  folder,
  settings,
  now,
  log = () => {},
  failpoints = [],
  onCommit,
}: SqliteOptions): Promise<Records> {
  mkdirSync(folder, { recursive: true });
  const lock = lockFolder(folder);
  const file = join(folder, 'mediadock.db');
  const onDeath = (error: Error) => log({ notice: error.message });
  const toWriter: WriterData = { file, settings, now: now(), failpoints };
  const toReader: ReaderData = { file, settings };
  const starting = [
    startThread('database writer', writerFile, toWriter, log, onDeath),
    startThread('database reader', readerFile, toReader, log, onDeath),
  ] as const;
  try {
    const [writer, reader] = await Promise.all(starting);
    return recordsOver(writer, reader, lock, onCommit);
  } catch (error) {
    for (const started of await Promise.allSettled(starting)) {
      if (started.status === 'fulfilled') await started.value.close();
    }
    lock.release();
    throw error;
  }
}

const settled = (outcome: Outcome): PromiseSettledResult<unknown> =>
  outcome.ok
    ? { status: 'fulfilled', value: outcome.value }
    : { status: 'rejected', reason: unpackFailure(outcome.failure) };

function recordsOver(
  writer: Thread,
  reader: Thread,
  lock: { release(): void },
  onCommit: OnCommit | undefined,
): Records {
  const running = new Set<Promise<unknown>>();
  let closed: Promise<void> | undefined;
  const batch = async (commands: Command[]) => (await writer.send(commands)).map(settled);
  const write = grouping(batch, 1, onCommit);
  const read = async (command: Command): Promise<unknown> => {
    const [outcome] = await reader.send([command]);
    if (outcome?.ok) return outcome.value;
    throw outcome ? unpackFailure(outcome.failure) : new Error('the reader gave no outcome');
  };

  async function call(side: 'read' | 'write', name: string, request: unknown): Promise<unknown> {
    if (closed !== undefined) throw new Error('the database is closed');
    const result = side === 'read' ? read({ name, request }) : write({ name, request });
    running.add(result);
    try {
      return await result;
    } finally {
      running.delete(result);
    }
  }

  async function close(): Promise<void> {
    await Promise.allSettled(running);
    await reader.close();
    await writer.close();
    lock.release();
  }

  const commands = Object.fromEntries(
    Object.entries(sides).map(([name, side]) => [name, (request: unknown) => call(side, name, request)]),
    // Each worker's table is typed against the port by the same names.
  ) as unknown as Pick<Records, CommandName>;

  return {
    ...commands,
    async ping() {
      await Promise.all([call('write', 'ping', null), call('read', 'ping', null)]);
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}
