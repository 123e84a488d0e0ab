// Faults that never end: the message still goes out, the loss is told when the carrier drops the file, and a person can have it
// fetched again.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FaultName, faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';
import { announce, linkedSha256 } from './announced.ts';
import { outcomes, ways } from './fault-outcomes.ts';
import { type FaultRigs, startFaultRigs } from './fault-rigs.ts';
import { expectNothingLeaked } from './nothing-leaked.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

let rigs: FaultRigs;
beforeAll(async () => {
  rigs = await startFaultRigs();
  for (const { rig } of rigs.all) rig.clock.hold();
});
afterAll(() => rigs.close());

/** What a fault that never ends comes to, where that is something else than its first try shows. */
const lasting: Partial<Record<FaultName, string>> = {
  claims_dead_link: 'link_404',
  dead_link: 'link_404',
  link_401: 'link_401',
  link_403: 'link_403',
  link_404: 'link_404',
};
/** Where two downloads agree there is nothing better to be had; they are kept, and said to be other bytes. */
const agreeing: FaultName[] = ['claims_wrong_sha256', 'same_wrong_bytes'];

const endless = (Object.keys(outcomes) as FaultName[]).flatMap((name) => {
  const outcome = outcomes[name];
  const reason = lasting[name] ?? (outcome.is === 'retried' ? outcome.reason : undefined);
  return reason === undefined || agreeing.includes(name) ? [] : [{ name, reason }];
});

test.each(endless)(
  '$name, without end: the message goes out in time, the loss is told at the deadline, and a retry brings the file in',
  async ({ name, reason }) => {
    const { rig, tenant } = rigs.of(reason);
    const faults = [{ fault: faultCatalogue[name], times: Number.POSITIVE_INFINITY }];
    const announced = await announce(rig, tenant, { faults, says: ways.lookUp, longKept: true });
    await announced.try(1);
    rig.clock.advance(5 * minute);
    expect(await announced.delivered()).toMatchObject({ state: 'pending', url: null });
    // A try that is under way when the days pass would find its link expired, and that would be the reason told.
    await announced.try(2);
    rig.clock.advance(7 * day);
    const lost = await announced.heard('media.unavailable');
    expect(lost).toMatchObject({ state: 'unavailable', reason: `carrier_deadline_passed: ${reason}`, url: null });

    rig.sandbox.clearFaults();
    const retry = await rig.call('POST', `/api/v1/media/${announced.id}/retry`, undefined, tenant.key);
    expect(retry).toMatchObject({ status: 202, body: { state: 'pending', reason: null } });
    const media = await announced.heard('media.stored');
    expect(media).toMatchObject({ integrity: 'verified', sha256: announced.kept.sha256 });
    expect(await linkedSha256(media.url)).toBe(announced.kept.sha256);
  },
);

test('in all of this nothing secret went to another host, into a query or into the log', () => {
  for (const { rig, tenant } of rigs.all) expectNothingLeaked(rig, tenant);
});
