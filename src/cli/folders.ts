// Folders whose names outlast a loss of power.

import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes names in a folder durable, those that came and those that went. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes a folder and what is missing above it. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let one = path; one.length >= first.length; one = dirname(one)) await syncFolder(dirname(one));
}
