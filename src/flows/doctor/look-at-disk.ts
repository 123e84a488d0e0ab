import { randomBytes } from 'node:crypto';
import type { BlobStore } from '../../core/blob-store.ts';
import { type Clock, newId } from '../../core/ids.ts';
import type { HeadRoom } from '../head-room.ts';
import type { Look } from './doctor.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const triedBytes = 1024 * 1024;
/** Under this share it is time to think of more room. */
const littleFree = 0.15;
const slowMs = 500;
const verySlowMs = 5000;

/** How much room there is, and how long a file of a MiB takes until it is safe. */
export function lookAtDisk(parts: { blobs: Pick<BlobStore, 'write' | 'remove'>; room: HeadRoom; clock: Clock }): Look {
  return {
    check: 'disk',
    async look(signal) {
      return [freeOf(parts.room), await speedOf(parts.blobs, parts.clock, signal)];
    },
  };
}

function freeOf(room: HeadRoom): Finding {
  const says = `${(room.free() * 100).toFixed(1)} % of the storage is free`;
  const remedy = 'Make room on the disk or give it more; let files go sooner with MEDIADOCK_MEDIA_RETENTION_DAYS.';
  if (!room.forIntake()) return fail('disk', 'free', `${says}: webhooks are refused.`, remedy);
  if (!room.forCaptures()) return fail('disk', 'free', `${says}: nothing is captured.`, remedy);
  if (room.free() < littleFree) return warn('disk', 'free', `${says}.`, remedy);
  return ok('disk', 'free', `${says}.`);
}

async function speedOf(
  blobs: Pick<BlobStore, 'write' | 'remove'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Finding> {
  const key = `${newId('app', 0)}/${newId('blob', clock.now())}`;
  const began = performance.now();
  try {
    await blobs.write(key, oneChunk(randomBytes(triedBytes)), signal);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail('disk', 'write', `A file cannot be written: ${why}.`, 'See that the folder of the files is writable.');
  }
  const ms = Math.round(performance.now() - began);
  await blobs.remove(key);
  const says = `A file of 1 MiB was written and synced in ${ms} ms.`;
  const remedy = 'Captures wait for this disk: use a local SSD, and see what else writes to it.';
  if (ms >= verySlowMs) return fail('disk', 'write', says, remedy);
  return ms >= slowMs ? warn('disk', 'write', says, remedy) : ok('disk', 'write', says);
}

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}
