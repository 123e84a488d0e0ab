// What can go wrong with a file at Google: there is one address for each, and no look-up to ask instead.

import type { AnswerFault } from '../fault.ts';

export type RcsFault =
  | AnswerFault
  /** The store's own refusal, in XML. */
  | { is: 'store_error'; status: 403 | 404 };

/** Every fault by a name, so that a journey can try each, alone, and forget none. */
export const rcsFaults = {
  not_found: { is: 'store_error', status: 404 },
  access_denied: { is: 'store_error', status: 403 },
  status_429: { is: 'status', status: 429, retryAfterSeconds: 30 },
  status_500: { is: 'status', status: 500 },
  html_page: { is: 'html_page' },
  reset: { is: 'reset', when: 'before_headers' },
  reset_mid_body: { is: 'reset', when: 'mid_body' },
  truncated: { is: 'truncated' },
  chunked: { is: 'chunked' },
  empty: { is: 'length', bytes: 0 },
  short: { is: 'length', bytes: 10 },
  long: { is: 'length', bytes: 1024 * 1024 },
  served_octets: { is: 'served_type', type: 'application/octet-stream' },
  served_wrong_type: { is: 'served_type', type: 'video/mp4' },
  served_no_type: { is: 'served_type', type: null },
  gzip: { is: 'gzip' },
  stall: { is: 'stall', when: 'before_headers' },
  stall_mid_body: { is: 'stall', when: 'mid_body' },
  redirect: { is: 'redirect', to: 'other_host' },
  redirect_loop: { is: 'redirect', to: 'itself' },
  redirect_private: { is: 'redirect', to: new URL('http://169.254.169.254/latest/meta-data/') },
} as const satisfies Record<string, RcsFault>;

export type RcsFaultName = keyof typeof rcsFaults;
