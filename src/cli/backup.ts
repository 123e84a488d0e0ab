// Taking a backup from a running server into a folder. Files that an earlier backup left there are checked and kept, so
// that only what is new travels, and a backup that was broken off goes on where it was. The earlier one stays whole until
// the new one is: its manifest is replaced last, and what only it needed goes after that.

import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { JsonObject } from '../core/json.ts';
import { secretKeyId } from '../core/sealing.ts';
import { type Api, pathOf } from './api.ts';
import { isOfBackup, keyName, type Manifest, manifestName, prune, writeManifest } from './backup-form.ts';
import { copyObjects } from './backup-objects.ts';
import { saveTo, sha256Of } from './download.ts';
import { resumable, UsageError } from './failures.ts';
import { type Progress, progressOf } from './progress.ts';
import { countOf, sizeOf, textOf } from './readable.ts';
import { type Bind, examples, type Session } from './session.ts';
import type { World } from './world.ts';

const askEveryMs = 250;
const dumpName = 'records.dump';

export function addBackup(program: Command, bind: Bind): void {
  const command = program
    .command('backup <folder>')
    .description('copy the records and files of the running server; later runs fetch what is new')
    .option('--with-secret-key', 'with the key that opens the sealed credentials, if it is on this machine');
  bind(command, (session) =>
    resumable(
      () => `mediadock backup ${session.args[0]}`,
      () => backUp(session),
    ),
  ).addHelpText('after', examples('backup /mnt/backup/mediadock', 'backup nightly --with-secret-key'));
}

async function backUp(session: Session): Promise<void> {
  const { api, out, world, options } = session;
  const [folder = ''] = session.args;
  await takeFolder(folder);
  const key = options['withSecretKey'] === true ? await secretKeyHere(world.env) : undefined;
  const begun = await api.call('POST', '/backups');
  const id = textOf(begun['id']);
  const keyId = textOf(begun['secret_key_id']);
  try {
    if (key !== undefined && secretKeyId(Buffer.from(key, 'base64')) !== keyId) {
      throw new UsageError(`the secret key that is here is not the one of the server (${keyId})`);
    }
    const stamp = textOf(begun['started_at']).replaceAll(/\W/g, '');
    const inOneFile = begun['engine'] === 'sqlite';
    const records = inOneFile ? await fetchRecords(session, id, folder, stamp) : await dumpIn(folder);
    const copied = await copyObjects(session, { id, folder, stamp, bytes: Number(begun['bytes']) });
    if (key !== undefined) await writeFile(join(folder, keyName), `${key}\n`, { mode: 0o600, flush: true });
    const manifest: Manifest = {
      mediadock_backup: 1,
      made_at: textOf(begun['started_at']),
      engine: inOneFile ? 'sqlite' : 'postgres',
      records,
      ...copied,
      secret_key: { id: keyId, inside: key !== undefined },
    };
    await writeManifest(folder, manifest);
    await prune(folder, manifest);
    out.result(manifest as unknown as JsonObject, () =>
      told(folder, manifest)
        .map((line) => out.wrap(line))
        .join('\n'),
    );
    const { length: lost } = manifest.lacking;
    if (lost > 0)
      throw new Error(`${countOf(lost, 'file')} lost on the server and not in the backup; mediadock scrub tells more`);
  } finally {
    await end(api, id, out.note);
  }
}

async function takeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const foreign = (await readdir(folder)).find((name) => !isOfBackup(name) && name !== dumpName);
  if (foreign !== undefined) {
    throw new UsageError(`${folder} holds ${foreign}, which is no part of a backup: give a folder of its own`);
  }
}

/** The secret key as a server on this machine finds it. @throws UsageError */
async function secretKeyHere(env: World['env']): Promise<string> {
  const said = env['MEDIADOCK_SECRET_KEY']?.trim();
  if (said) return said;
  const file = env['MEDIADOCK_SECRET_KEY_FILE']?.trim() || join(env['MEDIADOCK_DATA_DIR']?.trim() || './data', keyName);
  return await readFile(file, 'utf8').then(
    (text) => text.trim(),
    (cause: Error) => {
      throw new UsageError(
        `--with-secret-key: the server gives its key to nobody, and here is none (${cause.message})`,
        {
          cause,
        },
      );
    },
  );
}

/** Waits until the server has copied its records, and fetches the copy. */
async function fetchRecords(session: Session, id: string, folder: string, stamp: string): Promise<Manifest['records']> {
  const { api, world } = session;
  let now = await api.call('GET', pathOf('backups', id));
  let copying: Progress | undefined;
  try {
    for (let before = 0; now['state'] === 'copying'; now = await api.call('GET', pathOf('backups', id))) {
      if (typeof now['records_bytes'] === 'number') {
        copying ??= progressOf(world, 'records, at the server', now['records_bytes']);
        copying.add(Number(now['copied']) - before);
        before = Number(now['copied']);
      }
      await world.pause(askEveryMs);
    }
  } finally {
    copying?.stop();
  }
  if (now['state'] !== 'ready') throw new Error(`the server could not copy its records: ${textOf(now['reason'])}`);
  const file = `records-${stamp}.db`;
  const bytes = Number(now['records_bytes']);
  const fetching = progressOf(world, 'records', bytes);
  const body = await api.download(`${pathOf('backups', id)}/records`, {});
  try {
    const job = { body, expected: { size: bytes, sha256: null }, onBytes: fetching.add, signal: world.signal };
    await saveTo(join(folder, file), false, job);
  } finally {
    fetching.stop();
    body.destroy();
  }
  return { file, bytes, sha256: await sha256Of(join(folder, file)) };
}

/** The records of PostgreSQL as its own tool wrote them, after the backup that is here and before this one. @throws UsageError */
async function dumpIn(folder: string): Promise<Manifest['records']> {
  const path = join(folder, dumpName);
  const dump = await stat(path).catch(() => undefined);
  const before = await stat(join(folder, manifestName)).catch(() => undefined);
  if (dump === undefined || (before !== undefined && dump.mtimeMs <= before.mtimeMs)) {
    throw new UsageError(
      [
        'the records are in PostgreSQL. Dump them first, then run this again:',
        `  pg_dump --format=custom --file='${path}' "$MEDIADOCK_DATABASE_URL"`,
      ].join('\n'),
    );
  }
  return { file: dumpName, bytes: dump.size, sha256: await sha256Of(path) };
}

async function end(api: Api, id: string, note: (line: string) => void): Promise<void> {
  try {
    await api.call('DELETE', pathOf('backups', id), { lastly: true });
  } catch {
    note('The server does not know yet that the backup is over; it removes no files for two more minutes.');
  }
}

function told(folder: string, { records, objects, secret_key: key }: Manifest): string[] {
  return [
    `${folder}: the records (${sizeOf(records.bytes)}) and ${countOf(objects.files, 'file')} (${sizeOf(objects.bytes)}), each checked`,
    key.inside
      ? `The secret key ${key.id} is inside: whoever has this folder can open the credentials of the carriers.`
      : `The secret key ${key.id} is not inside. Without it the credentials of the carriers cannot be opened: keep it elsewhere.`,
  ];
}
