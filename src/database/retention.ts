// How long media is kept: what the app says, else its organization, else the app's dialect, else the instance.

import { type Expression, type SqlBool, sql } from 'kysely';
import type { RecordsSettings, RetentionRule } from '../core/records.ts';

export const dayMs = 86_400_000;

type Owner = { dialect: string; media_retention_seconds: number | null; media_retention_days: number | null };

/** Milliseconds that media of this owner is kept from its receipt (null: until somebody deletes it), and who says so. */
export function retentionRule(owner: Owner, settings: RecordsSettings): { rule: RetentionRule; ms: number | null } {
  if (owner.media_retention_seconds !== null) return { rule: 'app', ms: owner.media_retention_seconds * 1000 };
  if (owner.media_retention_days !== null) return { rule: 'organization', ms: owner.media_retention_days * dayMs };
  const byDialect = settings.dialectRetention[owner.dialect];
  if (byDialect === undefined) return { rule: 'instance', ms: settings.instanceRetentionSeconds * 1000 };
  return { rule: 'dialect', ms: byDialect.seconds === null ? null : byDialect.seconds * 1000 };
}

/** Longest that a delivery which waits keeps media beyond its time. */
export const prolongedMs = 7 * dayMs;
/** How long after a late delivery the link that it brought still leads somewhere. */
export const followedMs = 3_600_000;

/**
 * Until when media is kept beyond its time, because a delivery that brings it waits or came late; null: no longer.
 * @param ends when its time is over
 * @param awaited whether a delivery of its message is open
 * @param deliveredAt when the last one was made
 */
export function heldUntil(ends: number, awaited: boolean, deliveredAt: number | null): number | null {
  if (awaited) return ends + prolongedMs;
  if (deliveredAt === null || deliveredAt <= ends) return null;
  return Math.min(deliveredAt + followedMs, ends + prolongedMs);
}

/** The time of `retentionRule` as an expression over `apps` and `organizations`. */
export function retentionMs(settings: RecordsSettings): Expression<number | null> {
  const cases = Object.entries(settings.dialectRetention).map(
    ([dialect, { seconds }]) => sql`when ${dialect} then ${wholeMs(seconds)}`,
  );
  const instance = wholeMs(settings.instanceRetentionSeconds);
  const otherwise =
    cases.length === 0 ? instance : sql`case apps.dialect ${sql.join(cases, sql` `)} else ${instance} end`;
  return sql<number | null>`case
    when apps.media_retention_seconds is not null then apps.media_retention_seconds * 1000
    when organizations.media_retention_days is not null then organizations.media_retention_days * ${sql.lit(dayMs)}
    else ${otherwise} end`;
}

/** Whether waiting for a delivery does not prolong the life of an app's media. */
export function isHard(settings: RecordsSettings): Expression<SqlBool> {
  const hard = Object.entries(settings.dialectRetention).flatMap(([dialect, { hard }]) => (hard ? [dialect] : []));
  return hard.length === 0 ? sql<SqlBool>`1 = 0` : sql<SqlBool>`apps.dialect in (${sql.join(hard)})`;
}

// Literals, because an engine takes a bare parameter inside `case` for text.
const wholeMs = (seconds: number | null) => sql.lit(seconds === null ? null : Math.round(seconds * 1000));
