import type { Caller } from '../core/caller.ts';
import { Fault } from '../core/faults.ts';
import type { Id } from '../core/ids.ts';

/** The one app of a key. @throws Fault permission_missing for keys that reach further */
export function appOf({ reach }: Pick<Caller, 'reach'>): Id<'app'> {
  if (reach.kind === 'app') return reach.appId;
  throw new Fault('permission_missing', { detail: 'This call needs a key of one app.' });
}
