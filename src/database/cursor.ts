// A cursor points after a row of one list. It is opaque to callers: a version, the list, the row's key, and in a list that
// has another order than that of the keys the row's place in it.

import { Fault } from '../core/faults.ts';

const version = 1;
const lists = [
  'media',
  'messages',
  'events',
  'deliveries',
  'journal',
  'organizations',
  'apps',
  'keys',
  'connections',
  'channels',
  'endpoints',
  'expiring',
  'blobs',
  'replay',
  'documents',
  'users',
] as const;
export type List = (typeof lists)[number];

const keyBytes = 6;
const headBytes = 2;

export const cursorAfter = (list: List, key: number): string => written(list, [key]);

/** The key that a cursor points after; undefined when there is no cursor. @throws Fault invalid_cursor */
export const keyOf = (list: List, cursor: string | null): number | undefined => read(list, cursor, 1)?.[0];

/** A row's place in a list that has another order than that of the keys. */
export type Place = { at: number; key: number };

export const cursorAfterPlace = (list: List, { at, key }: Place): string => written(list, [at, key]);

/** The place that a cursor points after; undefined when there is no cursor. @throws Fault invalid_cursor */
export function placeOf(list: List, cursor: string | null): Place | undefined {
  const [at, key] = read(list, cursor, 2) ?? [];
  return at === undefined || key === undefined ? undefined : { at, key };
}

function written(list: List, numbers: readonly number[]): string {
  const bytes = Buffer.alloc(headBytes + keyBytes * numbers.length);
  bytes[0] = version;
  bytes[1] = lists.indexOf(list);
  for (const [at, number] of numbers.entries()) bytes.writeUIntBE(number, headBytes + at * keyBytes, keyBytes);
  return bytes.toString('base64url');
}

function read(list: List, cursor: string | null, count: number): number[] | undefined {
  if (cursor === null) return undefined;
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length !== headBytes + keyBytes * count || bytes.toString('base64url') !== cursor)
    throw new Fault('invalid_cursor');
  if (bytes[0] !== version || bytes[1] !== lists.indexOf(list)) throw new Fault('invalid_cursor');
  return Array.from({ length: count }, (_, at) => bytes.readUIntBE(headBytes + at * keyBytes, keyBytes));
}
