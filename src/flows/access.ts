// Who is calling: the administrator's key, or a key that was made here.

import type { Clock, Millis } from '../core/ids.ts';
import { hashOf, sameSecret } from '../core/keys.ts';
import type { Mode, Permission, Reach } from '../core/model.ts';
import type { Records } from '../core/records.ts';

export type Caller = {
  /** Public id of the key; 'admin' for the administrator's. */
  key: string;
  reach: Reach;
  permissions: readonly Permission[];
  mode: Mode;
  dialect: string;
};

export type Access = {
  /** The caller that a key belongs to; undefined for an unknown or revoked one. */
  callerOf(secret: string): Promise<Caller | undefined>;
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

  return {
    async callerOf(secret) {
      if (sameSecret(secret, adminKey)) return admin;
      const hash = hashOf(secret);
      const name = Buffer.from(hash).toString('base64');
      const known = remembered.get(name);
      if (known !== undefined && known.until > clock.now()) return known.caller;
      remembered.delete(name);
      const key = await records.keyByHash({ hash });
      if (key === undefined) return undefined;
      const { id, reach, permissions, mode, dialect } = key;
      const caller: Caller = { key: id, reach, permissions, mode, dialect };
      if (remembered.size >= mostRemembered) remembered.clear();
      remembered.set(name, { caller, until: clock.now() + rememberedMs });
      return caller;
    },
  };
}
