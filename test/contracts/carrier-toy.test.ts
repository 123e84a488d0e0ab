import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import type { IntakeRequest } from '../../src/core/carrier.ts';
import { toy } from '../carriers/toy.ts';
import { carrierContract, json, type Signer } from './carrier.ts';

const now = Date.UTC(2026, 10, 2);
const file = Buffer.from('a picture of a toy');
const url = new URL('https://gateway.example/in/con_2');

/** An Ed25519 key made of 32 equal bytes (RFC 8410 frames it for Node). */
const privateKey = (byte: number): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]),
    format: 'der',
    type: 'pkcs8',
  });
const publicKey = (byte: number): string =>
  createPublicKey(privateKey(byte)).export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');

const bytes: Record<Exclude<Signer, 'nobody'>, number> = { newer: 7, older: 6, stranger: 5 };

function request(body: Uint8Array, signer: Signer, timestamp = String(now / 1000)): IntakeRequest {
  if (signer === 'nobody') return { method: 'POST', url, headers: {}, body };
  const signature = sign(null, Buffer.concat([Buffer.from(`${timestamp}|`), body]), privateKey(bytes[signer]));
  return {
    method: 'POST',
    url,
    headers: { 'toy-timestamp': timestamp, 'toy-signature': signature.toString('base64') },
    body,
  };
}

const connection = (home: string) => ({
  public_key: [publicKey(7), publicKey(6)],
  handshake_token: 'SJENCPGJESMGUFPY',
  api_user: 'toy-user',
  api_password: 'toy-password',
  files_url: home,
});
const basic = `Basic ${Buffer.from('toy-user:toy-password').toString('base64')}`;
const handshake = (clientToken: string): IntakeRequest => ({
  method: 'POST',
  url,
  headers: {},
  body: Buffer.from(JSON.stringify({ clientToken, secret: '1234567890' })),
});

carrierContract('toy', {
  carrier: toy,
  now,
  connection,
  channel: {},
  required: 'handshake_token',
  secrets: ['SJENCPGJESMGUFPY', 'toy-user', 'toy-password'],
  request,
  handshake: { right: handshake('SJENCPGJESMGUFPY'), answer: '1234567890', wrong: handshake('guess') },

  // By turns with one file and with two; the second is public, at somebody else's.
  messages(count, { home, abroad }) {
    const items = Array.from({ length: count }, (_, at) => {
      const media = [`${home}/media/${at}`, ...(at % 2 === 1 ? [`${abroad}/media/${at}`] : [])];
      return {
        type: 'message-received',
        owner: '+12345678902',
        message: { id: `m${at}`, from: '+12345678901', text: 'Look', media },
      };
    });
    return [Buffer.from(JSON.stringify(items))];
  },
  notation: json,

  credentials: true,
  upstream({ at, headers }, { abroad }) {
    if (at === 'abroad') return headers.authorization === undefined ? { status: 200, body: file } : { status: 400 };
    return headers.authorization === basic
      ? { status: 307, headers: { location: `${abroad}/signed` } }
      : { status: 401 };
  },
  file,

  leadingTo(link) {
    const [update] = toy.parse(
      request(
        Buffer.from(JSON.stringify([{ type: 'message-received', owner: '1', message: { id: 'x', media: [link] } }])),
        'newer',
      ),
      toy.readConnection(connection('http://x')),
      now,
    );
    const claim = update?.is === 'message' ? update.media[0] : undefined;
    if (claim === undefined) throw new Error('the toy did not read its own message');
    return { claim };
  },
});

test('toy: an Ed25519 signature made elsewhere over time and body is verified within five minutes, and not later', () => {
  const headers = {
    'toy-timestamp': '1700000000',
    'toy-signature': 'V8hGen6qevkAS5Znpq97SCoXbj7sYRsHo4m1epxKSgR25Dds41PGPBS9xC4DFqzD3NHLIs5DdvWF/qArnI2uBA==',
  };
  const body = Buffer.from('{"data":{"event_type":"message.received","id":"e1","record_type":"event"}}');
  const account = toy.readConnection({
    ...connection('http://x'),
    public_key: '6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=',
  });
  const verdict = (at: number) => toy.verify({ method: 'POST', url, headers, body }, account, at);
  expect(verdict(1_700_000_300_000)).toBe('verified');
  expect(verdict(1_700_000_300_001)).toBe('wrong');
});

test('toy: a message that two of our numbers received is two messages', () => {
  const item = (owner: string) => ({ type: 'message-received', owner, message: { id: 'm1', from: '+1', media: [] } });
  const body = Buffer.from(JSON.stringify([item('+10'), item('+11')]));
  const keys = toy
    .parse(request(body, 'newer'), toy.readConnection(connection('http://x')), now)
    .map((update) => update.is === 'message' && update.dedupeKey);
  expect(keys).toEqual(['+10 m1', '+11 m1']);
});
