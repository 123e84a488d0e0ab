// Making keys and replacing them. A secret is told once, to whoever had it made; what is kept is its hash.

import type { Dialect } from '../core/dialect.ts';
import { Fault } from '../core/faults.ts';
import type { Clock, Millis } from '../core/ids.ts';
import { newSecret } from '../core/keys.ts';
import type { Key, Mode, Permission, Reach } from '../core/model.ts';
import type { KeyOwner, Records } from '../core/records.ts';
import type { Sealer } from '../core/sealing.ts';
import { socketEndpoint } from './socket-endpoint.ts';

export type NewKeyGiven = {
  name?: string | undefined;
  /** Default: the app's; for an organization the native one. */
  dialect?: string | undefined;
  permissions?: Permission[] | undefined;
  mode?: Mode | undefined;
  /** When it stops working; absent: when it is revoked. */
  endsAt?: Millis | undefined;
};

export type KeyAdministration = {
  /** Whether the app or organization is there, within reach. @throws Fault not_found */
  checkKeyOwner(reach: Reach, owner: KeyOwner): Promise<void>;
  /** @throws Fault not_found when the owner is out of reach */
  createKey(reach: Reach, owner: KeyOwner, given: NewKeyGiven): Promise<{ key: Key; secret: string }>;
  /** A key in the place of another, which ends after `overlapSeconds`. @throws Fault not_found */
  rotateKey(reach: Reach, owner: KeyOwner, id: string, overlapSeconds: number): Promise<{ key: Key; secret: string }>;
};

export type KeyAdministrationParts = {
  records: Pick<Records, 'app' | 'organization' | 'createKey' | 'key' | 'rotateKey' | 'createEndpoint'>;
  sealer: Sealer;
  /** @throws Fault invalid_request naming body.dialect */
  dialectOf(name: string): Dialect;
  clock: Clock;
};

export function keyAdministration(parts: KeyAdministrationParts): KeyAdministration {
  const { records, dialectOf, clock } = parts;

  /** How far a key of this owner reaches, and what it speaks by default. */
  async function ownerOf(reach: Reach, owner: KeyOwner): Promise<{ reach: Reach; dialect: string }> {
    if (owner.kind === 'app') {
      const app = found(await records.app({ reach, id: owner.id }));
      return { reach: { kind: 'app', appId: app.id }, dialect: app.dialect };
    }
    const isWithin = reach.kind === 'instance' || (reach.kind === 'organization' && reach.organizationId === owner.id);
    const organization = found(isWithin ? await records.organization({ id: owner.id }) : undefined);
    return { reach: { kind: 'organization', organizationId: organization.id }, dialect: 'native' };
  }

  return {
    checkKeyOwner: async (reach, owner) => void (await ownerOf(reach, owner)),

    async createKey(reach, owner, given) {
      const whose = await ownerOf(reach, owner);
      const dialect = dialectOf(given.dialect ?? whose.dialect);
      const mode = given.mode ?? 'live';
      const { secret, hash } = newSecret(dialect.keyPrefix(mode, owner.kind));
      const key = await records.createKey({
        now: clock.now(),
        hash,
        name: given.name ?? '',
        reach: whose.reach,
        permissions: given.permissions ?? ['read', 'send', 'manage'],
        mode,
        dialect: dialect.name,
        endsAt: given.endsAt ?? null,
      });
      // From the first key on, what its clients would hear waits for them.
      if (dialect.socket !== undefined && whose.reach.kind === 'app')
        await socketEndpoint(parts, whose.reach.appId, dialect.name, clock.now());
      return { key, secret };
    },

    async rotateKey(reach, owner, id, overlapSeconds) {
      const now = clock.now();
      const { mode, dialect } = found(await records.key({ reach, owner, id }));
      const { secret, hash } = newSecret(dialectOf(dialect).keyPrefix(mode, owner.kind));
      const oldUntil = now + overlapSeconds * 1000;
      const key = found(await records.rotateKey({ reach, owner, id, hash, now, oldUntil }));
      return { key, secret };
    },
  };
}

function found<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Fault('not_found');
  return thing;
}
