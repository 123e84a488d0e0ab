// Cursors as they leave the house. The records' own hold the integer keys of tables, and those tell how much everybody on
// this instance gets; so a cursor goes out encrypted, and only one that was made here comes in again.

import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { Fault } from '../core/faults.ts';
import type { PageRequest, Records } from '../core/records.ts';
import { deriveKey } from '../core/sealing.ts';

/** Every command that gives pages. */
type Listing = {
  [Name in keyof Records]: Parameters<Records[Name]>[0] extends { page: PageRequest } ? Name : never;
}[keyof Records];

// The type asks for each of them, so a new list cannot be forgotten.
const lists: Record<Listing, true> = {
  listMedia: true,
  listMessages: true,
  listEvents: true,
  listDeliveries: true,
  listJournal: true,
  listOrganizations: true,
  listApps: true,
  listKeys: true,
  listConnections: true,
  listChannels: true,
  listEndpoints: true,
  listExpiring: true,
  listBlobs: true,
  listDocuments: true,
  listUsers: true,
};

type List = (request: { page: PageRequest }) => Promise<{ rows: unknown[]; next: string | null }>;

/**
 * The same records, their cursors blinded.
 * @param secretKeys 32 bytes each; the first blinds, all read, so that a consumer keeps its place when the key is replaced
 */
export function blindCursors(records: Records, secretKeys: readonly Uint8Array[]): Records {
  const { blind, read } = blinder(secretKeys);
  const blinded = Object.fromEntries(
    Object.keys(lists).map((name) => {
      const list = records[name as Listing] as List;
      const blindList: List = async (request) => {
        const { cursor, limit } = request.page;
        const page = await list({ ...request, page: { limit, cursor: cursor === null ? null : read(cursor) } });
        return { ...page, next: page.next === null ? null : blind(page.next) };
      };
      return [name, blindList];
    }),
    // Each has the type of what it wraps.
  ) as unknown as Pick<Records, Listing>;
  return {
    ...records,
    ...blinded,
    async listEvents(request) {
      const page = await blinded.listEvents(request);
      return { ...page, cursors: page.cursors.map(blind) };
    },
    eventsEnd: async () => blind(await records.eventsEnd()),
    async replayEvents(request) {
      const { cursor } = request;
      const step = await records.replayEvents({ ...request, cursor: cursor === null ? null : read(cursor) });
      return step && { ...step, next: step.next === null ? null : blind(step.next) };
    },
  };
}

const nonceBytes = 12;
const tagBytes = 16;

function blinder(secretKeys: readonly Uint8Array[]) {
  const keys = secretKeys.map((secret) => deriveKey(secret, 'cursors'));
  const newest = keys[0];
  if (newest === undefined) throw new Error('cursors need a secret key');
  return {
    /** The same cursor always looks the same: its nonce is made of it. */
    blind(cursor: string): string {
      const nonce = createHmac('sha256', newest).update(cursor).digest().subarray(0, nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', newest, nonce);
      const text = Buffer.concat([cipher.update(cursor, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
    },
    /** @throws Fault invalid_cursor */
    read(blinded: string): string {
      const bytes = Buffer.from(blinded, 'base64url');
      // Base64url has several spellings of the same bytes; only ours counts.
      if (bytes.length <= nonceBytes + tagBytes || bytes.toString('base64url') !== blinded)
        throw new Fault('invalid_cursor');
      for (const key of keys) {
        const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
        cipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        try {
          return Buffer.concat([cipher.update(bytes.subarray(nonceBytes + tagBytes)), cipher.final()]).toString('utf8');
        } catch {
          // Another key's, or nobody's: the next key tells.
        }
      }
      throw new Fault('invalid_cursor');
    },
  };
}
