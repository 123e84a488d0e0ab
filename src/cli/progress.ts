import { Presets, SingleBar } from 'cli-progress';
import { plain } from './plain.ts';
import { durationOf, nothing, sizeOf } from './readable.ts';
import { cut } from './table.ts';
import type { World } from './world.ts';

export type Progress = { add(bytes: number): void; stop(): void };

/** A bar on stderr with rate and time left; nothing at all where nobody sees it. @param total bytes; null: unknown */
export function progressOf({ stderr, now }: World, name: string, total: number | null): Progress {
  if (stderr.isTTY !== true || total === null || total === 0) return { add() {}, stop() {} };
  const started = now();
  let done = 0;
  const figures = () => {
    const rate = done / Math.max(0.001, (now() - started) / 1000);
    return {
      name: cut(plain(name), 24),
      done: sizeOf(done),
      all: sizeOf(total),
      rate: sizeOf(rate),
      left: rate === 0 ? nothing : durationOf((total - done) / rate),
    };
  };
  const format = '{name} {bar} {percentage}% of {all}, {rate}/s, {left} left';
  const bar = new SingleBar({ stream: stderr, format, barsize: 16, hideCursor: true }, Presets.shades_classic);
  bar.start(total, 0, figures());
  return {
    add(bytes) {
      done += bytes;
      bar.update(Math.min(done, total), figures());
    },
    stop: () => bar.stop(),
  };
}
