// What a conformance suite runs against: any server that speaks a dialect, ours or the vendor's. A suite is a list of checks;
// each names what it cannot do without, so that what a target does not offer is reported as not run, and never as passed.

import type { SandboxMessage } from '../core/sandbox-desk.ts';

/** One request that the server made to the application. */
export type Heard = {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** undefined when the body is not JSON. */
  readonly json: unknown;
};

export type Target = {
  /** Where the dialect's paths begin, without a trailing slash. */
  url: string;
  /** A key of the dialect that may do everything. */
  key: string;
  /** A media that is there to be fetched with the key, by its name in the dialect. */
  media?: string | undefined;
  /** A key of another app of the dialect. */
  otherKey?: string | undefined;
  /** A key of mode test, where the dialect has such. */
  testKey?: string | undefined;
  /** A key of the organization that the app belongs to, where the dialect has such. */
  organizationKey?: string | undefined;
  /** A user of the app, where the dialect has such: somebody who logs in with a password. */
  login?: { name: string; password: string } | undefined;
  /** Sends a message as a person would. Gives the carrier's id of it, once the server accepted it. */
  inject?: ((message: SandboxMessage) => Promise<{ carrierMessageId: string }>) | undefined;
  /** Where an application hears: an address that the server can reach, and a wait, with a limit, for a request that fits. */
  receiver?: { url: string; next(fits: (heard: Heard) => boolean): Promise<Heard> } | undefined;
  /** What the server signs the receiver's webhooks with. */
  secret?: string | undefined;
  /** Moves the server's clock forward. */
  advance?: ((ms: number) => void | Promise<void>) | undefined;
};

export type Need = Exclude<keyof Target, 'url' | 'key'>;

export type Check = {
  /** A claim about the server, as a sentence. */
  name: string;
  /** Nothing in it: url and key are enough. */
  needs: readonly Need[];
  /** @throws Error that says what was found in place of what was claimed */
  run(target: Target): Promise<void>;
};

export type CheckResult = { name: string } & (
  | { is: 'passed' }
  | { is: 'failed'; error: Error }
  | { is: 'not_run'; lacks: readonly Need[] }
);

/** Runs checks one after the other, each only if the target offers what it needs. */
export async function* runChecks(checks: readonly Check[], target: Target): AsyncGenerator<CheckResult> {
  for (const { name, needs, run } of checks) {
    const lacks = needs.filter((need) => target[need] === undefined);
    if (lacks.length > 0) {
      yield { name, is: 'not_run', lacks };
      continue;
    }
    try {
      await run(target);
      yield { name, is: 'passed' };
    } catch (error) {
      yield { name, is: 'failed', error: error instanceof Error ? error : new Error(String(error)) };
    }
  }
}

/** What the target offers under this name. @throws Error where it does not, which means that the check forgot to name it */
export function offered<Name extends Need>(target: Target, name: Name): NonNullable<Target[Name]> {
  const value = target[name];
  if (value === undefined) throw new Error(`the check uses ${name} without naming it`);
  return value;
}
