// What the HTTP edge is built from. The roof puts it together.

import type { Desk } from '../core/desk.ts';
import type { Dialect, Dialects } from '../core/dialect.ts';
import type { Clock } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { LinkSigner, Links } from '../core/links.ts';
import type { Records } from '../core/records.ts';
import type { SandboxDesk } from '../core/sandbox-desk.ts';
import type { Access } from '../flows/access.ts';
import type { Administration } from '../flows/administration.ts';
import type { Backups } from '../flows/backup.ts';
import type { Doctor } from '../flows/doctor/doctor.ts';
import type { Eraser } from '../flows/erase.ts';
import type { EventFeed } from '../flows/event-feed.ts';
import type { Idempotency } from '../flows/idempotency.ts';
import type { Intake } from '../flows/intake.ts';
import type { MediaDesk } from '../flows/media-desk.ts';
import type { Replays } from '../flows/replay.ts';
import type { Scrub } from '../flows/scrub.ts';
import type { SocketSessions } from '../flows/socket-sessions.ts';
import type { TestDelivery } from '../flows/test-delivery.ts';
import type { Uploads } from '../flows/upload.ts';
import type { Users } from '../flows/users.ts';
import type { EventStreams } from './event-streams.ts';
import type { LimitRate, WrongKeys } from './rate-limit.ts';
import type { HttpLog } from './request-log.ts';

/** Counts what is answered here, and gives all that is counted anywhere. */
export type HttpMetrics = {
  /** @param seen `route`: the pattern that matched; `bytes`: of the file that the answer announced, else 0 */
  request(seen: { route: string; status: number; ms: number; bytes: number }): void;
  read(): Promise<string>;
  /** Content type of what `read` gives. */
  type: string;
  /** Opens the metrics and nothing else; undefined: there is none. */
  token: string | undefined;
};

export type HealthCheck = { name: string; ok: boolean; detail?: string | undefined };

export type HttpParts = {
  records: Records;
  intake: Intake;
  administration: Administration;
  /** The dialects' own addresses, and the desk that they work at. Absent: only the native API is served. */
  facades?: { dialects: Dialects; desk: Desk; sockets?: SocketSessions | undefined } | undefined;
  desk: MediaDesk;
  eraser: Eraser;
  scrub: Scrub;
  backups: Backups;
  /** Tells which secret key opens what is sealed here; nothing about the key. */
  secretKeyId: string;
  uploads: Uploads;
  users: Users;
  events: EventFeed;
  streams: EventStreams;
  replays: Replays;
  testDelivery: TestDelivery;
  idempotency: Idempotency;
  access: Access;
  /** Absent: the requests of a key are not limited. */
  limitRate?: LimitRate | undefined;
  /** Absent: guessing keys is not limited. */
  wrongKeys?: WrongKeys | undefined;
  signer: Pick<LinkSigner, 'verify'>;
  links: Links;
  clock: Clock;
  /** Without a trailing slash; known only once the server listens. */
  publicUrl(): string;
  limits: {
    intakeBodyBytes: number;
    jsonBodyBytes: number;
    headerBytes: number;
    uploadBytes: number;
    /** Within which a body that is not a file must have arrived; two minutes where absent. */
    bodyMs?: number;
  };
  /** Called when something was queued without the help of a flow. */
  onWork(): void;
  /** The native API as OpenAPI 3.1, or the addresses of a dialect. */
  openApi(dialect?: Dialect): JsonObject;
  metrics: HttpMetrics;
  doctor: Doctor;
  health: { ready(): Promise<{ ok: boolean; checks: HealthCheck[] }> };
  log?: HttpLog | undefined;
  /** Absent: the sandbox is off, and its route answers as if it did not exist. */
  sandbox?: SandboxDesk | undefined;
};
