// How the process itself fares. The names without a prefix are those that every client library uses.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

const quantiles = [0.5, 0.99, 1] as const;

/** Begins to watch; `refresh` puts what was seen since the last one into the registry. */
export function watchProcess(registry: Registry): { refresh(): void; close(): void } {
  const registers = [registry];
  const delay = new Gauge({
    name: 'mediadock_event_loop_delay_seconds',
    help: 'How late the event loop came to what was due, since metrics were last read.',
    labelNames: ['quantile'],
    registers,
  });
  const cpu = new Counter({ name: 'process_cpu_seconds_total', help: 'CPU time, of all threads.', registers });
  const resident = new Gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory.', registers });
  const heap = new Gauge({ name: 'nodejs_heap_size_used_bytes', help: 'Heap in use by the main thread.', registers });
  const started = new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, in seconds since 1970.',
    registers,
  });
  started.set(performance.timeOrigin / 1000);

  const resolution = 20;
  const seen = monitorEventLoopDelay({ resolution });
  seen.enable();
  return {
    refresh() {
      // A timer is never early, so the interval itself is part of what the histogram holds.
      for (const quantile of quantiles) {
        const ms = seen.count === 0 ? 0 : seen.percentile(quantile * 100) / 1e6 - resolution;
        delay.set({ quantile: String(quantile) }, Math.max(0, ms) / 1000);
      }
      seen.reset();
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
      const { rss, heapUsed } = process.memoryUsage();
      resident.set(rss);
      heap.set(heapUsed);
    },
    close: () => void seen.disable(),
  };
}
