// What every engine of the records must do. One suite per subject; each claim opens an engine of its own.

import { acceptingClaims } from './records/accepting.ts';
import { administrationClaims } from './records/administration.ts';
import { ageingClaims } from './records/ageing.ts';
import { askingClaims } from './records/asking.ts';
import { blobLifeClaims } from './records/blob-life.ts';
import { captureClaims } from './records/captures.ts';
import { deliveryClaims } from './records/deliveries.ts';
import { durabilityClaims } from './records/durability.ts';
import { eventGapClaims } from './records/event-gaps.ts';
import { eventReplayClaims } from './records/event-replay.ts';
import { expiringClaims } from './records/expiring.ts';
import { dialectClaims } from './records/for-dialects.ts';
import { holdClaims } from './records/holds.ts';
import { idempotencyClaims } from './records/idempotency.ts';
import { jobClaims } from './records/jobs.ts';
import { orphanClaims } from './records/orphans.ts';
import { poisonClaims } from './records/poison.ts';
import { readingClaims } from './records/reading.ts';
import { rereadingClaims } from './records/rereading.ts';
import type { Open } from './records/rig.ts';
import { socketClaims } from './records/sockets.ts';
import { storeCareClaims } from './records/store-care.ts';
import { uploadClaims } from './records/uploads.ts';
import { wallClaims } from './records/wall.ts';

/** Tries an engine; `open` gives it empty each time and clears it away when the test has finished. */
export function recordsContract(name: string, open: Open): void {
  acceptingClaims(name, open);
  poisonClaims(name, open);
  holdClaims(name, open);
  jobClaims(name, open);
  captureClaims(name, open);
  askingClaims(name, open);
  deliveryClaims(name, open);
  socketClaims(name, open);
  ageingClaims(name, open);
  orphanClaims(name, open);
  blobLifeClaims(name, open);
  wallClaims(name, open);
  readingClaims(name, open);
  administrationClaims(name, open);
  uploadClaims(name, open);
  dialectClaims(name, open);
  storeCareClaims(name, open);
  rereadingClaims(name, open);
  idempotencyClaims(name, open);
  expiringClaims(name, open);
  eventReplayClaims(name, open);
  eventGapClaims(name, open);
  durabilityClaims(name, open);
}
