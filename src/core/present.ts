// The native form of things: what the native API answers and native events carry. Times are ISO 8601 in UTC. The shapes are
// inferred, so that the schemas of the API are held against them when it is compiled.

import type { Millis } from './ids.ts';
import type { Links } from './links.ts';
import type {
  App,
  Attempt,
  Channel,
  Connection,
  Delivery,
  Endpoint,
  Event,
  JournalEntry,
  Key,
  Media,
  Message,
  Organization,
  User,
} from './model.ts';
import type { RestingJob, RetentionRule } from './records.ts';
import type { MediaState } from './states.ts';

const iso = (at: Millis): string => new Date(at).toISOString();
const isoOrNull = (at: Millis | null): string | null => (at === null ? null : iso(at));

/** The state as it counts now: retention may have ended before the sweeper came by. */
export function stateNow(media: Media, now: Millis): MediaState {
  const kept = media.state === 'stored' || media.state === 'unavailable' || media.state === 'remote';
  const ended = media.expiresAt !== null && Math.max(media.expiresAt, media.heldUntil ?? 0) <= now;
  return kept && ended ? 'expired' : media.state;
}

export function presentMedia(media: Media, now: Millis, links: Links) {
  const state = stateNow(media, now);
  const link = state === 'stored' ? links.to(media, now) : undefined;
  return {
    id: media.id,
    app_id: media.appId,
    channel_id: media.channelId,
    message_id: media.messageId,
    part: media.part,
    kind: media.kind,
    state,
    reason: media.reason,
    type: media.type,
    declared_type: media.declaredType,
    served_type: media.servedType,
    sniffed_type: media.sniffedType,
    size: media.size,
    sha256: media.sha256,
    declared_sha256: media.declaredSha256,
    declared_size: media.declaredSize,
    integrity: media.integrity,
    file_name: media.fileName,
    caption: media.caption,
    voice: media.voice,
    animated: media.animated,
    thumbnail_of: media.thumbnailOf,
    carrier_media_id: media.carrierMediaId,
    received_at: iso(media.receivedAt),
    stored_at: isoOrNull(media.storedAt),
    expires_at: isoOrNull(media.expiresAt),
    url: link?.url ?? null,
    url_expires_at: isoOrNull(link?.expiresAt ?? null),
  };
}

export const presentExpiring = (row: { media: Media; rule: RetentionRule }, now: Millis, links: Links) => ({
  media: presentMedia(row.media, now, links),
  rule: row.rule,
});

export function presentMessage(message: Message, now: Millis, links: Links) {
  const named = (kind: string) => message.contact?.identities.find((identity) => identity.kind === kind)?.value ?? null;
  const phone = named('phone');
  return {
    id: message.id,
    app_id: message.appId,
    carrier: message.carrier,
    carrier_message_id: message.carrierMessageId,
    channel: { id: message.channelId, address: message.channelAddress, display: message.channelDisplay },
    conversation_id: message.conversationId,
    contact:
      message.contact === null
        ? null
        : {
            id: message.contact.id,
            name: message.contact.name,
            phone: phone === null ? null : `+${phone}`,
            user_id: named('user_id'),
            parent_user_id: named('parent_user_id'),
          },
    group_id: message.groupId,
    direction: message.direction,
    origin: message.origin,
    kind: message.kind,
    text: message.text,
    context: message.context,
    content: message.content,
    raw: message.raw,
    errors: message.errors,
    verified: message.verified,
    sent_at: iso(message.sentAt),
    received_at: iso(message.receivedAt),
    media: message.media.map((media) => presentMedia(media, now, links)),
  };
}

export function presentEvent(event: Event, now: Millis, links: Links) {
  return {
    id: event.id,
    type: event.type,
    version: event.version,
    timestamp: iso(event.at),
    app_id: event.appId,
    data: {
      ...(event.message === null ? {} : { message: presentMessage(event.message, now, links) }),
      ...(event.media === null ? {} : { media: presentMedia(event.media, now, links) }),
      ...(event.channel === null ? {} : { channel: presentChannel(event.channel) }),
      ...(event.endpoint === null ? {} : { endpoint: presentEndpoint(event.endpoint) }),
    },
  };
}

export const presentOrganization = (organization: Organization) => ({
  id: organization.id,
  name: organization.name,
  media_retention_days: organization.mediaRetentionDays,
  created_at: iso(organization.createdAt),
});

export const presentApp = (app: App) => ({
  id: app.id,
  organization_id: app.organizationId,
  name: app.name,
  dialect: app.dialect,
  media_retention_seconds: app.mediaRetentionSeconds,
  link_seconds: app.linkSeconds,
  deliver_within_seconds: app.deliverWithinSeconds,
  hold_limit_seconds: app.holdLimitSeconds,
  auto_download: app.autoDownload,
  created_at: iso(app.createdAt),
});

export const presentKey = (key: Key) => ({
  id: key.id,
  name: key.name,
  app_id: key.reach.kind === 'app' ? key.reach.appId : null,
  organization_id: key.reach.kind === 'organization' ? key.reach.organizationId : null,
  permissions: key.permissions,
  mode: key.mode,
  dialect: key.dialect,
  ends_at: isoOrNull(key.endsAt),
  created_at: iso(key.createdAt),
});

export const presentUser = (user: User) => ({
  id: user.id,
  app_id: user.appId,
  name: user.name,
  created_at: iso(user.createdAt),
});

/** @param publicUrl without a trailing slash */
export const presentConnection = (connection: Connection, publicUrl: string) => ({
  id: connection.id,
  carrier: connection.carrier,
  name: connection.name,
  intake_url: `${publicUrl}/in/${connection.id}`,
  ...connection.settings,
  created_at: iso(connection.createdAt),
});

export const presentChannel = (channel: Channel) => ({
  id: channel.id,
  app_id: channel.appId,
  connection_id: channel.connectionId,
  carrier: channel.carrier,
  address: channel.address,
  display: channel.display,
  state: channel.state,
  reason: channel.reason,
  state_at: iso(channel.stateAt),
  created_at: iso(channel.createdAt),
});

export const presentEndpoint = (endpoint: Endpoint) => ({
  id: endpoint.id,
  app_id: endpoint.appId,
  url: endpoint.url,
  transport: endpoint.transport,
  dialect: endpoint.dialect,
  settings: endpoint.settings,
  events: endpoint.events,
  state: endpoint.state,
  reason: endpoint.reason,
  state_at: iso(endpoint.stateAt),
  created_at: iso(endpoint.createdAt),
});

export const presentDelivery = (delivery: Delivery) => ({
  id: delivery.id,
  app_id: delivery.appId,
  event_id: delivery.eventId,
  event_type: delivery.eventType,
  endpoint_id: delivery.endpointId,
  message_id: delivery.messageId,
  media_id: delivery.mediaId,
  part: delivery.part,
  state: delivery.state,
  reason: delivery.reason,
  state_at: iso(delivery.stateAt),
  attempts: delivery.attempts,
  due_at: isoOrNull(delivery.dueAt),
  created_at: iso(delivery.createdAt),
});

export const presentAttempt = (attempt: Attempt) => ({
  number: attempt.number,
  at: iso(attempt.at),
  duration_ms: attempt.durationMs,
  status: attempt.status,
  fault: attempt.fault,
  error: attempt.error,
  body_sha256: attempt.bodySha256,
  body_length: attempt.bodyLength,
  reply: attempt.reply,
});

export const presentRestingJob = (job: RestingJob) => ({
  id: job.id,
  kind: job.kind,
  state: 'resting' as const,
  app_id: job.appId,
  lapses: job.lapses,
  failures: job.failures,
  reason: job.reason,
  created_at: iso(job.createdAt),
});

export const presentJournalEntry = (entry: JournalEntry) => ({
  id: entry.id,
  connection_id: entry.connectionId,
  received_at: iso(entry.receivedAt),
  bytes: entry.bytes,
  messages: entry.messages,
  duplicates: entry.duplicates,
  statuses: entry.statuses,
  notices: entry.notices,
  unrouted: entry.unrouted,
  unparsed: entry.unparsed,
  problems: entry.problems,
});
