// A cursor points after a row of one list. It is opaque to callers: a version, the list, and the row's key.

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

export function cursorAfter(list: List, key: number): string {
  const bytes = Buffer.alloc(8);
  bytes[0] = version;
  bytes[1] = lists.indexOf(list);
  bytes.writeUIntBE(key, 2, 6);
  return bytes.toString('base64url');
}

/** The key that a cursor points after; undefined when there is no cursor. @throws Fault invalid_cursor */
export function keyOf(list: List, cursor: string | null): number | undefined {
  if (cursor === null) return undefined;
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length !== 8 || bytes.toString('base64url') !== cursor) throw new Fault('invalid_cursor');
  if (bytes[0] !== version || bytes[1] !== lists.indexOf(list)) throw new Fault('invalid_cursor');
  return bytes.readUIntBE(2, 6);
}
