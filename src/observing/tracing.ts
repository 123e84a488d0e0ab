// Traces are kept where the standard variables ask for them; otherwise nothing that makes or sends them is loaded.
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/

import type { Tracing } from '../core/tracing.ts';
import type { TraceEnv } from './open-telemetry.ts';

export type { TraceEnv };

/**
 * @param env also read by the libraries themselves, from the process: address, headers, certificates, time-outs
 * @returns undefined where no traces are asked for
 * @throws Error when a variable asks for what is not there
 */
export async function openTracing(env: TraceEnv, version: string): Promise<Tracing | undefined> {
  if (!wantsTraces(env)) return undefined;
  return (await import('./open-telemetry.ts')).openTelemetry(env, version);
}

/** @throws Error when they are to go by another way than OTLP over HTTP with JSON */
export function wantsTraces(env: TraceEnv): boolean {
  const given = (name: string) => env[name]?.trim() || undefined;
  if (given('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return false;
  const exporter = given('OTEL_TRACES_EXPORTER');
  if (exporter === 'none') return false;
  const endpoint = given('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? given('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (exporter === undefined && endpoint === undefined) return false;
  if (exporter !== undefined && exporter !== 'otlp') {
    throw new Error(`OTEL_TRACES_EXPORTER: expected otlp or none, not ${JSON.stringify(exporter.slice(0, 100))}`);
  }
  const protocol = given('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? given('OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol !== undefined && protocol !== 'http/json') {
    throw new Error(
      `OTEL_EXPORTER_OTLP_PROTOCOL: only http/json is spoken, not ${JSON.stringify(protocol.slice(0, 100))}`,
    );
  }
  return true;
}
