import { Fault } from '../core/faults.ts';

/** The thing, or the answer that an unknown id gets. @throws Fault not_found */
export function found<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Fault('not_found');
  return thing;
}
