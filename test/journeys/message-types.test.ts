// Every type of message that a webhook may bring: what the application hears of it, and that lists, single reads and
// the events tell the same.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { type Content, contents } from '../../src/sandbox/compose/contents.ts';
import type { MediaOptions } from '../../src/sandbox/compose/media-content.ts';
import { agreed, hear } from './hearing.ts';
import { about, bytesOf, eventsAfter, type Rig, sha256Of, startRig, type Tenant } from './rig.ts';

let rig: Rig;
let tenant: Tenant;
beforeAll(async () => {
  rig = await startRig();
  tenant = await rig.tenant();
});
afterAll(() => rig.close());

const keep = (text: string, type = 'text/plain') =>
  rig.sandbox.keep(tenant.phoneNumberId, { bytes: bytesOf(text) }, { type, fileName: 'note.txt' });

const told = 'wamid.of-an-earlier-message';
const complaint = { code: 131_000, title: 'Something went wrong', message: 'Something went wrong' };

const plain: { name: string; content: Content; expected: JsonObject }[] = [
  { name: 'a text', content: contents.text('Grüße 👋'), expected: { kind: 'text', text: 'Grüße 👋', content: null } },
  {
    name: 'a location',
    content: contents.location(52.5, 13.4, 'Workshop'),
    expected: {
      kind: 'location',
      text: null,
      content: { location: { latitude: 52.5, longitude: 13.4, name: 'Workshop' } },
    },
  },
  {
    name: 'a contact card',
    content: contents.contactCard('Ada Lovelace', '+441234'),
    expected: {
      kind: 'contacts',
      content: {
        contacts: [{ name: { formatted_name: 'Ada Lovelace' }, phones: [{ phone: '+441234', type: 'CELL' }] }],
      },
    },
  },
  {
    name: 'a reaction',
    content: contents.reaction(told, '❤️'),
    expected: { kind: 'reaction', content: { reaction: { message_id: told, emoji: '❤️' } } },
  },
  {
    name: 'a reaction that is taken back',
    content: contents.reaction(told),
    expected: { kind: 'reaction', content: { reaction: { message_id: told } } },
  },
  {
    name: 'the reply of a button in an interactive message',
    content: contents.buttonReply('yes', 'Yes, please'),
    expected: {
      kind: 'interactive',
      text: 'Yes, please',
      content: { interactive: { type: 'button_reply', button_reply: { id: 'yes', title: 'Yes, please' } } },
    },
  },
  {
    name: 'the reply of a list',
    content: contents.listReply('b', 'Bodywork', 'Dents'),
    expected: {
      kind: 'interactive',
      text: 'Bodywork',
      content: {
        interactive: { type: 'list_reply', list_reply: { id: 'b', title: 'Bodywork', description: 'Dents' } },
      },
    },
  },
  {
    name: "a template's button",
    content: contents.templateButton('stop', 'Stop'),
    expected: { kind: 'button', text: 'Stop', content: { button: { payload: 'stop', text: 'Stop' } } },
  },
  { name: 'an order', content: contents.order('catalogue', 'Tea'), expected: { kind: 'order', text: 'Tea' } },
  {
    name: 'a revocation',
    content: contents.revoke(told),
    expected: { kind: 'revoke', context: { revokes: told }, text: null, content: null },
  },
  {
    name: 'a type that nobody knows yet',
    content: contents.unknown('hologram', { depth: 3 }),
    expected: { kind: 'hologram', content: null, raw: expect.objectContaining({ hologram: { depth: 3 } }) },
  },
  {
    name: 'an unsupported message with its object',
    content: contents.unsupported('poll'),
    expected: { kind: 'unsupported', content: { unsupported: { type: 'poll' } }, errors: [{ code: 131_051 }] },
  },
  {
    name: 'an unsupported message without its object',
    content: contents.unsupported(),
    expected: { kind: 'unsupported', content: null, raw: null, errors: [{ code: 131_051 }] },
  },
  {
    name: 'a text with an error beside it',
    content: { ...contents.text('Half'), errors: [complaint] },
    expected: { kind: 'text', text: 'Half', errors: [complaint] },
  },
  {
    name: 'an unknown type with an error beside it',
    content: { ...contents.unknown('hologram', {}), errors: [complaint] },
    expected: { kind: 'hologram', errors: [complaint] },
  },
];

test.each(plain)('$name is delivered with what it says and without media', async ({ content, expected }) => {
  const message = await hear(rig, tenant, content);
  expect(message).toMatchObject({ direction: 'inbound', origin: 'live', media: [], ...expected });
});

test('a changed number comes without contacts and is delivered as a system message', async () => {
  const message = await hear(rig, tenant, contents.numberChanged('Ada changed', '49151'), { contacts: 'missing' });
  expect(message).toMatchObject({
    kind: 'system',
    text: 'Ada changed',
    content: { system: { wa_id: '49151' } },
    contact: { phone: '+16505551234' },
  });
});

test('statuses are journaled and counted, and nobody is told', async () => {
  const { compose } = rig.sandbox;
  const { next } = await eventsAfter(rig, tenant);
  const statuses = (['sent', 'delivered', 'read'] as const).map((status) =>
    compose.status({ messageId: told, status }),
  );
  const posted = await rig.post(compose.body([compose.statuses(tenant.phoneNumberId, statuses)]));
  expect(posted.status).toBe(200);
  const [entry] = (await rig.call('GET', '/api/v1/journal?limit=1')).body.data;
  expect(entry).toMatchObject({ statuses: 3, messages: 0, unparsed: 0, unrouted: 0 });
  expect((await eventsAfter(rig, tenant, next)).events).toEqual([]);
});

test('what the business wrote on its own phone is an echo, with the recipient as its contact and its file', async () => {
  const { compose } = rig.sandbox;
  const person = { phone: '4915112345678', name: 'Recipient' };
  const echo = compose.message(compose.media(await keep('an offer')), { person });
  await rig.post(compose.body([compose.echoed(tenant.phoneNumberId, [echo])]));
  const message = await agreed(rig, tenant, await tenant.receiver.next(about(echo.id, 'message.echoed')));
  expect(message).toMatchObject({
    direction: 'echo',
    contact: { phone: '+4915112345678' },
    media: [{ state: 'stored', integrity: 'verified' }],
  });
});

test('an edit says which message it changes and brings its file', async () => {
  const media = await keep('the right photo');
  const inner = rig.sandbox.compose.media(media, { caption: 'this one' });
  const message = await hear(rig, tenant, contents.edit(told, inner));
  expect(message).toMatchObject({
    kind: 'edit',
    text: 'this one',
    context: { edits: told },
    media: [{ state: 'stored', sha256: media.sha256, carrier_media_id: media.id }],
  });
});

test('the files that somebody picked in a flow are all fetched before the reply is delivered', async () => {
  const files = await Promise.all(['front', 'side', 'contract'].map((text) => keep(text, 'image/jpeg')));
  const picked = files.map(({ id, type, sha256 }) => ({
    id,
    mime_type: type,
    sha256: Buffer.from(sha256, 'hex').toString('base64'),
    file_name: `${id}.jpg`,
  }));
  const message = await hear(rig, tenant, contents.flowFiles('photos', picked));
  expect(message).toMatchObject({
    kind: 'interactive',
    media: files.map(({ id, sha256 }, part) => ({
      part,
      carrier_media_id: id,
      file_name: `${id}.jpg`,
      sha256,
      state: 'stored',
      integrity: 'verified',
    })),
  });
  for (const [part, { url }] of message.media.entries()) {
    expect(await sha256Of(await (await fetch(url)).arrayBuffer())).toBe(files[part]?.sha256);
  }
});

test('a reply of a flow whose JSON is broken is delivered as it is', async () => {
  const message = await hear(rig, tenant, contents.flowReply({ brokenText: '{"photos":[{' }));
  expect(message).toMatchObject({
    content: { interactive: { nfm_reply: { response_json: '{"photos":[{' } } },
    media: [],
  });
});

test.each([
  { what: 'a forward', options: { context: { forwarded: true } }, context: { forwarded: true } },
  {
    what: 'a frequent forward',
    options: { context: { frequently_forwarded: true } },
    context: { frequently_forwarded: true },
  },
  {
    what: 'a reply',
    options: { context: { from: '16505551234', id: told } },
    context: { reply_to: { carrier_message_id: told, from: '16505551234' } },
  },
  {
    what: 'an answer to an advertisement',
    options: { referral: { source_id: '7', headline: 'Dents', image_url: 'https://ads.example/dent.jpg' } },
    context: { referral: { source_id: '7', headline: 'Dents', image_url: 'https://ads.example/dent.jpg' } },
  },
])("$what says so in our words, and another's picture is nobody's attachment", async ({ options, context }) => {
  expect(await hear(rig, tenant, contents.text('See here'), options)).toMatchObject({ context, media: [] });
});

describe('the link in a webhook', () => {
  const forms: { url: NonNullable<MediaOptions['url']>; lookUps: number }[] = [
    { url: 'fresh', lookUps: 0 },
    { url: 'missing', lookUps: 1 },
    { url: 'dead', lookUps: 1 },
  ];
  test.each(forms)('$url: the file is stored after $lookUps look-ups', async ({ url, lookUps }) => {
    const media = await keep(`behind a ${url} link`);
    const message = await hear(rig, tenant, rig.sandbox.compose.media(media, { url }));
    expect(message.media).toMatchObject([{ state: 'stored', sha256: media.sha256 }]);
    const asked = rig.sandbox.requests.filter(({ path }) => path.endsWith(`/${media.id}`));
    expect(asked).toHaveLength(lookUps);
  });
});

test('a file that the carrier could not take over is delivered at once as unavailable', async () => {
  for (const type of ['image', 'unsupported'] as const) {
    const message = await hear(rig, tenant, contents.mediaFailed(type));
    expect(message).toMatchObject({
      errors: [{ code: 131_052 }],
      media: [{ state: 'unavailable', reason: 'carrier_131052', url: null }],
    });
  }
});
