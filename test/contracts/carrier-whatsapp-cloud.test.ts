import { createHash, createHmac } from 'node:crypto';
import { whatsappCloud } from '../../src/carriers/whatsapp-cloud/index.ts';
import type { IntakeRequest } from '../../src/core/carrier.ts';
import { carrierContract, json, type Signer } from './carrier.ts';

const now = Date.UTC(2026, 10, 2);
const file = Buffer.from('a photo, or what stands for one');
const intake = new URL('https://gateway.example/in/con_1');
const keys: Record<Signer, string | undefined> = {
  newer: 'app-secret-2',
  older: 'app-secret-1',
  stranger: 'guess',
  nobody: undefined,
};

const handshake = (token: string): IntakeRequest => ({
  method: 'GET',
  url: new URL(`?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`, intake),
  headers: {},
  body: new Uint8Array(),
});

carrierContract('whatsapp-cloud', {
  carrier: whatsappCloud,
  now,
  connection: (home) => ({
    app_secret: ['app-secret-2', 'app-secret-1'],
    verify_token: 'verify-me',
    graph_url: `${home}/graph`,
  }),
  channel: { access_token: 'EAAG-token' },
  required: 'app_secret',
  secrets: ['app-secret-2', 'app-secret-1', 'verify-me', 'EAAG-token'],

  request(body, signer) {
    const key = keys[signer];
    const signature = key && `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
    return {
      method: 'POST',
      url: intake,
      headers: { 'content-type': 'application/json', ...(signature && { 'x-hub-signature-256': signature }) },
      body,
    };
  },

  handshake: { right: handshake('verify-me'), answer: '1158201444', wrong: handshake('verify-you') },

  // By turns with a fresh link, with one that has died, and with none.
  messages(count, { home }) {
    const messages = Array.from({ length: count }, (_, at) => {
      const ends = [now + 290_000, now - 10_000][at % 3];
      const link = ends && { url: `${home}/attachments/?mid=media-${at}&ext=${ends / 1000}` };
      const image = {
        id: `media-${at}`,
        mime_type: 'image/jpeg',
        sha256: createHash('sha256').update(file).digest('base64'),
        ...link,
      };
      return {
        from: `1650555${1000 + at}`,
        id: `wamid.${at}`,
        timestamp: String(now / 1000 - 5),
        type: 'image',
        image,
      };
    });
    const contacts = messages.map(({ from }) => ({ wa_id: from, profile: { name: `N ${from}` } }));
    const value = {
      metadata: { display_phone_number: '15550783881', phone_number_id: '106540352242922' },
      contacts,
      messages,
    };
    const entry = [{ id: '1', changes: [{ field: 'messages', value }] }];
    return [Buffer.from(JSON.stringify({ object: 'whatsapp_business_account', entry }))];
  },
  notation: json,

  credentials: true,
  upstream({ at, path, headers }, { home, abroad }) {
    if (at === 'abroad') return { status: 200, body: file };
    if (headers.authorization !== 'Bearer EAAG-token' || headers['user-agent'] === undefined) return { status: 401 };
    const { pathname, searchParams } = new URL(path, home);
    const id = /^\/graph\/v24\.0\/(media-\d+)$/.exec(pathname)?.[1];
    if (id === undefined) return { status: 302, headers: { location: `${abroad}/cdn` } };
    if (searchParams.get('phone_number_id') !== '106540352242922')
      return { status: 400, body: '{"error":{"code":100,"error_subcode":33}}' };
    return {
      status: 200,
      body: JSON.stringify({ url: `${home}/attachments/?mid=${id}`, mime_type: 'image/jpeg', id }),
    };
  },
  file,

  leadingTo: (url) => ({ answer: { status: 200, headers: {}, body: Buffer.from(JSON.stringify({ url })) } }),
});
