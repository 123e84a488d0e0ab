// A connection on trial: webhooks whose signature does not fit are taken all the same, so that an operator sees what would
// arrive before its signature is right. It ends by itself. Whatever such a webhook names was named by a stranger, so nothing
// of it is fetched, and no credential goes to it; and it cannot stand in the place of a genuine message.

import type { Millis } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { AcceptUnit } from './records.ts';

export const trialMs = 72 * 60 * 60 * 1000;

/** Says in the journal that a request was not verified, and why. */
export const unverifiedHeader = 'mediadock-verification';

/** When the trial of a connection with these settings ends or ended; undefined: there is none. */
export function trialEnds(settings: JsonObject): Millis | undefined {
  if (settings['verify'] !== 'report') return undefined;
  const ends = Date.parse(String(settings['verify_until']));
  return Number.isNaN(ends) ? undefined : ends;
}

export const isOnTrial = (settings: JsonObject, now: Millis): boolean => now < (trialEnds(settings) ?? now);

/** What was accepted of an unverified request: messages told apart from genuine ones, with nothing that could be asked for. */
export const asUnverified = (unit: AcceptUnit, why: 'missing' | 'wrong'): AcceptUnit => ({
  ...unit,
  verified: false,
  headers: { ...unit.headers, [unverifiedHeader]: why },
  messages: unit.messages.map((message) => ({
    ...message,
    dedupeKey: `unverified ${message.dedupeKey}`,
    media: message.media.map((claim) => ({
      ...claim,
      carrierMediaId: null,
      source: {},
      unavailable: 'webhook_unverified',
    })),
  })),
});
