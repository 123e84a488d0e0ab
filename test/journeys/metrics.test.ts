// A day of every kind, and what metrics say of it; and whether the dashboard, the alerts and the documentation speak of
// metrics that there are.

import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';
import { type Exposed, readExposition, unknownIn } from '../ops/exposed.ts';
import { about, adminKey, bytesOf, fixture, messageOf, type Rig, say, startRig, type Tenant } from './rig.ts';

const metricsToken = 'token-that-prometheus-shows';
const person = { phone: '4915112345678', name: 'Ottokar Domma' };

let rig: Rig;
let tenant: Tenant;
let exposed: Exposed;
let text: string;

const read = (key: string | null) => rig.call('GET', '/metrics', undefined, key);
const figure = (name: string): number | undefined => exposed.values.get(`mediadock_${name}`);

async function delivered(times: number): Promise<void> {
  let seen = 0;
  await rig.log.next((line) => line.msg === 'delivery' && line['outcome'] === 'delivered' && ++seen === times);
}

beforeAll(async () => {
  rig = await startRig({ MEDIADOCK_METRICS_TOKEN: metricsToken });
  tenant = await rig.tenant();
  const { compose } = rig.sandbox;

  // The same file twice, and downloaded once.
  for (const caption of ['first', 'second']) {
    const [sent] = await rig.send(tenant, [{ path: fixture('contract.pdf') }], { caption, person });
    const { media } = messageOf(await tenant.receiver.next(about(sent?.messageId ?? '')));
    if (caption === 'first') await (await fetch(media[0].url)).arrayBuffer();
  }
  // One that fails at first, and one that is never what its carrier says.
  const kept = await rig.sandbox.keep(
    tenant.phoneNumberId,
    { bytes: bytesOf('a file of its own') },
    { type: 'text/plain' },
  );
  rig.sandbox.fault(kept.id, faultCatalogue.look_up_500, 1);
  rig.sandbox.fault(kept.id, faultCatalogue.same_wrong_bytes, 2);
  const message = compose.message(compose.media(kept, { url: 'missing' }), { person });
  await rig.post(compose.body([compose.received(tenant.phoneNumberId, [message])]));
  for (const reason of ['look_up_500', 'sha256_differs']) {
    await rig.log.next((line) => line.msg === 'capture' && line['reason'] === reason);
    rig.clock.advance(60_000);
  }
  await rig.log.next((line) => line.msg === 'capture' && line['mismatch'] === true);
  // Nobody's number, a duplicate, a wrong signature, what cannot be read.
  const stray = compose.message(compose.contents.text('hello'), { person });
  const body = compose.body([compose.received(tenant.phoneNumberId, [stray])]);
  await rig.post(body);
  await rig.post(body);
  await rig.post(JSON.parse(JSON.stringify(body).replaceAll(tenant.phoneNumberId, '4915199999999')));
  await rig.post(body, { signature: 'wrong' });
  await rig.post([{ from: person.phone }]);
  // An application that refuses.
  tenant.receiver.answer(500);
  await say(rig, tenant);
  await rig.log.next((line) => line.msg === 'delivery' && line['outcome'] === 'retry');
  tenant.receiver.answer(200);
  // A receiver knows of a delivery before the gateway has counted it.
  await delivered(3);

  rig.clock.advance(10_000);
  text = (await read(metricsToken)).text;
  exposed = readExposition(text);
});
afterAll(() => rig.close());

test('captures are counted by what came of them and by reason, equal files and other files than declared apart', () => {
  expect(figure('captures_total{outcome="stored"}')).toBe(3);
  expect(figure('captures_total{outcome="retry"}')).toBe(2);
  expect(figure('captures_total{outcome="unavailable"}')).toBe(0);
  expect(figure('capture_failures_total{reason="sha256_differs"}')).toBe(1);
  expect(figure('receipt_to_stored_seconds_count')).toBe(3);
  expect(figure('integrity_mismatches_total')).toBe(1);
  expect(figure('dedupe_hits_total')).toBe(1);
  expect(figure('dedupe_saved_bytes_total')).toBeGreaterThan(0);
  expect(figure('storage_objects')).toBe(2);
  expect(figure('storage_saved_bytes')).toBe(figure('dedupe_saved_bytes_total'));
  expect(figure('capture_jobs{state="ready"}')).toBe(0);
});

test('intake is counted by outcome and by what webhooks told, with the time until they were acknowledged', () => {
  expect(figure('intake_requests_total{outcome="refused"}')).toBe(1);
  expect(figure('intake_faults_total{reason="signature_wrong"}')).toBe(1);
  expect(figure('intake_items_total{kind="message"}')).toBe(5);
  expect(figure('intake_items_total{kind="duplicate"}')).toBe(1);
  expect(figure('intake_items_total{kind="unrouted"}')).toBe(1);
  expect(figure('intake_items_total{kind="unparsed"}')).toBe(1);
  expect(figure('journal_open_items{kind="unrouted"}')).toBe(1);
  expect(figure('journal_open_items{kind="unparsed"}')).toBe(1);
  expect(figure('intake_seconds_count')).toBe(figure('intake_requests_total{outcome="accepted"}'));
});

test('deliveries are counted by what came of them and by answer', () => {
  expect(figure('delivery_attempts_total{outcome="delivered"}')).toBeGreaterThanOrEqual(3);
  expect(figure('delivery_attempts_total{outcome="retry"}')).toBeGreaterThanOrEqual(1);
  expect(figure('delivery_answers_total{status="5xx"}')).toBeGreaterThanOrEqual(1);
  expect(figure('dead_deliveries')).toBe(0);
});

test('links, commits, the event loop and the process are measured', async () => {
  expect(figure('link_downloads_total{status="200"}')).toBe(1);
  expect(figure('link_bytes_total')).toBe((await stat(fixture('contract.pdf'))).size);
  expect(figure('commit_commands_sum')).toBeGreaterThanOrEqual(figure('commit_commands_count') ?? Number.NaN);
  expect(figure('commit_seconds_sum')).toBeGreaterThan(0);
  expect(figure('event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
  expect(exposed.values.get('process_resident_memory_bytes')).toBeGreaterThan(10 * 1024 * 1024);
  expect(figure(`channel_token_valid{channel="${tenant.channelId}"}`)).toBe(1);
  expect(figure('database_up')).toBe(1);
});

test('no label holds a number, a name, a secret, or the id of a message, a file or a delivery', () => {
  for (const hidden of [person.phone, person.name, tenant.phoneNumberId, tenant.display, adminKey, tenant.key]) {
    expect(text, hidden).not.toContain(hidden);
  }
  expect(text).not.toMatch(/"[^"]*\b(?:msg|med|dlv|evt|req|ctc|cnv|blb|wamid)[_.]/);
  expect(text).not.toMatch(/route="[^"]*\d{4}/);
});

test('whoever writes odd paths makes no new series', async () => {
  const before = readExposition((await read(adminKey)).text).values.size;
  for (let nr = 0; nr < 50; nr++) await rig.call('GET', `/stranger/${nr}`, undefined, null);
  const after = readExposition((await read(adminKey)).text);
  expect(after.values.get('mediadock_http_requests_total{route="none",status="404"}')).toBe(50);
  expect(after.values.size).toBeLessThanOrEqual(before + 2);
});

test('metrics open to their own token and to keys that may read the instance, and to nobody else, wherever they come from', async () => {
  expect((await read(metricsToken)).headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect((await read(adminKey)).status).toBe(200);
  expect((await read(null)).status).toBe(401);
  expect((await read(`${metricsToken}x`)).status).toBe(401);
  expect((await read(tenant.key)).status).toBe(403);
});

test('the token of metrics opens nothing else', async () => {
  for (const path of ['/api/v1/media', '/api/v1/jobs', '/api/v1/doctor'])
    expect((await rig.call('GET', path, undefined, metricsToken)).status, path).toBe(401);
});

type Rule = { alert: string; expr: string; annotations: { summary: string; runbook: string } };
const rules: Rule[] = parse(readFileSync('ops/prometheus/alerts.yaml', 'utf8')).groups.flatMap(
  ({ rules }: { rules: Rule[] }) => rules,
);
type Panel = { title: string; targets?: { expr: string }[] };
const dashboard = JSON.parse(readFileSync('ops/grafana/mediadock.json', 'utf8')) as {
  panels: Panel[];
  templating: { list: { query: string }[] };
};

test('every alert asks for metrics and labels that there are, and says what happened and what to do', () => {
  expect(rules.length).toBeGreaterThan(15);
  for (const { alert, expr, annotations } of rules) {
    expect(unknownIn(expr, exposed), alert).toEqual([]);
    expect(annotations.summary, alert).toMatch(/\.$/);
    expect(annotations.runbook.length, alert).toBeGreaterThan(20);
    for (const [named] of annotations.runbook.matchAll(/mediadock_[a-z_]+/g))
      expect(exposed.types.has(named), `${alert}: ${named}`).toBe(true);
  }
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

test('every panel of the dashboard asks for metrics and labels that there are', () => {
  const targets = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  expect(targets.length).toBeGreaterThan(30);
  for (const { title, expr } of targets) expect(unknownIn(expr, exposed), title).toEqual([]);
  const [, instance] = dashboard.templating.list;
  expect(unknownIn(instance?.query ?? '', exposed)).toEqual([]);
});

test('every metric is on the dashboard or in an alert', () => {
  const asked = JSON.stringify([dashboard, rules]);
  const idle = [...exposed.types.keys()].filter((name) => !asked.includes(name));
  expect(idle).toEqual(['process_start_time_seconds']);
});

test('a planted name or label that does not exist is found', () => {
  expect(unknownIn('mediadock_captures_total{outcome="stored"} > 0', exposed)).toEqual([]);
  expect(unknownIn('rate(mediadock_captured_total[5m])', exposed)).toEqual(['mediadock_captured_total']);
  expect(unknownIn('mediadock_captures_total{result="stored"}', exposed)).toEqual(['mediadock_captures_total{result}']);
  expect(unknownIn('sum by (colour) (mediadock_captures_total)', exposed)).toEqual(['colour']);
});

test('docs/operations.md lists exactly the metrics there are, with their type and labels', () => {
  const listed = [
    ...readFileSync('docs/operations.md', 'utf8').matchAll(/^\| `([a-z_]+)` \| (\w+) \| ([^|]*) \| [^|]+ \|$/gm),
  ].map(([, name = '', type = '', labels = '']) => [
    name,
    type,
    [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
  ]);
  const there = [...exposed.types].map(([name, type]) => {
    const labels = exposed.labels.get(type === 'histogram' ? `${name}_count` : name) ?? [];
    return [name, type, [...labels].sort()];
  });
  expect(listed.toSorted()).toEqual(there.toSorted());
});
