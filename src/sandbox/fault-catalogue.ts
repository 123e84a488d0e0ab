// Every fault by a name, so that a journey can try each, alone, and forget none. The errors of the Graph API are those of
// Meta's "Error codes"; what else can happen was reported by those who fetch media.

import type { Fault } from './fault.ts';

const graphError = (code: number, more: { status?: number; retryAfterSeconds?: number } = {}) =>
  ({ at: 'look_up', is: 'graph_error', code, ...more }) as const;

export const faultCatalogue = {
  // The look-up refuses.
  unknown_media: graphError(100),
  token_invalid: graphError(0),
  token_expired: graphError(190),
  permission_missing: graphError(10),
  account_locked: graphError(131031),
  app_limit: graphError(4),
  account_limit: graphError(80007),
  throughput_limit: graphError(130429),
  app_limit_429: graphError(4, { status: 429, retryAfterSeconds: 30 }),
  account_limit_429: graphError(80007, { status: 429, retryAfterSeconds: 30 }),
  throughput_limit_429: graphError(130429, { status: 429, retryAfterSeconds: 30 }),
  service_down: graphError(2),
  media_gone: graphError(131052),
  look_up_500: { at: 'look_up', is: 'status', status: 500 },
  look_up_html_page: { at: 'look_up', is: 'html_page' },
  look_up_reset: { at: 'look_up', is: 'reset', when: 'before_headers' },
  look_up_stall: { at: 'look_up', is: 'stall', when: 'before_headers' },
  look_up_redirect: { at: 'look_up', is: 'redirect', to: 'other_host' },
  // The look-up says something else than it should.
  claims_wrong_sha256: { at: 'look_up', is: 'claims', claims: { sha256: 'wrong' } },
  claims_base64_sha256: { at: 'look_up', is: 'claims', claims: { sha256: 'base64' } },
  claims_no_sha256: { at: 'look_up', is: 'claims', claims: { sha256: 'missing' } },
  claims_size_as_text: { at: 'look_up', is: 'claims', claims: { fileSize: 'text' } },
  claims_size_too_small: { at: 'look_up', is: 'claims', claims: { fileSize: 1 } },
  claims_no_size: { at: 'look_up', is: 'claims', claims: { fileSize: 'missing' } },
  claims_dead_link: { at: 'look_up', is: 'claims', claims: { url: 'dead' } },
  claims_no_link: { at: 'look_up', is: 'claims', claims: { url: 'missing' } },
  claims_private_link: { at: 'look_up', is: 'claims', claims: { url: new URL('http://169.254.169.254/latest/') } },
  // The link refuses.
  dead_link: { at: 'link', is: 'dead_link' },
  link_401: { at: 'link', is: 'status', status: 401 },
  link_403: { at: 'link', is: 'status', status: 403 },
  link_404: { at: 'link', is: 'status', status: 404 },
  link_429: { at: 'link', is: 'status', status: 429, retryAfterSeconds: 30 },
  link_500: { at: 'link', is: 'status', status: 500 },
  // The file arrives wrongly, or not at all.
  html_page: { at: 'link', is: 'html_page' },
  reset: { at: 'link', is: 'reset', when: 'before_headers' },
  reset_mid_body: { at: 'link', is: 'reset', when: 'mid_body' },
  truncated: { at: 'link', is: 'truncated' },
  chunked: { at: 'link', is: 'chunked' },
  empty: { at: 'link', is: 'length', bytes: 0 },
  short: { at: 'link', is: 'length', bytes: 10 },
  long: { at: 'link', is: 'length', bytes: 1024 * 1024 },
  wrong_bytes: { at: 'link', is: 'wrong_bytes', steady: false },
  same_wrong_bytes: { at: 'link', is: 'wrong_bytes', steady: true },
  served_octets: { at: 'link', is: 'served_type', type: 'application/octet-stream' },
  served_wrong_type: { at: 'link', is: 'served_type', type: 'video/mp4' },
  served_no_type: { at: 'link', is: 'served_type', type: null },
  gzip: { at: 'link', is: 'gzip' },
  stall: { at: 'link', is: 'stall', when: 'before_headers' },
  stall_mid_body: { at: 'link', is: 'stall', when: 'mid_body' },
  drip: { at: 'link', is: 'drip', bytes: 10 },
  redirect: { at: 'link', is: 'redirect', to: 'other_host' },
  redirect_loop: { at: 'link', is: 'redirect', to: 'itself' },
  redirect_private: { at: 'link', is: 'redirect', to: new URL('http://169.254.169.254/latest/meta-data/') },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faultCatalogue;
