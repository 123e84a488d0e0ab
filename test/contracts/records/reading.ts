// Pages, filters and cursors.

import { expect, test } from 'vitest';
import { Fault } from '../../../src/core/faults.ts';
import type { Endpoint, Reach } from '../../../src/core/model.ts';
import type { Page, PageRequest, Records } from '../../../src/core/records.ts';
import {
  capturesAt,
  claim,
  deliveriesAt,
  everything,
  file,
  firstPage,
  home,
  newChannel,
  type Open,
  second,
  settle,
  settleDelivery,
  start,
} from './rig.ts';

/** All rows of a list, read page by page. */
async function walk<Row>(list: (page: PageRequest) => Promise<Page<Row>>, limit: number): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Row> = await list({ limit, cursor });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    cursor = page.next;
  } while (cursor !== null);
  return rows;
}

export function readingClaims(name: string, open: Open): void {
  test(`${name}: pages are newest first and leave nothing out, whoever reads`, async () => {
    const { records } = await open();
    const organization = await records.createOrganization({ now: start, name: 'Org', mediaRetentionDays: null });
    const homes = [];
    for (let n = 0; n < 3; n++) homes.push(await home(records, { organizationId: organization.id }));
    await (await home(records)).receive();
    const made: string[] = [];
    for (let n = 0; n < 15; n++) made.unshift((await homes[n % 3]?.receive())?.id ?? '');
    const reach: Reach = { kind: 'organization', organizationId: organization.id };
    for (const limit of [1, 4, 5, 15, 16]) {
      const rows = await walk((page) => records.listMessages({ reach, filter: {}, page }), limit);
      expect(rows.map((row) => row.id)).toEqual(made);
    }
    expect(await walk((page) => records.listMessages({ reach: everything, filter: {}, page }), 7)).toHaveLength(16);
    const media = await walk((page) => records.listMedia({ reach, filter: {}, page }), 4);
    expect(media.map((row) => row.messageId)).toEqual(made);
    expect(await walk((page) => records.listApps({ reach, page }), 2)).toHaveLength(3);
    expect(await walk((page) => records.listChannels({ reach, page }), 2)).toHaveLength(3);
    expect(await walk((page) => records.listJournal({ page }), 3)).toHaveLength(16);
    expect(await walk((page) => records.listConnections({ page }), 3)).toHaveLength(4);
  });

  test(`${name}: a page goes on where it stopped, whatever came meanwhile`, async () => {
    const { records } = await open();
    const at = await home(records);
    const ids = [];
    for (let n = 0; n < 4; n++) ids.unshift((await at.receive()).id);
    const first = await records.listMessages({ reach: at.reach, filter: {}, page: { limit: 2, cursor: null } });
    await at.receive();
    const rest = await records.listMessages({ reach: at.reach, filter: {}, page: { limit: 2, cursor: first.next } });
    expect([...first.rows, ...rest.rows].map((row) => row.id)).toEqual(ids);
    expect(rest.next).toBeNull();
  });

  test.each(['', 'x', 'AQEAAAAAAAE=', 'ÿ', '12345678901', 'AgEAAAAAAAE'])(
    `${name}: the cursor %j is refused as a fault`,
    async (cursor) => {
      const { records } = await open();
      const list = records.listMessages({ reach: everything, filter: {}, page: { limit: 1, cursor } });
      const error = await list.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(Fault);
      expect(error).toMatchObject({ code: 'invalid_cursor', kind: 'invalid' });
    },
  );

  test(`${name}: the cursor of one list is refused by another`, async () => {
    const { records } = await open();
    const { next } = await records.listEvents({ reach: everything, page: firstPage });
    const page = { limit: 1, cursor: next };
    await expect(records.listMedia({ reach: everything, filter: {}, page })).rejects.toMatchObject({
      code: 'invalid_cursor',
    });
  });

  test(`${name}: media is found by state, kind and message`, async () => {
    const { records } = await open();
    const at = await home(records);
    const image = await at.receive();
    const audio = await at.receive({ media: [claim({ kind: 'audio', voice: true })] });
    const [newest] = await capturesAt(records, start);
    if (newest === undefined) throw new Error('no job');
    await settle(records, newest, start, { to: 'stored', file: file(at.app) });
    const find = async (filter: Parameters<Records['listMedia']>[0]['filter']) =>
      (await records.listMedia({ reach: at.reach, filter, page: firstPage })).rows.map((row) => row.messageId);
    expect(await find({})).toEqual([audio.id, image.id]);
    expect(await find({ kind: 'audio' })).toEqual([audio.id]);
    expect(await find({ messageId: image.id })).toEqual([image.id]);
    expect(await find({ state: 'stored' })).toEqual([newest.media.messageId]);
    expect(await find({ state: 'deleted' })).toEqual([]);
    await records.deleteMedia({ reach: at.reach, id: newest.media.id, now: start });
    expect(await find({ state: 'deleted' })).toEqual([newest.media.messageId]);
    expect(await find({ state: 'stored' })).toEqual([]);
    expect(await find({})).toHaveLength(1);
  });

  test(`${name}: messages are found by channel, conversation and the carrier's id, deliveries by endpoint and state`, async () => {
    const { records } = await open();
    const at = await home(records);
    const other = await newChannel(records, at.app, at.connection);
    const [one, two] = [await at.endpoint('prompt'), await at.endpoint('held')];
    const first = await at.receive();
    const second = await at.receive({ address: other.address });
    const find = async (filter: Parameters<Records['listMessages']>[0]['filter']) =>
      (await records.listMessages({ reach: at.reach, filter, page: firstPage })).rows.map((row) => row.id);
    expect(await find({ channelId: other.id })).toEqual([second.id]);
    expect(await find(first.conversationId === null ? {} : { conversationId: first.conversationId })).toEqual([
      first.id,
    ]);
    const { carrierMessageId } = second;
    expect(await find({ carrierMessageId })).toEqual([second.id]);
    expect(await find({ carrierMessageId, appId: at.app.id, channelId: other.id })).toEqual([second.id]);
    expect(await find({ carrierMessageId, channelId: at.channel.id })).toEqual([]);
    expect(await find({ carrierMessageId: `${carrierMessageId}\u0000` })).toEqual([]);
    const stranger = await home(records);
    const asked = { filter: { carrierMessageId }, page: firstPage };
    expect((await records.listMessages({ reach: stranger.reach, ...asked })).rows).toEqual([]);
    expect((await records.listMessages({ reach: everything, ...asked })).rows).toHaveLength(1);
    const sent = await records.listDeliveries({
      reach: at.reach,
      filter: { endpointId: one.id, state: 'pending' },
      page: firstPage,
    });
    expect(sent.rows.map((row) => row.messageId)).toEqual([second.id, first.id]);
    const dead = await records.listDeliveries({
      reach: at.reach,
      filter: { endpointId: two.id, state: 'dead' },
      page: firstPage,
    });
    expect(dead.rows).toEqual([]);
  });

  test(`${name}: a list by state or endpoint is the whole list without the others, page by page, whoever reads`, async () => {
    const { records } = await open();
    const homes = [await home(records), await home(records)];
    const endpoints: Endpoint['id'][] = [];
    for (const at of homes) {
      for (let n = 0; n < 2; n++) endpoints.push((await at.endpoint('prompt')).id);
      for (let n = 0; n < 6; n++) await at.receive();
    }
    const captures = await capturesAt(records, start);
    for (const [n, job] of captures.slice(0, 8).entries()) {
      const of = homes.find(({ app }) => app.id === job.media.appId) ?? expect.fail('a media of no app');
      const lost = { to: 'unavailable', reason: 'link_404' } as const;
      await settle(records, job, start, n % 2 === 0 ? { to: 'stored', file: file(of.app) } : lost);
    }
    for (const [n, job] of (await deliveriesAt(records, start)).slice(0, 16).entries())
      await settleDelivery(records, job, start, n % 2 === 0 ? { to: 'delivered' } : { to: 'dead', reason: 'gone' });
    await records.updateEndpoint({
      now: start,
      reach: everything,
      appId: homes[1]?.app.id ?? '',
      id: endpoints[3] ?? '',
      set: { state: 'paused' },
    });
    for (const reach of [everything, ...homes.map((at) => at.reach)]) {
      const media = await walk((page) => records.listMedia({ reach, filter: {}, page }), 50);
      for (const state of ['pending', 'stored', 'unavailable', 'remote'] as const) {
        const some = await walk((page) => records.listMedia({ reach, filter: { state }, page }), 2);
        expect(some.map(({ id }) => id)).toEqual(media.filter((one) => one.state === state).map(({ id }) => id));
      }
      const deliveries = await walk((page) => records.listDeliveries({ reach, filter: {}, page }), 50);
      expect(new Set(deliveries.map(({ state }) => state)).size).toBeGreaterThan(1);
      for (const state of [undefined, 'pending', 'paused', 'dead', 'delivered'] as const)
        for (const endpointId of [undefined, ...endpoints]) {
          const filter = { ...(state && { state }), ...(endpointId && { endpointId }) };
          const some = await walk((page) => records.listDeliveries({ reach, filter, page }), 2);
          const due = deliveries.filter(
            (one) => (state ?? one.state) === one.state && (endpointId ?? one.endpointId) === one.endpointId,
          );
          expect(some.map(({ id }) => id)).toEqual(due.map(({ id }) => id));
        }
    }
  });

  test(`${name}: events come oldest first, and the cursor goes on even from an empty page`, async () => {
    const { records } = await open();
    const at = await home(records);
    const empty = await records.listEvents({ reach: at.reach, page: firstPage });
    expect(empty.rows).toEqual([]);
    const first = await at.receive();
    const second = await at.receive({ direction: 'echo' });
    const page = await records.listEvents({ reach: at.reach, page: { limit: 1, cursor: empty.next } });
    expect(page.rows).toMatchObject([
      { type: 'message.received', message: { id: first.id, media: [{ state: 'pending' }] } },
    ]);
    const rest = await records.listEvents({ reach: at.reach, page: { limit: 5, cursor: page.next } });
    expect(rest.rows.map((event) => event.message?.id)).toEqual([second.id]);
    const none = await records.listEvents({ reach: at.reach, page: { limit: 5, cursor: rest.next } });
    expect(none).toEqual({ rows: [], cursors: [], next: rest.next, gap: false });
    expect(rest.cursors.at(-1)).toBe(rest.next);
    const typed = await records.listEvents({ reach: at.reach, types: ['message.echoed'], page: firstPage });
    expect(typed.rows.map((event) => event.type)).toEqual(['message.echoed']);
    // A reader of rare types moves on with the others, or it would seem to have missed what is forgotten.
    const rare = await records.listEvents({ reach: at.reach, types: ['channel.paused'], page: firstPage });
    expect(rare).toMatchObject({ rows: [], next: rest.next });
    const half = await records.listEvents({
      reach: at.reach,
      types: ['message.received'],
      page: { limit: 1, cursor: null },
    });
    expect(half).toMatchObject({ rows: [{ message: { id: first.id } }], next: half.cursors[0] });
  });

  test(`${name}: a slow commit is not skipped by a reader`, async () => {
    const { records } = await open();
    const at = await home(records);
    const total = 300;
    // Requests of very different size are stored at the same time while a reader follows the cursor.
    const writing = Promise.all(
      Array.from({ length: total / 10 }, (_, n) =>
        records.accept(
          n % 2 === 0 ? [at.unit(Array.from({ length: 19 }, () => at.message()))] : [at.unit([at.message()])],
        ),
      ),
    );
    const seen: number[] = [];
    let cursor: string | null = null;
    let written = false;
    void writing.finally(() => {
      written = true;
    });
    for (let last = false; !last; ) {
      last = written;
      const page: Awaited<ReturnType<Records['listEvents']>> = await records.listEvents({
        reach: at.reach,
        page: { limit: 50, cursor },
      });
      seen.push(...page.rows.map((event) => event.key));
      cursor = page.next;
      if (page.rows.length > 0) last = false;
    }
    await writing;
    expect(seen).toHaveLength(total);
    expect(new Set(seen).size).toBe(total);
  });

  test(`${name}: what was written is read at once`, async () => {
    const { records } = await open();
    const at = await home(records);
    for (let n = 0; n < 30; n++) {
      await records.updateApp({ reach: everything, id: at.app.id, set: { name: `name ${n}` } });
      expect(await records.app({ reach: at.reach, id: at.app.id })).toMatchObject({ name: `name ${n}` });
    }
  });

  test(`${name}: the backlog counts what waits`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('native');
    await at.receive();
    await at.receive({ media: [claim({ deadline: start + second })] }, start + second);
    await records.claimCaptures({ now: start + second, free: 1, perLane: 8, perFailingLane: 4, leaseMs: 1000 });
    const { captures, deliveries } = await records.backlog({ now: start });
    expect(captures).toEqual({
      ready: 1,
      waiting: 0,
      running: 1,
      resting: 0,
      oldestAt: start,
      nearestDeadline: start + second,
    });
    expect(deliveries).toEqual({ ready: 0, waiting: 2, running: 0, resting: 0, oldestAt: start, dead: 0, queued: 0 });
  });
}
