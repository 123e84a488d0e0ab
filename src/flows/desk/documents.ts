import type { Desk } from '../../core/desk.ts';
import { appOf, type DeskParts } from './parts.ts';

type DocumentDesk = Pick<Desk, 'document' | 'documents' | 'putDocument' | 'removeDocument'>;

export const documentDesk = ({ records, clock }: DeskParts): DocumentDesk => ({
  document: async (caller, kind, name) =>
    await records.document({ appId: appOf(caller), dialect: caller.dialect, kind, name }),
  documents: async (caller, kind, page) =>
    await records.listDocuments({ appId: appOf(caller), dialect: caller.dialect, kind, page }),
  putDocument: async (caller, kind, name, value, how) =>
    await records.putDocument({
      appId: appOf(caller),
      dialect: caller.dialect,
      kind,
      name,
      value,
      how,
      now: clock.now(),
    }),
  removeDocument: async (caller, kind, name) =>
    await records.removeDocument({ appId: appOf(caller), dialect: caller.dialect, kind, name }),
});
