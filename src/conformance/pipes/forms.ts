// The vendor's bodies, and how its addresses are asked.

import { randomInt } from 'node:crypto';
import { type Answer, ask } from '../ask.ts';
import { type Form, maybe, must, mustFit } from '../form.ts';
import type { Target } from '../target.ts';

const mediaId = /^[A-Za-z0-9_-]{21}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const number = /^\+\d{5,20}$/;
const poolNumber = /^(?:pool|pn)_\S+$/;
const text = /./;

export const refusal = (code: string): Form => ({ error: text, code });

/** A number that nobody else writes from, by which a message is told from others. */
export const stranger = (): string => `+39333${randomInt(1_000_000, 9_999_999)}`;

/** @param kind of the message, and the members that belong to it */
export const frame = (from: string, kind: { type: string; text: string; [name: string]: Form }): Form => ({
  type: 'whatsapp_message',
  data: {
    messageId: /^msg_\S+$/,
    conversationId: /^conv_\S+$/,
    poolNumberId: poolNumber,
    poolNumberPhoneNumber: number,
    fromNumber: from,
    fromName: maybe(text),
    timestamp: time,
    label: maybe(text),
    body: kind.text,
    ...kind,
  },
});

export const webhook = (from: string, type: string, substance: Form, media?: Form): Form => ({
  object: 'whatsapp_business_account',
  entry: [
    {
      id: poolNumber,
      changes: [
        {
          field: 'messages',
          value: {
            messaging_product: 'whatsapp',
            metadata: { display_phone_number: number, phone_number_id: poolNumber },
            messages: [{ id: /^msg_\S+$/, from: from.slice(1), timestamp: time, type, [type]: substance }],
            contacts: [{ profile: { name: /^/ }, wa_id: from.slice(1) }],
          },
        },
      ],
    },
  ],
  pipes: {
    conversationId: /^conv_\S+$/,
    poolNumberId: poolNumber,
    label: maybe(text),
    ...(media !== undefined && { media }),
  },
});

/** @param fileName undefined: there may be one or none */
export const media = (mimeType: string, byteSize: number, fileName?: string): Form => ({
  mediaId,
  downloadUrl: /^\/v1\/media\/download\/[A-Za-z0-9_-]{21}$/,
  mimeType,
  fileName: fileName ?? maybe(text),
  byteSize,
});

export const downloadPath = (id: string): string => `/v1/media/download/${id}`;

/** @param key null: none */
export const download = (target: Target, id: string, key: string | null = target.key): Promise<Answer> =>
  ask(target.url + downloadPath(id), key === null ? {} : { key });

/** The bytes behind a path, by way of its redirect. @throws Error when there is none */
export async function fileAt(target: Target, path: string): Promise<Answer> {
  const answer = await ask(target.url + path, { key: target.key });
  must(answer.status === 302, `the download is answered with ${answer.status} in place of 302: ${answer.text}`);
  return await ask(new URL(answer.headers.get('location') ?? '', target.url).href);
}

/** Holds an answer against what it must be. */
export async function expectAnswer(asked: Promise<Answer>, status: number, form: Form): Promise<void> {
  const answer = await asked;
  must(answer.status === status, `the status is ${answer.status} in place of ${status}: ${answer.text.slice(0, 500)}`);
  mustFit(answer.json, form);
}
