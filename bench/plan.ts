import type { Engine } from './engine.ts';

/** How much is measured. */
export type Plan = {
  engine: Engine;
  /** Turns that each contestant has. */
  rounds: number;
  /** Length of a run that is bounded by time, and of what comes before it to warm up. */
  seconds: number;
  warmUpSeconds: number;
  /** A run that ends sooner, for a first look: fewer files, fewer rows. */
  quick: boolean;
  /** Flags of the gateway's process. */
  flags: readonly string[];
};
