// One push is one event: a message of a user, or something that happened to a message of the agent. Nothing in a message is
// required but its id and its agent; a member that is missing or odd leaves its place empty.

import type { Account, InboundMessage, IntakeRequest, Update } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Identity } from '../../core/model.ts';
import { captionBytes, foreignId } from '../../core/text.ts';
import { boundedObject, member, readJson, textOf } from '../json-reading.ts';
import { readFiles } from './media.ts';
import { pushedData } from './push.ts';
import { agentOf } from './settings.ts';

const textBytes = 64 * 1024;
const jsonBytes = 64 * 1024;
const dayMs = 24 * 60 * 60 * 1000;
const rcsFounded = Date.UTC(2008, 0, 1);

type Event = { [name: string]: unknown };

/** Everything that a verified push tells. Never throws. */
export function parse(request: IntakeRequest, account: Account, now: Millis): Update[] {
  const data = pushedData(request.body);
  if (data === undefined) return [unparsed('The body is no push with data.')];
  const event = readJson(data);
  if (!isObject(event)) return [unparsed('The data of the push are no JSON object.')];
  const agent = foreignId(member(event, 'agentId')) ?? agentOf(account);
  if (typeof member(event, 'eventType') === 'string') return [{ is: 'status', address: agent ?? null }];
  return [readMessage(event, agent, now)];
}

function readMessage(event: Event, agent: string | undefined, now: Millis): Update {
  const id = foreignId(member(event, 'messageId'));
  if (id === undefined) return unparsed('An event is no message with a usable id, and of no type.');
  if (agent === undefined) return unparsed('A message does not say which agent it was sent to.');
  const sender = foreignId(member(event, 'senderPhoneNumber'));
  const sentAt = readTime(member(event, 'sendTime'), now);
  const substance = readSubstance(event, sentAt, now);
  return {
    is: 'message',
    address: agent,
    // The sender's phone chose the id, so two senders may choose the same; the agent is the channel. A tab is in neither.
    dedupeKey: `${sender ?? ''}\t${id}`,
    carrierMessageId: id,
    direction: 'inbound',
    origin: 'live',
    ...substance,
    identities: identitiesOf(sender),
    name: null,
    groupId: null,
    context: null,
    errors: [],
    sentAt,
  };
}

/** What a message says, in the words that other carriers use too. */
type Substance = Pick<InboundMessage, 'kind' | 'text' | 'content' | 'raw' | 'media'>;

function readSubstance(event: Event, sentAt: Millis, now: Millis): Substance {
  const text = textOf(member(event, 'text'), textBytes);
  const plain: Substance = { kind: 'text', text, content: null, raw: null, media: [] };
  const userFile = member(event, 'userFile');
  if (isObject(userFile)) {
    const media = readFiles(userFile, sentAt, now);
    return { ...plain, kind: media[0]?.kind ?? 'file', media };
  }
  const location = member(event, 'location');
  if (isObject(location)) {
    return { ...plain, kind: 'location', content: boundedObject({ location }, jsonBytes) };
  }
  const reply = member(event, 'suggestionResponse');
  if (isObject(reply)) {
    const words = textOf(member(reply, 'text'), captionBytes);
    return { ...plain, kind: 'button', text: words ?? text, content: { button: readButton(reply, words) } };
  }
  if (typeof member(event, 'text') === 'string') return plain;
  return { ...plain, kind: 'unknown', raw: withoutAddresses(boundedObject(event, jsonBytes)) };
}

/** `payload` is what the agent attached to its suggestion, `type` REPLY or ACTION. */
function readButton(reply: unknown, text: string | null): JsonObject {
  const payload = textOf(member(reply, 'postbackData'), captionBytes);
  const type = foreignId(member(reply, 'type'));
  return { ...(payload !== null && { payload }), ...(text !== null && { text }), ...(type !== undefined && { type }) };
}

/** Whoever knows the address of a file has the file, so no message of a kind to come may show one. */
function withoutAddresses(object: JsonObject): JsonObject {
  const clean = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(clean);
    return typeof value === 'object' && value !== null ? withoutAddresses(value) : value;
  };
  return Object.fromEntries(
    Object.entries(object)
      .filter(([name]) => name !== 'fileUri')
      .map(([name, value]) => [name, clean(value)]),
  );
}

function identitiesOf(sender: string | undefined): Identity[] {
  const digits = /^\+?(\d{1,20})$/.exec(sender ?? '')?.[1];
  return digits === undefined ? [] : [{ kind: 'phone', value: digits }];
}

/** RFC 3339 with up to nine digits of a second; `now` where it is missing or cannot be true. */
function readTime(value: unknown, now: Millis): Millis {
  const isTime =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value);
  const time = isTime ? Date.parse(value) : Number.NaN;
  return time >= rcsFounded && time <= now + dayMs ? time : now;
}

const unparsed = (reason: string): Update => ({ is: 'unparsed', reason });
