// One message as Twilio keeps it, and as it tells of it: in a webhook's parameters, and in the lists of its API.

import type { Millis } from '../../core/ids.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { KeptMedia } from '../kept-media.ts';
import type { Parameters } from './post.ts';
import { newSid } from './sids.ts';

export type TwilioMessage = {
  sid: string;
  from: string;
  to: string;
  body: string;
  media: readonly KeptMedia[];
  serviceSid: string | null;
  sentAt: Millis;
  /** Parameters besides, of WhatsApp or RCS for instance. */
  more: Parameters;
};

export const newMessageSid = (files: number): string => newSid(files > 0 ? 'MM' : 'SM');

const whatsappType = (media: readonly KeptMedia[]): string => {
  const [type = ''] = media.map((one) => one.type);
  if (type === 'image/webp') return 'sticker';
  const [family = ''] = type.split('/');
  if (type === '') return 'text';
  return ['image', 'audio', 'video'].includes(family) ? family : 'document';
};

export const accountPath = (accountSid: string): string => `/2010-04-01/Accounts/${accountSid}`;

/** What its webhook says. `name`: of the sender, which only WhatsApp tells. */
export function parametersOf(message: TwilioMessage, origin: string, accountSid: string, name?: string): Parameters {
  const { sid, from, to, body, media, serviceSid, more } = message;
  const base = `${origin}${accountPath(accountSid)}/Messages/${sid}/Media/`;
  const [, prefix = 'sms'] = /^([a-z]+):/.exec(from) ?? [];
  const files = media.flatMap(({ id, type }, at) => [
    [`MediaUrl${at}`, base + id],
    [`MediaContentType${at}`, type],
  ]);
  return {
    MessageSid: sid,
    SmsSid: sid,
    SmsMessageSid: sid,
    AccountSid: accountSid,
    ...(serviceSid !== null && { MessagingServiceSid: serviceSid }),
    From: from,
    To: to,
    Body: body,
    NumMedia: String(media.length),
    NumSegments: String(Math.max(1, media.length)),
    SmsStatus: 'received',
    ApiVersion: '2010-04-01',
    ...Object.fromEntries(files),
    ...(prefix === 'sms' && { FromCountry: 'US', FromCity: '', ToCountry: 'US', ToCity: '' }),
    ...(prefix === 'whatsapp' && { MessageType: whatsappType(media), WaId: from.replace(/\D/g, '') }),
    ...(prefix === 'whatsapp' && name !== undefined && { ProfileName: name }),
    ...(prefix !== 'sms' && { ChannelMetadata: JSON.stringify({ type: prefix, data: {} }) }),
    ...more,
  };
}

/** What the list of messages says of it. */
export function messageJson(message: TwilioMessage, accountSid: string): JsonObject {
  const { sid, from, to, body, media, serviceSid, sentAt } = message;
  const uri = `${accountPath(accountSid)}/Messages/${sid}`;
  const date = new Date(sentAt).toUTCString().replace('GMT', '+0000');
  return {
    sid,
    account_sid: accountSid,
    messaging_service_sid: serviceSid,
    from,
    to,
    body,
    direction: 'inbound',
    status: 'received',
    num_media: String(media.length),
    num_segments: '1',
    date_created: date,
    date_sent: date,
    date_updated: date,
    error_code: null,
    uri: `${uri}.json`,
    subresource_uris: { media: `${uri}/Media.json` },
  };
}

export const mediaJson = (sid: string, media: KeptMedia, accountSid: string): Json => ({
  sid: media.id,
  account_sid: accountSid,
  parent_sid: sid,
  content_type: media.type,
  uri: `${accountPath(accountSid)}/Messages/${sid}/Media/${media.id}.json`,
});
