// A disk that has just taken gigabytes is slow for minutes, whatever is asked of it then, and that would be in every figure.

import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const writes = 60;
const everyMs = 20;
/** Of a disk at rest, the slowest writes take no more than so many times what they took at first. */
const slack = 2;
const limitMs = 5 * 60_000;

/** Learns how fast the disk of a folder is now. @returns waits until it is about so fast again, for a bounded time */
export async function diskAtRest(folder: string): Promise<() => Promise<void>> {
  const atFirst = await slowWriteMs(folder);
  return async () => {
    await promisify(execFile)('sync');
    const until = performance.now() + limitMs;
    while ((await slowWriteMs(folder)) > slack * atFirst && performance.now() < until);
  };
}

/** The 95th percentile of what small synced writes take. */
async function slowWriteMs(folder: string): Promise<number> {
  const file = await open(join(folder, 'probe'), 'a');
  try {
    const took: number[] = [];
    for (let write = 0; write < writes; write++) {
      await pause(everyMs);
      const began = performance.now();
      await file.write(Buffer.alloc(4096));
      await file.sync();
      took.push(performance.now() - began);
    }
    return took.sort((one, other) => one - other)[Math.floor(writes * 0.95)] ?? 0;
  } finally {
    await file.close();
  }
}
