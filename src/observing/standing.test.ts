import { Registry } from 'prom-client';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Backlog } from '../core/records.ts';
import { standing } from './standing.ts';

const jobs = { ready: 1, waiting: 0, running: 0, resting: 0, oldestAt: 990_000 };
const idle: Backlog = {
  captures: { ...jobs, nearestDeadline: null },
  deliveries: { ...jobs, dead: 3, queued: 0 },
  journal: { unrouted: 0, unparsed: 0 },
  pausedChannels: 0,
  pausedEndpoints: 0,
};

function watched(backlog: () => Promise<Backlog>) {
  const registry = new Registry();
  let now = 1_000_000;
  let asked = 0;
  const refresh = standing(registry, {
    clock: { now: () => now },
    room: { free: () => 0.5 },
    streams: () => ({ open: 2, unacknowledged: 7 }),
    sockets: () => ({ open: 3, unacknowledged: 5 }),
    records: {
      backlog() {
        asked += 1;
        return backlog();
      },
      storage: async () => ({ objects: 1, bytes: 2, savedBytes: 3 }),
      listChannels: async () => ({ rows: [], next: null }),
    },
  });
  return {
    asked: () => asked,
    wait: (ms: number) => {
      now += ms;
    },
    async read(): Promise<string> {
      await refresh();
      return await registry.metrics();
    },
  };
}

test('the database is asked once in five seconds, however often metrics are read', async () => {
  const metrics = watched(async () => idle);
  await Promise.all([metrics.read(), metrics.read()]);
  metrics.wait(4999);
  await metrics.read();
  expect(metrics.asked()).toBe(1);
  metrics.wait(1);
  expect(await metrics.read()).toContain('mediadock_dead_deliveries 3');
  expect(metrics.asked()).toBe(2);
});

test('a time that is left to nobody is absent, and so tells nothing wrong', async () => {
  let backlog = idle;
  const metrics = watched(async () => backlog);
  expect(await metrics.read()).not.toMatch(/^mediadock_capture_time_left_seconds/m);
  backlog = { ...idle, captures: { ...idle.captures, nearestDeadline: 1_065_000 } };
  metrics.wait(5000);
  expect(await metrics.read()).toContain('mediadock_capture_time_left_seconds 60\n');
  backlog = idle;
  metrics.wait(5000);
  expect(await metrics.read()).not.toMatch(/^mediadock_capture_time_left_seconds/m);
});

test('while the database is away its figures are absent, and the others are not', async () => {
  let away = false;
  const metrics = watched(async () => {
    if (away) throw new Error('no connection');
    return idle;
  });
  expect(await metrics.read()).toContain('mediadock_capture_jobs{state="ready"} 1');
  away = true;
  metrics.wait(5000);
  const text = await metrics.read();
  expect(text).toContain('mediadock_database_up 0');
  expect(text).toContain('mediadock_storage_free_ratio 0.5');
  expect(text).toContain('mediadock_stream_unacknowledged_events 7');
  expect(text).not.toMatch(/^mediadock_(?:capture_jobs|dead_deliveries|storage_bytes)\b/m);
});

test('a database that does not answer holds nobody up for more than five seconds, and is asked one thing at a time', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const metrics = watched(() => new Promise(() => {}));
  for (let nr = 0; nr < 3; nr++) {
    const reading = metrics.read();
    await vi.advanceTimersByTimeAsync(5000);
    expect(await reading).toContain('mediadock_database_up 0');
  }
  expect(metrics.asked()).toBe(1);
});
