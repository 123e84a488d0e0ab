// Ids in the vendor's form: ours with another prefix, and `test_` after it where a test key asks or a message was simulated.
// Ids of media and organizations are the same in both forms.

import { type Id, type IdKind, isId, prefixes } from '../../core/ids.ts';
import type { Mode } from '../../core/model.ts';

const names = {
  app: 'app',
  endpoint: 'whk',
  key: 'key_app',
  conversation: 'wacw',
  whatsapp: 'msg_wa',
  sms: 'msg_sms',
} as const;

const test = 'test_';

/** The vendor's id of a thing of ours. */
export function foreignId(name: keyof typeof names, id: Id<IdKind>, mode: Mode): string {
  return `${names[name]}_${mode === 'test' ? test : ''}${id.slice(id.indexOf('_') + 1)}`;
}

/** What one of the vendor's ids names, live or test; undefined when it has not the form of one. */
export function ownId<Kind extends 'app' | 'endpoint'>(
  kind: Kind,
  foreign: string,
): { id: Id<Kind>; mode: Mode } | undefined {
  const start = `${names[kind]}_`;
  if (!foreign.startsWith(start)) return undefined;
  const rest = foreign.slice(start.length);
  const mode = rest.startsWith(test) ? 'test' : 'live';
  const id = `${prefixes[kind]}_${mode === 'test' ? rest.slice(test.length) : rest}`;
  return isId(kind, id) ? { id, mode } : undefined;
}
