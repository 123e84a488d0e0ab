// The vendor's bodies, and how its addresses are asked.

import { type Answer, ask } from '../ask.ts';
import { type Form, must, mustFit } from '../form.ts';
import type { Target } from '../target.ts';

export const mediaKey = /^mk_[a-z0-9]{20}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const number = /^\+\d{5,20}$/;
const whole = (value: unknown) => Number.isInteger(value);

export const unauthenticated: Form = { status: 'fail', data: { authentication: 'Invalid or missing API key' } };
export const notFound: Form = { status: 'fail', data: { error: 'Media not found or expired' } };
export const failed: Form = { status: 'fail', data: { error: /./ } };

export const fileAnswer = (key: string): Form => ({
  mediaKey: key,
  url: new RegExp(`^https?://[^/]+/(?:.+/)?media/${key}\\.[a-z0-9]+\\?token=eyJ[\\w.-]+&expires=\\d+$`),
  mimeType: /^[^;\s]+$/,
  fileSize: whole,
  expiresAt: time,
});

export const webhook = (url: string): Form => ({
  id: /^wh-[0-9a-f]{8}$/,
  callbackUrl: url,
  status: 'ACTIVE',
  createdAt: time,
});

export const libraryItem = (facts: { [name: string]: Form }): Form => ({
  mediaId: /^med_[0-9a-f]{12}$/,
  name: /./,
  description: /^/,
  url: /^https?:\/\/\S+$/,
  mimeType: 'image/png',
  size: whole,
  width: 1,
  height: 1,
  createdAt: time,
  ...facts,
});

/** What is told of an inbound message. */
export const inbound = (from: string, content: { [name: string]: Form }): Form => ({
  channel: /^(?:WHATSAPP|RCS|SMS)$/,
  eventType: 'INBOUND',
  messageId: /./,
  from,
  to: number,
  timestamp: time,
  content,
});

/** @param key sent as X-Api-Key; null: none */
export const call = (
  target: Target,
  method: string,
  path: string,
  { key = target.key, ...more }: { key?: string | null; headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> =>
  ask(target.url + path, {
    method,
    headers: { ...(key !== null && { 'x-api-key': key }), ...more.headers },
    ...(more.body !== undefined && { body: more.body }),
  });

/** Holds an answer against what it must be. @returns its JSON */
export async function expectAnswer(asked: Promise<Answer>, status: number, form?: Form): Promise<unknown> {
  const answer = await asked;
  must(answer.status === status, `the status is ${answer.status} in place of ${status}: ${answer.text.slice(0, 500)}`);
  if (form !== undefined) mustFit(answer.json, form);
  return answer.json;
}
