// What retention will take, the soonest first. In an app the order is that of receipt, by index; the apps' rows are merged.

import type { Millis } from '../../core/ids.ts';
import type { Media, Reach } from '../../core/model.ts';
import type { Page, PageRequest, RetentionRule } from '../../core/records.ts';
import { cursorAfterPlace, type Place, placeOf } from '../cursor.ts';
import { retentionRule } from '../retention.ts';
import type { Access } from '../schema.ts';
import { mediaByKeys } from '../views/media.ts';
import { limitOf } from './page.ts';
import { within } from './reach.ts';

type Request = { reach: Reach; appId?: string; until: Millis; page: PageRequest };
type Ending = Place & { rule: RetentionRule };

/** @throws Fault invalid_cursor */
export async function listExpiring(
  access: Access,
  { reach, appId, until, page }: Request,
): Promise<Page<{ media: Media; rule: RetentionRule }>> {
  const after = placeOf('expiring', page.cursor);
  const limit = limitOf(page);
  const found: Ending[] = [];
  for (const app of await appsWithin(access, reach, appId)) {
    const { rule, ms } = retentionRule(app, access.settings);
    if (ms === null) continue;
    for (const { key, received_at } of await endingOf(access, app.key, { until: until - ms, after, ms }, limit + 1))
      found.push({ key, at: received_at + ms, rule });
  }
  const rows = found.sort((a, b) => a.at - b.at || a.key - b.key).slice(0, limit);
  const media = await mediaByKeys(
    access,
    rows.map(({ key }) => key),
  );
  const last = rows.at(-1);
  return {
    rows: rows.flatMap(({ key, rule }) => {
      const one = media.get(key);
      // Of a destroyed channel it is gone already, as the view has it.
      return one?.state === 'stored' ? [{ media: one, rule }] : [];
    }),
    next: found.length > limit && last !== undefined ? cursorAfterPlace('expiring', last) : null,
  };
}

async function appsWithin({ db }: Access, reach: Reach, appId: string | undefined) {
  let apps = db
    .selectFrom('apps')
    .leftJoin('organizations', 'organizations.key', 'apps.organization_key')
    .select(['apps.key', 'apps.dialect', 'apps.media_retention_seconds', 'organizations.media_retention_days'])
    .where(within(reach));
  if (appId !== undefined) apps = apps.where('apps.id', '=', appId);
  return await apps.execute();
}

async function endingOf(
  { db }: Access,
  app: number,
  { until, after, ms }: { until: Millis; after: Place | undefined; ms: number },
  limit: number,
): Promise<{ key: number; received_at: Millis }[]> {
  let rows = db
    .selectFrom('media')
    .select(['key', 'received_at'])
    .where('app_key', '=', app)
    .where('state', '=', 'stored')
    .where('kept', '=', 0)
    .where('received_at', '<=', until)
    .orderBy('received_at')
    .orderBy('key')
    .limit(limit);
  if (after !== undefined) {
    const received = after.at - ms;
    rows = rows
      .where('received_at', '>=', received)
      .where(({ or, eb }) => or([eb('received_at', '>', received), eb('key', '>', after.key)]));
  }
  return await rows.execute();
}
