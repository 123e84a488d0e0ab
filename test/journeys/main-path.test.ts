// A file's whole way: from the carrier's webhook to a download with the same bytes.

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { about, bytesOf, fixture, messageOf, type Rig, sha256Of, startRig, type Tenant } from './rig.ts';

let rig: Rig;
let tenant: Tenant;
beforeAll(async () => {
  rig = await startRig();
  tenant = await rig.tenant();
});
afterAll(() => rig.close());

const kinds: { file: string; kind: string; type: string; declared?: string; caption?: string }[] = [
  { file: 'accident.jpg', kind: 'image', type: 'image/jpeg', caption: 'Der Schaden vorne links 🚗' },
  { file: 'label.png', kind: 'image', type: 'image/png' },
  { file: 'voice.ogg', kind: 'audio', type: 'audio/ogg', declared: 'audio/ogg; codecs=opus' },
  { file: 'voice.m4a', kind: 'audio', type: 'audio/mp4' },
  { file: 'voice.mp3', kind: 'audio', type: 'audio/mpeg' },
  { file: 'video.mp4', kind: 'video', type: 'video/mp4', caption: 'Der Hof' },
  { file: 'video.3gp', kind: 'video', type: 'video/3gpp' },
  { file: 'contract.pdf', kind: 'document', type: 'application/pdf', caption: 'Unterschrieben' },
  {
    file: 'claim.docx',
    kind: 'document',
    type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  },
  { file: 'sticker.webp', kind: 'sticker', type: 'image/webp' },
  { file: 'sticker-animated.webp', kind: 'sticker', type: 'image/webp' },
  { file: 'contact.vcf', kind: 'document', type: 'text/vcard' },
  { file: 'page.html', kind: 'document', type: 'text/html' },
  { file: 'drawing.svg', kind: 'document', type: 'image/svg+xml' },
];

describe.each(kinds)('$file', ({ file, kind, type, declared = type, caption }) => {
  test(`arrives as ${kind}, verified, and downloads with the same bytes`, async () => {
    const bytes = await readFile(fixture(file));
    const sha256 = await sha256Of(new Uint8Array(bytes).buffer);
    const [sent] = await rig.send(tenant, [{ path: fixture(file), type: declared }], { caption });
    expect(sent?.answer.status).toBe(200);

    const delivered = await tenant.receiver.next(about(sent?.messageId ?? ''));
    expect(delivered.verified).toBe(true);
    const message = messageOf(delivered);
    expect(message).toMatchObject({ kind, text: caption ?? null, direction: 'inbound', carrier: 'whatsapp-cloud' });
    expect(message.media).toHaveLength(1);
    const [media] = message.media;
    expect(media).toMatchObject({
      kind,
      type,
      declared_type: declared,
      state: 'stored',
      sha256,
      size: bytes.length,
      integrity: 'verified',
      carrier_media_id: sent?.media.id,
      caption: caption ?? null,
    });

    const link = await fetch(media.url);
    expect(link.status).toBe(200);
    expect(link.headers.get('content-type')).toBe(type);
    expect(await sha256Of(await link.arrayBuffer())).toBe(sha256);

    const read = await rig.call('GET', `/api/v1/media/${media.id}`, undefined, tenant.key);
    expect(read.body).toMatchObject({ id: media.id, message_id: message.id, sha256, state: 'stored' });
    const content = await rig.call('GET', `/api/v1/media/${media.id}/content`, undefined, tenant.key);
    expect(content.status).toBe(302);
    const followed = await fetch(content.headers.get('location') ?? '');
    expect(await sha256Of(await followed.arrayBuffer())).toBe(sha256);
    const proxied = await fetch(`${rig.gateway.url}/api/v1/media/${media.id}/content?proxy=1`, {
      headers: { 'x-api-key': tenant.key },
    });
    expect(await sha256Of(await proxied.arrayBuffer())).toBe(sha256);
  });
});

test('a document keeps the name that its sender gave it, an image has none', async () => {
  const names = [
    '../../etc/passwd',
    `${'å'.repeat(5000)}.pdf`,
    'nul\u0000byte.pdf',
    '合同 итог عقد.pdf',
    '<script>.pdf',
    'a\r\nSet-Cookie: x=1.pdf',
  ];
  for (const fileName of names) {
    const [sent] = await rig.send(tenant, [{ path: fixture('contract.pdf'), fileName }]);
    const [media] = messageOf(await tenant.receiver.next(about(sent?.messageId ?? ''))).media;
    expect(fileName.startsWith(media.file_name)).toBe(true);
    expect(Buffer.byteLength(media.file_name)).toBe(Math.min(Buffer.byteLength(fileName), 4096));
    const link = await fetch(media.url);
    expect(link.status).toBe(200);
    expect(link.headers.get('set-cookie')).toBeNull();
    expect(link.headers.get('content-disposition')).toMatch(/^(?:inline|attachment); filename[^/\r\n]*$/);
    await link.arrayBuffer();
  }
});

test('the same bytes sent twice are two media, kept once', async () => {
  const before = await blobCount();
  const sent = await rig.send(tenant, [
    { bytes: bytesOf('the same claim form'), type: 'text/plain', fileName: 'a.txt' },
    { bytes: bytesOf('the same claim form'), type: 'text/plain', fileName: 'b.txt' },
  ]);
  const messages = [];
  for (const { messageId } of sent) messages.push(messageOf(await tenant.receiver.next(about(messageId))));
  const ids = messages.map(({ media }) => media[0].id);
  expect(new Set(ids).size).toBe(2);
  await rig.log.next((line) => line.msg === 'capture' && ids.includes(line['media']) && line['deduplicated'] === true);
  // The second object is dropped after that is told.
  await expect.poll(blobCount).toBe(before + 1);
  for (const { media } of messages) expect(await (await fetch(media[0].url)).text()).toBe('the same claim form');
});

async function blobCount(): Promise<number> {
  const { readdir } = await import('node:fs/promises');
  const entries = await readdir(`${rig.config.dataDir}/blobs`, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}
