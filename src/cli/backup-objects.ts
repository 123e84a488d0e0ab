// The files of a backup: a page of names at a time, several files at once, each held against its sha256 before it gets its
// name. What the server cannot give as it should be is noted, and the others follow all the same.

import { createHash } from 'node:crypto';
import { open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isConnectionError, pathOf } from './api.ts';
import { lineOf, type Manifest, objectsFolder } from './backup-form.ts';
import { saveTo, sha256Of, WrongBytes } from './download.ts';
import { Refusal } from './failures.ts';
import { makeFolder, syncFolder } from './folders.ts';
import { progressOf } from './progress.ts';
import { listIn } from './readable.ts';
import type { Session } from './session.ts';
import { several } from './several.ts';

const pageRows = '200';
/** Each file is synced, so several wait for the disk together. */
const atOnce = 4;

type Wanted = { object: string; sha256: string; size: number };
export type Copied = Pick<Manifest, 'objects' | 'lacking'>;

/** @param backup `bytes`: about how many there are in all */
export async function copyObjects(
  session: Session,
  backup: { id: string; folder: string; stamp: string; bytes: number },
): Promise<Copied> {
  const { api, world } = session;
  const { id, folder, stamp } = backup;
  const list = `objects-${stamp}.sha256`;
  const sums = createHash('sha256');
  const copied: Copied = { objects: { list, sha256: '', files: 0, bytes: 0 }, lacking: [] };
  const folders = new Set<string>();
  const progress = progressOf(world, 'files', backup.bytes);
  const draft = await open(join(folder, `${list}.part`), 'w', 0o600);

  /** @returns its line in the list; undefined: it could not be had */
  async function keep(wanted: Wanted): Promise<string | undefined> {
    const path = join(folder, objectsFolder, wanted.object);
    await makeFolder(dirname(path));
    folders.add(dirname(path));
    const reason = (await isThere(path, wanted)) ? undefined : await fetchObject(session, id, wanted, path);
    progress.add(wanted.size);
    if (reason !== undefined) {
      copied.lacking.push({ object: wanted.object, reason });
      return undefined;
    }
    copied.objects.files++;
    copied.objects.bytes += wanted.size;
    return lineOf(wanted.object, wanted.sha256);
  }

  /** Writes that run at the same time may end in any order, so a page is one: the list is what its hash says. */
  async function keepAll(page: readonly Wanted[]): Promise<void> {
    const lines: string[] = [];
    await several(page, atOnce, async (wanted) => void lines.push((await keep(wanted)) ?? ''));
    const text = lines.join('');
    sums.update(text);
    await draft.appendFile(text);
  }

  try {
    for (let cursor: string | undefined, more = true; more; ) {
      const page = await api.call('GET', `${pathOf('backups', id)}/objects`, { query: { limit: pageRows, cursor } });
      await keepAll(listIn(page).map(wantedIn));
      cursor = typeof page['next'] === 'string' ? page['next'] : undefined;
      more = cursor !== undefined;
    }
    await draft.sync();
  } finally {
    progress.stop();
    await draft.close();
  }
  await rename(join(folder, `${list}.part`), join(folder, list));
  for (const one of folders) await syncFolder(one);
  copied.objects.sha256 = sums.digest('hex');
  return copied;
}

/** @throws Error where the server names an object that is none: it becomes a path here */
function wantedIn(row: Record<string, unknown>): Wanted {
  const { object, sha256, size } = row;
  if (typeof object !== 'string' || !/^app_\w+\/blb_\w+$/.test(object))
    throw new Error('the server names an object of another form');
  return { object, sha256: String(sha256), size: Number(size) };
}

async function isThere(path: string, { sha256, size }: Wanted): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.size === size && (await sha256Of(path)) === sha256;
}

/** @returns why the server cannot give it; undefined when it is kept. */
async function fetchObject(session: Session, id: string, wanted: Wanted, path: string): Promise<string | undefined> {
  const { api, world } = session;
  const [app = '', blob = ''] = wanted.object.split('/');
  for (let tries = 2; ; tries--) {
    try {
      const body = await api.download(`${pathOf('backups', id, 'objects', app, blob)}`, {});
      try {
        await saveTo(path, true, { body, expected: wanted, onBytes() {}, signal: world.signal });
      } finally {
        body.destroy();
      }
      return undefined;
    } catch (error) {
      world.signal.throwIfAborted();
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      if (tries > 1) continue;
      // The backup itself may have ended, or the server: then this is no news about the file.
      await api.call('GET', pathOf('backups', id));
      return reason;
    }
  }
}

function reasonOf(error: unknown): string | undefined {
  if (error instanceof WrongBytes) return 'file_corrupt';
  if (error instanceof Refusal && error.status === 404) return 'file_missing';
  return isConnectionError(error) || (error instanceof Refusal && error.status >= 500) ? 'file_unreadable' : undefined;
}
