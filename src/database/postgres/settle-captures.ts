// Settling captures. In one round trip everything that the decision rests on is locked, in the order that all commands
// keep: channels, jobs, media, blobs, endpoints, jobs of deliveries, deliveries. All media of a message are locked with the
// one that is settled: whoever settles the last of them must see that it is the last, and let the message go.

import type { Pool } from 'pg';
import type { Millis } from '../../core/ids.ts';
import type {
  CaptureResult,
  CaptureSettled,
  CaptureSettlement,
  ChannelMove,
  RecordsSettings,
  StoredFile,
} from '../../core/records.ts';
import { type ChannelState, type MediaState, mayMove, mediaMoves } from '../../core/states.ts';
import { pauseChannel, resumeChannel } from '../administration/channels.ts';
import { answerAskers } from '../administration/media.ts';
import { announceEvents } from '../event-horizon.ts';
import type { Access, MediaDetails } from '../schema.ts';
import { toStored } from '../stored-json.ts';
import { announcer, type Endpoint, nextKey, takeKeys } from './announce.ts';
import { insertRows, type RowOf } from './insert.ts';
import { ledger, lockHeld, ofJobs } from './leases.ts';
import { type Tx, transaction, writingOften } from './transaction.ts';
import { lockUnsent } from './unsent.ts';

type MediaRow = {
  key: number;
  app_key: number;
  message_key: number | null;
  part: number;
  state: MediaState;
  details: string;
  askers: number;
};
type Blob = Pick<RowOf<'blobs'>, 'app_key' | 'object' | 'sha256' | 'size' | 'state'> & { key: number };
type Stored = Pick<RowOf<'media'>, 'details' | 'size' | 'sha256' | 'integrity' | 'blob_key'> & {
  key: number;
  at: Millis;
};

const ofMedia = (column: 'app_key' | 'message_key') =>
  `array(SELECT DISTINCT ${column} FROM media WHERE key = ANY (${ofJobs('subject')}))`;
const statements = {
  channels: (lock: string) =>
    `SELECT key, state FROM channels WHERE key = ANY (${ofJobs('lane')}) ORDER BY key ${lock}`,
  media: `SELECT key, app_key, message_key, part, state, details, askers FROM media
    WHERE key = ANY (array(SELECT unnest(${ofJobs('subject')}) UNION SELECT key FROM media WHERE message_key = ANY (${ofMedia('message_key')})))
    ORDER BY key FOR UPDATE`,
  liveApps: `SELECT key FROM apps WHERE deleted_at IS NULL AND key = ANY (${ofMedia('app_key')})`,
  endpoints: `SELECT key, app_key, dialect, transport, events, settings, state FROM endpoints
    WHERE state <> 'deleted' AND app_key = ANY (${ofMedia('app_key')}) ORDER BY key FOR SHARE`,
  // One may be given up until it is locked, so its state is looked at then.
  blobs: `SELECT key, app_key, object, sha256, size, state FROM blobs WHERE key = ANY (array(
      SELECT found.key FROM json_to_recordset($2::json) AS given (sha256 text, size bigint)
      CROSS JOIN unnest(${ofMedia('app_key')}) AS app
      CROSS JOIN LATERAL (SELECT key FROM blobs WHERE app_key = app AND blobs.sha256 = given.sha256
        AND blobs.size = given.size AND state = 'live' LIMIT 1) AS found))
    ORDER BY key FOR SHARE`,
  objects: 'SELECT object FROM blobs WHERE object = ANY ($1::text[])',
  store: `UPDATE media SET state = 'stored', reason = NULL, state_at = given.at, stored_at = given.at, details = given.details,
      size = given.size, sha256 = given.sha256, integrity = given.integrity, blob_key = given.blob_key
    FROM json_to_recordset($1::json) AS given (key bigint, at bigint, details text, size bigint, sha256 text, integrity text, blob_key bigint)
    WHERE media.key = given.key`,
  giveUp: `UPDATE media SET state = 'unavailable', reason = given.reason, state_at = given.at
    FROM json_to_recordset($1::json) AS given (key bigint, at bigint, reason text) WHERE media.key = given.key`,
  releaseHeld: `UPDATE jobs SET state = 'ready', due_at = given.at
    FROM json_to_recordset($1::json) AS given (subject bigint, at bigint)
    WHERE jobs.kind = 'deliver' AND jobs.subject = given.subject AND jobs.state = 'waiting'`,
  probeAt: `UPDATE channels SET probe_at = given.at FROM json_to_recordset($1::json) AS given (key bigint, at bigint)
    WHERE channels.key = given.key AND channels.state = 'paused'`,
  failedFor: `SELECT count(*) AS media FROM jobs
    WHERE kind = 'capture' AND lane = $1 AND last_failed_at IS NOT NULL AND last_failed_at >= $2 AND last_reason = $3`,
};

const blobName = (app: number, { sha256, size }: Pick<Blob, 'sha256' | 'size'>): string => `${app} ${size} ${sha256}`;

export const captureSettler =
  (pool: Pool, settings: RecordsSettings) =>
  (units: readonly CaptureSettlement[]): Promise<CaptureSettled[]> =>
    transaction(pool, writingOften, (tx) => settleAll(tx, settings, units));

async function settleAll(
  tx: Tx,
  settings: RecordsSettings,
  units: readonly CaptureSettlement[],
): Promise<CaptureSettled[]> {
  const jobs = units.map(({ job }) => job);
  const files = units.flatMap(({ result }) => (result.to === 'stored' ? [result.file] : []));
  // To be paused it is locked for that from the beginning: two who share a lock cannot both raise it.
  const moving = units.some(({ channel }) => channel !== null);
  const ends = units.filter(({ result }) => result.to !== 'retry').length;
  // Before the keys of events are taken.
  if (ends > 0) tx.send(announceEvents);
  const [channels, held, media, apps, blobs, objects, endpoints, unsent, keys] = await Promise.all([
    tx.rows<{ key: number; state: ChannelState }>(statements.channels(moving ? 'FOR NO KEY UPDATE' : 'FOR SHARE'), [
      jobs,
    ]),
    lockHeld(tx, 'capture', units),
    tx.rows<MediaRow>(statements.media, [jobs]),
    tx.rows<{ key: number }>(statements.liveApps, [jobs]),
    files.length === 0
      ? []
      : tx.rows<Blob>(statements.blobs, [jobs, JSON.stringify(files.map(({ sha256, size }) => ({ sha256, size })))]),
    files.length === 0 ? [] : tx.rows<{ object: string }>(statements.objects, [files.map(({ blob }) => blob)]),
    ends === 0 ? [] : tx.rows<Endpoint>(statements.endpoints, [jobs]),
    ends === 0 ? [] : lockUnsent(tx, ofMedia('message_key'), [jobs]),
    takeKeys(tx, { events: ends, blobs: files.length }),
  ]);

  const channelStates = new Map(channels.map(({ key, state }) => [key, state]));
  const rows = new Map(media.map((row) => [row.key, row]));
  const siblings = Map.groupBy(media, ({ message_key }) => message_key);
  const live = new Set(apps.map(({ key }) => key));
  const kept = new Map(
    blobs.flatMap((blob) => (blob.state === 'live' ? [[blobName(blob.app_key, blob), blob] as const] : [])),
  );
  const referred = new Set(objects.map(({ object }) => object));
  const blobKeys = keys.blobs.values();
  const announce = announcer({ endpoints, eventKeys: keys.events.values(), unsent, settings });
  const work = ledger('capture');
  const newBlobs: RowOf<'blobs'>[] = [];
  const stored: Stored[] = [];
  const givenUp: { key: number; at: Millis; reason: string | null }[] = [];
  const released: { subject: number; at: Millis }[] = [];
  const probes = new Map<number, Millis>();
  const moves: ((access: Access) => Promise<void>)[] = [];

  /** @returns the object that nobody refers to, because the app has the same bytes already */
  function keep(row: MediaRow, file: StoredFile, at: Millis): string | null {
    const { size, sha256, integrity } = file;
    const name = blobName(row.app_key, file);
    let blob = kept.get(name);
    const known = blob !== undefined;
    if (blob === undefined) {
      blob = { key: nextKey(blobKeys), app_key: row.app_key, object: file.blob, sha256, size, state: 'live' };
      kept.set(name, blob);
      referred.add(file.blob);
      newBlobs.push({ ...blob, created_at: at });
    }
    const before = JSON.parse(row.details) as MediaDetails;
    const details: MediaDetails = {
      ...before,
      fileName: before.fileName ?? file.fileName,
      servedType: file.servedType,
      sniffedType: file.sniffedType,
      type: file.type,
    };
    stored.push({ key: row.key, at, details: JSON.stringify(details), size, sha256, integrity, blob_key: blob.key });
    return known && blob.object !== file.blob ? file.blob : null;
  }

  /** Tells what became of a media, and lets its message go that was held for it. */
  function tell(type: 'media.stored' | 'media.unavailable', row: MediaRow, at: Millis): void {
    announce.tell(type, row, at);
    const all = row.message_key === null ? [] : (siblings.get(row.message_key) ?? []);
    if (row.message_key === null || all.some(({ state }) => state === 'pending')) return;
    for (const { key, message_key } of unsent) if (message_key === row.message_key) released.push({ subject: key, at });
  }

  /** An object that came too late, unless a row refers to it after all. */
  const leftOver = (result: CaptureResult): string | null =>
    result.to === 'stored' && !referred.has(result.file.blob) ? result.file.blob : null;

  function settle({ job, at, result, channel }: CaptureSettlement): CaptureSettled {
    const lease = held.get(job);
    if (lease === undefined) return { outcome: 'stale', drop: leftOver(result) };
    held.delete(job);
    const { lane, subject } = lease;
    const row = rows.get(subject);
    const channelState = channelStates.get(lane) ?? 'destroyed';
    const wanted =
      row !== undefined &&
      channelState !== 'destroyed' &&
      live.has(row.app_key) &&
      mayMove(mediaMoves, row.state, 'stored');
    if (!wanted) {
      work.finish(job);
      return { outcome: 'unwanted', drop: leftOver(result) };
    }
    let drop: string | null = null;
    if (result.to === 'retry') {
      const { counts, memo } = result;
      const last_reason = JSON.stringify(result.reason);
      const failures = counts ? 1 : 0;
      work.retry({ key: job, due_at: result.at, failures, last_reason, last_failed_at: at, memo: toStored(memo) });
      if (counts) {
        work.health(lane, false);
        // A probe that failed for the media's own reasons tells nothing of the account: another media is asked at once.
        if (channelState === 'paused') probes.set(lane, at);
      }
    } else {
      work.finish(job);
      work.health(lane, true);
      row.state = result.to;
      if (result.to === 'stored') drop = keep(row, result.file, at);
      else givenUp.push({ key: row.key, at, reason: toStored(result.reason) });
      tell(result.to === 'stored' ? 'media.stored' : 'media.unavailable', row, at);
      if (row.askers > 0) moves.push((access) => answerAskers(access, row, at));
      if (channelState === 'paused') moves.push((access) => resumeChannel(access, { key: lane, now: at }));
    }
    if (channel !== null) moves.push((access) => moveChannel(access, tx, lane, channel, at));
    return { outcome: 'done', drop };
  }

  const settled = units.map(settle);
  const sendAll = (text: string, values: readonly object[]) => {
    if (values.length > 0) tx.send(text, [JSON.stringify(values)]);
  };
  insertRows(
    tx,
    'blobs',
    newBlobs.sort((a, b) => (a.object < b.object ? -1 : 1)),
  );
  sendAll(statements.store, stored);
  sendAll(statements.giveUp, givenUp);
  work.write(tx);
  announce.write(tx);
  sendAll(statements.releaseHeld, released);
  sendAll(
    statements.probeAt,
    [...probes].sort(([a], [b]) => a - b).map(([key, at]) => ({ key, at })),
  );
  for (const move of moves) await move({ db: tx.db, settings, severalWriters: true });
  return settled;
}

async function moveChannel(access: Access, tx: Tx, key: number, move: ChannelMove, now: Millis): Promise<void> {
  const { reason, probeAt } = move;
  if (move.to === 'paused_if_repeated') {
    const [failed] = await tx.rows<{ media: number }>(statements.failedFor, [key, move.since, toStored(reason)]);
    if ((failed?.media ?? 0) < move.times) return;
  }
  await pauseChannel(access, { key, reason, now, probeAt });
}
