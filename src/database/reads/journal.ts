import { type InferResult, sql } from 'kysely';
import type { JournalEntry } from '../../core/model.ts';
import type { Page, PageRequest } from '../../core/records.ts';
import type { Access, Db } from '../schema.ts';
import { byKey } from '../views/by-key.ts';
import { pageOf } from './page.ts';

const selectEntry = (db: Db) =>
  db
    .selectFrom('journal')
    .innerJoin('connections', 'connections.key', 'journal.connection_key')
    .select([
      'journal.key',
      'journal.id',
      'journal.received_at',
      'journal.messages',
      'journal.duplicates',
      'journal.statuses',
      'journal.notices',
      'journal.unrouted',
      'journal.unparsed',
      'journal.problems',
      'journal.bytes',
      'connections.id as connection_id',
    ]);

const toEntry = (row: InferResult<ReturnType<typeof selectEntry>>[number]): JournalEntry => ({
  id: row.id as JournalEntry['id'],
  connectionId: row.connection_id as JournalEntry['connectionId'],
  receivedAt: row.received_at,
  messages: row.messages,
  duplicates: row.duplicates,
  statuses: row.statuses,
  notices: row.notices,
  unrouted: row.unrouted,
  unparsed: row.unparsed,
  problems: JSON.parse(row.problems) as string[],
  bytes: row.bytes,
});

export async function journalEntry({ db }: Access, { id }: { id: string }) {
  const row = await selectEntry(db)
    .select(['journal.headers', 'journal.body'])
    .where('journal.id', '=', id)
    .executeTakeFirst();
  return row && { ...toEntry(row), headers: JSON.parse(row.headers) as Record<string, string>, body: row.body };
}

export async function listJournal(
  { db }: Access,
  { only, page }: { only?: 'unrouted' | 'unparsed'; page: PageRequest },
): Promise<Page<JournalEntry>> {
  return await pageOf(
    'journal',
    page,
    [null],
    async (_owner, before, limit) => {
      let rows = db.selectFrom('journal').select('key').where('key', '<', before).orderBy('key', 'desc').limit(limit);
      if (only !== undefined) rows = rows.where('open', '=', sql.lit(1)).where(only, '>', 0);
      return await rows.execute();
    },
    (keys) => byKey(keys, (some) => selectEntry(db).where('journal.key', 'in', some).execute(), toEntry),
  );
}
