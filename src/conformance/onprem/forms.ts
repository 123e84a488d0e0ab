// The vendor's bodies, and how its addresses are asked.

import { type Answer, ask } from '../ask.ts';
import { type Form, maybe, must, mustFit } from '../form.ts';
import type { Target } from '../target.ts';

export const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const sha256 = /^[0-9a-f]{64}$/;
export const meta: Form = { api_status: 'stable', version: /./ };

export const error = (code: number): Form => ({
  meta: maybe(meta),
  errors: [{ code, title: /./, details: maybe(/./), href: maybe(/./) }],
});

/** A file of a message; whether it is here already is for the server to say. */
export const mediaObject = (type: string, more: { [name: string]: Form } = {}): Form => ({
  id: uuid,
  mime_type: type,
  sha256: maybe(sha256),
  status: maybe(/^(?:un)?downloaded$/),
  file: maybe(/^\//),
  link: maybe(/^http/),
  ...more,
});

/** The webhook of one message. */
export const received = (from: string, message: { [name: string]: Form }): Form => ({
  contacts: maybe([{ profile: { name: (name) => typeof name === 'string' }, wa_id: from }]),
  messages: [{ from, id: /./, timestamp: /^\d{10}$/, ...message }],
});

/** The outcome of a download: here. */
export const downloaded = (kind: string, id: string): Form => ({
  media_items: [{ type: kind, [kind]: { id, mime_type: /./, sha256, status: 'downloaded' } }],
});

export const call = (
  target: Target,
  method: string,
  path: string,
  { key = target.key, ...more }: { key?: string | null; headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> => ask(target.url + path, { method, ...(key !== null && { key }), ...more });

/** Holds an answer against what it must be. @param form null: it has no body. @returns its JSON */
export async function expectAnswer(asked: Promise<Answer>, status: number, form: Form): Promise<unknown> {
  const answer = await asked;
  must(answer.status === status, `the status is ${answer.status} in place of ${status}: ${answer.text.slice(0, 500)}`);
  if (form === null) must(answer.bytes.length === 0, `there is a body: ${answer.text.slice(0, 500)}`);
  else mustFit(answer.json, form);
  return answer.json;
}

/** Gives the server a file. @returns its id */
export async function upload(target: Target, bytes: Uint8Array, type: string): Promise<string> {
  const { status, json, text } = await call(target, 'POST', '/v1/media', {
    headers: { 'content-type': type },
    body: bytes,
  });
  must(status === 201 || status === 200, `an upload is answered with ${status}: ${text.slice(0, 500)}`);
  mustFit(json, { media: [{ id: uuid }], meta: maybe(meta) });
  return (json as { media: [{ id: string }] }).media[0].id;
}
