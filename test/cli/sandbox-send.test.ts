import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { shell } from './shell.ts';
import { startApi } from './stand-in-api.ts';

const file = 'assets/sandbox/photo.jpg';
const carrierId = 'wamid.1';

/** A gateway that is as far as `stage` says: 0 nothing known, 1 capture runs, 2 stored and delivery runs, 3 delivered. */
async function gateway(media: JsonObject = {}) {
  const at = { stage: 0 };
  const message = (): JsonObject => ({
    id: 'msg_1',
    app_id: 'app_1',
    carrier_message_id: carrierId,
    media: [
      {
        id: 'med_1',
        state: at.stage < 2 ? 'pending' : 'stored',
        size: 173_971,
        integrity: 'verified',
        url: 'http://link',
        ...media,
      },
    ],
  });
  const api = await startApi({
    'POST /sandbox/messages': { status: 202, json: { carrier_message_id: carrierId, media_id: '1' } },
    'GET /messages': () => ({ json: { data: at.stage === 0 ? [] : [message()], next: null } }),
    'GET /messages/msg_1': () => ({ json: message() }),
    'GET /deliveries': () => ({
      json: {
        data: [
          { id: 'dlv_1', message_id: 'msg_1', state: at.stage < 3 ? 'pending' : 'delivered' },
          { id: 'dlv_2', message_id: 'msg_other', state: 'dead' },
        ],
        next: null,
      },
    }),
  });
  const env = { MEDIADOCK_URL: api.url, MEDIADOCK_KEY: 'key' };
  return { api, env, onPause: () => void at.stage++ };
}

test('a file is sent as it is, with what the person said', async () => {
  const { api, env, onPause } = await gateway();
  const said = ['--from', '+393331234567', '--name', 'Ada', '--caption', 'Front'];
  expect(await shell(['sandbox', 'send', file, ...said], { env, onPause })).toMatchObject({ code: 0 });
  const [sent] = api.asked;
  expect(sent?.query).toEqual({ from: '+393331234567', name: 'Ada', caption: 'Front', file_name: 'photo.jpg' });
  expect(sent?.headers).toMatchObject({ 'content-type': 'image/jpeg', 'content-length': '173971' });
  expect(sent?.body).toEqual(await readFile(file));
});

test('it waits until the file is stored and delivered, and tells both', async () => {
  const { env, onPause } = await gateway();
  const { code, out, err } = await shell(['sandbox', 'send', file], { env, onPause });
  expect(code).toBe(0);
  expect(out).toMatch(/photo\.jpg +med_1 +stored +174 kB +1 delivered +verified/);
  expect(err).toBe('sent photo.jpg\nhttp://link\n');
});

test('with --json the result is one document with message and deliveries', async () => {
  const { env, onPause } = await gateway();
  const { out } = await shell(['sandbox', 'send', file, '--json'], { env, onPause });
  expect(JSON.parse(out)).toMatchObject({
    data: [
      {
        file,
        carrier_message_id: carrierId,
        message: { id: 'msg_1' },
        deliveries: [{ id: 'dlv_1', state: 'delivered' }],
      },
    ],
  });
});

test('a file that is not captured in time ends with 1, and what is known is still told', async () => {
  const { env } = await gateway();
  const { code, out, err } = await shell(['sandbox', 'send', file, '--wait', '2'], { env });
  expect(code).toBe(1);
  expect(out).toContain('not seen yet');
  expect(err).toContain('1 of 1 not captured within 2 s');
});

test('a file that the carrier does not give ends with 1', async () => {
  const { env, onPause } = await gateway({ state: 'unavailable', url: null });
  expect(await shell(['sandbox', 'send', file], { env, onPause })).toMatchObject({ code: 1 });
});

test('a receiver that is down does not make it fail: the file is safe', async () => {
  const { env } = await gateway({ state: 'stored' });
  let pauses = 0;
  const api = await startApi({
    'POST /sandbox/messages': { status: 202, json: { carrier_message_id: carrierId } },
    'GET /messages': {
      json: {
        data: [{ id: 'm', carrier_message_id: carrierId, media: [{ id: 'med_1', state: 'stored' }] }],
        next: null,
      },
    },
    'GET /messages/m': { json: { id: 'm', carrier_message_id: carrierId, media: [{ id: 'med_1', state: 'stored' }] } },
    'GET /deliveries': { json: { data: [{ id: 'd', message_id: 'm', state: 'pending' }], next: null } },
  });
  const ran = await shell(['sandbox', 'send', file, '--wait', '1'], {
    env: { ...env, MEDIADOCK_URL: api.url },
    onPause: () => void pauses++,
  });
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.out).toContain('1 pending');
  expect(pauses).toBe(4);
});

test('with --wait 0 it does not ask what becomes of the file for long', async () => {
  const { env } = await gateway();
  expect(await shell(['sandbox', 'send', file, '--wait', '0'], { env })).toMatchObject({ code: 0 });
});

test('a text is a message without a body', async () => {
  const { api, env, onPause } = await gateway();
  await shell(['sandbox', 'send', '--text', 'Is it insured?'], { env, onPause });
  expect(api.asked[0]?.query).toEqual({ text: 'Is it insured?' });
  expect(api.asked[0]?.body).toHaveLength(0);
});

test('a text goes with no file', async () => {
  const { api, env } = await gateway();
  expect(await shell(['sandbox', 'send', file, '--text', 'a'], { env })).toMatchObject({ code: 2 });
  expect(api.asked).toEqual([]);
});

test('a carrier is named as people call it, and a text goes through it', async () => {
  const { api, env, onPause } = await gateway();
  await shell(['sandbox', 'send', '--text', 'a', '--carrier', 'rcs'], { env, onPause });
  await shell(['sandbox', 'send', file, '--carrier', 'whatsapp', '--wait', '0'], { env, onPause });
  const sent = api.asked.filter(({ method }) => method === 'POST');
  expect(sent.map(({ query }) => query)).toEqual([
    { carrier: 'rcs', text: 'a' },
    { carrier: 'whatsapp-cloud', file_name: 'photo.jpg' },
  ]);
  const unknown = await shell(['sandbox', 'send', file, '--carrier', 'pigeon'], { env });
  expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('whatsapp, rcs, twilio') });
});

test('several files go as one message through Twilio, as the parts of a form', async () => {
  const { api, env, onPause } = await gateway();
  const twice = ['sandbox', 'send', file, file, '--together'];
  const { code, err } = await shell([...twice, '--carrier', 'twilio', '--caption', 'Both'], { env, onPause });
  expect([code, err]).toEqual([0, 'sent photo.jpg, photo.jpg\nhttp://link\n']);
  const [sent] = api.asked;
  expect(sent?.query).toEqual({ carrier: 'twilio', caption: 'Both' });
  const headers = { 'content-type': String(sent?.headers['content-type']) };
  const form = await new Response(new Uint8Array(sent?.body ?? []), { headers }).formData();
  const bytes = await readFile(file);
  for (const part of form.getAll('file') as File[]) {
    expect([part.name, part.type, Buffer.from(await part.arrayBuffer()).equals(bytes)]).toEqual([
      'photo.jpg',
      'image/jpeg',
      true,
    ]);
  }
  expect(form.getAll('file')).toHaveLength(2);
});

test('files together are a usage error where a message has one, and beyond ten', async () => {
  const { api, env } = await gateway();
  const carriers: string[][] = [[], ['--carrier', 'rcs'], ['--carrier', 'whatsapp']];
  for (const carrier of carriers) {
    const ran = await shell(['sandbox', 'send', file, file, '--together', ...carrier], { env });
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('--carrier twilio') });
  }
  const eleven = Array(11).fill(file);
  const ran = await shell(['sandbox', 'send', ...eleven, '--together', '--carrier', 'twilio'], { env });
  expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('at most 10 files') });
  expect(api.asked).toEqual([]);
});
