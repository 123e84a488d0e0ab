// What an application hears while a check runs, and how files are sent to it.

import { randomInt } from 'node:crypto';
import { isObject } from '../../core/json.ts';
import type { SandboxMessage } from '../../core/sandbox-desk.ts';
import { must } from '../form.ts';
import { type Heard, offered, type Target } from '../target.ts';
import { call } from './forms.ts';

const path = '/v1/settings/application';

type Application = { media?: { auto_download?: string[] }; webhooks?: { url?: string } };

async function change(target: Target, body: object): Promise<void> {
  const { status, text } = await call(target, 'PATCH', path, { body });
  must(status === 200, `the settings were not changed: ${status} ${text.slice(0, 500)}`);
}

export async function application(target: Target): Promise<Application> {
  const { status, json } = await call(target, 'GET', path);
  must(status === 200, `the settings are answered with ${status}`);
  return (json as { settings: { application: Application } }).settings.application;
}

/** With callbacks to the receiver, and these kinds fetched on arrival, for as long as `body` runs. */
export async function listening<Found>(target: Target, kinds: string[], body: () => Promise<Found>): Promise<Found> {
  const before = await application(target);
  const { url } = offered(target, 'receiver');
  await change(target, { webhooks: { url }, media: { auto_download: kinds } });
  try {
    return await body();
  } finally {
    const webhooks = { url: before.webhooks?.url ?? null };
    await change(target, { webhooks, media: { auto_download: before.media?.auto_download ?? kinds } });
  }
}

export const allKinds = ['image', 'video', 'voice', 'sticker', 'audio', 'document'];

const firstOf = (json: unknown, name: string): unknown => {
  const list = isObject(json) ? json[name] : undefined;
  return Array.isArray(list) ? list[0] : undefined;
};

/** Somebody of whom nobody has heard sends a message. @returns the webhook that tells of it, and the sender */
export async function hearOf(target: Target, message: SandboxMessage): Promise<{ heard: Heard; from: string }> {
  const from = `39333${randomInt(1_000_000, 9_999_999)}`;
  await offered(target, 'inject')({ from: `+${from}`, ...message });
  const heard = await offered(target, 'receiver').next(({ json }) => {
    const first = firstOf(json, 'messages');
    return isObject(first) && first['from'] === from;
  });
  return { heard, from };
}

/** The next outcome about a file that is not among those already heard. */
export const outcomeOf = (target: Target, id: string, before: ReadonlySet<Heard> = new Set()): Promise<Heard> =>
  offered(target, 'receiver').next((heard) => {
    const first = firstOf(heard.json, 'media_items');
    if (before.has(heard) || !isObject(first)) return false;
    const file = first[String(first['type'])];
    return isObject(file) && file['id'] === id;
  });

type Shown = { id: string; status?: string };

/** The file of the message that a webhook tells of. */
export function fileIn({ json }: Heard, kind: string): Shown {
  const first = firstOf(json, 'messages');
  const file = isObject(first) ? first[kind] : undefined;
  must(isObject(file) && typeof file['id'] === 'string', `the message has no ${kind} with an id`);
  return file as Shown;
}

export const bytes = new TextEncoder().encode('the bytes of a file that somebody sent');

export async function* fileBytes(): AsyncGenerator<Uint8Array> {
  yield bytes;
}
