import type { Command } from 'commander';
import type { JsonObject } from '../core/json.ts';
import { resumable, UsageError } from './failures.ts';
import { type Progress, progressOf } from './progress.ts';
import { countOf, listIn, sizeOf, textOf } from './readable.ts';
import { type Bind, examples, type Session, said } from './session.ts';
import type { Column } from './table.ts';

const mostStepBytes = 256 * 1024 * 1024;

export function addScrub(program: Command, bind: Bind): void {
  const command = program
    .command('scrub')
    .description('read every stored file again and tell what is missing, damaged or left over')
    .option(
      '--repair',
      'fetch lost files again while the carrier has them, give up the others, remove what is left over',
    )
    .option('--rate <bytes>', 'how much to read in a second', '50MB/s')
    .option('--cursor <cursor>', 'where an earlier scrub was stopped');
  bind(command, scrub).addHelpText('after', examples('scrub', 'scrub --rate 10MB/s --json', 'scrub --repair'));
}

/** What was seen so far. */
type Seen = { files: number; bytes: number; objects: number; damage: JsonObject[]; orphans: string[] };

async function scrub(session: Session): Promise<void> {
  const { out, options, world } = session;
  const rate = rateOf(said(options, 'rate') ?? '');
  const repair = options['repair'] === true;
  const seen: Seen = { files: 0, bytes: 0, objects: 0, damage: [], orphans: [] };
  const place = { cursor: said(options, 'cursor') ?? null };
  const bar: { shown?: Progress } = {};
  const goOn = () =>
    `mediadock scrub${repair ? ' --repair' : ''}${place.cursor === null ? '' : ` --cursor ${place.cursor}`}`;
  await resumable(goOn, async () => {
    try {
      do {
        const began = world.now();
        const step = await session.api.call('POST', '/scrub', {
          body: { cursor: place.cursor, repair, bytes: Math.min(rate, mostStepBytes) },
        });
        add(seen, step);
        bar.shown ??= progressOf(world, 'files', totalOf(step));
        bar.shown.add(Number(step['bytes']));
        place.cursor = typeof step['next'] === 'string' ? step['next'] : null;
        const due = began + (Number(step['bytes']) / rate) * 1000;
        if (place.cursor !== null && due > world.now()) await world.pause(due - world.now());
      } while (place.cursor !== null);
    } finally {
      bar.shown?.stop();
    }
  });
  out.result({ ...seen, repaired: repair }, () => told(session, seen, repair));
  judge(seen, repair);
}

/** @throws Error for what is lost: whoever watches the exit code learns of it */
function judge({ damage }: Seen, repair: boolean): void {
  const lost = damage.filter((one) => !repair || listIn(one, 'media').some(({ state }) => state !== 'pending'));
  if (lost.length === 0) return;
  throw new Error(
    repair
      ? `${countOf(lost.length, 'file')} lost: the carrier has them no longer`
      : `${countOf(lost.length, 'file')} missing or damaged; --repair fetches again what the carrier still has`,
  );
}

function add(seen: Seen, step: JsonObject): void {
  for (const count of ['files', 'bytes', 'objects'] as const) seen[count] += Number(step[count]);
  seen.damage.push(...listIn(step, 'damage'));
  if (Array.isArray(step['orphans'])) seen.orphans.push(...step['orphans'].map(String));
}

const totalOf = ({ total }: JsonObject): number =>
  typeof total === 'object' && total !== null && 'bytes' in total ? Number(total['bytes']) : 0;

/** One row for each media that has lost its file. */
const damageColumns: Column[] = [
  { head: 'MEDIA', of: ({ id }) => textOf(id) },
  { head: 'FILE IS', of: ({ is }) => textOf(is).replace('file_', '') },
  { head: 'SIZE', of: ({ size }) => sizeOf(size), right: true },
  { head: 'MEDIA IS NOW', of: ({ state }) => (state === 'pending' ? 'fetched again' : textOf(state)) },
  { head: 'APP', of: ({ app_id: app }) => textOf(app) },
];

function told({ out }: Session, { files, bytes, objects, damage, orphans }: Seen, repair: boolean): string {
  const rows = damage.flatMap((one) =>
    listIn(one, 'media').map((media) => ({ ...media, is: one['is'] ?? null, size: one['size'] ?? null })),
  );
  const lines = rows.length === 0 ? [] : [out.table(rows, damageColumns), ''];
  lines.push(`${countOf(files, 'file')} read (${sizeOf(bytes)}), ${damage.length} missing or damaged`);
  const left = repair ? 'left over and removed' : 'left over: the server removes them by itself';
  lines.push(
    `${countOf(objects, 'object')} in the store, ${orphans.length} ${orphans.length === 0 ? 'left over' : left}`,
  );
  return lines.join('\n');
}

const units: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** `50MB/s` in bytes a second. @throws UsageError */
export function rateOf(typed: string): number {
  const [, number = '', unit = 'B'] = /^(\d+(?:\.\d+)?) ?([kMG]?B|[KMG]iB)?(?:\/s)?$/.exec(typed) ?? [];
  const rate = Math.floor(Number(number) * (units[unit] ?? 1));
  if (number === '' || rate < 1) throw new UsageError(`--rate: expected bytes a second such as 50MB/s, not "${typed}"`);
  return rate;
}
