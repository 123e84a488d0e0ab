// The form of a backup in a folder. The manifest gets its name last: a folder without one holds no whole backup.
//
//   manifest.json                 what is here, below
//   records-{stamp}.db            the records of SQLite; of PostgreSQL records.dump, as pg_dump wrote it
//   objects-{stamp}.sha256        a line for each file: `sha256sum --check` reads it, in this folder
//   objects/{app id}/{blob id}    the files
//   secret.key                    the key that opens sealed credentials, where it was asked for

import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { isObject } from '../core/json.ts';
import { UsageError } from './failures.ts';
import { syncFolder } from './folders.ts';

export const manifestName = 'manifest.json';
export const keyName = 'secret.key';
export const objectsFolder = 'objects';

export type Manifest = {
  mediadock_backup: 1;
  made_at: string;
  engine: 'sqlite' | 'postgres';
  records: { file: string; bytes: number; sha256: string };
  objects: { list: string; sha256: string; files: number; bytes: number };
  /** Objects that the server could not give as they should be. */
  lacking: { object: string; reason: string }[];
  /** The first 4 bytes of the SHA-256 of the key, in hex: enough to tell keys apart. */
  secret_key: { id: string; inside: boolean };
};

/** @throws UsageError when there is no whole backup in the folder */
export async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, manifestName), 'utf8').catch((cause: Error) => {
    throw new UsageError(`${folder} holds no whole backup: ${cause.message}`, { cause });
  });
  const manifest: unknown = JSON.parse(text);
  if (!isObject(manifest) || manifest['mediadock_backup'] !== 1) {
    throw new UsageError(`${join(folder, manifestName)} is of another form: a newer mediadock made it`);
  }
  return manifest as Manifest;
}

/** Durable, and there whole or not at all. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const draft = join(folder, `${manifestName}.part`);
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, join(folder, manifestName));
  await syncFolder(folder);
}

const pattern = /^(manifest\.json|secret\.key|objects|objects-\w+\.sha256|records-\w+\.db|\..*)(\.part)?$/;

/** Whether a name in a folder is one that a backup gives. */
export const isOfBackup = (name: string): boolean => pattern.test(name);

/** Removes what an earlier backup left in the folder and this one does not name. */
export async function prune(folder: string, { records, objects, secret_key: key }: Manifest): Promise<void> {
  const kept = new Set([manifestName, objectsFolder, records.file, objects.list, ...(key.inside ? [keyName] : [])]);
  for (const name of await readdir(folder)) {
    if (!kept.has(name) && isOfBackup(name)) await rm(join(folder, name), { force: true });
  }
  // A database of its own on the disk, because there may be more names than memory should hold.
  const named = new DatabaseSync('');
  try {
    named.exec('CREATE TABLE named (object TEXT PRIMARY KEY) WITHOUT ROWID; BEGIN');
    const name = named.prepare('INSERT INTO named VALUES (?)');
    for await (const { object } of objectsIn(join(folder, objects.list))) name.run(object);
    const isNamed = named.prepare('SELECT 1 FROM named WHERE object = ?');
    for (const app of await readdir(join(folder, objectsFolder)).catch(() => [])) {
      for (const blob of await readdir(join(folder, objectsFolder, app))) {
        if (isNamed.get(`${app}/${blob}`) === undefined)
          await rm(join(folder, objectsFolder, app, blob), { force: true });
      }
    }
  } finally {
    named.close();
  }
}

/** A line of the list of objects, as `sha256sum` writes them. */
export const lineOf = (object: string, sha256: string): string => `${sha256}  ${objectsFolder}/${object}\n`;

/** The objects of a list with the sha256 of each. @throws Error for a line of another form */
export async function* objectsIn(list: string): AsyncGenerator<{ object: string; sha256: string }> {
  const pattern = new RegExp(`^([0-9a-f]{64}) {2}${objectsFolder}/(app_\\w+/blb_\\w+)$`);
  for await (const line of createInterface({ input: createReadStream(list), crlfDelay: Number.POSITIVE_INFINITY })) {
    const [, sha256, object] = pattern.exec(line) ?? [];
    if (sha256 === undefined || object === undefined) throw new Error(`${list} has a line of another form: ${line}`);
    yield { object, sha256 };
  }
}
