// The two secrets of an instance: the key that seals and signs, and the administrator's key. Where the settings give none,
// they are made once into the data folder, readable by the owner alone.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newSecret } from './core/keys.ts';

export type HeldSecret = { value: string; file: string | null; made: boolean };

/** 32 bytes as base64, from the settings or from `secret.key` in the data folder. */
export const heldSecretKey = (folder: string, given: string | undefined): Promise<HeldSecret> =>
  held(join(folder, 'secret.key'), given, () => randomBytes(32).toString('base64'));

/** The administrator's key, from the settings or from `admin.key` in the data folder. */
export const heldAdminKey = (folder: string, given: string | undefined): Promise<HeldSecret> =>
  held(join(folder, 'admin.key'), given, () => newSecret('mdk_admin_').secret);

async function held(file: string, given: string | undefined, make: () => string): Promise<HeldSecret> {
  if (given !== undefined) return { value: given, file: null, made: false };
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (kept?.trim()) return { value: kept.trim(), file, made: false };
  const value = make();
  await writeOnce(file, `${value}\n`);
  return { value, file, made: true };
}

/** Durable before it is used: a secret that is lost after a power cut takes everything sealed under it along. */
async function writeOnce(file: string, text: string): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const parent = await open(join(file, '..'), constants.O_RDONLY);
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}
