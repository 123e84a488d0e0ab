// What makes an update sound, and ways to spoil a genuine body one value at a time.

import { expect } from 'vitest';
import type { Update } from '../../src/core/carrier.ts';

const sha256Form = /^[0-9a-f]{64}$/;

/** What the records and the flows rely on in anything that a carrier read. */
export function expectSound(updates: Update[]): void {
  expect(JSON.parse(JSON.stringify(updates))).toEqual(structuredClone(updates));
  for (const update of updates) {
    if (update.is === 'unparsed') expect(update.reason).not.toBe('');
    if (update.is !== 'message') continue;
    for (const key of [update.address, update.dedupeKey, update.carrierMessageId, update.kind])
      expect(key).not.toBe('');
    expect(Buffer.byteLength(update.dedupeKey)).toBeLessThanOrEqual(1100);
    expect(Number.isSafeInteger(update.sentAt)).toBe(true);
    for (const { kind, value } of update.identities) expect(value).toMatch(kind === 'phone' ? /^\d+$/ : /\S/);
    for (const claim of update.media) {
      expect(Number.isSafeInteger(claim.deadline)).toBe(true);
      if (claim.declaredSha256 !== null) expect(claim.declaredSha256).toMatch(sha256Form);
      if (claim.carrierMediaId !== null) expect(claim.carrierMediaId).not.toBe('');
    }
  }
}

export type Path = readonly (string | number)[];

/** The way to every value inside a JSON value, the whole one first. */
export function pathsIn(value: unknown, path: Path = []): Path[] {
  const inner: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, at) => [at, item])
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : [];
  return [path, ...inner.flatMap(([name, item]) => pathsIn(item, [...path, name]))];
}

/** The whole with the value at one of its paths replaced. */
export function replaced(whole: unknown, [name, ...rest]: Path, value: unknown): unknown {
  if (name === undefined) return value;
  if (Array.isArray(whole)) return whole.map((item, at) => (at === name ? replaced(item, rest, value) : item));
  const object = whole as { [name: string]: unknown };
  return { ...object, [name]: replaced(object[name], rest, value) };
}
