// The application's settings as the vendor has them. The kinds that are fetched on arrival are kept with the app, the address
// and its waits with the endpoint; the rest is a document, given back as it was set.

import { z } from 'zod';
import { isObject, type JsonObject } from '../../core/json.ts';
import type { App, Endpoint } from '../../core/model.ts';
import { readBy } from '../schemas.ts';
import { type VendorKind, vendorKinds } from './media-object.ts';
import { leastWaitMs, mostWaitMs, settingsOf, usualWaits } from './settings.ts';

/** Older pages show numbers as text. */
const wait = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ])
  .pipe(z.int().min(leastWaitMs).max(mostWaitMs));
const flag = z.boolean();
const count = z.int().min(0).max(1_000_000);
const word = z.string().max(100);

export const settings = z.strictObject({
  callback_backoff_delay_ms: wait.optional(),
  max_callback_backoff_delay_ms: wait.optional(),
  callback_persist: flag.optional(),
  garbagecollector_enable: z.strictObject({ media: flag.optional(), messages: flag.optional() }).optional(),
  heartbeat_interval: count.optional(),
  unhealthy_interval: count.optional(),
  notify_user_change_number: flag.optional(),
  show_security_notifications: flag.optional(),
  verbose_logging: flag.optional(),
  log_level: word.optional(),
  wa_id: word.optional(),
  pass_through: flag.optional(),
  sent_status: flag.optional(),
  media: z.strictObject({ auto_download: z.array(z.enum(vendorKinds)).max(vendorKinds.length).optional() }).optional(),
  webhooks: z
    .strictObject({
      /** Nothing: callbacks are dropped. */
      url: z.string().max(2048).nullable().optional(),
      max_concurrent_requests: count.optional(),
      message: z.strictObject({ sent: flag.optional(), delivered: flag.optional(), read: flag.optional() }).optional(),
    })
    .optional(),
});

/** Where nobody set them (vendor's page "application settings"). */
const usual: JsonObject = {
  callback_backoff_delay_ms: usualWaits.stepMs,
  max_callback_backoff_delay_ms: usualWaits.mostMs,
  callback_persist: true,
  garbagecollector_enable: { media: false, messages: true },
  heartbeat_interval: 5,
  unhealthy_interval: 30,
  webhooks: { message: { sent: true, delivered: true, read: false } },
};

/** What is set and kept as it was given, beside what has a place of its own. */
export type Change = {
  kept: JsonObject;
  /** undefined: not named. */
  kinds: VendorKind[] | undefined;
  /** null: there is none any more; undefined: not named. */
  url: string | null | undefined;
};

/** @throws Fault invalid_request that names what is wrong */
export function readChange(body: unknown): Change {
  const { media, webhooks, ...rest } = readBy(settings, body ?? {}, 'body');
  const { url, ...hooks } = webhooks ?? {};
  return {
    kept: JSON.parse(JSON.stringify({ ...rest, ...(webhooks && { webhooks: hooks }) })) as JsonObject,
    kinds: media?.auto_download,
    url: url === '' ? null : url,
  };
}

/** One lies over the other, also inside their members. */
export function laidOver(below: JsonObject, above: JsonObject): JsonObject {
  const inner = Object.entries(above).map(([name, value]) => {
    const before = below[name];
    return [name, isObject(value) && isObject(before) ? laidOver(before, value) : value] as const;
  });
  return { ...below, ...Object.fromEntries(inner) };
}

/** The members that an endpoint keeps. */
export const waitsIn = ({ callback_backoff_delay_ms: step, max_callback_backoff_delay_ms: most }: JsonObject) => ({
  ...(step !== undefined && { callback_backoff_delay_ms: step }),
  ...(most !== undefined && { max_callback_backoff_delay_ms: most }),
});

/** A file of no kind that the vendor has is a document there. */
export const ourKinds = (kinds: readonly VendorKind[]): string[] | null =>
  vendorKinds.every((kind) => kinds.includes(kind))
    ? null
    : kinds.flatMap((kind) => (kind === 'document' ? ['document', 'file'] : [kind]));

const theirKinds = (kinds: readonly string[] | null): VendorKind[] =>
  vendorKinds.filter((kind) => kinds === null || kinds.includes(kind));

/** The settings in force. */
export function shown(kept: JsonObject, app: Pick<App, 'autoDownload'>, endpoint: Endpoint | undefined): JsonObject {
  const all = laidOver(usual, kept);
  const hooks = endpoint && { webhooks: { url: endpoint.url }, ...waitsOf(endpoint) };
  return laidOver(laidOver(all, { media: { auto_download: theirKinds(app.autoDownload) } }), hooks ?? {});
}

function waitsOf(endpoint: Endpoint): JsonObject {
  const { stepMs, mostMs } = settingsOf(endpoint.settings).waits;
  return { callback_backoff_delay_ms: stepMs, max_callback_backoff_delay_ms: mostMs };
}
