// Traces by OpenTelemetry, sent as OTLP over HTTP with JSON. Spans wait in a bounded queue and are dropped where their
// receiver does not keep up: nothing waits for a trace. No global is set, so that two gateways in one process stay apart.

import { type Span as OtelSpan, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Span, TraceFacts, Tracing } from '../core/tracing.ts';

export type TraceEnv = Readonly<Record<string, string | undefined>>;

/** How long a stop waits for the receiver of traces. */
const closeWithinMs = 3000;

/** @throws Error when OTEL_TRACES_SAMPLER names none */
export function openTelemetry(env: TraceEnv, version: string): Tracing {
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'mediadock', 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: samplerOf(env),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter(addressIn(env)),
        ...whole('maxQueueSize', env['OTEL_BSP_MAX_QUEUE_SIZE']),
        ...whole('maxExportBatchSize', env['OTEL_BSP_MAX_EXPORT_BATCH_SIZE']),
        ...whole('scheduledDelayMillis', env['OTEL_BSP_SCHEDULE_DELAY']),
        ...whole('exportTimeoutMillis', env['OTEL_BSP_EXPORT_TIMEOUT']),
      }),
    ],
  });
  const tracer = provider.getTracer('mediadock', version);

  function begin(name: string, facts: TraceFacts, kind: SpanKind, parent: OtelSpan | string | undefined): Span {
    const span = tracer.startSpan(name, { kind, attributes: { ...facts } }, contextOf(parent));
    const { traceId, spanId, traceFlags } = span.spanContext();
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      begin: (part, given = {}, asks) => begin(part, given, asks ? SpanKind.CLIENT : SpanKind.INTERNAL, span),
      note: (given) => void span.setAttributes({ ...given }),
      end(failure) {
        if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
        span.end();
      },
    };
  }

  return {
    begin: (name, facts, parent, answers) => begin(name, facts, answers ? SpanKind.SERVER : SpanKind.CONSUMER, parent),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, closeWithinMs);
      });
      // Traces that cannot be sent any more are lost, and nothing else.
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

function contextOf(parent: OtelSpan | string | undefined) {
  if (typeof parent === 'object') return trace.setSpan(ROOT_CONTEXT, parent);
  const remote = parent === undefined ? null : parseTraceParent(parent);
  return remote === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true });
}

/** @throws Error when it names none */
function samplerOf(env: TraceEnv): Sampler {
  const name = env['OTEL_TRACES_SAMPLER']?.trim() || 'parentbased_always_on';
  const ratio = () => {
    const given = env['OTEL_TRACES_SAMPLER_ARG']?.trim() || '1';
    const share = Number(given);
    if (!(share >= 0 && share <= 1)) throw new Error('OTEL_TRACES_SAMPLER_ARG: expected a number from 0 to 1');
    return new TraceIdRatioBasedSampler(share);
  };
  const roots: Record<string, () => Sampler> = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: ratio,
  };
  const root = roots[name.replace(/^parentbased_/, '')];
  if (root === undefined) throw new Error(`OTEL_TRACES_SAMPLER: there is no ${JSON.stringify(name.slice(0, 100))}`);
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root: root() }) : root();
}

/** The receiver's address; absent: the library's own look at the environment decides. */
function addressIn(env: TraceEnv): { url?: string } {
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']?.trim();
  if (own) return { url: own };
  const shared = env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim();
  return shared ? { url: `${shared.replace(/\/+$/, '')}/v1/traces` } : {};
}

const whole = <Name extends string>(name: Name, given: string | undefined): { [_ in Name]?: number } =>
  /^\d{1,9}$/.test(given?.trim() ?? '') ? ({ [name]: Number(given) } as { [_ in Name]: number }) : {};
