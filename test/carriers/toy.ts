// A carrier that does not exist, as unlike WhatsApp as real ones are: public keys in place of shared secrets, a handshake by
// POST, bodies that are lists, several files a message under bare links, Basic credentials that belong to the account, no
// look-up, files that are redirected to a content network, and an answer that must be XML. If the port holds this one
// as well, it was not cut to one carrier.

import { createHash, createPublicKey, timingSafeEqual, verify as verifySignature } from 'node:crypto';
import { listOf, member, readJson, textOf } from '../../src/carriers/json-reading.ts';
import type {
  Account,
  Carrier,
  HopFailure,
  InboundMessage,
  IntakeRequest,
  MediaClaim,
  Update,
} from '../../src/core/carrier.ts';
import { Fault, invalid } from '../../src/core/faults.ts';
import type { Millis } from '../../src/core/ids.ts';
import { isObject } from '../../src/core/json.ts';
import { captionBytes, foreignId } from '../../src/core/text.ts';

const toleratedMs = 300_000;
const mediaLifeMs = 48 * 60 * 60 * 1000;
const mostFiles = 10;

const members: ReadonlySet<string> = new Set([
  'public_key',
  'handshake_token',
  'api_user',
  'api_password',
  'files_url',
]);

export const toy: Carrier = {
  name: 'toy',
  accepted: { status: 200, type: 'text/xml', body: '<Response/>' },
  journalHeaders: ['content-type', 'toy-timestamp', 'toy-signature'],

  readConnection(given, before) {
    for (const name of Object.keys(given)) {
      if (!members.has(name)) throw invalid(`body.${name}`, 'is not a setting of this carrier');
    }
    const whole = { ...before?.settings, ...before?.secrets, ...given };
    const words = (name: string, most: number): string[] => {
      const list = [whole[name]].flat().filter((value) => typeof value === 'string' && value !== '');
      if (list.length < 1 || list.length > most)
        throw invalid(`body.${name}`, `must be ${most === 1 ? 'a text' : 'one or two texts'}`);
      return list.map(String);
    };
    return {
      settings: { public_key: words('public_key', 2), files_url: String(words('files_url', 1)) },
      secrets: {
        handshake_token: String(words('handshake_token', 1)),
        api_user: String(words('api_user', 1)),
        api_password: String(words('api_password', 1)),
      },
    };
  },

  readChannel(given) {
    for (const name of Object.keys(given)) throw invalid(`body.${name}`, 'is not a setting of this carrier');
    return { secrets: {} };
  },

  challenge(request, account) {
    const body = readJson(request.body);
    const [token, secret] = [member(body, 'clientToken'), member(body, 'secret')];
    if (request.method !== 'POST' || token === undefined) return undefined;
    const same =
      typeof token === 'string' && timingSafeEqual(sha256(token), sha256(String(account.secrets['handshake_token'])));
    if (!same || typeof secret !== 'string') throw new Fault('challenge_refused');
    return { status: 200, type: 'text/plain', body: secret };
  },

  verify(request, account, now) {
    const { 'toy-signature': signature, 'toy-timestamp': timestamp } = request.headers;
    if (signature === undefined || timestamp === undefined) return 'missing';
    if (!(Math.abs(Number(timestamp) * 1000 - now) <= toleratedMs)) return 'wrong';
    const signed = Buffer.concat([Buffer.from(`${timestamp}|`), request.body]);
    const fits = listOf(account.settings['public_key']).map((key) =>
      verifySignature(null, signed, publicKeyOf(String(key)), Buffer.from(signature, 'base64')),
    );
    return fits.includes(true) ? 'verified' : 'wrong';
  },

  parse(request: IntakeRequest, _account: Account, now: Millis): Update[] {
    const body = readJson(request.body);
    const items = listOf(body);
    return items.length > 0
      ? items.map((item) => readItem(item, now))
      : [{ is: 'unparsed', reason: 'The body is no list of items.' }];
  },

  firstHop({ source, account }) {
    const url = String(source['url']);
    if (!URL.canParse(url)) return { is: 'permanent', reason: 'invalid_url' };
    const isOurs = new URL(url).origin === new URL(String(account.settings['files_url'])).origin;
    const { api_user: user, api_password: password } = account.secrets;
    const credentials = Buffer.from(`${user}:${password}`).toString('base64');
    return {
      url,
      headers: isOurs ? { authorization: `Basic ${credentials}` } : {},
      yields: 'file',
      perishable: false,
      expects: {},
    };
  },

  nextHop: () => ({ is: 'permanent', reason: 'too_many_hops' }),

  discard: () => null,
  recent: null,

  probe({ account }) {
    const { api_user: user, api_password: password } = account.secrets;
    return {
      url: new URL('/account', String(account.settings['files_url'])).href,
      headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
      yields: 'answer',
      perishable: false,
      expects: {},
    };
  },

  judgeProbe: ({ status }) => (status === 200 ? undefined : { is: 'account', reason: `link_${status}` }),

  judge(_subject, _hop, { status, headers }): HopFailure {
    if (status === 401 || status === 403) return { is: 'account', reason: `link_${status}` };
    if (status === 410) return { is: 'permanent', reason: 'link_410' };
    const wait = Number(headers['retry-after']);
    return { is: 'transient', reason: `link_${status}`, ...(wait >= 0 && { retryAfterMs: wait * 1000 }) };
  },
};

function readItem(item: unknown, now: Millis): Update {
  const address = foreignId(member(item, 'owner'));
  if (member(item, 'type') !== 'message-received') {
    return isObject(item)
      ? { is: 'status', address: address ?? null }
      : { is: 'unparsed', reason: 'An item is no object.' };
  }
  const message = member(item, 'message');
  const id = foreignId(member(message, 'id'));
  if (id === undefined || address === undefined) return { is: 'unparsed', reason: 'A message has no id or no owner.' };
  const from = /^\+?(\d{1,20})$/.exec(String(foreignId(member(message, 'from'))))?.[1];
  const read: InboundMessage = {
    is: 'message',
    address,
    dedupeKey: `${address} ${id}`,
    carrierMessageId: id,
    direction: 'inbound',
    origin: 'live',
    kind: 'mms',
    text: textOf(member(message, 'text'), captionBytes),
    identities: from === undefined ? [] : [{ kind: 'phone', value: from }],
    name: null,
    groupId: null,
    context: null,
    content: null,
    raw: null,
    errors: [],
    sentAt: now,
    media: listOf(member(message, 'media'))
      .filter((url) => typeof url === 'string')
      .slice(0, mostFiles)
      .map((url) => claimOf(url, now)),
  };
  return read;
}

const claimOf = (url: string, now: Millis): MediaClaim => ({
  kind: 'file',
  carrierMediaId: null,
  caption: null,
  fileName: null,
  voice: false,
  animated: false,
  thumbnailOf: null,
  declaredType: null,
  declaredSha256: null,
  declaredSize: null,
  source: { url: url.toWellFormed() },
  deadline: now + mediaLifeMs,
  unavailable: null,
});

/** 32 raw bytes in base64, as carriers print them; Node wants the DER frame around them (RFC 8410). */
const publicKeyOf = (base64: string) =>
  createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(base64, 'base64')]),
    format: 'der',
    type: 'spki',
  });

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
