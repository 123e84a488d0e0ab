import type { Caller } from '../../core/caller.ts';
import type { Carriers } from '../../core/carrier.ts';
import type { Named, Whose } from '../../core/desk.ts';
import type { Dialects } from '../../core/dialect.ts';
import { Fault } from '../../core/faults.ts';
import type { Clock, Id } from '../../core/ids.ts';
import type { Links } from '../../core/links.ts';
import type { Reach } from '../../core/model.ts';
import type { Records } from '../../core/records.ts';
import type { Sealer } from '../../core/sealing.ts';
import type { Administration } from '../administration.ts';
import type { Eraser } from '../erase.ts';
import type { Uploads } from '../upload.ts';
import type { Users } from '../users.ts';

export type DeskParts = {
  records: Records;
  administration: Administration;
  eraser: Eraser;
  uploads: Uploads;
  users: Users;
  dialects: Dialects;
  carriers: Carriers;
  links: Links;
  sealer: Sealer;
  clock: Clock;
  onWork(): void;
};

/** The one app that a key belongs to. @throws Fault permission_missing for keys that reach further */
export function appOf(caller: Caller): Id<'app'> {
  if (caller.reach.kind !== 'app')
    throw new Fault('permission_missing', { detail: 'This call needs a key of one app.' });
  return caller.reach.appId;
}

/** The organization that a key belongs to. @throws Fault permission_missing */
export function organizationOf(caller: Caller): Id<'organization'> {
  if (caller.reach.kind !== 'organization')
    throw new Fault('permission_missing', { detail: 'This call needs a key of an organization.' });
  return caller.reach.organizationId;
}

/** The public id that a name stands for, and whose it is. */
export async function resolve(
  records: Pick<Records, 'idWithin'>,
  kind: 'media' | 'channel' | 'endpoint',
  name: Named<'media' | 'channel' | 'endpoint'>,
): Promise<{ id: string; appId: Id<'app'> } | undefined> {
  const span = typeof name === 'string' ? { from: name, to: name } : name;
  return await records.idWithin({ kind, from: span.from, to: span.to });
}

/** Reads a thing by its name and says whose it is. */
export async function whose<Thing>(
  records: Pick<Records, 'idWithin'>,
  caller: Caller,
  kind: 'media' | 'channel',
  name: Named<'media' | 'channel'>,
  read: (reach: Reach, id: string) => Promise<Thing | undefined>,
): Promise<Whose<Thing>> {
  const found = await resolve(records, kind, name);
  if (found === undefined) return { is: 'absent' };
  const thing = await read(caller.reach, found.id);
  if (thing !== undefined) return { is: 'own', thing };
  return { is: found.appId === appOf(caller) ? 'gone' : 'foreign' };
}
