import { createHash } from 'node:crypto';
import twilioPackage from 'twilio';
import { expect, test } from 'vitest';
import { twilio } from '../../src/carriers/twilio/index.ts';
import type { IntakeRequest } from '../../src/core/carrier.ts';
import { carrierContract, type Signer } from './carrier.ts';

// Twilio's own package signs: were it our code, a common mistake would go unseen.
const { getExpectedTwilioSignature } = twilioPackage;

const now = Date.UTC(2026, 10, 2);
const file = Buffer.from('a photo, or what stands for one');
const intake = new URL('https://gateway.example/in/con_3');
const accountSid = `AC${'0'.repeat(32)}`;
const keys: Record<Signer, string | undefined> = {
  newer: 'auth-token-2',
  older: 'auth-token-1',
  stranger: 'guess',
  nobody: undefined,
};

const paramsOf = (body: Uint8Array): Record<string, string | string[]> => {
  const form = new URLSearchParams(Buffer.from(body).toString());
  return Object.fromEntries([...form.keys()].map((name) => [name, form.getAll(name)]));
};

function request(body: Uint8Array, signer: Signer, url = intake): IntakeRequest {
  const key = keys[signer];
  const signature = key && getExpectedTwilioSignature(key, url.href, paramsOf(body));
  return {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      ...(signature && { 'x-twilio-signature': signature }),
    },
    body,
  };
}

const connection = (home: string) => ({
  account_sid: accountSid,
  auth_token: ['auth-token-2', 'auth-token-1'],
  api_url: home,
  delete_after_capture: true,
});

const sid = (kind: string, at: number): string => kind + at.toString(16).padStart(32, '0');
const mediaUrl = (home: string, at: number, nth: number): string =>
  `${home}/2010-04-01/Accounts/${accountSid}/Messages/${sid('MM', at)}/Media/${sid('ME', at * 10 + nth)}`;
const form = (parameters: Record<string, string>): Buffer => Buffer.from(String(new URLSearchParams(parameters)));

const message = (at: number, urls: string[]): Record<string, string> => ({
  MessageSid: sid('MM', at),
  AccountSid: accountSid,
  From: '+15017122661',
  To: '+15558675310',
  Body: '',
  NumMedia: String(urls.length),
  ...Object.fromEntries(
    urls.flatMap((url, nth) => [
      [`MediaUrl${nth}`, url],
      [`MediaContentType${nth}`, 'image/jpeg'],
    ]),
  ),
});

const credentials = `Basic ${Buffer.from(`${accountSid}:auth-token-2`).toString('base64')}`;

carrierContract('twilio', {
  carrier: twilio,
  now,
  connection,
  channel: {},
  required: 'auth_token',
  secrets: ['auth-token-2', 'auth-token-1'],
  request,
  handshake: null,
  // By turns with one file, with two, and with ten.
  messages: (count, { home }) =>
    Array.from({ length: count }, (_, at) => {
      const files = [1, 2, 10][at % 3] ?? 1;
      return form(
        message(
          at,
          Array.from({ length: files }, (_, nth) => mediaUrl(home, at, nth)),
        ),
      );
    }),
  notation: {
    read: (body) => paramsOf(body),
    // As careless as forms are: a value that is no text becomes one.
    write: (value) => Buffer.from(new URLSearchParams(entriesOf(value)).toString()),
    signs: 'meaning',
  },
  credentials: true,
  upstream({ at, path, headers }, { abroad }) {
    if (at === 'abroad') return headers.authorization === undefined ? { status: 200, body: file } : { status: 400 };
    if (headers.authorization !== credentials) return { status: 401, body: '{"code":20003,"status":401}' };
    if (!path.startsWith(`/2010-04-01/Accounts/${accountSid}/Messages/`)) return { status: 404 };
    return { status: 307, headers: { location: `${abroad}/signed?Expires=1` } };
  },
  file,
  leadingTo(url) {
    const account = twilio.readConnection(connection('http://127.0.0.1:1'));
    const [update] = twilio.parse(request(form(message(1, [url])), 'newer'), account, now);
    const claim = update?.is === 'message' ? update.media[0] : undefined;
    if (claim === undefined) throw new Error('twilio did not read its own message');
    return { claim };
  },
});

function entriesOf(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[textOf(value), '']];
  return Object.entries(value).flatMap(([name, inner]) =>
    (Array.isArray(inner) ? inner : [inner]).map((one): [string, string] => [name, textOf(one)]),
  );
}
const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

test('twilio: a JSON body is verified by the hash of it that stands in the signed address, and only then', () => {
  const body = Buffer.from(JSON.stringify({ MessageSid: sid('SM', 1), From: '+1501', To: '+1555', Body: 'hi' }));
  const hash = createHash('sha256').update(body).digest('hex');
  const url = new URL(`?bodySHA256=${hash}`, intake);
  const headers = {
    'content-type': 'application/json',
    'x-twilio-signature': getExpectedTwilioSignature('auth-token-1', url.href, {}),
  };
  const account = twilio.readConnection(connection('https://api.twilio.com'));
  const genuine: IntakeRequest = { method: 'POST', url, headers, body };
  expect(twilio.verify(genuine, account, now)).toBe('verified');
  expect(twilio.verify({ ...genuine, body: Buffer.from('{}') }, account, now)).toBe('wrong');
  const bare = { ...headers, 'x-twilio-signature': getExpectedTwilioSignature('auth-token-1', intake.href, {}) };
  expect(twilio.verify({ ...genuine, url: intake, headers: bare }, account, now)).toBe('wrong');
  expect(twilio.parse(genuine, account, now)).toMatchObject([{ is: 'message', kind: 'text', text: 'hi' }]);
});
