// `npm run torture -- [--engine sqlite|postgres] [--kills 300] [--seed n]`: ends with 1 where a promise was broken.
// For PostgreSQL it needs MEDIADOCK_DATABASE_URL, the address of an empty database.

import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { torture } from './run.ts';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'sqlite' },
    kills: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
const given = process.env['MEDIADOCK_DATABASE_URL'];
if (!['sqlite', 'postgres'].includes(values.engine) || !Number.isInteger(kills) || !Number.isInteger(seed)) {
  throw new Error('usage: npm run torture -- [--engine sqlite|postgres] [--kills 300] [--seed n]');
}
if (values.engine === 'postgres' && given === undefined) {
  throw new Error('MEDIADOCK_DATABASE_URL is not set; it names the empty PostgreSQL database to torture');
}

const bar = new SingleBar({
  format: `seed ${seed} {bar} {value}/{total} kills, {duration_formatted}`,
  noTTYOutput: true,
  notTTYSchedule: 10_000,
});
bar.start(kills, 0);
const atFailpoints = Math.floor(kills * 0.4);
const report = await torture({
  seed,
  atFailpoints,
  atRandom: kills - atFailpoints,
  longestLifeMs: 2000,
  databaseUrl: values.engine === 'postgres' ? given : undefined,
  onKill: (done) => bar.update(done),
});
bar.stop();

const { violations, kills: byKind, ...counts } = report;
const table = new Table({ style: { head: [], border: [] } });
table.push(['engine', values.engine], ['seed', seed]);
for (const [kind, count] of Object.entries(byKind)) table.push([`kills: ${kind}`, count]);
for (const [name, count] of Object.entries(counts)) table.push([name, count]);
table.push(['violations', violations.length]);
process.stdout.write(`${table}\n`);
for (const violation of violations.slice(0, 50)) process.stdout.write(`${violation}\n`);
process.exitCode = violations.length === 0 ? 0 : 1;
