import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { rcs } from '../../src/carriers/rcs/index.ts';
import type { IntakeRequest } from '../../src/core/carrier.ts';
import { carrierContract, type Signer } from './carrier.ts';

const now = Date.UTC(2026, 10, 2);
const file = Buffer.from('a photo, or what stands for one');
const intake = new URL('https://gateway.example/in/con_4');
const agentId = 'growing-tree-bank@rbm.goog';
const keys: Record<Signer, string | undefined> = {
  newer: 'client-token-2',
  older: 'client-token-1',
  stranger: 'guess',
  nobody: undefined,
};

const post = (body: Uint8Array, headers: Record<string, string>): IntakeRequest => ({
  method: 'POST',
  url: intake,
  headers: { 'content-type': 'application/json', ...headers },
  body,
});

/** What a push carries, as text; empty when it is none. */
function dataOf(body: Uint8Array): Buffer {
  try {
    const data: unknown = JSON.parse(Buffer.from(body).toString()).message.data;
    return typeof data === 'string' ? Buffer.from(data, 'base64') : Buffer.alloc(0);
  } catch {
    return Buffer.alloc(0);
  }
}

function request(body: Uint8Array, signer: Signer): IntakeRequest {
  const key = keys[signer];
  return post(body, key ? { 'x-goog-signature': createHmac('sha512', key).update(dataOf(body)).digest('base64') } : {});
}

const push = (data: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      message: {
        attributes: { product: 'RBM', type: 'message', business_id: agentId },
        data: Buffer.from(data).toString('base64'),
        messageId: '6267774379637729',
        publishTime: '2026-11-02T00:00:00.000Z',
      },
      subscription: 'projects/rbm-project/subscriptions/rbm-agent-subscription',
    }),
  );

const info = (fileUri: string) => ({ mimeType: 'image/gif', fileSizeBytes: file.length, fileName: 'a.gif', fileUri });
const message = (at: number, files: object) =>
  JSON.stringify({
    senderPhoneNumber: `+1222333${1000 + at}`,
    // Given by the sender's phone: by turns the same.
    messageId: `M${at % 7}`,
    sendTime: '2026-11-01T23:59:55.045123456Z',
    agentId,
    userFile: files,
  });

const handshake = (clientToken: string): IntakeRequest =>
  post(Buffer.from(JSON.stringify({ clientToken, secret: '1234567890' })), {});

const connection = (home: string) => ({
  client_token: ['client-token-2', 'client-token-1'],
  api_url: home,
  media_hosts: [new URL(home).host],
});

carrierContract('rcs', {
  carrier: rcs,
  now,
  connection,
  channel: {},
  required: 'client_token',
  secrets: ['client-token-2', 'client-token-1'],
  request,
  handshake: { right: handshake('client-token-1'), answer: '1234567890', wrong: handshake('client-token-3') },
  // By turns with a thumbnail and without.
  messages: (count, { home }) =>
    Array.from({ length: count }, (_, at) => {
      const payload = info(`${home}/uuid/${at}`);
      return push(message(at, at % 2 ? { payload } : { payload, thumbnail: info(`${home}/uuid/${at}/small`) }));
    }),
  notation: {
    read: (body) => readJson(dataOf(body)),
    write: (value) => push(JSON.stringify(value) ?? ''),
    signs: 'meaning',
  },
  credentials: false,
  // Every other file has moved.
  upstream({ at, path }, { abroad }) {
    if (at === 'abroad' || !/[02468]$/.test(path)) return { status: 200, body: file };
    return { status: 302, headers: { location: `${abroad}/moved` } };
  },
  file,
  leadingTo(url) {
    const account = rcs.readConnection(connection('http://127.0.0.1:1'));
    const [update] = rcs.parse(request(push(message(1, { payload: info(url) })), 'newer'), account, now);
    const claim = update?.is === 'message' ? update.media[0] : undefined;
    if (claim === undefined) throw new Error('rcs did not read its own message');
    return { claim };
  },
});

function readJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return bytes.toString('base64');
  }
}

test('rcs: the envelope is not signed, so it may differ, and nothing of it is believed', () => {
  const data = Buffer.from(message(1, { payload: info('https://storage.googleapis.com/a/b') })).toString('base64');
  const older = {
    message: { data, message_id: '1', publish_time: 'x', attributes: { business_id: 'other@rbm.goog' } },
  };
  const genuine = request(Buffer.from(JSON.stringify(older)), 'older');
  const account = rcs.readConnection({ client_token: 'client-token-1' });
  expect(rcs.verify(genuine, account, now)).toBe('verified');
  expect(rcs.parse(genuine, account, now)).toMatchObject([{ is: 'message', address: agentId }]);
});
