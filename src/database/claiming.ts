// What every engine claims by. Lanes (channels, endpoints, apps) least recently served come first, each with the places it
// has free; places are dealt round robin, so that one lane takes them all only when no other wants them. In a channel,
// files that their carrier drops soon go first, then the newest; everywhere else the oldest.

import type { Claim } from '../core/records.ts';

/** A job as it was claimed: `lane` and `subject` are keys of what it is about. */
export type Job = Claim & { subject: number; failures: number; memo: string | null };

/** Most jobs that one claim makes ready. */
export const promoted = 1000;
/** Lapses after which a job rests, because then the work itself may be what kills its workers. */
export const restAfterLapses = 10;
/** A file that its carrier drops sooner than this goes first. */
export const urgentMs = 24 * 3_600_000;
/** How long after a probe of a paused channel the next may follow. */
export const probeEveryMs = 15 * 60_000;
