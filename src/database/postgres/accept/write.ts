import { insertRows } from '../insert.ts';
import type { Tx } from '../transaction.ts';
import type { Rows } from './lay-out.ts';

const by =
  <Row>(...of: ((row: Row) => string | number | null)[]) =>
  (a: Row, b: Row): number => {
    for (const value of of) {
      const [left, right] = [value(a) ?? '', value(b) ?? ''];
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  };

/** Sends all rows of a group. What is unique is inserted in one order everywhere, so that no two groups wait for each other. */
export function writeRows(tx: Tx, rows: Rows): void {
  insertRows(tx, 'contacts', rows.contacts);
  if (rows.renamed.size > 0) tx.send(rename, [JSON.stringify(changes(rows.renamed))]);
  insertRows(
    tx,
    'contact_identities',
    rows.identities.sort(
      by(
        (row) => row.channel_key,
        (row) => row.kind,
        (row) => row.value,
      ),
    ),
  );
  insertRows(
    tx,
    'conversations',
    rows.conversations.sort(
      by(
        (row) => row.channel_key,
        (row) => row.contact_key ?? 0,
        (row) => row.group_id ?? '',
      ),
    ),
  );
  insertRows(
    tx,
    'messages',
    rows.messages.sort(
      by(
        (row) => row.channel_key,
        (row) => row.dedupe_key,
      ),
    ),
  );
  if (rows.bodies.size > 0) tx.send(replaceBody, [JSON.stringify(changes(rows.bodies))]);
  insertRows(tx, 'media', rows.media);
  insertRows(tx, 'jobs', rows.captures);
  if (rows.journal.length > 0) tx.send(journal, [JSON.stringify(rows.journal), Buffer.concat(rows.bytes)]);
  if (rows.reread.length > 0) tx.send(reread, [JSON.stringify(rows.reread)]);
}

const changes = (values: Map<number, string>) =>
  [...values].sort(([a], [b]) => a - b).map(([key, value]) => ({ key, value }));
const given = 'json_to_recordset($1::json) AS given (key bigint, value text)';
const rename = `UPDATE contacts SET name = given.value FROM ${given} WHERE contacts.key = given.key AND contacts.name IS DISTINCT FROM given.value`;
const replaceBody = `UPDATE messages SET body = given.value FROM ${given} WHERE messages.key = given.key`;

const reread = `
  UPDATE journal SET messages = given.messages, duplicates = given.duplicates, statuses = given.statuses, notices = given.notices,
    unrouted = given.unrouted, unparsed = given.unparsed, open = given.open, problems = given.problems
  FROM json_to_recordset($1::json) AS given (id text, messages integer, duplicates integer, statuses integer, notices integer,
    unrouted integer, unparsed integer, open smallint, problems text)
  WHERE journal.id = given.id`;

/** The bodies of all requests are one parameter, from which each row cuts its own: JSON carries no bytes. */
const journal = `
  INSERT INTO journal (id, connection_key, received_at, messages, duplicates, statuses, notices, unrouted, unparsed, open, problems, headers, bytes, body)
  SELECT id, connection_key, received_at, messages, duplicates, statuses, notices, unrouted, unparsed, open, problems, headers, bytes,
    substring($2::bytea FROM (sum(bytes) OVER (ORDER BY place) - bytes + 1)::integer FOR bytes::integer)
  FROM ROWS FROM (json_to_recordset($1::json) AS (id text, connection_key bigint, received_at bigint, messages integer, duplicates integer,
    statuses integer, notices integer, unrouted integer, unparsed integer, open smallint, problems text, headers text, bytes bigint))
    WITH ORDINALITY AS given (id, connection_key, received_at, messages, duplicates, statuses, notices, unrouted, unparsed, open,
      problems, headers, bytes, place)
  ORDER BY place`;
