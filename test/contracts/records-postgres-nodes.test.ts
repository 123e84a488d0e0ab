// Several nodes on one database: what one writer has for nothing must hold between them.

import { Client } from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import type { CaptureJob, Records } from '../../src/core/records.ts';
import { openPostgresRecords } from '../../src/database/postgres/open.ts';
import { copyDatabase } from '../servers/postgres.ts';
import {
  attemptAt,
  capturesAt,
  claim,
  claiming,
  deliveriesAt,
  eventsOf,
  everything,
  file,
  firstPage,
  fresh,
  home,
  message,
  minute,
  newChannel,
  second,
  settings,
  settle,
  start,
} from './records/rig.ts';

const { server, template } = inject('postgres');

/** So many nodes on one database, and a connection beside them. */
async function nodes(count: number): Promise<{ all: Records[]; one: Records; beside: Client; url: string }> {
  const { url, drop } = await copyDatabase(server, template);
  const all = await Promise.all(
    Array.from({ length: count }, () => openPostgresRecords({ url, settings, now: () => start, poolSize: 5 })),
  );
  const beside = new Client({ connectionString: url });
  await beside.connect();
  onTestFinished(async () => {
    await beside.end();
    await Promise.all(all.map((records) => records.close()));
    await drop();
  });
  const [one] = all;
  if (one === undefined) throw new Error('no node');
  return { all, one, beside, url };
}

const at = <Item>(items: readonly Item[], place: number): Item => {
  const item = items[place % items.length];
  if (item === undefined) throw new Error('there is none');
  return item;
};

test('a lane holds its places over all nodes, and no job is claimed twice', async () => {
  const { all, one } = await nodes(4);
  const place = await home(one);
  const other = await newChannel(one, place.app, place.connection);
  await one.accept([place.unit(Array.from({ length: 40 }, () => place.message()))]);
  await one.accept([place.unit(Array.from({ length: 40 }, () => message({ address: other.address })))]);
  const claimed = await Promise.all(Array.from({ length: 12 }, (_, n) => at(all, n).claimCaptures(claiming(start))));
  const jobs = claimed.flatMap((answer) => answer.jobs);
  expect(new Set(jobs.map(({ job }) => job)).size).toBe(jobs.length);
  const lanes = Map.groupBy(jobs, ({ channel }) => channel.address);
  expect([...lanes.values()].map((lane) => lane.length)).toEqual([8, 8]);
});

test('what waits at a socket is claimed where its clients are connected, and by nobody else', async () => {
  const { all, one } = await nodes(2);
  const place = await home(one);
  const socket = await one.createEndpoint({
    now: start,
    reach: place.reach,
    appId: place.app.id,
    url: '',
    transport: 'socket',
    dialect: 'queued',
    settings: {},
    events: null,
    sealed: Uint8Array.of(1),
  });
  const lane = { endpointId: socket?.id ?? '', open: true };
  await place.receive({ media: [] });
  await at(all, 1).openLane(lane);
  expect(await deliveriesAt(at(all, 0), start)).toEqual([]);
  expect(await deliveriesAt(at(all, 1), start)).toHaveLength(1);
});

test('settling, trimming and releasing a socket beside each other lose nothing and send nothing twice', async () => {
  const { all, one } = await nodes(3);
  const place = await home(one);
  const order = { now: start, reach: place.reach, appId: place.app.id, settings: {}, events: null };
  const sealed = Uint8Array.of(1);
  const socket = await one.createEndpoint({ ...order, url: '', transport: 'socket', dialect: 'queued', sealed });
  await place.endpoint('queued');
  if (socket === undefined) throw new Error('the socket was not made');
  const { id: endpointId } = socket;
  await Promise.all(all.map((records) => records.openLane({ endpointId, open: true })));
  const texts = Array.from({ length: 40 }, (_, n) => place.message({ media: [], sentAt: start + n, text: `${n}` }));
  await one.accept([place.unit(texts)]);

  const sent: string[] = [];
  const left = async () => {
    const { ready, waiting, running, queued } = (await one.backlog({ now: start })).deliveries;
    return ready + waiting + running + queued;
  };
  for (let round = 0; round < 60 && (await left()) > 0; round++) {
    const now = start + round * second;
    const deliver = async (records: Records) => {
      for (const { job, attempt, delivery, endpoint } of await deliveriesAt(records, now)) {
        const isSocket = endpoint.transport === 'socket';
        if (isSocket) sent.push(delivery.id);
        const log = attemptAt(now, isSocket ? {} : { status: 500, fault: 'none' });
        const result = isSocket
          ? ({ to: 'delivered' } as const)
          : ({ to: 'dead', reason: 'HTTP 500', handOver: true } as const);
        await records.settleDeliveries([{ job, attempt, at: now, log, result }]);
      }
    };
    await Promise.all([
      ...all.map(deliver),
      at(all, round).releaseQueue({ endpointId, now, spacingMs: 100 }),
      at(all, round + 1).trimQueue({ endpointId, perSender: 20, olderThan: start, now }),
    ]);
  }
  const page = { limit: 1000, cursor: null };
  const { rows } = await one.listDeliveries({ reach: place.reach, filter: { endpointId }, page });
  const ended = rows.map(({ id, state, reason }) => [id, state === 'dead' ? reason : state] as const);
  expect(rows).toHaveLength(40);
  expect(ended.filter(([, end]) => end !== 'delivered' && end !== 'queue_full')).toEqual([]);
  expect(sent.toSorted()).toEqual(ended.flatMap(([id, end]) => (end === 'delivered' ? [id] : [])).toSorted());
  expect(await left()).toBe(0);
});

test('copies that reach several nodes at once make one message', async () => {
  const { all, one } = await nodes(3);
  const place = await home(one);
  await place.endpoint('prompt');
  const messages = Array.from({ length: 30 }, () =>
    place.message({ identities: [{ kind: 'phone', value: fresh('39') }] }),
  );
  // Each node hears them in an order of its own.
  const orders = [messages, messages.toReversed(), [...messages.slice(15), ...messages.slice(0, 15)]];
  const outcomes = await Promise.all(
    all.flatMap((records, node) => at(orders, node).map((given) => records.accept([place.unit([given])]))),
  );
  const counts = outcomes.flat();
  expect(counts.reduce((sum, { created }) => sum + created, 0)).toBe(30);
  expect(counts.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(60);
  expect(await eventsOf(one, place.reach)).toHaveLength(30);
  expect((await one.listDeliveries({ reach: place.reach, filter: {}, page: firstPage })).rows).toHaveLength(30);
});

test('one counterpart who writes to several nodes at once is one contact in one conversation', async () => {
  const { all, one } = await nodes(3);
  const place = await home(one);
  await Promise.all(all.map((records) => records.accept([place.unit([place.message(), place.message()])])));
  const { rows } = await one.listMessages({ reach: place.reach, filter: {}, page: firstPage });
  expect(rows).toHaveLength(6);
  expect(new Set(rows.map(({ contact }) => contact?.id)).size).toBe(1);
  expect(new Set(rows.map(({ conversationId }) => conversationId)).size).toBe(1);
});

test('an event of a slow transaction is not passed over by readers', async () => {
  const { one, beside } = await nodes(1);
  const place = await home(one);
  await place.receive();
  const { rows: app } = await beside.query('SELECT key FROM apps');
  const first = await one.listEvents({ reach: place.reach, page: firstPage });
  // A node that has begun to state an event, and takes its time.
  await beside.query('BEGIN');
  await beside.query('SELECT pg_advisory_xact_lock_shared((8207::bigint << 48) | last_value) FROM events_key_seq');
  await beside.query(
    `INSERT INTO events (id, app_key, type, version, at) VALUES ('evt_slow', $1, 'message.status', 1, $2)`,
    [app[0]?.key, start],
  );
  await place.receive();
  const meanwhile = await one.listEvents({ reach: place.reach, page: { limit: 10, cursor: first.next } });
  expect(meanwhile.rows).toEqual([]);
  expect(await one.eventsEnd()).toBe(first.next);
  await beside.query('COMMIT');
  const then = await one.listEvents({ reach: place.reach, page: { limit: 10, cursor: meanwhile.next } });
  expect(then.rows.map((event) => event.type)).toEqual(['message.status', 'message.received']);
});

test('a reader who follows while all nodes write misses nothing', async () => {
  const { all, one } = await nodes(3);
  const place = await home(one);
  await place.endpoint('prompt');
  let writing = true;
  const writes = Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      at(all, n).accept([place.unit(Array.from({ length: 1 + (n % 7) }, () => place.message()))]),
    ),
  ).finally(() => {
    writing = false;
  });
  const seen: number[] = [];
  let cursor: string | null = null;
  for (let last = false; !last; ) {
    last = !writing;
    const page: Awaited<ReturnType<Records['listEvents']>> = await one.listEvents({
      reach: place.reach,
      page: { limit: 20, cursor },
    });
    seen.push(...page.rows.map((event) => event.key));
    cursor = page.next;
    if (page.rows.length > 0) last = false;
  }
  const accepted = (await writes).flat().reduce((sum, { created }) => sum + created, 0);
  expect(new Set(seen).size).toBe(accepted);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

test('a file that is lost while captures bring the same bytes is referred to by none of them', async () => {
  const { all, one } = await nodes(2);
  const place = await home(one);
  const store = async (jobs: readonly CaptureJob[], at: Records) =>
    await Promise.allSettled(
      jobs.map((job) => settle(at, job, start, { to: 'stored', file: file(place.app, { sha256: 'same' }) })),
    );
  for (let round = 0; round < 10; round++) {
    for (let n = 0; n < 4; n++) await place.receive();
    const [first, ...rest] = await capturesAt(one, start);
    if (first === undefined) throw new Error('nothing to capture');
    await store([first], one);
    const blob = (await one.mediaForLink({ id: first.media.id }))?.blob ?? '';
    await Promise.all([store(rest, at(all, 1)), one.loseBlob({ blob, reason: 'lost_in_store', now: start })]);
    const { rows } = await one.listMedia({ reach: place.reach, filter: { state: 'stored' }, page: firstPage });
    expect(rows.filter((media) => media.blob === blob)).toEqual([]);
  }
});

test('a long transaction in another database of the server holds no reader up', async () => {
  const { one } = await nodes(1);
  const elsewhere = new Client({ connectionString: server });
  await elsewhere.connect();
  onTestFinished(() => elsewhere.end());
  await elsewhere.query('BEGIN');
  await elsewhere.query('SELECT pg_current_xact_id()');
  const place = await home(one);
  await place.receive();
  expect(await eventsOf(one, place.reach)).toEqual(['message.received']);
});

test('two nodes that store the last two files of a message at once let it go', async () => {
  const { all, one } = await nodes(2);
  const place = await home(one);
  await place.endpoint('terse');
  for (let round = 0; round < 10; round++) {
    const now = start + round * minute;
    await one.accept([place.unit([place.message({ media: [claim(), claim()] })], { receivedAt: now })]);
    const jobs = await capturesAt(one, now);
    expect(jobs).toHaveLength(2);
    const done = await Promise.all(
      jobs.map((job, n) => settle(at(all, n), job, now, { to: 'stored', file: file(place.app) })),
    );
    expect(done.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    const [told, ...more] = await deliveriesAt(one, now);
    expect(more).toEqual([]);
    expect(told?.event.message?.media.map(({ state }) => state)).toEqual(['stored', 'stored']);
    if (told !== undefined) await one.release({ leases: [told], now });
    await one.deleteEndpoint({ reach: place.reach, appId: place.app.id, id: told?.endpoint.id ?? '', now });
    await place.endpoint('terse');
  }
});

test('bytes that one node takes while another lets them go are never removed under a media', async () => {
  const { all, one } = await nodes(2);
  const place = await home(one);
  const bytes = { sha256: 'same', size: 9 };
  const take = async (records: Records, job: CaptureJob) =>
    await settle(records, job, start, { to: 'stored', file: file(place.app, bytes) });
  const receive = async (): Promise<CaptureJob> => {
    await place.receive();
    const [job] = await capturesAt(one, start);
    if (job === undefined) throw new Error('no capture is due');
    return job;
  };
  let held = await receive();
  await take(one, held);
  for (let round = 0; round < 15; round++) {
    const next = await receive();
    await Promise.all([
      take(at(all, round), next),
      at(all, round + 1).deleteMedia({ reach: everything, id: held.media.id, now: start }),
    ]);
    const kept = await one.media({ reach: everything, id: next.media.id });
    const doomed = (await one.claimRemovals(claiming(start, { perLane: 100, free: 100 }))).jobs.map(({ blob }) => blob);
    expect(kept?.state).toBe('stored');
    expect(doomed).not.toContain(kept?.blob);
    held = next;
  }
});

test('a settlement that pauses channels waits for those who share them without standing in their way', async () => {
  const { one, beside } = await nodes(1);
  const place = await home(one);
  await place.receive();
  const [job] = await capturesAt(one, start);
  if (job === undefined) throw new Error('no capture is due');
  // Another node, which has locked the channel as everybody does and will change it.
  await beside.query("SET deadlock_timeout = '10ms'");
  await beside.query('BEGIN');
  await beside.query('SELECT FROM channels FOR SHARE');
  const failed = { to: 'retry', at: start + minute, reason: 'token', counts: false, memo: null } as const;
  const settled = settle(one, job, start, failed, { to: 'paused', reason: 'token', probeAt: start + minute });
  for (let waiting = 0; waiting === 0; ) {
    const { rowCount } = await beside.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    waiting = rowCount ?? 0;
  }
  await beside.query('UPDATE channels SET display = \'"changed"\'');
  await beside.query('COMMIT');
  expect(await settled).toMatchObject({ outcome: 'done' });
  const channel = await one.channel({ reach: place.reach, id: place.channel.id });
  expect(channel).toMatchObject({ state: 'paused', display: 'changed' });
});

test('an endpoint that pauses and resumes while messages come in gets every one of them', async () => {
  const { all, one } = await nodes(2);
  const place = await home(one);
  const endpoint = await place.endpoint('prompt');
  const named = { reach: place.reach, appId: place.app.id, id: endpoint.id, now: start };
  const messages = Promise.all(
    Array.from({ length: 60 }, (_, n) => at(all, n).accept([place.unit([place.message({ media: [] })])])),
  );
  for (let n = 0; n < 10; n++) {
    await at(all, n).updateEndpoint({ ...named, set: { state: 'paused' } });
    await at(all, n + 1).updateEndpoint({ ...named, set: { state: 'active' } });
  }
  await messages;
  const { rows } = await one.listDeliveries({ reach: place.reach, filter: {}, page: firstPage });
  expect(rows).toHaveLength(60);
  expect(rows.filter(({ state, dueAt }) => state !== 'pending' || dueAt === null)).toEqual([]);
});

test('a channel that is destroyed while messages come in keeps none of them for itself', async () => {
  const { all, one } = await nodes(2);
  const place = await home(one);
  const accepting = Promise.all(
    Array.from({ length: 40 }, (_, n) => at(all, n).accept([place.unit([place.message()])])),
  );
  await one.deleteChannel({ reach: everything, id: place.channel.id, now: start + second });
  const outcomes = (await accepting).flat();
  const created = outcomes.reduce((sum, outcome) => sum + outcome.created, 0);
  expect(outcomes.reduce((sum, { unrouted }) => sum + unrouted, 0)).toBe(40 - created);
  for (let changed = 1; changed > 0; ) ({ changed } = await one.sweep({ now: start + minute, limit: 100 }));
  const { rows } = await one.listMedia({ reach: everything, filter: { state: 'deleted' }, page: firstPage });
  expect(rows).toHaveLength(created);
  expect((await one.backlog({ now: start })).captures).toMatchObject({ ready: 0, waiting: 0, running: 0 });
});

test('several nodes that sweep at once tell of each expired media once', async () => {
  const { all, one } = await nodes(3);
  const place = await home(one, { mediaRetentionSeconds: 60 });
  for (let n = 0; n < 8; n++) await place.receive();
  for (const job of await capturesAt(one, start))
    await settle(one, job, start, { to: 'stored', file: file(place.app) });
  await Promise.all(Array.from({ length: 9 }, (_, n) => at(all, n).sweep({ now: start + minute, limit: 3 })));
  for (let changed = 1; changed > 0; ) ({ changed } = await one.sweep({ now: start + minute, limit: 100 }));
  const events = await eventsOf(one, place.reach);
  expect(events.filter((type) => type === 'media.expired')).toHaveLength(8);
});

test('what only the server refuses is set aside alone', async () => {
  const { one } = await nodes(1);
  const place = await home(one);
  // Too long for an index of PostgreSQL, and of a kind that cannot be compressed.
  const long = Array.from({ length: 4000 }, () => Math.random().toString(36).slice(2)).join('');
  const messages = [place.message(), place.message({ dedupeKey: long }), place.message()];
  const [poisoned, whole] = await Promise.all([
    one.accept([place.unit(messages)]),
    one.accept([place.unit([place.message()])]),
  ]);
  expect(poisoned).toMatchObject([{ created: 2, unparsed: 1 }]);
  expect(whole).toMatchObject([{ created: 1, unparsed: 0 }]);
  expect((await one.listMessages({ reach: place.reach, filter: {}, page: firstPage })).rows).toHaveLength(3);
});

test('whoever asks for something with a character that the server does not take is told that it is not there', async () => {
  const { one } = await nodes(1);
  expect(await one.connection({ id: 'con_\0' })).toBeUndefined();
  expect(await one.deleteConnection({ id: 'con_\ud800\0', now: start })).toBe('absent');
});
