import { sql } from 'kysely';
import type { App } from '../../core/model.ts';
import type { Access } from '../schema.ts';

type Span = { kind: 'media' | 'channel' | 'endpoint' | 'app'; from: string; to: string };

const tables = { media: 'media', channel: 'channels', endpoint: 'endpoints' } as const;

export async function idWithin(
  { db }: Access,
  { kind, from, to }: Span,
): Promise<{ id: string; appId: App['id'] } | undefined> {
  if (kind === 'app') {
    const app = await db
      .selectFrom('apps')
      .select('id')
      .where('id', '>=', from)
      .where('id', '<=', to)
      .limit(1)
      .executeTakeFirst();
    return app && { id: app.id, appId: app.id as App['id'] };
  }
  const { rows } = await sql<{ id: string; app_id: App['id'] }>`
    select thing.id, apps.id as app_id from ${sql.table(tables[kind])} as thing
    inner join apps on apps.key = thing.app_key
    where thing.id >= ${from} and thing.id <= ${to} limit 1`.execute(db);
  const [row] = rows;
  return row && { id: row.id, appId: row.app_id };
}
