// What can go wrong with a file at Twilio: at the account's media address, which wants credentials and redirects, or at the
// signed link behind it.

import type { AnswerFault } from '../fault.ts';

export type TwilioFault =
  | (AnswerFault & { at: 'media' | 'link' })
  /** An error of the API in its own words. */
  | { at: 'media' | 'deletion'; is: 'error'; status: number; code: number; retryAfterSeconds?: number };

/** Every fault by a name, so that a journey can try each, alone, and forget none. */
export const twilioFaults = {
  // Not yet everywhere, as straight after a webhook.
  not_found_yet: { at: 'media', is: 'error', status: 404, code: 20404 },
  token_refused: { at: 'media', is: 'error', status: 401, code: 20003 },
  account_suspended: { at: 'media', is: 'error', status: 403, code: 20005 },
  too_many: { at: 'media', is: 'error', status: 429, code: 20429, retryAfterSeconds: 30 },
  api_down: { at: 'media', is: 'status', status: 500 },
  api_reset: { at: 'media', is: 'reset', when: 'before_headers' },
  api_stall: { at: 'media', is: 'stall', when: 'before_headers' },
  redirect_private: { at: 'media', is: 'redirect', to: new URL('http://169.254.169.254/latest/meta-data/') },
  redirect_loop: { at: 'media', is: 'redirect', to: 'itself' },
  link_refused: { at: 'link', is: 'status', status: 403 },
  link_down: { at: 'link', is: 'status', status: 503 },
  html_page: { at: 'link', is: 'html_page' },
  empty: { at: 'link', is: 'length', bytes: 0 },
  truncated: { at: 'link', is: 'truncated' },
  reset_mid_body: { at: 'link', is: 'reset', when: 'mid_body' },
  stall_mid_body: { at: 'link', is: 'stall', when: 'mid_body' },
  gzip: { at: 'link', is: 'gzip' },
  chunked: { at: 'link', is: 'chunked' },
  served_wrong_type: { at: 'link', is: 'served_type', type: 'video/mp4' },
} as const satisfies Record<string, TwilioFault>;

export type TwilioFaultName = keyof typeof twilioFaults;
