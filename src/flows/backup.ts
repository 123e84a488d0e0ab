// A backup while the server runs: the records as they were at one moment, and every object that they refer to.
//
// From before that moment until the end no object is removed, so that each one that the copied records name can still be
// read. Rows may go on to change, expire and be deleted; what that dooms is removed afterwards. Only removal jobs remove
// objects that a record ever named, so holding those is enough.
//
// Whoever asked for it may vanish: each request prolongs it for two minutes, and what nobody asks for any more ends by
// itself. One runs at a time.

import { randomUUID } from 'node:crypto';
import { BlobMissing, type BlobStore } from '../core/blob-store.ts';
import { Fault } from '../core/faults.ts';
import { type Clock, isId, type Millis } from '../core/ids.ts';
import type { Page, PageRequest, Records } from '../core/records.ts';

/** The records as one file, made at one moment. */
export type RecordsCopy = {
  bytes: number;
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
  listBlobs: Records['listBlobs'];
  remove(): Promise<void>;
};

/**
 * Copies the records; undefined where they are kept by a database with tools of its own.
 * @param onProgress hears how many bytes are copied, of how many
 */
export type CopyRecords =
  | ((options: { signal: AbortSignal; onProgress(copied: number, all: number): void }) => Promise<RecordsCopy>)
  | undefined;

export type BackupNow = {
  id: string;
  /** copying: the records are being copied; ready: everything can be read. */
  state: 'copying' | 'ready' | 'failed';
  /** Bytes of the records that are copied. */
  copied: number;
  /** Why it failed. */
  reason: string | null;
  /** Of how many; null before that is known, and where the database has its own tool. */
  recordsBytes: number | null;
  recordsInOneFile: boolean;
  /** About how many objects there are, and their bytes. */
  objects: number;
  bytes: number;
  startedAt: Millis;
};

export type BackupObject = { object: string; sha256: string; size: number };

export type Backups = {
  /** @throws Fault move_refused while another runs */
  begin(): Promise<BackupNow>;
  /** @throws Fault not_found when it has ended, as for the others below */
  look(id: string): BackupNow;
  /** Objects to keep, in the order of their keys. @throws Fault move_refused before the records are copied */
  objects(id: string, page: PageRequest): Promise<Page<BackupObject>>;
  /** The copied records. @throws Fault move_refused likewise */
  records(id: string, signal: AbortSignal): { size: number; bytes: AsyncIterable<Uint8Array> };
  /** One object. @throws Fault not_found also when there is no such object */
  object(id: string, key: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  end(id: string): Promise<void>;
  /** Whether objects must stay where they are. Ends what nobody asks for any more. */
  holdsRemovals(): boolean;
  stop(): Promise<void>;
};

export type BackupParts = {
  records: Pick<Records, 'listBlobs' | 'ping' | 'storage'>;
  blobs: Pick<BlobStore, 'read'>;
  copyRecords: CopyRecords;
  clock: Clock;
  /** Called when removals may go on. */
  onWork(): void;
  onError(error: unknown, about: string): void;
};

type Running = {
  now: BackupNow;
  copy: RecordsCopy | undefined;
  copying: Promise<void>;
  abort: AbortController;
  /** Streams that are being read. */
  readers: number;
  askedAt: Millis;
};

const patienceMs = 120_000;

export function backups(parts: BackupParts): Backups {
  const { records, clock } = parts;
  let running: Running | undefined;

  function end(ending: Running): Promise<void> {
    if (running === ending) running = undefined;
    ending.abort.abort(new Error('the backup has ended'));
    parts.onWork();
    return ending.copying
      .then(() => ending.copy?.remove())
      .catch((error: unknown) => parts.onError(error, 'remove the copy of the records'));
  }

  /** The one that runs, ended first when nobody has asked for it for long. */
  function living(): Running | undefined {
    if (running === undefined || running.readers > 0) return running;
    if (running.askedAt + patienceMs > clock.now()) return running;
    void end(running);
    return undefined;
  }

  function asked(id: string): Running {
    const found = living();
    if (found?.now.id !== id) throw new Fault('not_found', { detail: 'This backup has ended.' });
    found.askedAt = clock.now();
    return found;
  }

  function ready(id: string): Running {
    const found = asked(id);
    if (found.now.state === 'ready') return found;
    throw new Fault('move_refused', { detail: `The backup is ${found.now.state}.`, retryAfter: 1 });
  }

  async function copy(into: Running, copyRecords: NonNullable<CopyRecords>): Promise<void> {
    try {
      into.copy = await copyRecords({
        signal: into.abort.signal,
        onProgress(copied, all) {
          Object.assign(into.now, { copied, recordsBytes: all });
          // Nobody need ask while it is busy.
          into.askedAt = clock.now();
        },
      });
      const { bytes } = into.copy;
      Object.assign(into.now, { state: 'ready', copied: bytes, recordsBytes: bytes });
    } catch (error) {
      if (into.abort.signal.aborted) return;
      parts.onError(error, 'backup');
      Object.assign(into.now, { state: 'failed', reason: error instanceof Error ? error.message : String(error) });
    }
  }

  /** The same bytes; the backup does not end while somebody reads them. */
  async function* held(by: Running, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    by.readers++;
    try {
      yield* bytes;
    } finally {
      by.readers--;
      by.askedAt = clock.now();
    }
  }

  return {
    async begin() {
      if (living() !== undefined) {
        throw new Fault('move_refused', { detail: 'Another backup is running.', retryAfter: patienceMs / 1000 });
      }
      const { copyRecords } = parts;
      const startedAt = clock.now();
      const now: BackupNow = {
        id: randomUUID(),
        state: copyRecords === undefined ? 'ready' : 'copying',
        copied: 0,
        reason: null,
        recordsBytes: null,
        recordsInOneFile: copyRecords !== undefined,
        objects: 0,
        bytes: 0,
        startedAt,
      };
      const abort = new AbortController();
      const begun: Running = {
        now,
        copy: undefined,
        copying: Promise.resolve(),
        abort,
        readers: 0,
        askedAt: startedAt,
      };
      running = begun;
      try {
        const { objects, bytes } = await records.storage();
        Object.assign(now, { objects, bytes });
        // Commands run in order: removals that were claimed before this answer were doomed before the copy's moment.
        await records.ping();
      } catch (error) {
        await end(begun);
        throw error;
      }
      if (copyRecords !== undefined) begun.copying = copy(begun, copyRecords);
      return now;
    },

    look: (id) => asked(id).now,

    async objects(id, page) {
      const { rows, next } = await (ready(id).copy ?? records).listBlobs({ page });
      return { rows: rows.map(({ blob, sha256, size }) => ({ object: blob, sha256, size })), next };
    },

    records(id, signal) {
      const found = ready(id);
      if (found.copy === undefined) {
        throw new Fault('not_found', { detail: 'These records are in a database that has a tool of its own.' });
      }
      return { size: found.copy.bytes, bytes: held(found, found.copy.read(signal)) };
    },

    async object(id, key, signal) {
      const found = ready(id);
      const [app = '', blob = ''] = key.split('/');
      if (!isId('app', app) || !isId('blob', blob)) throw new Fault('not_found');
      try {
        return held(found, await parts.blobs.read(`${app}/${blob}`, undefined, signal));
      } catch (cause) {
        throw cause instanceof BlobMissing ? new Fault('not_found', { cause }) : cause;
      }
    },

    end: async (id) => await end(asked(id)),

    holdsRemovals: () => living() !== undefined,

    async stop() {
      if (running !== undefined) await end(running);
    },
  };
}
