// Who is calling: the administrator's key, or a key that was made here.

import type { Caller } from '../core/caller.ts';
import type { Clock, Millis } from '../core/ids.ts';
import { hashOf, sameSecret } from '../core/keys.ts';
import type { Records } from '../core/records.ts';

export type { Caller };

export type Access = {
  /** The caller that a key belongs to; undefined for an unknown or revoked one. */
  callerOf(secret: string): Promise<Caller | undefined>;
  /** Whether it worked before, since the server started. It says nothing about now. */
  knows(secret: string): boolean;
};

// A revoked key works for at most this long, and a busy client does not cost a read for each call.
const rememberedMs = 1000;
const mostRemembered = 10_000;

export function access(records: Pick<Records, 'keyByHash'>, adminKey: string, clock: Clock): Access {
  const admin: Caller = {
    key: 'admin',
    reach: { kind: 'instance' },
    permissions: ['read', 'send', 'manage'],
    mode: 'live',
    dialect: 'native',
  };
  const remembered = new Map<string, { caller: Caller; until: Millis }>();
  const worked = new Set<string>();
  const nameOf = (secret: string) => Buffer.from(hashOf(secret)).toString('base64');

  return {
    async callerOf(secret) {
      if (sameSecret(secret, adminKey)) return admin;
      const name = nameOf(secret);
      const known = remembered.get(name);
      if (known !== undefined && known.until > clock.now()) return known.caller;
      remembered.delete(name);
      const key = await records.keyByHash({ hash: hashOf(secret), now: clock.now() });
      if (key === undefined) return undefined;
      const { id, reach, permissions, mode, dialect } = key;
      const caller: Caller = { key: id, reach, permissions, mode, dialect };
      if (remembered.size >= mostRemembered) remembered.clear();
      if (worked.size >= mostRemembered) worked.clear();
      worked.add(name);
      remembered.set(name, {
        caller,
        until: Math.min(clock.now() + rememberedMs, key.endsAt ?? Number.MAX_SAFE_INTEGER),
      });
      return caller;
    },
    knows: (secret) => sameSecret(secret, adminKey) || worked.has(nameOf(secret)),
  };
}
