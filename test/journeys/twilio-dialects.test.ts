// What came through Twilio in each vendor's words: which network it came over, from which line, and every file of several.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startReceiver } from '../../src/sandbox/receiver.ts';
import { photo } from './announced.ts';
import type { Body } from './rig.ts';
import { startTwilioRig, type TwilioRig, type TwilioTenant } from './twilio-rig.ts';

let at: TwilioRig;
const lines: Record<string, TwilioTenant> = {};
beforeAll(async () => {
  at = await startTwilioRig();
  lines['SMS'] = await at.tenant('+15558675310');
  lines['WHATSAPP'] = await at.tenant('whatsapp:+14155238886');
  lines['RCS'] = await at.tenant('rcs:growing_tree_bank');
});
afterAll(() => at.close());

const from: Record<string, string> = {
  SMS: '+15017122661',
  WHATSAPP: 'whatsapp:+15017122661',
  RCS: 'rcs:+15017122661',
};

/** What an endpoint of the dialect hears first of a message with so many pictures. */
async function told(network: string, dialect: string, files = 1): Promise<Body> {
  const tenant = lines[network];
  if (tenant === undefined) throw new Error(`no line at ${network}`);
  const receiver = await startReceiver({ clock: at.rig.clock });
  try {
    const path = `/api/v1/apps/${tenant.appId}/endpoints`;
    const made = await at.rig.call('POST', path, { url: receiver.url, dialect });
    expect(made.status).toBe(201);
    await at.hear(tenant, {
      from: from[network] ?? '',
      files: Array.from({ length: files }, () => ({ bytes: photo(), type: 'image/png' })),
    });
    const heard = (await receiver.next(() => true)).json;
    await at.rig.call('DELETE', `${path}/${made.body.id}`);
    return heard;
  } finally {
    await receiver.close();
  }
}

const inDialects: [network: string, dialect: string, picture: object][] = [
  ['SMS', 'qlara', { channel: 'SMS', from: '+15017122661', to: '+15558675310', content: { type: 'IMAGE' } }],
  ['WHATSAPP', 'qlara', { channel: 'WHATSAPP', to: '+14155238886', content: { type: 'IMAGE' } }],
  ['RCS', 'qlara', { channel: 'RCS', to: 'growing_tree_bank', content: { type: 'IMAGE' } }],
  ['SMS', 'chirp', { event: 'messages.sms.received', data: { message: { type: 'mms', to: '+15558675310' } } }],
  ['WHATSAPP', 'chirp', { event: 'messages.whatsapp.received', data: { message: { to: '+14155238886' } } }],
  ['RCS', 'chirp', { event: 'messages.sms.received', data: { message: { to: 'growing_tree_bank' } } }],
  ['SMS', 'onprem', { messages: [{ from: '15017122661', type: 'image' }] }],
  ['WHATSAPP', 'onprem', { messages: [{ from: '15017122661', type: 'image' }] }],
  ['RCS', 'onprem', { messages: [{ from: '15017122661', type: 'image' }] }],
  ['WHATSAPP', 'pipes', { entry: [{ changes: [{ value: { metadata: { display_phone_number: '+14155238886' } } }] }] }],
  ['SMS', 'pipes', { entry: [{ changes: [{ value: { metadata: { display_phone_number: '+15558675310' } } }] }] }],
  ['RCS', 'pipes', { pipes: { media: { mimeType: 'image/png' } } }],
  ['WHATSAPP', 'wa-server', { payload: { type: 'image', to: '14155238886@s.whatsapp.net' } }],
  ['SMS', 'wa-server', { payload: { type: 'image', to: '15558675310@s.whatsapp.net' } }],
  ['RCS', 'wa-server', { payload: { type: 'image' } }],
];

test.each(inDialects)('a picture by %s is told to an application that speaks %s', async (network, dialect, picture) => {
  expect(await told(network, dialect)).toMatchObject(picture);
});

test('three pictures of one MMS are one message of Chirp, with the address and the id of each', async () => {
  const { mediaUrls, mediaIds, mediaUrl, mediaId } = (await told('SMS', 'chirp', 3)).data.message;
  expect([mediaUrls, mediaIds].map((list) => new Set(list).size)).toEqual([3, 3]);
  expect([mediaUrl, mediaId]).toEqual([mediaUrls[0], mediaIds[0]]);
});

test('a device of wa-server gets a line at WhatsApp, and a setting error names it for any other', async () => {
  const tenant = lines['SMS'];
  const { body: key } = await at.rig.call('POST', `/api/v1/apps/${tenant?.appId}/keys`, {
    name: 'wa',
    permissions: ['read', 'send', 'manage'],
    dialect: 'wa-server',
  });
  const answer = await fetch(`${at.rig.gateway.url}/devices`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ device_name: 'Claims' }),
  });
  const device = ((await answer.json()) as Body).device_id;
  const make = (address: string) =>
    at.rig.call('POST', '/api/v1/channels', {
      app_id: tenant?.appId,
      connection_id: at.connectionId,
      address,
      device,
    });
  for (const address of ['+15550009999', 'rcs:agent', `MG${'ab'.repeat(16)}`]) {
    const refused = await make(address);
    expect(refused.status).toBe(400);
    expect(refused.body.errors).toMatchObject([{ field: 'body.device', message: expect.stringContaining('WhatsApp') }]);
  }
  expect((await make('whatsapp:+15550009999')).status).toBe(201);
});
