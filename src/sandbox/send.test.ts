import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesOf } from './bytes-of.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

const now = Date.UTC(2026, 10, 20, 12);
const clock = { now: () => now };
const assets = join(import.meta.dirname, '../../assets/sandbox');
let folder: string;
let sandbox: Sandbox;
let receiver: Receiver;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  sandbox = await startSandbox({ clock, folder });
  sandbox.addNumber({ phoneNumberId: '111', display: '15550783881', accessToken: 'token', appSecret: 'secret' });
  receiver = await startReceiver({ clock });
});
afterEach(async () => {
  await receiver.close();
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
});

test('each file is kept and posted, signed, as a message of its kind, with the caption under the first', async () => {
  const files = ['photo.jpg', 'voice-note.ogg', 'contract.pdf'].map((name) => ({ path: join(assets, name) }));
  const sent = await sandbox.send({
    url: `${receiver.url}/in/1`,
    phoneNumberId: '111',
    files,
    caption: 'My car',
    person: { phone: '393331234567', name: 'Zoë' },
  });
  const base64 = sent.map(({ media }) => Buffer.from(media.sha256, 'hex').toString('base64'));
  const url = (at: number) =>
    expect.stringContaining(`?mid=${sent[at]?.media.id}&source=webhook&ext=${now / 1000 + 301}`);
  const own = (at: number) => ({ sha256: base64[at], id: sent[at]?.media.id, url: url(at) });
  const common = (at: number) => ({ from: '393331234567', id: sent[at]?.messageId, timestamp: String(now / 1000) });
  const messages = [
    { ...common(0), type: 'image', image: { caption: 'My car', mime_type: 'image/jpeg', ...own(0) } },
    { ...common(1), type: 'audio', audio: { mime_type: 'audio/ogg; codecs=opus', voice: true, ...own(1) } },
    { ...common(2), type: 'document', document: { filename: 'contract.pdf', mime_type: 'application/pdf', ...own(2) } },
  ];
  expect(receiver.received.map(({ json }) => json)).toEqual(
    messages.map((message) => ({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: '102290129340398',
          changes: [
            {
              field: 'messages',
              value: {
                messaging_product: 'whatsapp',
                metadata: { display_phone_number: '15550783881', phone_number_id: '111' },
                contacts: [{ profile: { name: 'Zoë' }, wa_id: '393331234567' }],
                messages: [message],
              },
            },
          ],
        },
      ],
    })),
  );
  for (const { headers, body } of receiver.received) {
    expect(headers['x-hub-signature-256']).toBe(sandbox.sign(body, 'secret'));
    expect(Buffer.from(body).toString()).not.toMatch(/[^\0-\x7f]/);
  }
  expect(sent.map(({ answer }) => answer.status)).toEqual([200, 200, 200]);
});

test('what a webhook says of its file can differ from the file', async () => {
  const [sent] = await sandbox.send({
    url: receiver.url,
    phoneNumberId: '111',
    files: [
      {
        bytes: bytesOf(1000, 'a'),
        type: 'application/zip',
        fileName: '../../etc/passwd',
        message: { kind: 'image', sha256: 'missing', url: 'missing', declaredType: 'image/png' },
      },
    ],
  });
  expect(sent?.media).toMatchObject({ size: 1000, type: 'application/zip', fileName: '../../etc/passwd' });
  expect(JSON.stringify(receiver.received[0]?.json)).toContain(
    JSON.stringify({ image: { mime_type: 'image/png', id: sent?.media.id } }).slice(1, -1),
  );
});

test('a refused webhook is told in the answer', async () => {
  receiver.answer(401);
  const path = join(assets, 'photo.jpg');
  const [sent] = await sandbox.send({ url: receiver.url, phoneNumberId: '111', files: [{ path }] });
  expect(sent?.answer.status).toBe(401);
});
