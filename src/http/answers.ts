// Schemas of what the API answers: the same things that `present` makes, told to those who read OpenAPI. Types hold the two
// together when it is compiled, and the tests hold every answer against its row. A member may be added; none goes.

import { z } from 'zod';
import type { IdKind } from '../core/ids.ts';
import { prefixes } from '../core/ids.ts';
import { eventTypes } from '../core/model.ts';
import { channelMoves, deliveryMoves, endpointMoves, mediaMoves } from '../core/states.ts';

const keysOf = <Table extends object>(table: Table) => Object.keys(table) as (keyof Table & string)[];

export const idOf = (kind: IdKind) => z.string().meta({ examples: [`${prefixes[kind]}_2nXmQ0pVb7cTzK4dR9sWy1LgHfA`] });
export const time = z.iso.datetime().meta({ examples: ['2026-03-01T10:00:00.000Z'] });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const anyJson = z.record(z.string(), z.unknown());
const whole = z.int().min(0);

export const mediaKinds = ['image', 'audio', 'video', 'document', 'sticker', 'file'] as const;
export const permissions = ['read', 'send', 'manage'] as const;
export const mediaStates = keysOf(mediaMoves);
export const deliveryStates = keysOf(deliveryMoves);

export const media = z
  .strictObject({
    id: idOf('media'),
    app_id: idOf('app'),
    channel_id: idOf('channel').nullable().meta({ description: 'null: it was uploaded.' }),
    message_id: idOf('message').nullable(),
    part: whole.meta({ description: 'Place among the attachments of its message, from 0.' }),
    kind: z.enum(mediaKinds),
    state: z.enum(mediaStates),
    reason: z.string().nullable().meta({ description: 'Why it is in this state.' }),
    type: z
      .string()
      .nullable()
      .meta({ description: 'The type that counts, without parameters.', examples: ['image/jpeg'] }),
    declared_type: z.string().nullable().meta({ description: 'As the carrier or the uploader named it.' }),
    served_type: z.string().nullable().meta({ description: "As the carrier's host named it." }),
    sniffed_type: z.string().nullable().meta({ description: 'By its first bytes.' }),
    size: whole.nullable().meta({ description: 'Bytes; null until it is stored.' }),
    sha256: sha256.nullable(),
    declared_sha256: z.string().nullable(),
    declared_size: whole.nullable(),
    integrity: z.enum(['verified', 'mismatch', 'unchecked']).nullable().meta({
      description: 'Whether the bytes are those that the carrier declared; unchecked: it declared no sha256.',
    }),
    file_name: z.string().nullable().meta({ description: 'As the sender wrote it; not safe as a path.' }),
    caption: z.string().nullable(),
    voice: z.boolean(),
    animated: z.boolean(),
    thumbnail_of: whole.nullable().meta({ description: 'The part that this is a thumbnail of.' }),
    carrier_media_id: z.string().nullable(),
    received_at: time,
    stored_at: time.nullable(),
    expires_at: time.nullable().meta({ description: 'When it is removed by the settings in force; null: never.' }),
    url: z
      .url()
      .nullable()
      .meta({ description: 'A link that needs no key, fresh with each answer; null unless it is stored.' }),
    url_expires_at: time.nullable(),
  })
  .meta({ id: 'Media', description: 'One attachment of a message, or one uploaded file.' });

export const message = z
  .strictObject({
    id: idOf('message'),
    app_id: idOf('app'),
    carrier: z.string().meta({ examples: ['whatsapp-cloud'] }),
    carrier_message_id: z.string(),
    channel: z.strictObject({ id: idOf('channel'), address: z.string(), display: z.string() }),
    conversation_id: idOf('conversation').nullable(),
    contact: z
      .strictObject({
        id: idOf('contact'),
        name: z.string().nullable(),
        phone: z
          .string()
          .nullable()
          .meta({ examples: ['+393331234567'] }),
        user_id: z.string().nullable(),
        parent_user_id: z.string().nullable(),
      })
      .nullable(),
    group_id: z.string().nullable(),
    direction: z.enum(['inbound', 'echo']),
    origin: z.enum(['live', 'history']),
    kind: z.string().meta({ description: "`text`, `image`, `location`, … or the carrier's own word." }),
    text: z.string().nullable().meta({ description: 'Text or caption.' }),
    context: anyJson.nullable(),
    content: anyJson.nullable(),
    raw: anyJson.nullable().meta({ description: "The carrier's own JSON where the kind is not known here." }),
    errors: z.array(anyJson),
    verified: z.boolean(),
    sent_at: time,
    received_at: time,
    media: z.array(media),
  })
  .meta({ id: 'Message' });

export const organization = z
  .strictObject({
    id: idOf('organization'),
    name: z.string(),
    media_retention_days: whole.nullable(),
    created_at: time,
  })
  .meta({ id: 'Organization' });

export const app = z
  .strictObject({
    id: idOf('app'),
    organization_id: idOf('organization').nullable(),
    name: z.string(),
    dialect: z.string(),
    media_retention_seconds: whole.nullable(),
    link_seconds: whole.nullable(),
    deliver_within_seconds: whole.nullable(),
    hold_limit_seconds: whole.nullable(),
    auto_download: z
      .array(z.string())
      .nullable()
      .meta({ description: 'Kinds that are captured on arrival; null: all.' }),
    created_at: time,
  })
  .meta({ id: 'App', description: 'Where a setting is null, the next wider one decides.' });

export const key = z
  .strictObject({
    id: idOf('key'),
    name: z.string(),
    app_id: idOf('app').nullable(),
    organization_id: idOf('organization').nullable(),
    permissions: z.array(z.enum(permissions)),
    mode: z.enum(['live', 'test']),
    dialect: z.string(),
    ends_at: time.nullable().meta({ description: 'When it stops working, because another took its place.' }),
    created_at: time,
  })
  .meta({ id: 'Key' });

export const newKey = key
  .extend({ key: z.string().meta({ description: 'The key itself: shown here once and never again.' }) })
  .meta({ id: 'NewKey' });

export const user = z
  .strictObject({ id: idOf('user'), app_id: idOf('app'), name: z.string(), created_at: time })
  .meta({ id: 'User', description: 'Whoever logs in with a password, where a dialect has that.' });

export const connection = z
  .looseObject({
    id: idOf('connection'),
    carrier: z.string(),
    name: z.string(),
    intake_url: z.url().meta({ description: 'The address to enter at the carrier.' }),
    created_at: time,
  })
  .meta({
    id: 'Connection',
    description: "Beside these members, the carrier's own settings; its secrets never come back.",
  });

export const channel = z
  .strictObject({
    id: idOf('channel'),
    app_id: idOf('app'),
    connection_id: idOf('connection'),
    carrier: z.string(),
    address: z.string(),
    display: z.string(),
    state: z.enum(keysOf(channelMoves)),
    reason: z.string().nullable(),
    state_at: time,
    created_at: time,
  })
  .meta({ id: 'Channel' });

export const endpoint = z
  .strictObject({
    id: idOf('endpoint'),
    app_id: idOf('app'),
    url: z.string().meta({ description: 'Empty for a socket.' }),
    transport: z.enum(['webhook', 'socket']),
    dialect: z.string(),
    settings: z.looseObject({}).meta({ description: 'What the dialect lets be set; see its page.' }),
    events: z.array(z.enum(eventTypes)).nullable().meta({ description: 'null: all.' }),
    state: z.enum(keysOf(endpointMoves)),
    reason: z.string().nullable(),
    state_at: time,
    created_at: time,
  })
  .meta({ id: 'Endpoint' });

export const newEndpoint = endpoint
  .extend({ secret: z.string().meta({ description: 'The signing secret: shown here once and never again.' }) })
  .meta({ id: 'NewEndpoint' });

export const delivery = z
  .strictObject({
    id: idOf('delivery'),
    app_id: idOf('app'),
    event_id: idOf('event'),
    event_type: z.enum(eventTypes),
    endpoint_id: idOf('endpoint'),
    message_id: idOf('message').nullable(),
    media_id: idOf('media').nullable(),
    part: whole,
    state: z.enum(deliveryStates),
    reason: z.string().nullable(),
    state_at: time,
    attempts: whole,
    due_at: time.nullable().meta({ description: 'When the next attempt is due.' }),
    created_at: time,
  })
  .meta({ id: 'Delivery' });

const whoseFault = z
  .enum(['none', 'receiver', 'gateway'])
  .meta({ description: 'Whose fault a failure was: the receiver (address and settings included), or this server.' });

export const attempt = z
  .strictObject({
    number: whole,
    at: time,
    duration_ms: z.number(),
    status: z.int().nullable(),
    fault: whoseFault,
    error: z.string().nullable(),
    body_sha256: sha256.nullable(),
    body_length: whole.nullable(),
    reply: z.string().nullable().meta({ description: 'The first 4 KiB of the answer.' }),
  })
  .meta({ id: 'Attempt' });

export const journalEntry = z
  .strictObject({
    id: idOf('journal'),
    connection_id: idOf('connection'),
    received_at: time,
    bytes: whole,
    messages: whole,
    duplicates: whole,
    statuses: whole,
    notices: whole,
    unrouted: whole,
    unparsed: whole,
    problems: z.array(z.string()),
  })
  .meta({ id: 'JournalEntry' });

export const restingJob = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['capture', 'deliver', 'remove']),
    state: z.literal('resting'),
    app_id: idOf('app'),
    lapses: whole,
    failures: whole,
    reason: z.string().nullable(),
    created_at: time,
  })
  .meta({ id: 'RestingJob' });

export const expiring = z
  .strictObject({
    media,
    rule: z
      .enum(['app', 'organization', 'dialect', 'instance'])
      .meta({ description: 'Whose setting decides when it goes.' }),
  })
  .meta({ id: 'Expiring' });

export const testDelivery = z
  .strictObject({
    status: z.int().nullable().meta({ description: 'null: there was no answer.' }),
    duration_ms: z.number(),
    fault: whoseFault,
    error: z.string().nullable(),
    reply: z.string().nullable().meta({ description: 'The first 4 KiB of the answer.' }),
    body: z.string().nullable().meta({ description: 'What was sent.' }),
  })
  .meta({ id: 'TestDelivery' });

/** A page of a list. `next`: the cursor of the following one. */
export const pageOfAnswer = <Row extends z.ZodType>(row: Row) =>
  z.strictObject({ data: z.array(row), next: z.string().nullable() });
