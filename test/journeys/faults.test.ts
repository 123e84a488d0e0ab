// Everything that can go wrong at the carrier, each alone and once: the right bytes arrive, or the failure is seen.
// Waits are at their least (half of 1, 2, 4 … seconds), and the clock is moved past them.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LookUpFault } from '../../src/sandbox/fault.ts';
import { type FaultName, faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';
import { type Announced, announce, linkedSha256 } from './announced.ts';
import { faultOf, type Once, outcomes, ways } from './fault-outcomes.ts';
import { type FaultRigs, isOverTime, startFaultRigs } from './fault-rigs.ts';
import { expectNothingLeaked } from './nothing-leaked.ts';
import { about, type Rig, startRig, type Tenant } from './rig.ts';

const second = 1000;
const minute = 60 * second;
const day = 24 * 60 * minute;

let rigs: FaultRigs;
let rig: Rig;
let tenant: Tenant;
beforeAll(async () => {
  rigs = await startFaultRigs();
  ({ rig, tenant } = rigs.of());
  for (const { rig } of rigs.all) rig.clock.hold();
});
afterAll(() => rigs.close());

/** Each fault by each way on which it can be met. */
const cases = (Object.keys(faultCatalogue) as FaultName[]).flatMap((name) => {
  const fault = faultOf(name);
  // A redirect loop leads through the same address four times.
  const times = name === 'redirect_loop' ? 4 : 1;
  const met = fault.at === 'look_up' ? (['lookUp'] as const) : (['lookUp', 'webhooksLink'] as const);
  return met.map((way) => ({
    name,
    way,
    outcome: outcomes[name],
    announcement: { faults: [{ fault, times }], says: ways[way] },
  }));
});
const casesOf = <Is extends Once['is']>(is: Is) =>
  cases.flatMap(({ outcome, ...rest }) =>
    outcome.is === is ? [{ ...rest, outcome: outcome as Once & { is: Is } }] : [],
  );

test.each(casesOf('harmless'))(
  '$name, once, by $way: the first try stores the right bytes',
  async ({ announcement }) => {
    const announced = await announce(rig, tenant, announcement);
    const media = await announced.delivered();
    expect(media).toMatchObject({ state: 'stored', integrity: 'verified', sha256: announced.kept.sha256 });
    expect(await linkedSha256(media.url)).toBe(announced.kept.sha256);
    expect(announced.tries()).toHaveLength(1);
  },
);

const [overTime, answered] = [
  casesOf('retried').filter(({ outcome }) => isOverTime(outcome.reason)),
  casesOf('retried').filter(({ outcome }) => !isOverTime(outcome.reason)),
];

test.each(answered)(
  '$name, once, by $way: the try fails, and the next stores the right bytes',
  async ({ announcement, outcome, way }) => {
    const announced = await announce(rig, tenant, announcement);
    const { reason, byWebhooksLink = reason, afterMs = 500 } = outcome;
    expect(await announced.try(1)).toMatchObject({
      outcome: 'retry',
      reason: way === 'lookUp' ? reason : byWebhooksLink,
      level: reason === 'redirect_refused' ? 'error' : 'info',
    });
    expect(await announced.now()).toMatchObject({ state: 'pending', url: null, sha256: null });
    rig.clock.advance(afterMs);
    const media = await announced.delivered();
    expect(media).toMatchObject({ state: 'stored', integrity: 'verified', sha256: announced.kept.sha256 });
    expect(await linkedSha256(media.url)).toBe(announced.kept.sha256);
    expect(announced.tries()).toHaveLength(2);
  },
);

/** Moves the clock on until a try stores the file. @returns why those before it did not: a slow machine may itself be over time */
async function reasonsUntilStored({ clock }: Rig, announced: Announced): Promise<unknown[]> {
  const reasons: unknown[] = [];
  for (let nth = 1; ; nth++) {
    const { outcome, reason } = await announced.try(nth);
    if (outcome === 'stored') return reasons;
    reasons.push(reason);
    expect(await announced.now()).toMatchObject({ state: 'pending', url: null, sha256: null });
    clock.advance(10 * second);
  }
}

test.each(overTime)(
  '$name, once, by $way: the try is given up, and a later one stores the right bytes',
  async ({ announcement, outcome }) => {
    const own = rigs.of(outcome.reason);
    const announced = await announce(own.rig, own.tenant, announcement);
    expect(new Set(await reasonsUntilStored(own.rig, announced))).toEqual(new Set([outcome.reason]));
    const media = await announced.delivered();
    expect(media).toMatchObject({ state: 'stored', integrity: 'verified', sha256: announced.kept.sha256 });
    expect(await linkedSha256(media.url)).toBe(announced.kept.sha256);
  },
);

test.each(casesOf('paused'))(
  '$name, once: the channel pauses, and resumes when a probe succeeds',
  async ({ announcement, outcome }) => {
    const own = await rig.tenant();
    const announced = await announce(rig, own, announcement);
    const channel = async () => (await rig.call('GET', `/api/v1/channels/${own.channelId}`)).body;
    expect(await announced.try(1)).toMatchObject({ outcome: 'retry', reason: outcome.reason });
    expect(await channel()).toMatchObject({ state: 'paused', reason: outcome.reason });
    rig.clock.advance(15 * minute);
    expect(await announced.try(2)).toMatchObject({ outcome: 'stored' });
    expect(await channel()).toMatchObject({ state: 'active', reason: null });
    expect(await announced.now()).toMatchObject({ integrity: 'verified', sha256: announced.kept.sha256 });
  },
);

test.each(casesOf('lost'))(
  '$name: the message says at once that there is no file, and why',
  async ({ announcement, outcome }) => {
    const announced = await announce(rig, tenant, announcement);
    expect(await announced.delivered()).toMatchObject({ state: 'unavailable', reason: outcome.reason, url: null });
    const content = await rig.call('GET', `/api/v1/media/${announced.id}/content`, undefined, tenant.key);
    expect(content).toMatchObject({ status: 409, body: { code: 'media_unavailable' } });
  },
);

const eachWay = [
  { way: 'lookUp', says: ways.lookUp },
  { way: 'webhooksLink', says: ways.webhooksLink },
];

test.each(eachWay)('the same wrong bytes twice are kept and said to be other bytes, by $way', async ({ says }) => {
  const faults = [{ fault: faultCatalogue.same_wrong_bytes, times: 2 }];
  const announced = await announce(rig, tenant, { faults, says });
  await announced.try(1);
  rig.clock.advance(second);
  const media = await announced.delivered();
  expect(media).toMatchObject({ state: 'stored', integrity: 'mismatch', declared_sha256: announced.kept.sha256 });
  expect(media.sha256).not.toBe(announced.kept.sha256);
  expect(await linkedSha256(media.url)).toBe(media.sha256);
});

test('a digest that no download has is said to be missed', async () => {
  const says = { url: 'missing', sha256: 'wrong' } as const;
  const faults = [{ fault: faultCatalogue.claims_no_sha256, times: 2 }];
  const announced = await announce(rig, tenant, { faults, says });
  await announced.try(1);
  rig.clock.advance(second);
  expect(await announced.delivered()).toMatchObject({ integrity: 'mismatch', sha256: announced.kept.sha256 });
});

test('a file of which nobody gives a digest is stored and said to be unchecked', async () => {
  const faults = [{ fault: faultCatalogue.claims_no_sha256 }];
  const announced = await announce(rig, tenant, { faults, says: { url: 'missing', sha256: 'missing' } });
  expect(await announced.delivered()).toMatchObject({ integrity: 'unchecked', sha256: announced.kept.sha256 });
});

test.each(eachWay)(
  'a file that is cut at the same place a few times is not taken for whole, by $way',
  async ({ says }) => {
    const announced = await announce(rig, tenant, { faults: [{ fault: faultCatalogue.short, times: 9 }], says });
    for (let nth = 1; nth <= 9; nth++) {
      expect(await announced.try(nth)).toMatchObject({ outcome: 'retry' });
      rig.clock.advance(500 * 2 ** (nth - 1));
    }
    expect(await announced.delivered()).toMatchObject({ integrity: 'verified', sha256: announced.kept.sha256 });
  },
);

test.each(eachWay)('an HTML page is never taken for the photo, however often it comes, by $way', async ({ says }) => {
  const announced = await announce(rig, tenant, { faults: [{ fault: faultCatalogue.html_page, times: 8 }], says });
  for (let nth = 1; nth <= 8; nth++) {
    expect(await announced.try(nth)).toMatchObject({ outcome: 'retry', reason: 'html_in_place_of_file' });
    rig.clock.advance(500 * 2 ** (nth - 1));
  }
  expect(await announced.delivered()).toMatchObject({ integrity: 'verified', sha256: announced.kept.sha256 });
});

test('a page that somebody sent as a document is stored like any file', async () => {
  const announced = await announce(rig, tenant, { bytes: text('<!doctype html><p>An offer</p>'), type: 'text/html' });
  expect(await announced.delivered()).toMatchObject({ type: 'text/html', integrity: 'verified' });
});

test('a type that says nothing gives way to what the bytes look like', async () => {
  const octets = 'application/octet-stream';
  const announced = await announce(rig, tenant, { type: octets });
  expect(await announced.delivered()).toMatchObject({
    type: 'image/png',
    declared_type: octets,
    served_type: octets,
    sniffed_type: 'image/png',
  });
});

test('a webhook that comes hours late with a dead link is captured by look-up, and in time of its own', async () => {
  const sentAt = rig.clock.now() - 6 * 60 * minute;
  const announced = await announce(rig, tenant, { at: sentAt, says: { url: 'dead' } });
  expect(await announced.delivered()).toMatchObject({ state: 'stored', integrity: 'verified' });
  const asked = rig.sandbox.requests.filter(({ mediaId }) => mediaId === announced.kept.id);
  expect(asked.map(({ path }) => path)).toEqual([`/v24.0/${announced.kept.id}`, '/whatsapp_business/attachments/']);
});

test('a webhook that comes after the carrier dropped the file says so after one try', async () => {
  const at = rig.clock.now() - 8 * day;
  const faults = [{ fault: faultCatalogue.unknown_media }];
  const announced = await announce(rig, tenant, { at, faults, says: { url: 'dead' } });
  expect(await announced.delivered()).toMatchObject({
    state: 'unavailable',
    reason: 'carrier_deadline_passed: carrier_100_33',
  });
  expect(announced.tries()).toHaveLength(1);
});

test('a message whose file the carrier could not take over is delivered without it, and why', async () => {
  const { compose } = rig.sandbox;
  const message = compose.message(compose.contents.mediaFailed('image'));
  await rig.post(compose.body([compose.received(tenant.phoneNumberId, [message])]));
  const { json } = await tenant.receiver.next(about(message.id));
  expect(json).toMatchObject({
    data: { message: { media: [{ state: 'unavailable', reason: 'carrier_131052' }], errors: [{ code: 131052 }] } },
  });
});

test('a connection that the carrier throttles by Retry-After is not asked before', async () => {
  const announced = await announce(rig, tenant, { faults: [{ fault: faultCatalogue.link_429 }] });
  await announced.try(1);
  rig.clock.advance(30 * second - 1);
  // Whatever was due is claimed with the next one.
  await (await announce(rig, tenant)).delivered();
  expect(announced.tries()).toHaveLength(1);
  rig.clock.advance(1);
  expect(await announced.try(2)).toMatchObject({ outcome: 'stored' });
});

test('a media that is pending says when to ask again, and cannot be fetched twice', async () => {
  const faults = [{ fault: faultCatalogue.link_500 }];
  const announced = await announce(rig, tenant, { faults });
  await announced.try(1);
  const content = await rig.call('GET', `/api/v1/media/${announced.id}/content`, undefined, tenant.key);
  expect(content).toMatchObject({ status: 409, body: { code: 'media_not_ready' } });
  expect(content.headers.get('retry-after')).toBe('5');
  const retry = await rig.call('POST', `/api/v1/media/${announced.id}/retry`, undefined, tenant.key);
  expect(retry).toMatchObject({ status: 409, body: { code: 'move_refused' } });
  rig.clock.advance(second);
  await announced.delivered();
});

test.each(['stall', 'drip'] as const)(
  'a look-up whose answer comes as a %s is given up like a silent download',
  async (is) => {
    const fault = { at: 'look_up', is, ...(is === 'stall' ? { when: 'mid_body' } : { bytes: 1 }) } as LookUpFault;
    const own = rigs.of('stalled');
    const announced = await announce(own.rig, own.tenant, { faults: [{ fault }], says: ways.lookUp });
    expect((await reasonsUntilStored(own.rig, announced))[0]).toBe('look_up_without_link');
    expect(await announced.delivered()).toMatchObject({ state: 'stored', integrity: 'verified' });
  },
);

test('a file that is deleted while it is fetched is not kept, and leaves nothing behind', async () => {
  // One that is stopped alone.
  const patient = await startRig();
  try {
    const own = await patient.tenant();
    const announced = await announce(patient, own, { faults: [{ fault: faultCatalogue.stall_mid_body }] });
    await patient.sandbox.held(announced.kept.id);
    await patient.call('DELETE', `/api/v1/media/${announced.id}`, undefined, own.key);
    patient.sandbox.release(announced.kept.id);
    expect(await announced.try(1)).toMatchObject({ outcome: 'stale' });
    expect(await announced.delivered()).toMatchObject({ state: 'deleted', url: null, sha256: null });
    // Stopping waits for what runs.
    await patient.restart();
    expect(await filesKept(patient)).toBe(0);
  } finally {
    await patient.close();
  }
});

test('nothing of a failed try stays in the store', async () => {
  for (const { rig } of rigs.all) {
    const stored = new Set<unknown>();
    for (let cursor = ''; ; ) {
      const page = (await rig.call('GET', `/api/v1/media?state=stored&limit=100${cursor}`)).body;
      for (const { sha256 } of page.data) stored.add(sha256);
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(await filesKept(rig)).toBe(stored.size);
  }
});

test('in all of this nothing secret went to another host, into a query or into the log', () => {
  for (const { rig, tenant } of rigs.all) expectNothingLeaked(rig, tenant);
});

async function filesKept({ config }: Rig): Promise<number> {
  const entries = await readdir(join(config.dataDir, 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

async function* text(content: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(content);
}
