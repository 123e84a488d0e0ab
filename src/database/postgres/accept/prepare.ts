// What a request brought, as the columns take it. All that the columns would refuse is found here, item by item, before
// anything is sent: one bad item is set aside and its siblings go on.

import type { InboundMessage, MediaClaim } from '../../../core/carrier.ts';
import { type Id, newId } from '../../../core/ids.ts';
import type { AcceptUnit } from '../../../core/records.ts';
import { bodyOf, detailsOf, placeholderKind, textOrNull } from '../../inbound.ts';
import type { Tables } from '../../schema.ts';
import { toStored } from '../../stored-json.ts';

export type Item = {
  address: string;
  dedupeKey: string;
  bare: boolean;
  groupId: string | null;
  /** As a JSON column has it. */
  name: string | null;
  identities: readonly { kind: InboundMessage['identities'][number]['kind']; value: string }[];
  row: Pick<
    Tables['messages'],
    'dedupe_key' | 'carrier_message_id' | 'group_id' | 'direction' | 'origin' | 'body' | 'sent_at'
  >;
  media: readonly Attachment[];
};

export type Attachment = {
  /** Whether its carrier has it. */
  available: boolean;
  row: Pick<
    Tables['media'],
    'kind' | 'reason' | 'carrier_media_id' | 'voice' | 'animated' | 'thumbnail_of' | 'details' | 'deadline'
  >;
};

export type PreparedUnit = {
  unit: AcceptUnit;
  /** Made once, so that a second try after a commit of unknown outcome can ask for it. */
  journalId: Id<'journal'>;
  items: readonly Item[];
  /** Why items could not be read. */
  unparsed: readonly string[];
  headers: string;
};

/** Reads a unit; one of which nothing can be used stands in the journal alone. */
export function prepare(unit: AcceptUnit): PreparedUnit {
  const journalId = unit.replays ?? newId('journal', unit.receivedAt);
  try {
    const items: Item[] = [];
    const unparsed = [...unit.unparsed];
    for (const message of unit.messages) {
      try {
        items.push(itemOf(message));
      } catch (error) {
        unparsed.push(problemOf(error));
      }
    }
    return { unit, journalId, items, unparsed, headers: JSON.stringify(unit.headers) };
  } catch (error) {
    return bare(unit, journalId, problemOf(error));
  }
}

/** The unit without anything that could be refused: its bytes, and that each of its items is unparsed. */
export function bare(unit: AcceptUnit, journalId: Id<'journal'>, problem: string): PreparedUnit {
  const items = Array.isArray(unit.messages) ? unit.messages.length : 1;
  const unparsed = Array<string>(Math.max(1, items)).fill(problem);
  return { unit: { ...unit, statuses: 0, notices: 0 }, journalId, items: [], unparsed, headers: '{}' };
}

export const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function itemOf(message: InboundMessage): Item {
  const groupId = column(textOrNull(message.groupId, 'groupId'), 'groupId');
  const name = textOrNull(message.name, 'name');
  return {
    address: text(message.address, 'address'),
    dedupeKey: text(message.dedupeKey, 'dedupeKey'),
    bare: message.kind === placeholderKind,
    groupId,
    name: name === null ? null : JSON.stringify(name),
    identities: message.identities.map(({ kind, value }) => ({ kind, value: text(value, 'identity') })),
    row: {
      dedupe_key: text(message.dedupeKey, 'dedupeKey'),
      carrier_message_id: text(message.carrierMessageId, 'carrierMessageId'),
      group_id: groupId,
      direction: message.direction,
      origin: message.origin,
      body: bodyOf(message),
      sent_at: whole(message.sentAt, 'sentAt'),
    },
    media: message.media.map(attachmentOf),
  };
}

function attachmentOf(claim: MediaClaim): Attachment {
  const { kind, unavailable, thumbnailOf } = claim;
  return {
    available: unavailable === null,
    row: {
      kind,
      reason: toStored(unavailable),
      carrier_media_id: column(textOrNull(claim.carrierMediaId, 'carrierMediaId'), 'carrierMediaId'),
      voice: claim.voice ? 1 : 0,
      animated: claim.animated ? 1 : 0,
      thumbnail_of: thumbnailOf === null ? null : whole(thumbnailOf, 'thumbnailOf'),
      details: detailsOf(claim),
      deadline: whole(claim.deadline, 'deadline'),
    },
  };
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new TypeError(`${field} is not text`);
  return column(value, field);
}

/** Text outside JSON: the server takes neither U+0000 nor half of a surrogate pair. */
function column<Text extends string | null>(value: Text, field: string): Text {
  if (value?.includes('\0') || value?.isWellFormed() === false)
    throw new TypeError(`${field} cannot be stored as text`);
  return value;
}

function whole(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new TypeError(`${field} is not a whole number`);
  return value;
}
