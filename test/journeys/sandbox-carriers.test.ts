// Other carriers than WhatsApp through the sandbox that runs beside a gateway: set up when they are first used, and found
// again after a restart.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { SandboxDesk, SandboxMessage } from '../../src/core/sandbox-desk.ts';
import { type Gateway, startGateway } from '../../src/gateway.ts';
import { makeLog } from '../../src/log.ts';
import { openSandboxCarrier, type SandboxCarrier } from '../../src/sandbox-carrier.ts';
import { about, bytesOf, messageOf } from './rig.ts';

const clock = { now: () => Date.now() };
const never = new AbortController().signal;

let folder: string;
let running: { gateway: Gateway; carrier: SandboxCarrier; desk: SandboxDesk };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mediadock-sandbox-'));
  running = await start();
});
afterAll(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<typeof running> {
  const carrier = await openSandboxCarrier(folder, clock);
  const config = readConfig(
    { MEDIADOCK_PORT: '0', MEDIADOCK_DATA_DIR: folder, MEDIADOCK_ADMIN_KEY: 'k'.repeat(32) },
    () => '',
  );
  const log = makeLog('error', { write: () => {} });
  const gateway = await startGateway(config, { clock, log, ownOrigins: carrier.origins });
  const desks: SandboxDesk[] = [];
  await carrier.attach({ ...gateway, url: gateway.url, useSandbox: (desk) => void desks.push(desk) });
  const [desk] = desks;
  if (desk === undefined) throw new Error('the sandbox gave no desk');
  return { gateway, carrier, desk };
}

async function stop(): Promise<void> {
  await running.gateway.close(0);
  await running.carrier.close();
}

const connections = async () =>
  (await running.gateway.records.listConnections({ page: { limit: 10, cursor: null } })).rows.map(
    ({ carrier }) => carrier,
  );

const file = (): SandboxMessage => ({
  carrier: 'rcs',
  from: '4915112345678',
  type: 'text/plain',
  fileName: 'note.txt',
  body: bytesOf('a note'),
});

test('nothing but WhatsApp is set up until somebody sends through another carrier', async () => {
  expect(await connections()).toEqual(['whatsapp-cloud']);
});

test('a file through RCS is captured and delivered, and what is written beside it is a message of its own', async () => {
  const { desk, carrier } = running;
  const sent = await desk.send({ ...file(), caption: 'Read this' }, never);
  const message = messageOf(await carrier.receiver.next(about(sent.carrierMessageId)));
  expect(message).toMatchObject({
    carrier: 'rcs',
    contact: { phone: '+4915112345678' },
    text: null,
    media: [{ state: 'stored', file_name: 'note.txt', type: 'text/plain', size: 6 }],
  });
  const next = await carrier.receiver.next(({ json }) => JSON.stringify(json).includes('Read this'));
  expect(messageOf(next)).toMatchObject({ carrier: 'rcs', kind: 'text', media: [] });
});

test('messages that are the first at the same time share one connection, also after a restart', async () => {
  await stop();
  running = await start();
  const sent = await Promise.all(['one', 'two'].map((text) => running.desk.send({ carrier: 'rcs', text }, never)));
  for (const { carrierMessageId } of sent) {
    expect(messageOf(await running.carrier.receiver.next(about(carrierMessageId)))).toMatchObject({ carrier: 'rcs' });
  }
  const again = await running.desk.send(file(), never);
  expect(messageOf(await running.carrier.receiver.next(about(again.carrierMessageId)))).toMatchObject({
    media: [{ state: 'stored' }],
  });
  expect((await connections()).sort()).toEqual(['rcs', 'whatsapp-cloud']);
  expect(JSON.parse(await readFile(join(folder, 'sandbox.json'), 'utf8'))).toMatchObject({ others: { rcs: {} } });
});

test('a carrier that is not simulated is refused by name, and a message without substance too', async () => {
  const { desk } = running;
  await expect(desk.send({ carrier: 'pigeon', text: 'x' }, never)).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(desk.send({ carrier: 'rcs' }, never)).rejects.toMatchObject({ code: 'invalid_request' });
});

test('without a carrier it is WhatsApp', async () => {
  const { carrierMessageId } = await running.desk.send({ text: 'hello' }, never);
  expect(messageOf(await running.carrier.receiver.next(about(carrierMessageId)))).toMatchObject({
    carrier: 'whatsapp-cloud',
  });
});

test('Twilio sends several files as one message, each whole, with the caption on the first; others send one', async () => {
  const { desk, carrier } = running;
  const message = {
    ...file(),
    caption: 'Both sides',
    furtherFiles: [{ body: bytesOf('the back'), type: 'text/plain' }],
  };
  const sent = await desk.send({ ...message, carrier: 'twilio', from: '15017122661' }, never);
  const heard = messageOf(await carrier.receiver.next(about(sent.carrierMessageId)));
  expect(heard).toMatchObject({ carrier: 'twilio', text: 'Both sides', contact: { phone: '+15017122661' } });
  expect(heard.media).toMatchObject([
    { state: 'stored', size: 6, caption: 'Both sides', carrier_media_id: sent.mediaId },
    { state: 'stored', size: 8, caption: null },
  ]);
  const text = await desk.send({ carrier: 'twilio', text: 'hello' }, never);
  expect(messageOf(await carrier.receiver.next(about(text.carrierMessageId)))).toMatchObject({ kind: 'text' });
  await expect(desk.send({ ...message, body: bytesOf('a') }, never)).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(desk.send({ carrier: 'twilio' }, never)).rejects.toMatchObject({ code: 'invalid_request' });
});
