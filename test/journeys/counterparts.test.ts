// Who a message is with and where it belongs: groups, people without a phone number, chats from before.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { contents } from '../../src/sandbox/compose/contents.ts';
import { hear } from './hearing.ts';
import { about, bytesOf, eventOf, messageOf, type Rig, startRig, type Tenant } from './rig.ts';

let rig: Rig;
let tenant: Tenant;
beforeAll(async () => {
  rig = await startRig();
  tenant = await rig.tenant();
});
afterAll(() => rig.close());

test('people in a group share a conversation that is not their own', async () => {
  const [ada, ben] = [
    { phone: '491700001', name: 'Ada' },
    { phone: '491700002', name: 'Ben' },
  ];
  const first = await hear(rig, tenant, contents.text('one'), { groupId: 'group-7', person: ada });
  const second = await hear(rig, tenant, contents.text('two'), { groupId: 'group-7', person: ben });
  const direct = await hear(rig, tenant, contents.text('three'), { person: ada });
  expect(first).toMatchObject({ group_id: 'group-7', contact: { name: 'Ada' } });
  expect(second.conversation_id).toBe(first.conversation_id);
  expect(second.contact.id).not.toBe(first.contact.id);
  expect(direct.contact.id).toBe(first.contact.id);
  expect(direct).toMatchObject({ group_id: null });
  expect(direct.conversation_id).not.toBe(first.conversation_id);
});

test('a sender without a phone number is one contact in all three forms, and the one whose number was seen before', async () => {
  const userId = 'US.13491208655302741918';
  const person = { phone: '16505550000', name: 'Private', userId };
  const open = await hear(rig, tenant, contents.text('with my number'), { person });
  expect(open.contact).toMatchObject({ phone: '+16505550000', user_id: userId });
  for (const phoneWithheld of ['absent', 'empty', 'user_id'] as const) {
    const hidden = await hear(rig, tenant, contents.text(phoneWithheld), { person: { ...person, phoneWithheld } });
    expect(hidden.contact.id).toBe(open.contact.id);
    expect(hidden.conversation_id).toBe(open.conversation_id);
  }
  const stranger = { phone: '', userId: 'US.777', phoneWithheld: 'empty', userName: 'nobody' } as const;
  const unknown = await hear(rig, tenant, contents.text('who?'), { person: stranger });
  expect(unknown.contact).toMatchObject({ phone: null, user_id: 'US.777', name: 'nobody' });
});

test('a message without contacts is known by its sender alone', async () => {
  const message = await hear(rig, tenant, contents.text('hm'), {
    person: { phone: '16505550077' },
    contacts: 'missing',
  });
  expect(message.contact).toMatchObject({ phone: '+16505550077', name: null });
});

test('placeholders in a chat history become the files that follow them, on the messages that are known', async () => {
  const { compose } = rig.sandbox;
  const person = { phone: '491719999', name: 'From before' };
  const at = rig.clock.now() - 30 * 86_400_000;
  const placeholders = [0, 1].map(() => compose.message(contents.mediaPlaceholder(), { person, at }));
  await rig.post(compose.body([compose.history(tenant.phoneNumberId, placeholders)]));
  const before = [];
  for (const { id } of placeholders) before.push(messageOf(await tenant.receiver.next(about(id))));
  expect(before).toMatchObject(placeholders.map(() => ({ kind: 'media_placeholder', origin: 'history', media: [] })));

  const media = await rig.sandbox.keep(
    tenant.phoneNumberId,
    { bytes: bytesOf('a photo of last month') },
    { type: 'image/jpeg' },
  );
  const [known, lost] = placeholders;
  const found = compose.message(compose.media(media, { kind: 'image', caption: 'then' }), {
    person,
    at,
    id: known!.id,
  });
  const failed = compose.message(contents.mediaFailed('image'), { person, at, id: lost!.id });
  await rig.post(compose.body([compose.historyMedia(tenant.phoneNumberId, [found, failed])]));

  const stored = eventOf(await tenant.receiver.next(about(known!.id, 'media.stored')));
  expect(stored.data).toMatchObject({
    message: { id: before[0].id, kind: 'image', text: 'then', media: [{ id: stored.data.media.id }] },
    media: { state: 'stored', sha256: media.sha256, message_id: before[0].id },
  });
  const unavailable = eventOf(await tenant.receiver.next(about(lost!.id, 'media.unavailable')));
  expect(unavailable.data).toMatchObject({
    message: { id: before[1].id },
    media: { state: 'unavailable', reason: 'carrier_131052', message_id: before[1].id },
  });
});

test('both sides of an old chat are told apart', async () => {
  const { compose } = rig.sandbox;
  const person = { phone: '491718888', name: 'Old friend' };
  const theirs = compose.message(contents.text('Hello?'), { person });
  const ours = compose.message(contents.text('Hello!'), { person });
  ours.json['from'] = tenant.display;
  await rig.post(compose.body([compose.history(tenant.phoneNumberId, [theirs, ours])]));
  const asked = messageOf(await tenant.receiver.next(about(theirs.id)));
  const answered = messageOf(await tenant.receiver.next(about(ours.id, 'message.echoed')));
  expect(asked).toMatchObject({ direction: 'inbound', origin: 'history', contact: { phone: '+491718888' } });
  expect(answered).toMatchObject({ direction: 'echo', origin: 'history', contact: { id: asked.contact.id } });
  expect(answered.conversation_id).toBe(asked.conversation_id);
});
