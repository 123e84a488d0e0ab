import type { DatabaseSync } from 'node:sqlite';
import type { Millis } from '../../core/ids.ts';
import type { CaptureResult, CaptureSettled, CaptureSettlement, ChannelMove, StoredFile } from '../../core/records.ts';
import { type ChannelState, type MediaState, mayMove, mediaMoves } from '../../core/states.ts';
import { pauseChannel, resumeChannel } from '../administration/channels.ts';
import { answerAskers } from '../administration/media.ts';
import type { Access, MediaDetails } from '../schema.ts';
import { toStored } from '../stored-json.ts';
import { announcer } from './announce.ts';
import type { LeaseHolder } from './leases.ts';
import { statement } from './statement.ts';

type MediaRow = {
  key: number;
  app_key: number;
  message_key: number | null;
  part: number;
  state: MediaState;
  details: string;
  askers: number;
  channel_state: ChannelState;
  app_deleted_at: Millis | null;
};

export function captureSettler(sqlite: DatabaseSync, access: Access, leases: LeaseHolder) {
  const mediaOf = statement<MediaRow>(
    sqlite,
    `SELECT media.key, media.app_key, media.message_key, media.part, media.state, media.details, media.askers,
       channels.state AS channel_state, apps.deleted_at AS app_deleted_at
     FROM media JOIN apps ON apps.key = media.app_key JOIN channels ON channels.key = media.channel_key WHERE media.key = ?`,
  );
  const liveBlob = statement<{ key: number; object: string }>(
    sqlite,
    "SELECT key, object FROM blobs WHERE app_key = ? AND sha256 = ? AND size = ? AND state = 'live'",
  );
  const blobByObject = statement<{ key: number }>(sqlite, 'SELECT key FROM blobs WHERE object = ?');
  const insertBlob = statement(
    sqlite,
    "INSERT INTO blobs (app_key, object, sha256, size, state, created_at) VALUES (?, ?, ?, ?, 'live', ?)",
  );
  const store = statement(
    sqlite,
    `UPDATE media SET state = 'stored', reason = NULL, state_at = ?, details = ?, size = ?, sha256 = ?, integrity = ?, blob_key = ?,
       stored_at = ? WHERE key = ?`,
  );
  const giveUp = statement(sqlite, "UPDATE media SET state = 'unavailable', reason = ?, state_at = ? WHERE key = ?");
  // A cross join keeps the order: from the message's few open deliveries to their jobs, never through all that wait.
  const releaseHeld = statement(
    sqlite,
    `UPDATE jobs SET state = 'ready', due_at = ? WHERE key IN (
       SELECT jobs.key FROM deliveries CROSS JOIN events CROSS JOIN jobs
       WHERE deliveries.message_key = ? AND deliveries.state = 'pending' AND deliveries.attempts = 0
         AND events.key = deliveries.event_key AND events.type IN ('message.received', 'message.echoed')
         AND jobs.kind = 'deliver' AND jobs.subject = deliveries.key AND +jobs.state = 'waiting'
         AND NOT EXISTS (SELECT 1 FROM media WHERE message_key = ? AND state = 'pending'))`,
  );
  const probeAt = statement(sqlite, "UPDATE channels SET probe_at = ? WHERE key = ? AND state = 'paused'");
  const failedFor = statement<{ media: number }>(
    sqlite,
    `SELECT count(*) AS media FROM jobs
     WHERE kind = 'capture' AND lane = ? AND last_failed_at IS NOT NULL AND last_failed_at >= ? AND last_reason = ?`,
  );
  const announce = announcer(sqlite, access.settings);

  /** @returns the object that nobody refers to, because the app has the same bytes already */
  function keep(media: MediaRow, file: StoredFile, now: Millis): string | null {
    const known = liveBlob.get(media.app_key, file.sha256, file.size);
    const blob = known?.key ?? insertBlob.insert(media.app_key, file.blob, file.sha256, file.size, now);
    const before = JSON.parse(media.details) as MediaDetails;
    const details: MediaDetails = {
      ...before,
      fileName: before.fileName ?? file.fileName,
      servedType: file.servedType,
      sniffedType: file.sniffedType,
      type: file.type,
    };
    store.run(now, JSON.stringify(details), file.size, file.sha256, file.integrity, blob, now, media.key);
    return known !== undefined && known.object !== file.blob ? file.blob : null;
  }

  /** Tells what became of a media, and lets its message go that was held for it. */
  function tell(type: 'media.stored' | 'media.unavailable', media: MediaRow, now: Millis): void {
    announce.tell(type, media, now);
    if (media.message_key !== null) releaseHeld.run(now, media.message_key, media.message_key);
  }

  async function moveChannel(key: number, move: ChannelMove, now: Millis): Promise<void> {
    const { reason, probeAt } = move;
    if (move.to === 'paused_if_repeated') {
      const failed = failedFor.get(key, move.since, toStored(reason))?.media ?? 0;
      if (failed < move.times) return;
    }
    await pauseChannel(access, { key, reason, now, probeAt });
  }

  /** An object that came too late, unless a row refers to it after all. */
  function leftOver(result: CaptureResult): string | null {
    if (result.to !== 'stored') return null;
    return blobByObject.get(result.file.blob) === undefined ? result.file.blob : null;
  }

  async function settle({ job, attempt, at, result, channel }: CaptureSettlement): Promise<CaptureSettled> {
    const held = leases.held('capture', { job, attempt });
    if (held === undefined) return { outcome: 'stale', drop: leftOver(result) };
    const { lane } = held;
    const media = mediaOf.get(held.subject);
    const wanted =
      media !== undefined &&
      media.channel_state !== 'destroyed' &&
      media.app_deleted_at === null &&
      mayMove(mediaMoves, media.state, 'stored');
    if (!wanted) {
      leases.finish(job);
      return { outcome: 'unwanted', drop: leftOver(result) };
    }
    let drop: string | null = null;
    if (result.to === 'retry') {
      const { counts, reason, memo } = result;
      leases.retry(job, { at: result.at, reason, counts, failedAt: at, memo: toStored(memo) });
      if (counts) {
        leases.health('capture', lane, false);
        // A probe that failed for the media's own reasons tells nothing of the account: another media is asked at once.
        probeAt.run(at, lane);
      }
    } else {
      leases.finish(job);
      leases.health('capture', lane, true);
      if (result.to === 'stored') drop = keep(media, result.file, at);
      else giveUp.run(toStored(result.reason), at, media.key);
      tell(result.to === 'stored' ? 'media.stored' : 'media.unavailable', media, at);
      await answerAskers(access, media, at);
      if (media.channel_state === 'paused') await resumeChannel(access, { key: lane, now: at });
    }
    if (channel !== null) await moveChannel(lane, channel, at);
    return { outcome: 'done', drop };
  }

  return async (units: readonly CaptureSettlement[]): Promise<CaptureSettled[]> => {
    const settled: CaptureSettled[] = [];
    for (const unit of units) settled.push(await settle(unit));
    return settled;
  };
}
