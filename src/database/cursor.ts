// A cursor points after a row of one list. It is opaque to callers: a version, the list, and the numbers by which the list
// is ordered, nearly always the row's key alone.

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
] as const;
export type List = (typeof lists)[number];

const numberBytes = 6;

export function cursorAfter(list: List, ...numbers: number[]): string {
  const bytes = Buffer.alloc(2 + numbers.length * numberBytes);
  bytes[0] = version;
  bytes[1] = lists.indexOf(list);
  for (const [at, number] of numbers.entries()) bytes.writeUIntBE(number, 2 + at * numberBytes, numberBytes);
  return bytes.toString('base64url');
}

/** The numbers of a cursor; none when there is no cursor. @throws Fault invalid_cursor */
export function numbersOf(list: List, cursor: string | null, count: number): number[] {
  if (cursor === null) return [];
  const bytes = Buffer.from(cursor, 'base64url');
  const whole = bytes.length === 2 + count * numberBytes && bytes.toString('base64url') === cursor;
  if (!whole || bytes[0] !== version || bytes[1] !== lists.indexOf(list)) throw new Fault('invalid_cursor');
  return Array.from({ length: count }, (_, at) => bytes.readUIntBE(2 + at * numberBytes, numberBytes));
}

/** The key that a cursor points after; undefined when there is no cursor. @throws Fault invalid_cursor */
export const keyOf = (list: List, cursor: string | null): number | undefined => numbersOf(list, cursor, 1)[0];
