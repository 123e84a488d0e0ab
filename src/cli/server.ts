// Which server a command speaks to, and the key that it shows. The administrator's key in the data folder is the one file
// of the server that a command reads: so that the person who has just started it needs no set-up.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './failures.ts';
import type { World } from './world.ts';

export type Server = { url: string; key: string };

/** @throws UsageError when the address is none or no key is to be found */
export function serverOf(given: { url?: string | undefined; key?: string | undefined }, env: World['env']): Server {
  const said = (name: string) => env[name]?.trim() || undefined;
  const url =
    given.url ??
    said('MEDIADOCK_URL') ??
    said('MEDIADOCK_PUBLIC_URL') ??
    `http://127.0.0.1:${Number(said('MEDIADOCK_PORT')) || 8080}`;
  if (!URL.canParse(url) || !/^https?:\/\//.test(url)) throw new UsageError(`"${url}" is not an http or https address`);

  const file = said('MEDIADOCK_ADMIN_KEY_FILE') ?? join(said('MEDIADOCK_DATA_DIR') ?? './data', 'admin.key');
  const key = given.key ?? said('MEDIADOCK_KEY') ?? said('MEDIADOCK_ADMIN_KEY') ?? keyIn(file);
  if (key === undefined) {
    throw new UsageError(
      `no key: give one with --key or MEDIADOCK_KEY (there is none in ${file} either; mediadock serve makes one)`,
    );
  }
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageError('the key has characters that no key has');
  return { url: url.replace(/\/+$/, ''), key };
}

function keyIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UsageError(`no key: ${file} cannot be read (${(error as Error).message})`, { cause: error });
  }
}
