import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { codeOf } from './failure.ts';

const busy = 5;

/**
 * Takes the data folder for this process. The lock is one of the operating system, held through a small database of its
 * own, so it ends with the process however that ends; a file with a process id would outlive it.
 * @returns what gives the folder back
 * @throws when another server holds it
 */
export function lockFolder(folder: string): { release(): void } {
  const lock = new DatabaseSync(join(folder, 'mediadock.lock'));
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if (codeOf(cause) !== busy) throw cause;
    throw new Error(
      `another mediadock server is running on the data folder ${folder}; stop it, or give this one a folder of its own`,
      { cause },
    );
  }
  return { release: () => lock.close() };
}
