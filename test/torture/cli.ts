// npm run torture -- [--carrier whatsapp|rcs|twilio] [--engine sqlite|postgres] [--kills 300] [--seed n]
//   kills a loaded gateway again and again; ends with 1 where a promise was broken
// npm run torture -- fairness [--engine sqlite|postgres] [--backlog 50000]
//   measures what one app's backlog costs another; ends with 1 where it is more than half as much again
//
// For PostgreSQL a server is started, unless MEDIADOCK_DATABASE_URL names an empty database.

import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { type CarrierName, carriers } from './carriers/registry.ts';
import { fairness } from './fairness.ts';
import { torture } from './run.ts';

/** What a backlog may make of another app's 95th percentile. */
const mostRatio = 1.5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    carrier: { type: 'string', default: 'whatsapp' },
    engine: { type: 'string', default: 'sqlite' },
    kills: { type: 'string', default: '300' },
    backlog: { type: 'string', default: '50000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const given = process.env['MEDIADOCK_DATABASE_URL'];
const isCarrier = (name: string): name is CarrierName => Object.hasOwn(carriers, name);
if (!isCarrier(values.carrier)) throw new Error(`the carrier is one of ${Object.keys(carriers).join(', ')}`);
const { carrier } = values;
if (
  !['sqlite', 'postgres'].includes(values.engine) ||
  ![values.kills, values.seed, values.backlog].every((text) => /^\d{1,9}$/.test(text))
) {
  throw new Error('the engine is sqlite or postgres, and the numbers are whole ones');
}

const database = values.engine === 'postgres' ? await emptyDatabase() : undefined;
const databaseUrl = database?.url;

try {
  if (positionals[0] === 'fairness') await measureFairness(Number(values.backlog));
  else await killAgainAndAgain(Number(values.kills), Number(values.seed));
} finally {
  await database?.stop();
}
// Said aloud, because the PostgreSQL package ends the process with 0 once nothing is left to do.
process.exit();

async function emptyDatabase(): Promise<{ url: string; stop(): Promise<void> }> {
  if (given !== undefined) return { url: given, stop: async () => {} };
  const { createDatabase, startPostgres } = await import('../servers/postgres.ts');
  const server = await startPostgres();
  return { url: (await createDatabase(server.url)).url, stop: server.stop };
}

async function measureFairness(backlog: number): Promise<void> {
  const results = await fairness({
    backlog,
    messages: 400,
    perSecond: 20,
    databaseUrl,
    onStep: (step) => process.stdout.write(`${step}\n`),
  });
  const table = new Table({ head: ['beside', 'p50 ms', 'p95 ms', 'ratio', 'left'], style: { head: [], border: [] } });
  for (const { alone, beside, ratio } of results) {
    table.push([alone.beside, alone.p50, alone.p95, '', '']);
    table.push([beside.beside, beside.p50, beside.p95, ratio, beside.left]);
  }
  process.stdout.write(`${table}\n`);
  process.exitCode = results.every(({ ratio }) => ratio <= mostRatio) ? 0 : 1;
}

async function killAgainAndAgain(kills: number, seed: number): Promise<void> {
  const bar = new SingleBar({
    format: `seed ${seed} {bar} {value}/{total} kills, {duration_formatted}`,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
  });
  bar.start(kills, 0);
  const atFailpoints = Math.floor(kills * 0.4);
  const report = await torture({
    seed,
    carrier,
    atFailpoints,
    atRandom: kills - atFailpoints,
    longestLifeMs: 2000,
    databaseUrl,
    onKill: (done) => bar.update(done),
  });
  bar.stop();

  const { violations, kills: byKind, ...counts } = report;
  const table = new Table({ style: { head: [], border: [] } });
  table.push(['carrier', carrier], ['engine', values.engine], ['seed', seed]);
  for (const [kind, count] of Object.entries(byKind)) table.push([`kills: ${kind}`, count]);
  for (const [name, count] of Object.entries(counts)) table.push([name, count]);
  table.push(['violations', violations.length]);
  process.stdout.write(`${table}\n`);
  for (const violation of violations.slice(0, 50)) process.stdout.write(`${violation}\n`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
