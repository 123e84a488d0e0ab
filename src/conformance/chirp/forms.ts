// The vendor's bodies, and how its addresses are asked.

import { type Answer, ask } from '../ask.ts';
import { type Form, maybe, must, mustFit } from '../form.ts';
import type { Target } from '../target.ts';

const tail = '[0-9A-Za-z]{27}';
export const mediaId = new RegExp(`^med_${tail}$`);
export const messageId = new RegExp(`^msg_wa_(?:test_)?${tail}$`);
export const smsId = new RegExp(`^msg_sms_(?:test_)?${tail}$`);
const appId = new RegExp(`^app_(?:test_)?${tail}$`);
const webhookId = new RegExp(`^whk_(?:test_)?${tail}$`);
const keyId = new RegExp(`^key_app_(?:test_)?${tail}$`);
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
export const link = /^https?:\/\/\S+$/;
const sha256 = /^[0-9a-f]{64}$/;
export const textOrNull = (value: unknown) => value === null || typeof value === 'string';
const anything = () => true;

export const error = (type: string, more: { code?: string; param?: Form } = {}): Form => ({
  error: { type, message: /./, code: maybe(/./), param: maybe(textOrNull), doc_url: maybe(/./), ...more },
});

export const mediaAnswer: Form = {
  id: mediaId,
  url: link,
  expiresAt: time,
  mimeType: /^[^;\s]+$/,
  fileSize: (value) => Number.isInteger(value),
  filename: textOrNull,
  sha256,
  createdAt: time,
};

export const webhook = (url: string, events: readonly string[], headers: { [name: string]: string }): Form => ({
  id: webhookId,
  appId,
  url,
  events,
  headers,
  createdAt: time,
  updatedAt: time,
  signingSecret: maybe(/./),
});

export const organization = (days: Form): Form => ({
  id: /^org_/,
  name: /./,
  mediaRetentionDays: days,
  createdAt: time,
});

export const app = (name: string): Form => ({
  id: appId,
  name,
  status: 'active',
  slug: maybe(/./),
  createdAt: time,
  updatedAt: time,
});

export const appKey = (name: string, mode: 'live' | 'test'): Form => ({
  id: keyId,
  key: new RegExp(`^sk_${mode}_app_`),
  name,
  appId,
  createdAt: time,
  updatedAt: time,
});

/** The webhook of a message; `message` replaces members of the usual form, and adds to it. */
export const received = (event: string, message: { [name: string]: Form }): Form => ({
  event,
  timestamp: time,
  data: {
    message: {
      id: messageId,
      direction: 'inbound',
      from: /^\+\d+$/,
      to: /^\+\d+$/,
      type: 'text',
      text: textOrNull,
      receivedAt: time,
      occurredAt: maybe(time),
      source: maybe('cloud_api'),
      isHistoricalImport: maybe(false),
      conversationWindow: maybe({ id: /^wacw_/, originType: 'user_initiated', expiresAt: time }),
      context: maybe(anything),
      ...message,
    },
    app: { id: appId },
  },
});

/** What a message with a file has besides. */
export function fileMembers(type: string, facts: { caption: Form; filename: Form }) {
  const file = { url: link, id: mediaId, mimeType: type, fileSize: (size: unknown) => Number.isInteger(size), sha256 };
  return {
    file,
    members: { mediaUrl: link, mediaId, media: maybe({ ...file, ...facts }) },
  };
}

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

/** Asks, and holds the answer against what it must be. @returns its JSON */
export async function expectAnswer(asked: Promise<Answer>, status: number, form: Form): Promise<unknown> {
  const answer = await asked;
  must(answer.status === status, `the status is ${answer.status} in place of ${status}: ${answer.text.slice(0, 500)}`);
  mustFit(answer.json, form);
  return answer.json;
}
