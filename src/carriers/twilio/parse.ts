// One request is one message, whatever it came by: SMS, MMS, WhatsApp or RCS. Parameters are added at Twilio without notice;
// those that we do not know are passed on.

import type { Account, InboundMessage, IntakeRequest, Update } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Identity } from '../../core/model.ts';
import { clip, foreignId, nameBytes } from '../../core/text.ts';
import { boundedObject, textOf } from '../json-reading.ts';
import { filesIn, mostFiles, readFiles } from './media.ts';
import { firstOf, type Parameters, parametersOf } from './parameters.ts';
import { channelByService } from './settings.ts';

const textBytes = 64 * 1024;
const jsonBytes = 64 * 1024;
const dayMs = 24 * 60 * 60 * 1000;

/** Everything that a verified request tells. Never throws. */
export function parse(request: IntakeRequest, account: Account, now: Millis): Update[] {
  const parameters = parametersOf(request);
  if (parameters === undefined) return [{ is: 'unparsed', reason: 'The body is no form and no JSON object.' }];
  const status = firstOf(parameters, 'MessageStatus');
  if (status !== undefined && status !== 'received') {
    return [{ is: 'status', address: foreignId(firstOf(parameters, 'From')) ?? null }];
  }
  const id = foreignId(firstOf(parameters, 'MessageSid') ?? firstOf(parameters, 'SmsSid'));
  if (id === undefined) return [{ is: 'unparsed', reason: 'There is no MessageSid.' }];
  const number = foreignId(firstOf(parameters, 'To'));
  const service = foreignId(firstOf(parameters, 'MessagingServiceSid'));
  const address = (channelByService(account) ? service : undefined) ?? number;
  if (address === undefined) return [{ is: 'unparsed', reason: 'A message does not say to which number it was sent.' }];
  const sentAt = readTime(firstOf(parameters, 'DateSent'), now);
  const media = readFiles(parameters, account, now);
  const content = contentOf(parameters);
  const message: InboundMessage = {
    is: 'message',
    address,
    dedupeKey: id,
    carrierMessageId: id,
    direction: 'inbound',
    origin: 'live',
    kind: media[0]?.kind ?? kindWithoutFile(parameters),
    text: textOf(firstOf(parameters, 'Body') ?? firstOf(parameters, 'ButtonText'), textBytes),
    identities: identitiesOf(parameters),
    name: textOf(firstOf(parameters, 'ProfileName'), nameBytes),
    groupId: null,
    context: contextOf(parameters, address === number ? undefined : number),
    content: orNull(content),
    raw: null,
    errors: [],
    sentAt,
    media,
  };
  const files = filesIn(parameters);
  if (files <= mostFiles) return [message];
  return [
    message,
    { is: 'unparsed', reason: `A message announces ${files} files; those after ${mostFiles} were left out.` },
  ];
}

/** A message of WhatsApp says what it is; elsewhere what it holds decides. */
function kindWithoutFile(parameters: Parameters): string {
  const told = foreignId(firstOf(parameters, 'MessageType'));
  if (told !== undefined) return clip(told, 64);
  if (firstOf(parameters, 'Latitude') !== undefined) return 'location';
  return firstOf(parameters, 'ButtonPayload') === undefined ? 'text' : 'button';
}

/** `From` names a person by number, or by an id that only this business sees (BSUID) where WhatsApp hides the number. */
function identitiesOf(parameters: Parameters): Identity[] {
  const given: Identity[] = [
    ...identity(firstOf(parameters, 'From')),
    ...identity(firstOf(parameters, 'WaId')),
    ...identity(firstOf(parameters, 'ExternalUserId')),
    ...identity(firstOf(parameters, 'ParentExternalUserId'), 'parent_user_id'),
  ];
  return [...new Map(given.map((one) => [`${one.kind} ${one.value}`, one])).values()];
}

function identity(value: string | undefined, otherwise: 'user_id' | 'parent_user_id' = 'user_id'): Identity[] {
  const id = foreignId(value?.replace(/^[a-z]{2,20}:/, ''));
  if (id === undefined) return [];
  const digits = /^\+?(\d{1,20})$/.exec(id)?.[1];
  if (digits !== undefined && otherwise === 'user_id') return [{ kind: 'phone', value: digits }];
  return id.trim() === '' ? [] : [{ kind: otherwise, value: id }];
}

/** Reply, forward and advertisement information in the words that other carriers use too, and the number behind a service. */
function contextOf(parameters: Parameters, number: string | undefined): JsonObject | null {
  const repliedTo = foreignId(firstOf(parameters, 'OriginalRepliedMessageSid'));
  const author = foreignId(firstOf(parameters, 'OriginalRepliedMessageSender'));
  return orNull({
    ...(number !== undefined && { to: number }),
    ...(firstOf(parameters, 'Forwarded') === 'true' && { forwarded: true }),
    ...(firstOf(parameters, 'FrequentlyForwarded') === 'true' && { frequently_forwarded: true }),
    ...(repliedTo && { reply_to: { carrier_message_id: repliedTo, ...(author && { from: author }) } }),
    ...membersOf('referral', parameters, referral),
  });
}

const contentOf = (parameters: Parameters): JsonObject => ({
  ...membersOf('location', parameters, place),
  ...membersOf('button', parameters, button),
  ...membersOf('parameters', parameters, unknownIn(parameters)),
});

const place: [string, string][] = [
  ['Latitude', 'latitude'],
  ['Longitude', 'longitude'],
  ['Address', 'address'],
  ['Label', 'name'],
];
const button: [string, string][] = [
  ['ButtonText', 'text'],
  ['ButtonPayload', 'payload'],
];
const referral: [string, string][] = [
  ['ReferralBody', 'body'],
  ['ReferralHeadline', 'headline'],
  ['ReferralSourceId', 'source_id'],
  ['ReferralSourceType', 'source_type'],
  ['ReferralSourceUrl', 'source_url'],
  ['ReferralCtwaClid', 'ctwa_clid'],
];

const known: ReadonlySet<string> = new Set([
  ...[...place, ...button, ...referral].map(([theirs]) => theirs),
  ...['MessageSid', 'SmsSid', 'SmsMessageSid', 'AccountSid', 'MessagingServiceSid', 'From', 'To', 'Body', 'NumMedia'],
  ...['NumSegments', 'SmsStatus', 'MessageStatus', 'ApiVersion', 'MessageType', 'ProfileName', 'WaId', 'Forwarded'],
  ...['FrequentlyForwarded', 'OriginalRepliedMessageSid', 'OriginalRepliedMessageSender', 'ExternalUserId'],
  ...['ParentExternalUserId', 'ChannelMetadata', 'DateSent', 'ErrorCode', 'ErrorUrl', 'bodySHA256'],
]);

const unknownIn = (parameters: Parameters): [string, string][] =>
  [...parameters.keys()]
    .filter((name) => !known.has(name) && !/^Media(Url|ContentType)\d+$/.test(name))
    .map((name) => [name, name]);

/** Those of the parameters that are there, under our names, as one object; nothing when none is. */
function membersOf(name: string, parameters: Parameters, names: [theirs: string, ours: string][]): JsonObject {
  const members = names.flatMap(([theirs, ours]) => {
    const value = firstOf(parameters, theirs);
    return value === undefined ? [] : [[ours, value]];
  });
  return members.length === 0 ? {} : { [name]: boundedObject(Object.fromEntries(members), jsonBytes) };
}

const orNull = (object: JsonObject): JsonObject | null => (Object.keys(object).length === 0 ? null : object);

/** A webhook has no time and comes at once; what is brought in later says when it was sent (RFC 2822). */
function readTime(value: string | undefined, now: Millis): Millis {
  const time = Date.parse(value ?? '');
  return time > 0 && time <= now + dayMs ? time : now;
}
