// `npm run bench`: measures the gateway, each figure beside a baseline of the same run, and prints them.
// Everything runs on this machine's loopback, each part in a process of its own.

import { writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { startFlags } from '../tools/start-flags.ts';
import { postgresEngine, sqliteEngine } from './engine.ts';
import { captureFigures } from './figures/capture.ts';
import { endToEndFigures } from './figures/end-to-end.ts';
import { intakeFigures } from './figures/intake.ts';
import { linkFigures } from './figures/links.ts';
import { memoryFigures } from './figures/memory.ts';
import { millionFigures } from './figures/million.ts';
import type { Plan } from './plan.ts';
import { type Figure, rowsOf, tableOf } from './report.ts';

const kinds = {
  intake: intakeFigures,
  capture: captureFigures,
  'end-to-end': endToEndFigures,
  memory: memoryFigures,
  million: millionFigures,
  links: linkFigures,
} as const satisfies Record<string, (plan: Plan) => Promise<Figure[]>>;
type Kind = keyof typeof kinds;

const isKind = (name: string): name is Kind => Object.hasOwn(kinds, name);
function kindsIn(text: string): Kind[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !isKind(name));
  if (unknown.length > 0) throw new InvalidArgumentError(`There are ${Object.keys(kinds).join(', ')}.`);
  return names.filter(isKind);
}

const program = new Command('bench')
  .option('--only <kinds>', `some of ${Object.keys(kinds).join(',')}`, kindsIn, Object.keys(kinds) as Kind[])
  .addOption(
    new Option('--engine <name>', 'where the records are kept').choices(['sqlite', 'postgres']).default('sqlite'),
  )
  .option('--quick', 'a first look: one short turn, few files', false)
  .option('--json <file>', 'write the figures there as well')
  .option('--profile <folder>', "write a profile of the gateway's processor time there")
  .parse();
const asked = program.opts<{
  only: Kind[];
  engine: 'sqlite' | 'postgres';
  quick: boolean;
  json?: string;
  profile?: string;
}>();

const plan: Plan = {
  engine: asked.engine === 'sqlite' ? sqliteEngine : await postgresEngine(process.env['MEDIADOCK_DATABASE_URL']),
  rounds: asked.quick ? 1 : 3,
  seconds: asked.quick ? 3 : 6,
  warmUpSeconds: asked.quick ? 1 : 2,
  quick: asked.quick,
  flags: [...startFlags(), ...(asked.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${asked.profile}`])],
};

const machine = {
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
  loadBefore: loadavg()[0],
};
const began = new Date();
const figures: Figure[] = [];
try {
  for (const kind of asked.only) {
    process.stderr.write(`${kind}…\n`);
    const measured = await kinds[kind](plan);
    figures.push(...measured);
    process.stderr.write(`${tableOf(measured)}\n`);
  }
} finally {
  await plan.engine.close();
}
process.stdout.write(`${tableOf(figures)}\n`);
if (asked.json !== undefined) {
  const report = {
    at: began.toISOString(),
    engine: plan.engine.name,
    quick: plan.quick,
    machine,
    figures: rowsOf(figures),
  };
  await writeFile(asked.json, `${JSON.stringify(report, null, 2)}\n`);
}
