// Deleting what owns files. One commit marks the owner, and nobody reads anything of it from then on; its rows and bytes
// follow in bounded steps, however many there are. Whoever deleted it waits a while for them, so that a small owner is
// gone without a trace when the answer comes; what takes longer goes on without anybody waiting.

import { setTimeout as pauseFor } from 'node:timers/promises';
import { Fault } from '../core/faults.ts';
import type { Clock } from '../core/ids.ts';
import type { Reach } from '../core/model.ts';
import type { Erasable, Records } from '../core/records.ts';

/** Each resolves when the bytes are gone, after ten seconds at the latest. @throws Fault not_found */
export type Eraser = {
  organization(id: string): Promise<void>;
  app(reach: Reach, id: string): Promise<void>;
  channel(reach: Reach, id: string): Promise<void>;
};

export type EraserParts = {
  records: Pick<Records, 'deleteOrganization' | 'deleteApp' | 'deleteChannel' | 'isErased'>;
  clock: Clock;
  /** Runs the sweep that erases rows and queues removals. Never rejects. */
  sweep(): Promise<void>;
  /** Longest wait for the bytes, in milliseconds. */
  patienceMs?: number;
  onWork(): void;
};

const defaultPatienceMs = 10_000;
const lookEveryMs = 50;

export function eraser({ records, clock, sweep, patienceMs = defaultPatienceMs, onWork }: EraserParts): Eraser {
  async function follow(what: Erasable, deleted: boolean): Promise<void> {
    if (!deleted) throw new Fault('not_found');
    onWork();
    void sweep();
    const over = AbortSignal.timeout(patienceMs);
    while (!over.aborted && !(await records.isErased(what))) await pauseFor(lookEveryMs);
  }

  return {
    organization: async (id) =>
      await follow({ kind: 'organization', id }, await records.deleteOrganization({ id, now: clock.now() })),
    app: async (reach, id) =>
      await follow({ kind: 'app', id }, await records.deleteApp({ reach, id, now: clock.now() })),
    channel: async (reach, id) =>
      await follow({ kind: 'channel', id }, await records.deleteChannel({ reach, id, now: clock.now() })),
  };
}
