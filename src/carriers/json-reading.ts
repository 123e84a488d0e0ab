// Reading JSON that a stranger wrote. Only own members count, because a name in it may be `constructor` or `__proto__`,
// and whatever is kept is bounded in size and depth, so that storing it later cannot fail.

import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { clip } from '../core/text.ts';

const deepest = 32;

/** A member of a JSON object; undefined when the value is no object or has no such member, or the name is no text. */
export function member(value: unknown, name: unknown): unknown {
  return isObject(value) && typeof name === 'string' && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The items of a JSON list; none for anything else. */
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** A text that is not empty, cut to `bytes` of UTF-8; null for anything else. */
export const textOf = (value: unknown, bytes: number): string | null =>
  typeof value === 'string' && value !== '' ? clip(value, bytes) : null;

/**
 * A copy that any store and wire carries: at most `bytes` of JSON text, otherwise only `{ truncated: true }`;
 * what lies deeper than 32 levels is replaced in the same way.
 */
export function boundedObject(value: { [name: string]: unknown }, bytes: number): JsonObject {
  const copy = copyObject(value, deepest);
  return Buffer.byteLength(JSON.stringify(copy)) > bytes ? { truncated: true } : copy;
}

function copyObject(value: { [name: string]: unknown }, depth: number): JsonObject {
  if (depth === 0) return { truncated: true };
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.toWellFormed(), copyValue(inner, depth - 1)]),
  );
}

function copyValue(value: unknown, depth: number): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'boolean') return value;
  // 1e999 is valid JSON and reads as Infinity, -0 as itself: JSON can write neither. Adding 0 turns -0 into 0.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null;
  if (Array.isArray(value))
    return depth === 0 ? [{ truncated: true }] : value.map((inner) => copyValue(inner, depth - 1));
  return isObject(value) ? copyObject(value, depth) : null;
}

/** What bytes say as JSON; undefined when they are none. */
export function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** A whole number that is not negative, written as number or as digits; undefined for anything else. */
export function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
