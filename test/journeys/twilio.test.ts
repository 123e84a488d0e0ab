// Messages by way of Twilio, from the signed form to the delivered file.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import { type TwilioFaultName, twilioFaults } from '../../src/sandbox/twilio/fault.ts';
import { about, type Body, fixture, messageOf, sha256Of } from './rig.ts';
import { accountSid, authToken, from, startTwilioRig, type TwilioRig, type TwilioTenant } from './twilio-rig.ts';

const second = 1000;
const minute = 60 * second;

let at: TwilioRig;
let sms: TwilioTenant;
let whatsapp: TwilioTenant;
let stranger: Receiver;
beforeAll(async () => {
  at = await startTwilioRig();
  sms = await at.tenant('+15558675310');
  whatsapp = await at.tenant('whatsapp:+14155238886');
  stranger = await startReceiver({ clock: at.rig.clock, host: '127.0.0.3' });
  stranger.answer({ status: 200, headers: { 'content-type': 'image/png' }, body: 'not yours' });
});
afterAll(async () => {
  await at.close();
  await stranger.close();
});

let photos = 0;
/** A photo that no other test has. */
const photo = () => ({
  bytes: (async function* () {
    yield await readFile(fixture('label.png'));
    yield Buffer.from(`twilio ${++photos}`);
  })(),
  type: 'image/png',
});

const linked = async (url: string): Promise<string> => sha256Of(await (await fetch(url)).arrayBuffer());

describe('every kind of message', () => {
  const files = [
    ['accident.jpg', 'image', 'image/jpeg'],
    ['voice.ogg', 'audio', 'audio/ogg'],
    ['video.mp4', 'video', 'video/mp4'],
    ['contract.pdf', 'document', 'application/pdf'],
    ['sticker.webp', 'sticker', 'image/webp'],
    ['contact.vcf', 'document', 'text/vcard'],
  ] as const;

  test.each(files)('%s by WhatsApp arrives as %s and downloads with the same bytes', async (name, kind, type) => {
    const bytes = await readFile(fixture(name));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { heard, message } = await at.hear(whatsapp, {
      from: 'whatsapp:+16505551234',
      body: 'Der Schaden 🚗',
      files: [{ path: fixture(name), fileName: 'von Ada.bin' }],
      name: 'Ada',
    });
    expect(heard).toMatchObject({ kind, text: 'Der Schaden 🚗', carrier: 'twilio', contact: { name: 'Ada' } });
    const [media] = heard.media;
    expect(media).toMatchObject({ kind, type, state: 'stored', sha256, size: bytes.length, integrity: 'unchecked' });
    expect(media).toMatchObject({ carrier_media_id: message.media[0]?.id, file_name: 'von Ada.bin' });
    expect(await linked(media.url)).toBe(sha256);
  });

  test('an MMS with ten pictures is one message with ten files, the caption on the first', async () => {
    const { heard, message } = await at.hear(sms, { body: 'All of it', files: Array.from({ length: 10 }, photo) });
    expect(heard.media.map(({ part }: Body) => part)).toEqual([...Array(10).keys()]);
    expect(heard.media.map(({ caption }: Body) => caption)).toEqual(['All of it', ...Array(9).fill(null)]);
    for (const [nth, media] of heard.media.entries()) {
      expect(await linked(media.url)).toBe(message.media[nth]?.sha256);
    }
  });

  test('an SMS is a text, and the answer is empty TwiML that nobody gets as a reply', async () => {
    const sent = await at.twilio.send(at.intakeUrl(), {
      from,
      to: sms.address,
      body: 'Wann kommt der Gutachter? ä€😀',
    });
    expect(sent.answer).toMatchObject({
      status: 200,
      body: '<?xml version="1.0" encoding="UTF-8"?><Response></Response>',
    });
    expect(await at.heard(sms, sent)).toMatchObject({
      kind: 'text',
      text: 'Wann kommt der Gutachter? ä€😀',
      media: [],
    });
  });

  test('RCS comes to the channel of its agent, and a JSON body is read like a form', async () => {
    const rcs = await at.tenant('rcs:brand_agent');
    const message = await at.twilio.take({ from: 'rcs:+15551234567', to: rcs.address, body: 'hi', files: [photo()] });
    const answer = await at.twilio.post(at.intakeUrl(), message.parameters, { json: true });
    expect(answer.status).toBe(200);
    const heard = await at.heard(rcs, message);
    expect(heard).toMatchObject({ kind: 'image', text: 'hi' });
    expect(await linked(heard.media[0].url)).toBe(message.message.media[0]?.sha256);
  });
});

describe('who may post', () => {
  const post = async (how: Parameters<typeof at.twilio.post>[2], url = at.intakeUrl()) => {
    const { parameters, message } = await at.twilio.take({ from, to: sms.address, body: 'who' });
    return { sid: message.sid, answer: await at.twilio.post(url, parameters, how) };
  };
  const known = async (sid: string): Promise<Body[]> =>
    (await at.rig.call('GET', '/api/v1/messages?limit=200', undefined, sms.key)).body.data.filter(
      (message: Body) => message.carrier_message_id === sid,
    );

  test.each([
    ['without a signature', { signature: 'missing' }],
    ['with a forged one', { signature: 'wrong' }],
    ['altered under way', { alterAfterSigning: { To: '+15550000000' } }],
    ['with a parameter added', { alterAfterSigning: { Unknown: '' } }],
    ['signed for another address', { signedUrl: 'https://elsewhere.example/in/con_1' }],
  ] as const)('a request %s is refused and stores nothing', async (_, how) => {
    const { sid, answer } = await post(how);
    expect(answer.status).toBe(401);
    expect(await known(sid)).toEqual([]);
  });

  test('either token verifies while it is rotated; the newer fetches', async () => {
    const set = (tokens: string[]) =>
      at.rig.call('PATCH', `/api/v1/connections/${at.connectionId}`, { auth_token: tokens });
    await set(['the-next-token', authToken]);
    at.twilio.replaceTokens([authToken, 'the-next-token']);
    for (const token of [authToken, 'the-next-token'])
      expect((await post({ authToken: token })).answer.status).toBe(200);
    const { message } = await at.hear(sms, { files: [photo()] });
    const asked = await at.twilio.nextRequest(
      ({ mediaSid, host }) => host === 'api' && mediaSid === message.media[0]?.id,
    );
    expect(Buffer.from(asked.authorization?.slice(6) ?? '', 'base64').toString()).toBe(`${accountSid}:the-next-token`);
    await set([authToken]);
    at.twilio.replaceTokens([authToken]);
    expect((await post({ authToken: 'the-next-token' })).answer.status).toBe(401);
  });

  test('the same message again is answered the same and told once', async () => {
    const composed = await at.hear(sms, { files: [photo()] });
    const again = await at.twilio.post(at.intakeUrl(), { ...composed.parameters, ErrorCode: '11200' });
    expect(again.status).toBe(200);
    expect(await known(composed.message.sid)).toHaveLength(1);
    expect(sms.receiver.received.filter(about(composed.message.sid))).toHaveLength(1);
  });

  test('a message to a number without a channel is kept in the journal as unrouted', async () => {
    const sent = await at.twilio.send(at.intakeUrl(), { from, to: '+15550009999', body: 'hello?' });
    expect(sent.answer.status).toBe(200);
    const { body } = await at.rig.call('GET', '/api/v1/journal?only=unrouted');
    expect(body.data[0]).toMatchObject({ connection_id: at.connectionId, messages: 0, unrouted: 1 });
  });
});

describe('what becomes of each fault', () => {
  /** With time limits that a test can wait for; where nothing stalls, they would measure the machine. */
  let impatient: TwilioRig;
  let its: TwilioTenant;
  beforeAll(async () => {
    impatient = await startTwilioRig({ MEDIADOCK_STALL_SECONDS: '3', MEDIADOCK_HEADERS_TIMEOUT_SECONDS: '3' });
    its = await impatient.tenant('+15558675311');
    // Nothing is tried again before a test says so.
    for (const { rig } of [at, impatient]) rig.clock.hold();
  });
  afterAll(() => impatient.close());

  const retried: [TwilioFaultName, reason: string, afterMs?: number][] = [
    ['not_found_yet', 'carrier_20404'],
    ['too_many', 'carrier_20429', 30 * second],
    ['api_down', 'link_500'],
    ['api_reset', 'reset'],
    ['api_stall', 'timeout'],
    ['redirect_private', 'redirect_refused'],
    ['link_refused', 'link_403'],
    ['link_down', 'link_503'],
    ['html_page', 'html_in_place_of_file'],
    ['empty', 'file_empty'],
    ['truncated', 'reset'],
    ['reset_mid_body', 'reset'],
    ['stall_mid_body', 'stalled'],
    ['gzip', 'content_encoding_unasked'],
  ];

  test.each(retried)(
    '%s, once: the try fails (%s), and the next stores the right bytes',
    async (name, reason, afterMs = second) => {
      const [where, tenant] = twilioFaults[name].is === 'stall' ? [impatient, its] : [at, sms];
      const composed = await where.twilio.take({ from, to: tenant.address, files: [photo()] });
      const [kept] = composed.message.media;
      where.twilio.fault(kept?.id ?? '', twilioFaults[name], 1);
      await where.twilio.post(where.intakeUrl(), composed.parameters);
      expect((await where.tries(kept?.id ?? '', 1))[0]).toMatchObject({ outcome: 'retry', reason });
      where.rig.clock.advance(afterMs);
      const [media] = (await where.heard(tenant, composed)).media;
      expect(media).toMatchObject({ state: 'stored', sha256: kept?.sha256 });
      expect(await linked(media.url)).toBe(kept?.sha256);
    },
  );

  test.each(['chunked', 'served_wrong_type'] as const)(
    '%s, once: the first try stores the right bytes',
    async (name) => {
      const composed = await at.twilio.take({ from, to: sms.address, files: [photo()] });
      const [kept] = composed.message.media;
      at.twilio.fault(kept?.id ?? '', twilioFaults[name], 1);
      await at.twilio.post(at.intakeUrl(), composed.parameters);
      const [media] = (await at.heard(sms, composed)).media;
      expect(media).toMatchObject({ state: 'stored', sha256: kept?.sha256, type: 'image/png' });
      expect(await at.tries(kept?.id ?? '', 1)).toHaveLength(1);
    },
  );

  test('a file that is not there for ten seconds is fetched all the same, and no channel pauses for it', async () => {
    const composed = await Promise.all(
      Array.from({ length: 3 }, () => at.twilio.take({ from, to: sms.address, files: [photo()] })),
    );
    const ids = composed.map(({ message }) => message.media[0]?.id ?? '');
    for (const id of ids) at.twilio.fault(id, twilioFaults.not_found_yet, 4);
    for (const { parameters } of composed) await at.twilio.post(at.intakeUrl(), parameters);
    for (const waitMs of [1, 2, 4, 8].map((seconds) => seconds * second)) {
      for (const id of ids) await at.tries(id, Math.log2(waitMs / second) + 1);
      at.rig.clock.advance(waitMs);
    }
    for (const one of composed) expect((await at.heard(sms, one)).media[0]).toMatchObject({ state: 'stored' });
    const channel = await at.rig.call('GET', `/api/v1/channels/${sms.channelId}`);
    expect(channel.body).toMatchObject({ state: 'active' });
  });

  test('a file that is still not there after an hour is unavailable', async () => {
    const composed = await at.twilio.take({ from, to: sms.address, files: [photo()] });
    const [kept] = composed.message.media;
    at.twilio.fault(kept?.id ?? '', twilioFaults.not_found_yet, 2);
    await at.twilio.post(at.intakeUrl(), composed.parameters);
    await at.tries(kept?.id ?? '', 1);
    at.rig.clock.advance(61 * minute);
    expect((await at.tries(kept?.id ?? '', 2))[1]).toMatchObject({ outcome: 'unavailable', reason: 'carrier_20404' });
  });

  test.each(['token_refused', 'account_suspended'] as const)(
    '%s: the channel pauses, and resumes when a probe succeeds',
    async (name) => {
      const own = await at.tenant(`+1555000${name.length}`);
      const composed = await at.twilio.take({ from, to: own.address, files: [photo()] });
      const [kept] = composed.message.media;
      at.twilio.fault(kept?.id ?? '', twilioFaults[name], 1);
      await at.twilio.post(at.intakeUrl(), composed.parameters);
      await at.tries(kept?.id ?? '', 1);
      const channel = async () => (await at.rig.call('GET', `/api/v1/channels/${own.channelId}`)).body;
      expect(await channel()).toMatchObject({ state: 'paused', reason: `carrier_${twilioFaults[name].code}` });
      at.rig.clock.advance(15 * minute);
      expect((await at.tries(kept?.id ?? '', 2))[1]).toMatchObject({ outcome: 'stored' });
      expect(await channel()).toMatchObject({ state: 'active' });
    },
  );
});

describe('credentials on the wire', () => {
  const forged: [what: string, url: (genuine: string) => string][] = [
    ['a stranger', () => stranger.url],
    [
      "a stranger behind the account's own path",
      (genuine) => genuine.replace(at.twilio.origin, new URL(stranger.url).origin),
    ],
    [
      'a name before a strange host',
      (genuine) =>
        genuine
          .replace('http://', `http://${new URL(at.twilio.origin).host}@`)
          .replace(/@[^/]+/, `@${new URL(stranger.url).host}`),
    ],
    ['a host that looks alike', (genuine) => genuine.replace('127.0.0.1', '127.0.0.1.evil.example')],
    ["the carrier's host in another spelling", (genuine) => genuine.replace('127.0.0.1', '2130706433')],
    ["another account's files", (genuine) => genuine.replace(accountSid, `AC${'b2'.repeat(16)}`)],
    ["the store's address", (genuine) => genuine.replace(at.twilio.origin, at.twilio.storeOrigin)],
    ['a path that climbs', (genuine) => genuine.replace('/Media/', '/../Media/')],
  ];

  test.each(forged)('a media address at %s is never asked, and said to be refused', async (_, forge) => {
    const before = stranger.received.length;
    const { parameters, message } = await at.twilio.take({ from, to: sms.address, files: [photo()] });
    const MediaUrl0 = forge(parameters['MediaUrl0'] ?? '');
    expect(MediaUrl0).not.toBe(parameters['MediaUrl0']);
    expect((await at.twilio.post(at.intakeUrl(), { ...parameters, MediaUrl0 })).status).toBe(200);
    const heard = messageOf(await sms.receiver.next(about(message.sid)));
    expect(heard.media).toMatchObject([{ state: 'unavailable', reason: 'media_url_refused', url: null }]);
    expect(stranger.received).toHaveLength(before);
    expect(at.twilio.requests.filter(({ mediaSid }) => mediaSid === message.media[0]?.id)).toEqual([]);
  });

  test('a redirect to a stranger is followed without them', async () => {
    const composed = await at.twilio.take({ from, to: sms.address, files: [photo()] });
    at.twilio.fault(composed.message.media[0]?.id ?? '', { at: 'media', is: 'redirect', to: new URL(stranger.url) }, 1);
    await at.twilio.post(at.intakeUrl(), composed.parameters);
    await at.heard(sms, composed);
    expect(stranger.received).toHaveLength(1);
    expect(stranger.received[0]?.headers).not.toHaveProperty('authorization');
  });

  test("in all of this they went to the account's own media and messages only, and into no log", () => {
    const own = new RegExp(`^/2010-04-01/Accounts/${accountSid}/Messages(\\.json|/)`);
    for (const { host, authorization, path } of at.twilio.requests) {
      if (host === 'store') expect(authorization).toBeNull();
      else expect(path).toMatch(own);
    }
    const log = JSON.stringify(at.rig.log.lines);
    const basic = Buffer.from(`${accountSid}:${authToken}`).toString('base64');
    for (const secret of [authToken, basic, sms.key, sms.secret, '15558675310', '15017122661'])
      expect(log).not.toContain(secret);
  });
});

test('by Messaging Service, all numbers of a pool share a channel, and each is told', async () => {
  const pool = await startTwilioRig({}, { channel_by: 'messaging_service' });
  try {
    const service = `MG${'c3'.repeat(16)}`;
    const tenant = await pool.tenant(service);
    for (const to of ['+15550000001', '+15550000002']) {
      const { heard } = await pool.hear(tenant, { to, serviceSid: service, files: [photo()] });
      expect(heard).toMatchObject({ context: { to }, media: [{ state: 'stored' }] });
    }
  } finally {
    await pool.close();
  }
});

test('behind a proxy the configured public address is what counts, whatever was called', async () => {
  const proxied = await startTwilioRig({ MEDIADOCK_PUBLIC_URL: 'https://media.example' });
  try {
    const tenant = await proxied.tenant('+15550000001');
    const signedUrl = `https://media.example/in/${proxied.connectionId}`;
    for (const url of [signedUrl, signedUrl.replace('.example', '.example:443')]) {
      const sent = await proxied.twilio.send(proxied.intakeUrl(), { from, to: tenant.address }, { signedUrl: url });
      expect(sent.answer.status).toBe(200);
    }
    const direct = await proxied.twilio.send(proxied.intakeUrl(), { from, to: tenant.address });
    expect(direct.answer.status).toBe(401);
  } finally {
    await proxied.close();
  }
});
