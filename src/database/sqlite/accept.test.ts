import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { AcceptUnit } from '../../core/records.ts';
import { migrations } from '../migrations/migrations.ts';
import { acceptor } from './accept.ts';
import { codeOf, isOutage } from './failure.ts';

const settings = {
  policies: {},
  dialectRetention: {},
  instanceRetentionSeconds: 60,
  deliverWithinSeconds: 60,
  holdLimitSeconds: 60,
  keep: { journalMs: 1, openJournalMs: 1, eventsMs: 1, messagesMs: 1 },
};

test('a full disk is an outage and never makes an unparsed request', () => {
  const sqlite = new DatabaseSync(':memory:');
  for (const { sqlite: text } of migrations) sqlite.exec(text);
  sqlite.exec(
    "INSERT INTO connections (id, carrier, name, settings, sealed, created_at) VALUES ('con_1', 'toy', '\"t\"', '{}', x'', 1)",
  );
  const pages = sqlite.prepare('PRAGMA page_count').get() as { page_count: number };
  sqlite.exec(`PRAGMA max_page_count = ${pages.page_count + 10}`);
  const unit: AcceptUnit = {
    connectionId: 'con_1',
    receivedAt: 1,
    headers: {},
    body: new Uint8Array(100_000),
    messages: [],
    statuses: 0,
    notices: 0,
    unparsed: [],
    verified: true,
  };
  const accept = acceptor(sqlite, settings);
  let thrown: unknown;
  sqlite.exec('BEGIN');
  try {
    accept([unit], true);
  } catch (error) {
    thrown = error;
  }
  if (sqlite.isTransaction) sqlite.exec('ROLLBACK');
  expect(codeOf(thrown)).toBe(13);
  expect(isOutage(thrown)).toBe(true);
  expect(accept([{ ...unit, body: new Uint8Array(10) }], true)).toMatchObject([{ unparsed: 0 }]);
  sqlite.close();
});
