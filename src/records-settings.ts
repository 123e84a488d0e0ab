import type { Config } from './config.ts';
import type { Dialects } from './core/dialect.ts';
import type { RecordsSettings } from './core/records.ts';

const dayMs = 86_400_000;

/** What the records must know of the settings and the dialects, as plain data. */
export const recordsSettings = (config: Config, dialects: Dialects): RecordsSettings => ({
  policies: Object.fromEntries([...dialects].map(([name, { policy }]) => [name, policy])),
  dialectRetention: Object.fromEntries(
    [...dialects].flatMap(([name, { retention }]) => (retention === null ? [] : [[name, retention]])),
  ),
  instanceRetentionSeconds: config.mediaRetentionDays * 86_400,
  deliverWithinSeconds: config.deliverWithinSeconds,
  holdLimitSeconds: config.holdLimitSeconds,
  keep: {
    journalMs: config.journalDays * dayMs,
    openJournalMs: config.openJournalDays * dayMs,
    eventsMs: config.eventDays * dayMs,
    messagesMs: config.messageDays * dayMs,
  },
});
