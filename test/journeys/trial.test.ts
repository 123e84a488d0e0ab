// A connection on trial: what its webhooks would bring is seen before their signature is right, and nothing that a stranger
// names is asked for.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { about, type Body, eventOf, fixture, messageOf } from './rig.ts';
import { authToken, from, startTwilioRig, type TwilioRig, type TwilioTenant } from './twilio-rig.ts';

const hour = 60 * 60_000;

let at: TwilioRig;
let tenant: TwilioTenant;
beforeAll(async () => {
  at = await startTwilioRig();
  tenant = await at.tenant('+15558675310');
});
afterAll(() => at.close());

const change = (body: unknown) => at.rig.call('PATCH', `/api/v1/connections/${at.connectionId}`, body);
const files = () => [{ path: fixture('accident.jpg') }];
const take = () => at.twilio.take({ from, to: tenant.address, body: 'trial', files: files() });

test('how webhooks are verified is one of two words', async () => {
  expect((await change({ verify: 'never' })).status).toBe(400);
  const shown = (await at.rig.call('GET', `/api/v1/connections/${at.connectionId}`)).body;
  expect(shown).not.toHaveProperty('verify');
});

test('on trial, an unverified message is told as such; its file is not asked for, and logs, metrics and doctor are loud', async () => {
  const began = at.rig.clock.now();
  const { body: shown } = await change({ verify: 'report' });
  expect(shown).toMatchObject({ verify: 'report', account_sid: at.twilio.accountSid });
  expect(Date.parse(shown.verify_until) - began).toBeGreaterThan(71 * hour);

  for (const signature of ['wrong', 'missing'] as const) {
    const { parameters, message } = await take();
    const before = at.twilio.requests.length;
    expect((await at.twilio.post(at.intakeUrl(), parameters, { signature })).status).toBe(200);
    const heard = messageOf(await tenant.receiver.next(about(message.sid)));
    expect(heard).toMatchObject({ verified: false, text: 'trial' });
    expect(heard.media).toMatchObject([{ state: 'unavailable', reason: 'webhook_unverified', carrier_media_id: null }]);
    await at.rig.call('POST', `/api/v1/media/${heard.media[0].id}/retry`, undefined, tenant.key);
    await at.rig.log.next(
      ({ msg, media, reason }) => msg === 'capture' && media === heard.media[0].id && reason === 'media_id_missing',
    );
    expect(at.twilio.requests).toHaveLength(before);
    expect(at.rig.log.lines.findLast(({ msg }) => msg === 'intake')).toMatchObject({
      level: 'warn',
      unverified: signature,
    });
  }
  const metrics = await at.rig.call('GET', '/metrics');
  expect(metrics.text).toMatch(/^mediadock_intake_unverified_total 2$/m);
  const { body: doctor } = await at.rig.call('GET', '/api/v1/doctor');
  expect(doctor.findings).toContainEqual(
    expect.objectContaining({ check: 'trial', subject: at.connectionId, state: 'fail' }),
  );
});

test('a forged message never stands in the place of a genuine one', async () => {
  const { parameters, message } = await take();
  await at.twilio.post(at.intakeUrl(), { ...parameters, Body: 'forged' }, { signature: 'wrong' });
  await tenant.receiver.next(about(message.sid));
  await at.twilio.post(at.intakeUrl(), parameters);
  const genuine = await tenant.receiver.next((one) => about(message.sid)(one) && messageOf(one).verified === true);
  expect(messageOf(genuine)).toMatchObject({ text: 'trial', media: [{ state: 'stored' }] });
});

test('once the secret is right, reading the journal again brings the message with its file', async () => {
  await change({ auth_token: 'mistyped' });
  const { parameters, message } = await take();
  await at.twilio.post(at.intakeUrl(), parameters, { authToken });
  await tenant.receiver.next(about(message.sid));
  const [entry] = (await at.rig.call('GET', '/api/v1/journal?limit=1')).body.data;
  const replay = async (): Promise<Body> => (await at.rig.call('POST', `/api/v1/journal/${entry.id}/replay`)).body;
  expect(await replay()).toMatchObject({ created: 0, duplicates: 1 });
  await change({ auth_token: authToken });
  expect(await replay()).toMatchObject({ created: 1 });
  const genuine = await tenant.receiver.next(
    (one) => about(message.sid)(one) && eventOf(one).data.message.verified === true,
  );
  expect(messageOf(genuine).media).toMatchObject([{ state: 'stored' }]);
});

test('other settings change without ending the trial; asking again does not prolong it; it ends by itself', async () => {
  const { body: before } = await change({ reconcile_hours: 0 });
  expect(before).toMatchObject({ verify: 'report' });
  at.rig.clock.advance(71 * hour);
  expect((await change({ verify: 'report' })).body.verify_until).toBe(before.verify_until);
  at.rig.clock.advance(hour);
  const { parameters } = await take();
  expect((await at.twilio.post(at.intakeUrl(), parameters, { signature: 'wrong' })).status).toBe(401);
  const { body: doctor } = await at.rig.call('GET', '/api/v1/doctor');
  expect(doctor.findings.filter(({ check }: Body) => check === 'trial')).toEqual([]);
});

test('it is ended at once by enforcing', async () => {
  await change({ verify: 'report' });
  expect((await change({ verify: 'enforce' })).body).not.toHaveProperty('verify');
  const { parameters } = await take();
  expect((await at.twilio.post(at.intakeUrl(), parameters, { signature: 'missing' })).status).toBe(401);
});

test('any carrier can be tried: with WhatsApp, too, no token goes to an id that a stranger named', async () => {
  const { rig } = at;
  const business = await rig.tenant();
  await rig.call('PATCH', `/api/v1/connections/${rig.connection.id}`, { verify: 'report' });
  const kept = await rig.sandbox.keep(business.phoneNumberId, { path: fixture('label.png') }, { type: 'image/png' });
  const { compose } = rig.sandbox;
  const message = compose.message(compose.media(kept));
  const posted = await rig.post(compose.body([compose.received(business.phoneNumberId, [message])]), {
    signature: 'wrong',
  });
  expect(posted.status).toBe(200);
  const heard = messageOf(await business.receiver.next(about(message.id)));
  expect(heard).toMatchObject({ verified: false, media: [{ state: 'unavailable', reason: 'webhook_unverified' }] });
  expect(rig.sandbox.requests.filter(({ mediaId }) => mediaId === kept.id)).toEqual([]);
  await rig.call('PATCH', `/api/v1/connections/${rig.connection.id}`, { verify: 'enforce' });
});
