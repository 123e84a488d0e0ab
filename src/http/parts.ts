// What the HTTP edge is built from. The roof hands it in; nothing here is made by the edge itself.

import type { Links } from '../core/dialect.ts';
import type { Clock } from '../core/ids.ts';
import type { LinkSigner } from '../core/links.ts';
import type { Records } from '../core/records.ts';
import type { SandboxDesk } from '../core/sandbox-desk.ts';
import type { Access } from '../flows/access.ts';
import type { Administration } from '../flows/administration.ts';
import type { Eraser } from '../flows/erase.ts';
import type { Intake } from '../flows/intake.ts';
import type { MediaDesk } from '../flows/media-desk.ts';

/** The part of a pino logger that is used here. */
export type HttpLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type HealthCheck = { name: string; ok: boolean; detail?: string | undefined };

export type HttpParts = {
  records: Records;
  intake: Intake;
  administration: Administration;
  desk: MediaDesk;
  eraser: Eraser;
  access: Access;
  signer: Pick<LinkSigner, 'verify'>;
  links: Links;
  clock: Clock;
  /** Without a trailing slash; known only once the server listens. */
  publicUrl(): string;
  limits: { intakeBodyBytes: number; jsonBodyBytes: number; headerBytes: number };
  /** Called when something was queued without the help of a flow. */
  onWork(): void;
  health: { ready(): Promise<{ ok: boolean; checks: HealthCheck[] }> };
  log?: HttpLog | undefined;
  /** Absent: the sandbox is off, and its route answers as if it did not exist. */
  sandbox?: SandboxDesk | undefined;
};
