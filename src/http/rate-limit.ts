// How often a key may ask, and how often an address may guess one. Counted in memory, by this process alone: behind several
// nodes each counts for itself.

import type { FastifyReply, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Fault } from '../core/faults.ts';
import type { Clock, Millis } from '../core/ids.ts';

/** What is left of the rate of a key; `resetAt`: when it is whole again. */
export type Rate = { limit: number; remaining: number; resetAt: Millis; now: Millis };

/**
 * Counts a request of its caller and puts what is left into the headers of the answer, by default in the usual form. The
 * administrator's key is not counted: it belongs to whoever runs the server, and works when nothing else does.
 * @throws Fault rate_limited
 */
export type LimitRate = (
  request: FastifyRequest,
  reply: FastifyReply,
  headersOf?: (rate: Rate) => Record<string, string>,
) => Promise<void>;

const usualHeaders = ({ limit, remaining, resetAt, now }: Rate): Record<string, string> => ({
  'ratelimit-limit': String(limit),
  'ratelimit-remaining': String(remaining),
  'ratelimit-reset': String(Math.ceil((resetAt - now) / 1000)),
});

/** @returns undefined when neither is limited; 0: without limit */
export function rateLimit(limits: { perMinute: number; perSecond: number }, clock: Clock): LimitRate | undefined {
  const kinds = [
    { points: limits.perSecond, duration: 1 },
    { points: limits.perMinute, duration: 60 },
  ].filter(({ points }) => points > 0);
  if (kinds.length === 0) return undefined;
  // The headers tell of the last one: where there are two, the minute.
  const counters = kinds.map((kind) => new RateLimiterMemory(kind));

  return async (request, reply, headersOf = usualHeaders) => {
    const { caller } = request;
    if (caller === undefined || caller.key === 'admin') return;
    let rate: Rate | undefined;
    for (const counter of counters) {
      const { isPassed, seen } = await consumed(counter, caller.key);
      const now = clock.now();
      const remaining = Math.max(0, seen.remainingPoints);
      rate = { limit: counter.points, remaining, resetAt: now + seen.msBeforeNext, now };
      if (isPassed) continue;
      reply.headers(headersOf(rate));
      throw new Fault('rate_limited', { retryAfter: seen.msBeforeNext / 1000 });
    }
    if (rate !== undefined) reply.headers(headersOf(rate));
  };
}

export type WrongKeys = {
  /** @throws Fault rate_limited when this address has guessed too often */
  check(address: string): void;
  /** Counts a key that was unknown. */
  count(address: string): void;
};

const wrongKeysPerMinute = 60;
/** Addresses share a place by chance, and then its count: memory is bounded however many there are. */
const places = 1 << 16;

export function limitWrongKeys(perMinute = wrongKeysPerMinute): WrongKeys {
  const counter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  const over = new Map<number, number>();
  return {
    check(address) {
      const until = over.get(placeOf(address));
      if (until === undefined) return;
      const left = until - performance.now();
      if (left > 0)
        throw new Fault('rate_limited', { detail: 'Too many unknown keys from here.', retryAfter: left / 1000 });
      over.delete(placeOf(address));
    },
    count(address) {
      const place = placeOf(address);
      void consumed(counter, String(place)).then(({ seen }) => {
        if (seen.remainingPoints <= 0) over.set(place, performance.now() + seen.msBeforeNext);
      });
    },
  };
}

async function consumed(counter: RateLimiterMemory, key: string): Promise<{ isPassed: boolean; seen: RateLimiterRes }> {
  try {
    return { isPassed: true, seen: await counter.consume(key) };
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return { isPassed: false, seen: refusal };
    throw refusal;
  }
}

/** Of an IPv6 address the first 64 bits, because a customer gets those to choose from. */
function placeOf(address: string): number {
  const bytes = ipaddr.isValid(address) ? ipaddr.process(address).toByteArray().slice(0, 8) : [...Buffer.from(address)];
  let place = 0;
  for (const byte of bytes) place = (place * 31 + byte) % places;
  return place;
}
