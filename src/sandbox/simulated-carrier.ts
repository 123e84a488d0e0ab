// What the sandbox needs of a simulated carrier besides WhatsApp, so that each is reached and set up in the same way.

import type { JsonObject } from '../core/json.ts';
import type { SandboxMessage, SandboxSent } from '../core/sandbox-desk.ts';

export type SimulatedCarrier = {
  /** As connections name it. */
  readonly name: string;
  /** `host:port` of everything that is fetched from it, for the guard. */
  readonly origins: readonly string[];
  /** Settings of a connection to it. Those in `addresses` are others at each start. */
  readonly connection: { lasting: JsonObject; addresses: JsonObject };
  /** Settings of its one channel. */
  readonly channel: { address: string; display: string };
  /** Keeps the file as the carrier would and posts the webhook. @throws Fault invalid_request when it cannot be sent as it is */
  send(intakeUrl: string, message: SandboxMessage, signal: AbortSignal): Promise<SandboxSent>;
  close(): Promise<void>;
};
