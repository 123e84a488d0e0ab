import { Fault } from '../../core/faults.ts';
import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Document } from '../../core/model.ts';
import type { DocumentName, Page, PageRequest } from '../../core/records.ts';
import { pageOf } from '../reads/page.ts';
import type { Access } from '../schema.ts';
import { byKey } from '../views/by-key.ts';
import { appKey } from './apps.ts';

const ofKind = ({ db }: Access, { appId, dialect, kind }: Omit<DocumentName, 'name'>) =>
  db
    .selectFrom('documents')
    .innerJoin('apps', 'apps.key', 'documents.app_key')
    .selectAll('documents')
    .where('apps.id', '=', appId)
    .where('apps.deleted_at', 'is', null)
    .where('documents.dialect', '=', dialect)
    .where('documents.kind', '=', kind);

type Row = { key: number; name: string; value: string; created_at: number };

const toDocument = (row: Row): Document => ({
  name: row.name,
  value: JSON.parse(row.value) as JsonObject,
  createdAt: row.created_at,
});

export async function document(access: Access, request: DocumentName): Promise<Document | undefined> {
  const row = await ofKind(access, request).where('documents.name', '=', request.name).executeTakeFirst();
  return row && toDocument(row);
}

export async function listDocuments(
  access: Access,
  { page, ...kind }: Omit<DocumentName, 'name'> & { page: PageRequest },
): Promise<Page<Document>> {
  const mine = ofKind(access, kind);
  return await pageOf(
    'documents',
    page,
    [null],
    (_owner, before, limit) =>
      mine
        .clearSelect()
        .select('documents.key')
        .where('documents.key', '<', before)
        .orderBy('documents.key', 'desc')
        .limit(limit)
        .execute(),
    (keys) => byKey(keys, (some) => mine.where('documents.key', 'in', some).execute(), toDocument),
  );
}

const mostBytes = 64 * 1024;

/** @throws Fault body_too_large */
export async function putDocument(
  access: Access,
  {
    appId,
    dialect,
    kind,
    name,
    value,
    now,
    how,
  }: DocumentName & { value: JsonObject; now: Millis; how: 'put' | 'create' },
): Promise<boolean> {
  const app = await appKey(access, { kind: 'instance' }, appId);
  if (app === undefined) return false;
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > mostBytes) throw new Fault('body_too_large');
  const row = { app_key: app, dialect, kind, name, value: text, created_at: now };
  const stored = await access.db
    .insertInto('documents')
    .values(row)
    .onConflict((conflict) => {
      const known = conflict.columns(['app_key', 'dialect', 'kind', 'name']);
      return how === 'create' ? known.doNothing() : known.doUpdateSet({ value: row.value });
    })
    .returning('key')
    .executeTakeFirst();
  return stored !== undefined;
}

export async function removeDocument(access: Access, request: DocumentName): Promise<boolean> {
  const row = await ofKind(access, request).where('documents.name', '=', request.name).executeTakeFirst();
  if (row === undefined) return false;
  await access.db.deleteFrom('documents').where('key', '=', row.key).execute();
  return true;
}
