// The wall: every read and every order, tried by its owner and by strangers with the same ids.

import { expect, test } from 'vitest';
import type { Reach } from '../../../src/core/model.ts';
import type { Records } from '../../../src/core/records.ts';
import { deliveriesAt, everything, firstPage, home, newApp, type Open, settleDelivery, start } from './rig.ts';

/** One of everything, and what a caller within `reach` can see and do of it. */
async function world(records: Records) {
  const organization = await records.createOrganization({ now: start, name: 'Org', mediaRetentionDays: null });
  const at = await home(records, { organizationId: organization.id });
  const endpoint = await at.endpoint('prompt');
  const message = await at.receive();
  const [job] = await deliveriesAt(records, start);
  if (job === undefined) throw new Error('no delivery is due');
  await settleDelivery(records, job, start, { to: 'dead', reason: 'x' });
  const key = await records.createKey({
    now: start,
    hash: Uint8Array.of(1),
    name: 'k',
    reach: at.reach,
    permissions: ['read'],
    mode: 'live',
    dialect: 'native',
  });
  const ids = { media: message.media[0]?.id ?? '', message: message.id, delivery: job.delivery.id };
  const conversation = message.conversationId === null ? {} : { conversationId: message.conversationId };
  const appId = at.app.id;
  const owner = { kind: 'app', id: appId } as const;

  const see = async (reach: Reach) => {
    const listed = async (page: Promise<{ rows: unknown[] }>) => (await page).rows.length;
    return {
      app: await records.app({ reach, id: appId }),
      media: await records.media({ reach, id: ids.media }),
      message: await records.message({ reach, id: ids.message }),
      delivery: await records.delivery({ reach, id: ids.delivery }),
      attempts: await records.listAttempts({ reach, deliveryId: ids.delivery }),
      channel: await records.channel({ reach, id: at.channel.id }),
      endpoint: await records.endpoint({ reach, appId, id: endpoint.id }),
      key: await records.key({ reach, owner, id: key.id }),
      apps: await listed(records.listApps({ reach, page: firstPage })),
      mediaListed: await listed(records.listMedia({ reach, filter: {}, page: firstPage })),
      mediaOfApp: await listed(records.listMedia({ reach, filter: { appId }, page: firstPage })),
      mediaOfMessage: await listed(records.listMedia({ reach, filter: { messageId: message.id }, page: firstPage })),
      messagesOfConversation: await listed(records.listMessages({ reach, filter: conversation, page: firstPage })),
      messagesOfChannel: await listed(
        records.listMessages({ reach, filter: { channelId: at.channel.id }, page: firstPage }),
      ),
      deliveriesOfEndpoint: await listed(
        records.listDeliveries({ reach, filter: { endpointId: endpoint.id }, page: firstPage }),
      ),
      messages: await listed(records.listMessages({ reach, filter: {}, page: firstPage })),
      events: await listed(records.listEvents({ reach, page: firstPage })),
      eventsOfApp: await listed(records.listEvents({ reach, appId, page: firstPage })),
      deliveries: await listed(records.listDeliveries({ reach, filter: {}, page: firstPage })),
      channels: await listed(records.listChannels({ reach, page: firstPage })),
      endpoints: await listed(records.listEndpoints({ reach, appId, page: firstPage })),
      keys: await listed(records.listKeys({ reach, owner, page: firstPage })),
    };
  };

  const act = async (reach: Reach) => ({
    retry: await records.retryMedia({ reach, id: ids.media, now: start }),
    replay: await records.replayDelivery({ reach, id: ids.delivery, now: start }),
    replayDead: await records.replayDead({ reach, endpointId: endpoint.id, now: start }),
    updateApp: await records.updateApp({ reach, id: appId, set: { name: 'x' } }),
    updateChannel: await records.updateChannel({ reach, id: at.channel.id, now: start, set: { display: 'x' } }),
    updateEndpoint: await records.updateEndpoint({
      reach,
      appId,
      id: endpoint.id,
      now: start,
      set: { url: 'https://x.example' },
    }),
    updateKey: await records.updateKey({ reach, owner, id: key.id, set: { name: 'x' } }),
    createEndpoint: await records.createEndpoint({
      now: start,
      reach,
      appId,
      url: 'https://x.example',
      transport: 'webhook',
      dialect: 'native',
      settings: {},
      events: null,
      sealed: Uint8Array.of(1),
    }),
    deleteMedia: await records.deleteMedia({ reach, id: ids.media, now: start }),
    deleteKey: await records.deleteKey({ reach, owner, id: key.id, now: start }),
    deleteEndpoint: await records.deleteEndpoint({ reach, appId, id: endpoint.id, now: start }),
    deleteChannel: await records.deleteChannel({ reach, id: at.channel.id, now: start }),
    deleteApp: await records.deleteApp({ reach, id: appId, now: start }),
  });

  return { at, organization, see, act };
}

const refused = (results: object) =>
  Object.values(results).every((value) => value === undefined || value === false || value === 0);
const granted = (results: object) => Object.values(results).every((value) => value !== undefined && value !== false);

export function wallClaims(name: string, open: Open): void {
  test(`${name}: a stranger sees nothing and moves nothing; the owner, its organization and the instance do`, async () => {
    const { records } = await open();
    const { at, organization, see, act } = await world(records);
    const otherOrganization = await records.createOrganization({ now: start, name: 'Other', mediaRetentionDays: null });
    const other = await newApp(records, { organizationId: otherOrganization.id });
    const strangers: Reach[] = [
      { kind: 'app', appId: other.id },
      { kind: 'app', appId: 'app_none' },
      { kind: 'organization', organizationId: otherOrganization.id },
      { kind: 'organization', organizationId: 'org_none' },
    ];
    for (const reach of strangers) {
      const { apps, ...seen } = await see(reach);
      expect(refused(seen)).toBe(true);
      expect(apps).toBeLessThanOrEqual(1);
      expect(refused(await act(reach))).toBe(true);
    }
    for (const reach of [at.reach, { kind: 'organization', organizationId: organization.id }, everything] as const) {
      const seen = await see(reach);
      expect(granted(seen)).toBe(true);
      expect(Object.values(seen)).not.toContain(0);
    }
    expect(granted(await act(at.reach))).toBe(true);
  });

  test(`${name}: a deleted app is gone for every reader at once, its owner included`, async () => {
    const { records } = await open();
    const { at, see, act } = await world(records);
    expect(await records.deleteApp({ reach: everything, id: at.app.id, now: start })).toBe(true);
    for (const reach of [at.reach, everything]) {
      expect(refused(await see(reach))).toBe(true);
      expect(refused(await act(reach))).toBe(true);
    }
    expect(await records.keyByHash({ hash: Uint8Array.of(1), now: start })).toBeUndefined();
  });

  test(`${name}: a deleted organization takes its apps with it`, async () => {
    const { records } = await open();
    const { at, organization, see } = await world(records);
    expect(await records.deleteOrganization({ id: organization.id, now: start })).toBe(true);
    expect(await records.deleteOrganization({ id: organization.id, now: start })).toBe(false);
    for (const reach of [at.reach, { kind: 'organization', organizationId: organization.id }, everything] as const) {
      expect(refused(await see(reach))).toBe(true);
    }
    expect(await records.organization({ id: organization.id })).toBeUndefined();
    expect((await records.listOrganizations({ page: firstPage })).rows).toEqual([]);
  });
}
