// One trace leads from the carrier's webhook to the application, whatever lies between: retries, restarts, other nodes.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tracing } from '../../src/core/tracing.ts';
import { openTracing } from '../../src/observing/tracing.ts';
import { faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';
import { type SeenSpan, startTraceReceiver } from '../ops/trace-receiver.ts';
import { about, fixture, type Rig, say, startRig, type Tenant } from './rig.ts';

let collector: Awaited<ReturnType<typeof startTraceReceiver>>;
let tracing: Tracing;
let rig: Rig;
let tenant: Tenant;

beforeAll(async () => {
  collector = await startTraceReceiver();
  tracing = await opened({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: '20' });
  rig = await startRig({}, { tracing });
  tenant = await rig.tenant();
});
afterAll(async () => {
  await rig.close();
  await tracing.close();
  await collector.close();
});

async function opened(env: Record<string, string>): Promise<Tracing> {
  const made = await openTracing(env, '0.0.0');
  if (made === undefined) throw new Error('no traces are kept');
  return made;
}

const spanOf = (traceId: string, name: string) =>
  collector.next((span) => span.traceId === traceId && span.name === name);
const traceIn = (traceparent: string | undefined): string => traceparent?.split('-')[1] ?? '';

test('one trace holds webhook, capture and delivery, and the application gets its context', async () => {
  const [sent] = await rig.send(tenant, [{ path: fixture('label.png'), message: { url: 'missing' } }]);
  const delivered = await tenant.receiver.next(about(sent?.messageId ?? ''));
  const { traceparent } = delivered.headers;
  expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  const trace = traceIn(traceparent);

  const webhook = await spanOf(trace, 'webhook');
  const capture = await spanOf(trace, 'capture');
  const delivery = await spanOf(trace, 'delivery');
  const send = await spanOf(trace, 'send');
  expect(webhook).toMatchObject({ kind: 2, parentSpanId: undefined });
  expect(await spanOf(trace, 'accept')).toMatchObject({ parentSpanId: webhook.spanId });
  expect(capture).toMatchObject({ parentSpanId: webhook.spanId, attributes: { 'mediadock.outcome': 'stored' } });
  for (const part of ['look-up', 'download'])
    expect(await spanOf(trace, part)).toMatchObject({ parentSpanId: capture.spanId, kind: 3 });
  expect(delivery).toMatchObject({
    parentSpanId: webhook.spanId,
    attributes: { 'mediadock.outcome': 'delivered', 'http.response.status_code': 200 },
  });
  expect(send).toMatchObject({ parentSpanId: delivery.spanId, kind: 3 });
  expect(traceparent).toContain(send.spanId);
  const settles = () => collector.spans.filter(({ traceId, name }) => traceId === trace && name === 'settle');
  await collector.next(() => settles().length === 2);
  expect(settles().map(({ parentSpanId }) => parentSpanId)).toEqual(
    expect.arrayContaining([capture.spanId, delivery.spanId]),
  );
  expect(webhook.attributes['mediadock.journal']).toMatch(/^req_/);
  expect(capture.attributes['mediadock.message']).toBe(delivery.attributes['mediadock.message']);
  expect([...collector.services]).toEqual(['mediadock']);
});

test('a message without a file is one trace, too', async () => {
  const delivered = await tenant.receiver.next(about(await say(rig, tenant)));
  const trace = traceIn(delivered.headers['traceparent']);
  expect(await spanOf(trace, 'delivery')).toMatchObject({ parentSpanId: (await spanOf(trace, 'webhook')).spanId });
});

test('a capture that fails, and succeeds after a restart, goes on with the trace of its webhook', async () => {
  const kept = await rig.sandbox.keep(tenant.phoneNumberId, { path: fixture('voice.ogg') }, { type: 'audio/ogg' });
  rig.sandbox.fault(kept.id, faultCatalogue.look_up_500, 1);
  const { compose } = rig.sandbox;
  const message = compose.message(compose.media(kept, { url: 'missing' }));
  await rig.post(compose.body([compose.received(tenant.phoneNumberId, [message])]));
  await rig.log.next((line) => line.msg === 'capture' && line['reason'] === 'look_up_500');
  await rig.restart();
  rig.clock.advance(10_000);
  const delivered = await tenant.receiver.next(about(message.id));
  const trace = traceIn(delivered.headers['traceparent']);
  await spanOf(trace, 'delivery');
  const tries = () => collector.spans.filter(({ traceId, name }) => traceId === trace && name === 'capture');
  await collector.next(() => tries().length === 2);
  expect(tries().map(({ failed }) => failed)).toEqual(['look_up_500', undefined]);
});

test('the trace that a proxy has begun is continued', async () => {
  const { compose } = rig.sandbox;
  const body = rig.sandbox.escape(
    compose.body([compose.received(tenant.phoneNumberId, [compose.message(compose.contents.text('hello'))])]),
  );
  const given = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  const answer = await fetch(rig.connection.intakeUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-hub-signature-256': rig.sandbox.sign(body, rig.connection.appSecret),
      traceparent: `00-${given.traceId}-${given.spanId}-01`,
    },
    body: Buffer.from(body),
  });
  expect(answer.status).toBe(200);
  expect(await spanOf(given.traceId, 'webhook')).toMatchObject({ parentSpanId: given.spanId });
  await tenant.receiver.next(({ headers }) => traceIn(headers['traceparent']) === given.traceId);
});

test('spans hold ids of ours, hosts and words: no secret, no number, no link, no name, nothing that people wrote', async () => {
  const person = { phone: '4915112345678', name: 'Ottokar Domma' };
  const file = { path: fixture('contract.pdf'), fileName: 'Arztbrief.pdf' };
  const [sent] = await rig.send(tenant, [file], { person, caption: 'streng vertraulich' });
  const delivered = await tenant.receiver.next(about(sent?.messageId ?? ''));
  await spanOf(traceIn(delivered.headers['traceparent']), 'delivery');
  const text = collector.text();
  const { accessToken, key, secret, display, phoneNumberId } = tenant;
  const hidden = [accessToken, key, secret, display, phoneNumberId, rig.connection.appSecret, sent?.messageId ?? ''];
  for (const word of [...hidden, ...Object.values(person), file.fileName, 'vertraulich', 'token=', '?'])
    expect(text, word).not.toContain(word);
});

test('a receiver of traces that is away costs nothing but the traces', async () => {
  const lost = await opened({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_BSP_SCHEDULE_DELAY: '20' });
  const other = await startRig({}, { tracing: lost });
  const someone = await other.tenant();
  await someone.receiver.next(about(await say(other, someone)));
  await other.close();
  const began = performance.now();
  await lost.close();
  expect(performance.now() - began).toBeLessThan(4000);
});

test.each([
  [{}, false],
  [{ OTEL_SERVICE_NAME: 'x' }, false],
  [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }, false],
  [{ OTEL_SDK_DISABLED: 'true', OTEL_TRACES_EXPORTER: 'otlp' }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, false],
  [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' }, true],
])('%o asks for traces: %s', async (env, wanted) => {
  const made = await openTracing(env, '0.0.0');
  expect(made !== undefined).toBe(wanted);
  await made?.close();
});

test.each([
  [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER'],
  [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
  [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'dice' }, 'OTEL_TRACES_SAMPLER'],
  [
    { OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '7' },
    'OTEL_TRACES_SAMPLER_ARG',
  ],
])('%o asks for what is not there, and the start is refused with the name of the variable', async (env, name) => {
  await expect(openTracing(env, '0.0.0')).rejects.toThrow(name);
});

test('a sampler that keeps no trace sends none, and says so to the application', async () => {
  const silent = await opened({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_TRACES_SAMPLER: 'always_off' });
  const span = silent.begin('nothing', {}, undefined);
  expect(span.traceparent).toMatch(/-00$/);
  span.end();
  await silent.close();
  expect(collector.spans.some(({ name }: SeenSpan) => name === 'nothing')).toBe(false);
});

// The library for metrics brings OpenTelemetry's API, which does nothing by itself.
test('where nobody asks for traces, nothing that makes or sends them is loaded', async () => {
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ resolve(name, context, next) { loaded.push(name); return next(name, context); } });
    await import('./src/serve.ts');
    const { openTracing } = await import('./src/observing/tracing.ts');
    const made = await openTracing({}, '0.0.0');
    console.log(JSON.stringify({ made: made === undefined, some: loaded.length > 100, otel: loaded.filter((name) => /opentelemetry.(?!api)/.test(name)) }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  expect(JSON.parse(stdout)).toEqual({ made: true, some: true, otel: [] });
});
