// The outcome of each fault at the carrier, for the journeys that try them.

import { type FaultName, faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';

const second = 1000;

/** What follows a fault that strikes once. */
export type Once =
  /** The same try gets the file all the same, be it after another look-up. */
  | { is: 'harmless' }
  /** The try fails for this reason, and the one after the wait stores the file. */
  | { is: 'retried'; reason: string; byWebhooksLink?: string; afterMs?: number }
  /** The channel pauses, and a probe resumes it. */
  | { is: 'paused'; reason: string }
  /** The carrier says that there is no file. */
  | { is: 'lost'; reason: string };

const harmless: Once = { is: 'harmless' };
const retried = (reason: string, more: { byWebhooksLink?: string; afterMs?: number } = {}): Once => ({
  is: 'retried',
  reason,
  ...more,
});
const throttled = (reason: string): Once => retried(reason, { afterMs: 30 * second });
const paused = (reason: string): Once => ({ is: 'paused', reason });

export const outcomes: Record<FaultName, Once> = {
  unknown_media: retried('carrier_100_33', { afterMs: 10 * second }),
  token_invalid: paused('carrier_0'),
  token_expired: paused('carrier_190'),
  permission_missing: paused('carrier_10'),
  account_locked: paused('carrier_131031'),
  app_limit: retried('carrier_4'),
  account_limit: retried('carrier_80007'),
  throughput_limit: retried('carrier_130429'),
  app_limit_429: throttled('carrier_4'),
  account_limit_429: throttled('carrier_80007'),
  throughput_limit_429: throttled('carrier_130429'),
  service_down: retried('carrier_2'),
  media_gone: { is: 'lost', reason: 'carrier_131052' },
  look_up_500: retried('look_up_500'),
  look_up_html_page: retried('look_up_without_link'),
  look_up_reset: retried('reset'),
  look_up_stall: retried('timeout'),
  look_up_redirect: retried('look_up_302'),
  claims_wrong_sha256: retried('sha256_differs'),
  claims_base64_sha256: harmless,
  claims_no_sha256: harmless,
  claims_size_as_text: harmless,
  claims_size_too_small: harmless,
  claims_no_size: harmless,
  claims_dead_link: harmless,
  claims_no_link: retried('look_up_without_link'),
  claims_private_link: retried('address_refused'),
  dead_link: harmless,
  link_401: harmless,
  link_403: harmless,
  link_404: harmless,
  link_429: throttled('link_429'),
  link_500: retried('link_500'),
  html_page: retried('html_in_place_of_file'),
  reset: retried('reset'),
  reset_mid_body: retried('reset'),
  truncated: retried('reset'),
  chunked: harmless,
  empty: retried('file_empty'),
  // Only the look-up says how long the file is.
  short: retried('file_short', { byWebhooksLink: 'sha256_differs' }),
  long: retried('file_long', { byWebhooksLink: 'sha256_differs' }),
  wrong_bytes: retried('sha256_differs'),
  same_wrong_bytes: retried('sha256_differs'),
  served_octets: harmless,
  served_wrong_type: harmless,
  served_no_type: harmless,
  gzip: retried('content_encoding_unasked'),
  stall: retried('timeout'),
  stall_mid_body: retried('stalled'),
  drip: harmless,
  redirect: harmless,
  redirect_loop: retried('too_many_redirects'),
  redirect_private: retried('redirect_refused'),
};

/** As in the catalogue, except that a drip goes on by itself. */
export function faultOf(name: FaultName) {
  const fault = faultCatalogue[name];
  return name === 'drip' ? { ...faultCatalogue.drip, bytes: 4096, everyMs: 1 } : fault;
}

/** What the webhook says, so that the capture begins with a look-up or with the webhook's own link. */
export const ways = { lookUp: { url: 'missing' }, webhooksLink: {} } as const;
