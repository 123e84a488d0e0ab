// Downloads by link: of files that were captured a moment ago, and of the same files after a restart, when nothing of them
// is in the gateway's own memory. The baselines serve the very same files.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startGatewayRig } from '../gateway-rig.ts';
import { startNginx } from '../nginx.ts';
import type { Plan } from '../plan.ts';
import { startProcess } from '../process.ts';
import type { CarrierCommands } from '../processes/carrier.ts';
import type { FileServerCommands, Way } from '../processes/file-server.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { Figure } from '../report.ts';
import { inTurns, median } from '../rounds.ts';

const inFlight = 16;
const sizes = [
  { name: '20 KB', bytes: 20_000, files: 200, cold: 'buffered', cached: true },
  { name: '250 KB', bytes: 250_000, files: 100, cold: 'buffered', cached: true },
  { name: '16 MB', bytes: 16_000_000, files: 10, cold: 'streamed', cached: false },
] as const satisfies { name: string; bytes: number; files: number; cold: Way; cached: boolean }[];

export async function linkFigures(plan: Plan): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of sizes) figures.push(...(await figuresOf(plan, size)));
  return figures;
}

async function figuresOf(plan: Plan, { name, bytes, files, cold, cached }: (typeof sizes)[number]): Promise<Figure[]> {
  const carrier = await startProcess<CarrierCommands>('carrier');
  const servers = await startProcess<FileServerCommands>('file-server');
  const load = await startProcess<LoadCommands>('load');
  const rig = await startGatewayRig({
    engine: plan.engine,
    flags: plan.flags,
    carrier: await carrier.call('origin'),
    tokens: true,
  });
  const closing = [() => rig.close(), () => load.stop(), () => servers.stop(), () => carrier.stop()];
  try {
    await carrier.call('fill', { count: files, bytes });
    await carrier.call('announce', { url: rig.intakeUrl, inFlight: 16 });
    await rig.process.call('done', { what: 'stored', count: files });
    const paths = await blobsIn(rig.folder, bytes);
    const nginx = await startNginx(paths.map(({ path }) => path));
    if (nginx !== undefined) closing.unshift(nginx.stop);

    const get = (urls: string[], seconds: number) => load.call('downloads', { urls, inFlight, seconds });
    const rates = async (urls: Record<string, string[]>) => {
      for (const some of Object.values(urls)) await get(some, plan.warmUpSeconds);
      const runs = await inTurns(
        plan.rounds,
        Object.fromEntries(Object.entries(urls).map(([way, some]) => [way, () => get(some, plan.seconds)])),
      );
      return (way: string): number => median((runs[way] ?? []).map(({ perSecond }) => perSecond));
    };
    const beside = (what: string, value: number, way: string, baseline: number, least?: number): Figure => ({
      name: `link, ${name}, ${what}`,
      value,
      unit: 'files/s',
      baseline: { name: way, value: baseline },
      ...(least !== undefined && { target: { of: 'ratio', bound: 'at least', limit: least } }),
    });
    const serve = (way: Way) => servers.call('serve', { way, files: paths });

    const captured = await rates({ gateway: await rig.links(files), memory: await serve('memory') });
    await rig.restart();
    const opened = await rates({
      gateway: await rig.links(files),
      plain: await serve(cold),
      ...(nginx && { nginx: nginx.urls }),
    });
    return [
      beside(
        'just captured',
        captured('gateway'),
        'node:http from memory',
        captured('memory'),
        cached ? 0.8 : undefined,
      ),
      beside('cold', opened('gateway'), `node:http, ${cold}`, opened('plain'), 0.9),
      ...(nginx ? [beside('cold', opened('gateway'), 'nginx', opened('nginx'))] : []),
    ];
  } finally {
    for (const close of closing) await close();
  }
}

/** The files of a gateway that have this size. */
async function blobsIn(folder: string, size: number): Promise<{ path: string; size: number }[]> {
  const entries = await readdir(join(folder, 'blobs'), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(paths.map(async (path) => ({ path, size: (await stat(path)).size })));
  return files.filter((file) => file.size === size);
}
