// X-Twilio-Signature: base64 of HMAC-SHA1, keyed by the auth token, over the address exactly as it was entered at Twilio and
// then every parameter of a form, names sorted, name and value run together. A JSON body is covered by its SHA-256, which
// stands in the query as bodySHA256, and so in the address. https://www.twilio.com/docs/usage/security
//
// Whether the signed address names the standard port, and how its query is escaped, has differed over the years; Twilio's own
// library takes each of them, and so do we. None lets anybody in who has no token.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { parse as parseQuery, stringify as writeQuery } from 'node:querystring';
import type { Account, IntakeRequest, Verification } from '../../core/carrier.ts';
import { formParameters, type Parameters } from './parameters.ts';
import { authTokensOf } from './settings.ts';

export const signatureHeader = 'x-twilio-signature';

const mostParameters = 1000;
const ampersand = 0x26;

export function verify(request: IntakeRequest, account: Account): Verification {
  const header = request.headers[signatureHeader];
  if (header === undefined || header === '') return 'missing';
  // The parameters of a GET stand in its address, and the journal keeps no address: only a POST can be kept whole.
  if (request.method !== 'POST') return 'wrong';
  const bodySha256 = request.url.searchParams.get('bodySHA256');
  if (bodySha256 !== null && !isSame(bodySha256.toLowerCase(), sha256(request.body))) return 'wrong';
  if (bodySha256 === null && !isReasonable(request.body)) return 'wrong';
  const parameters = bodySha256 === null ? signedForm(formParameters(request.body)) : '';
  const fits = authTokensOf(account).flatMap((token) =>
    spellings(request.url).map((url) =>
      isSame(header, createHmac('sha1', token).update(url).update(parameters).digest('base64')),
    ),
  );
  return fits.includes(true) ? 'verified' : 'wrong';
}

/** A message has less than a hundred; sorting a million for a stranger would keep everybody waiting. */
function isReasonable(form: Uint8Array): boolean {
  let pairs = 1;
  for (const byte of form) if (byte === ampersand) pairs += 1;
  return pairs <= mostParameters;
}

/** Values that repeat under a name count once each, sorted. */
const signedForm = (parameters: Parameters): string =>
  [...parameters.keys()]
    .sort()
    .flatMap((name) => [...new Set(parameters.get(name))].sort().map((value) => name + value))
    .join('');

/** The ways in which the called address may have been written when it was signed. */
function spellings(url: URL): string[] {
  const authority = (port: string) => `${url.protocol}//${url.hostname}${port}`;
  const standard = url.protocol === 'https:' ? ':443' : ':80';
  const ports = new Set(['', url.port === '' ? standard : `:${url.port}`]);
  const legacy = url.search === '' ? '' : `?${writeQuery(parseQuery(url.search.slice(1)))}`;
  const queries = new Set([url.search, legacy]);
  return [...ports].flatMap((port) => [...queries].map((query) => authority(port) + url.pathname + query));
}

const sha256 = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');

function isSame(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
