// Commands that run here instead of asking a server. What they do is handed in from above.

import { join } from 'node:path';
import type { Command } from 'commander';
import type { Json, JsonObject } from '../core/json.ts';
import { type Manifest, readManifest } from './backup-form.ts';
import { output } from './output.ts';
import { progressOf } from './progress.ts';
import { countOf, sizeOf, textOf } from './readable.ts';
import { examples } from './session.ts';
import type { Column } from './table.ts';
import type { World } from './world.ts';

/** A setting as it is in force; `shown` is its value as text. Nothing in it is secret. */
export type SettingInForce = { name: string; value: Json; shown: string; isDefault: boolean; description: string };

export type Local = {
  /** Runs until it is asked to stop. */
  serve(): Promise<void>;
  demo(): Promise<void>;
  /** A backup becomes a data folder, all of it or nothing. @throws UsageError when the folder is not empty */
  restore(backup: { manifest: Manifest; from: string; to: string; onBytes(count: number): void }): Promise<void>;
  /** @throws UsageError with every problem there is */
  settings(): SettingInForce[];
};

const settingColumns: Column[] = [
  { head: 'SETTING', of: ({ name }) => `${name}` },
  { head: 'VALUE', of: ({ shown }) => textOf(shown), flexible: true },
  { head: 'IT IS', of: ({ isDefault }) => (isDefault === true ? 'default' : 'set') },
  { head: 'WHAT IT IS', of: ({ description }) => `${description}`, flexible: true },
];

export function addLocal(program: Command, world: World, local: Local): void {
  program
    .command('serve')
    .description('start the server')
    .action(() => local.serve())
    .addHelpText('after', examples('serve', 'serve   # with MEDIADOCK_PORT=9000 in the environment'));

  program
    .command('demo')
    .description('see three files travel from a simulated carrier to a download')
    .action(() => local.demo())
    .addHelpText('after', examples('demo'));

  const config: Command = program.command('config').description('show the settings in force, secrets masked');
  config
    .action(() => {
      const rows = local.settings();
      const out = output(world, config.optsWithGlobals<{ json?: boolean }>().json === true);
      const document = rows.map(({ name, value, isDefault }) => ({ name, value, default: isDefault }));
      out.result({ data: document }, () => out.table(rows, settingColumns));
    })
    .addHelpText('after', examples('config', 'config --json'));
}

export function addRestore(program: Command, world: World, local: Local): void {
  const restore: Command = program
    .command('restore <folder>')
    .description('make a data folder of a backup; checks everything in it')
    .requiredOption('--to <folder>', 'the data folder: empty, or not there yet')
    .action(async (from: string, { to }: { to: string }) => {
      const manifest = await readManifest(from);
      const progress = progressOf(world, 'restoring', manifest.objects.bytes + manifest.records.bytes);
      try {
        await local.restore({ manifest, from, to, onBytes: progress.add });
      } finally {
        progress.stop();
      }
      const out = output(world, restore.optsWithGlobals<{ json?: boolean }>().json === true);
      out.result({ ...(manifest as unknown as JsonObject), restored_to: to }, () => restored(manifest, from, to));
    })
    .addHelpText('after', examples('restore /mnt/backup/mediadock --to ./data'));
}

function restored(
  { engine, records, objects, lacking, secret_key: key, made_at }: Manifest,
  from: string,
  to: string,
): string {
  const lines = [
    `${to}: the state of ${made_at}, ${countOf(objects.files, 'file')} (${sizeOf(objects.bytes)}), each checked`,
  ];
  if (lacking.length > 0)
    lines.push(`${countOf(lacking.length, 'file')} lost before the backup: mediadock scrub --repair`);
  if (engine === 'postgres') {
    lines.push(
      'The records belong into an empty PostgreSQL database:',
      `  pg_restore --dbname="$MEDIADOCK_DATABASE_URL" '${join(from, records.file)}'`,
    );
  }
  if (!key.inside)
    lines.push(`Give the server the secret key ${key.id}: MEDIADOCK_SECRET_KEY, or ${join(to, 'secret.key')}`);
  lines.push(`Start it with: MEDIADOCK_DATA_DIR=${to} mediadock serve`);
  return lines.join('\n');
}
