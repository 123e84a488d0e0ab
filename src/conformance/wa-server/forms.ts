// The vendor's bodies, and how its addresses are asked.

import { type Answer, ask } from '../ask.ts';
import { type Form, maybe, must, mustFit } from '../form.ts';
import type { Target } from '../target.ts';

const uuidText = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
export const uuid = new RegExp(`^${uuidText}$`);
export const mediaPath = new RegExp(`^media/${uuidText}/${uuidText}-[0-9A-F]{32}\\.[a-z0-9]+$`);
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const jid = /^[^@\s]+@(?:s\.whatsapp\.net|lid|g\.us)$/;
const anything = () => true;
const nullOr = (pattern: RegExp) => (value: unknown) =>
  value === null || (typeof value === 'string' && pattern.test(value));

/** @param field the member or parameter that is named as wrong */
export const error = (code: string, field?: string): Form => ({
  error: { code, message: /./, ...(field !== undefined && { details: { field } }) },
  request_id: /./,
});

/** The types of file whose own Content-Type a download has; the rest are octets. */
export const knownTypes: readonly string[] = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'video/mp4',
  'audio/mpeg',
  'audio/ogg',
  'application/pdf',
];

export const device = (more: { [name: string]: Form }): Form => ({
  device_id: uuid,
  app_id: uuid,
  device_name: /./,
  status: /^(?:qr_generated|connected|disconnected|expired)$/,
  wa_number: nullOr(/^\d+$/),
  wa_device_jid: nullOr(jid),
  linked_at: nullOr(time),
  qr_expires_at: nullOr(time),
  created_at: time,
  ...more,
});

/** The webhook of a message that somebody sent; `payload` replaces members of the usual form, and adds to it. */
export const received = (payload: { [name: string]: Form }): Form => ({
  event: 'message',
  device_id: uuid,
  app_id: uuid,
  timestamp: time,
  request_id: uuid,
  payload: {
    message_id: /./,
    direction: 'inbound',
    from: jid,
    to: jid,
    chat: jid,
    is_group: false,
    sender_name: maybe(/./),
    context: maybe(anything),
    timestamp: time,
    ...payload,
  },
});

export const call = (
  target: Target,
  method: string,
  path: string,
  body?: unknown,
  key: string | null = target.key,
): Promise<Answer> =>
  ask(target.url + path, {
    method,
    ...(key !== null && { key }),
    ...(body !== undefined && { body }),
  });

export const getMedia = (target: Target, path: string, key?: string | null): Promise<Answer> =>
  call(target, 'GET', `/media?path=${encodeURIComponent(path)}`, undefined, key);

/** Asks, and holds the answer against what it must be. @returns its JSON */
export async function expectAnswer(asked: Promise<Answer>, status: number, form: Form): Promise<unknown> {
  const answer = await asked;
  must(answer.status === status, `the status is ${answer.status} in place of ${status}: ${answer.text.slice(0, 500)}`);
  mustFit(answer.json, form);
  return answer.json;
}
