// Commands that run here instead of asking a server. What they do is handed in from above.

import type { Command } from 'commander';
import type { Json } from '../core/json.ts';
import { output } from './output.ts';
import { textOf } from './readable.ts';
import { examples } from './session.ts';
import type { Column } from './table.ts';
import type { World } from './world.ts';

/** A setting as it is in force; `shown` is its value as text. Nothing in it is secret. */
export type SettingInForce = { name: string; value: Json; shown: string; isDefault: boolean; description: string };

export type Local = {
  /** Runs until it is asked to stop. */
  serve(): Promise<void>;
  demo(): Promise<void>;
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
