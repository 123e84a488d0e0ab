// Deleting a channel, an app or an organization: gone for every reader with the answer, and its bytes from the disk.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { about, type Body, bytesOf, messageOf, type Rig, startRig, type Tenant } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

async function filesOnDisk(): Promise<string[]> {
  const entries = await readdir(join(rig.config.dataDir, 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

/** Files that were captured and delivered. */
async function stored(tenant: Tenant, texts: string[]): Promise<Body[]> {
  const files = texts.map((text) => ({ bytes: bytesOf(text), type: 'text/plain' }));
  const sent = await rig.send(tenant, files);
  return await Promise.all(
    sent.map(async ({ messageId }) => messageOf(await tenant.receiver.next(about(messageId))).media[0]),
  );
}

type Owner = { what: string; path(tenant: Tenant): string; media: number; list: number };
const owners: Owner[] = [
  // A key of the app goes on reading what else there is; of this media it sees the tombstones.
  { what: 'a channel', path: ({ channelId }) => `/api/v1/channels/${channelId}`, media: 200, list: 200 },
  { what: 'an app', path: ({ appId }) => `/api/v1/apps/${appId}`, media: 401, list: 401 },
  { what: 'an organization', path: () => `/api/v1/organizations/${organizationId}`, media: 401, list: 401 },
];
let organizationId: string;

test.each(owners)(
  'when the deletion of $what is answered, its files are gone for keys and links, and from the disk',
  async ({ path, media, list }) => {
    const made = await rig.call('POST', '/api/v1/organizations', { name: 'Insurers', media_retention_days: null });
    organizationId = made.body.id;
    const other = await rig.tenant();
    const [spared] = await stored(other, ['shared by both']);
    const before = await filesOnDisk();

    const tenant = await rig.tenant({ organization_id: organizationId });
    const files = await stored(tenant, ['one', 'two', 'shared by both']);
    expect(await filesOnDisk()).toHaveLength(before.length + 3);

    const deleted = await rig.call('DELETE', path(tenant));
    expect(deleted.status).toBe(204);
    expect(await filesOnDisk()).toEqual(before);
    for (const { id, url } of files) {
      expect((await fetch(url)).status).toBe(410);
      const read = await rig.call('GET', `/api/v1/media/${id}`, undefined, tenant.key);
      expect(read.status).toBe(media);
      if (media === 200) expect(read.body).toMatchObject({ state: 'deleted', url: null, file_name: null });
      const bytes = await rig.call('GET', `/api/v1/media/${id}/content`, undefined, tenant.key);
      expect(bytes.status).toBe(media === 200 ? 410 : media);
    }
    const listed = await rig.call('GET', '/api/v1/media', undefined, tenant.key);
    expect(listed.status).toBe(list);
    if (list === 200) expect(listed.body.data).toEqual([]);
    expect((await rig.call('DELETE', path(tenant))).status).toBe(404);
    expect(await (await fetch(spared.url)).text()).toBe('shared by both');
  },
);

test('a file that is on its way when its channel is deleted is told to nobody and stays nowhere', async () => {
  const tenant = await rig.tenant();
  const before = await filesOnDisk();
  const late = await rig.sandbox.keep(
    tenant.phoneNumberId,
    { bytes: bytesOf('on its way'.repeat(100)) },
    { type: 'text/plain' },
  );
  rig.sandbox.fault(late.id, { at: 'link', is: 'stall', when: 'mid_body' }, 1);
  const { compose } = rig.sandbox;
  await rig.post(compose.body([compose.received(tenant.phoneNumberId, [compose.message(compose.media(late))])]));
  await rig.sandbox.held(late.id);
  expect((await rig.call('DELETE', `/api/v1/channels/${tenant.channelId}`)).status).toBe(204);
  rig.sandbox.release(late.id);
  await rig.log.next((line) => line.msg === 'capture' && line['channel'] === tenant.channelId);
  // What nobody wants is removed once that is settled and told.
  await expect.poll(filesOnDisk, { timeout: 10_000 }).toEqual(before);
  expect(tenant.receiver.received).toEqual([]);
});

test('a connection goes only after its channels', async () => {
  const { tenant, connection } = { tenant: await rig.tenant(), connection: `/api/v1/connections/${rig.connection.id}` };
  const refused = await rig.call('DELETE', connection);
  expect([refused.status, refused.body.code]).toEqual([409, 'connection_in_use']);
  expect((await rig.call('DELETE', `/api/v1/channels/${tenant.channelId}`)).status).toBe(204);
});
