// Where traces go: OTLP over HTTP with JSON, in small. https://opentelemetry.io/docs/specs/otlp/#otlphttp-request

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { watchedList } from '../../src/sandbox/watched-list.ts';

export type SeenSpan = {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  /** 1 internal, 2 server, 3 client, 5 consumer. */
  kind: number;
  failed: string | undefined;
  attributes: Record<string, unknown>;
};

type Wire = {
  resourceSpans: {
    resource: { attributes: WireAttribute[] };
    scopeSpans: { spans: WireSpan[] }[];
  }[];
};
type WireAttribute = { key: string; value: Record<string, unknown> };
type WireSpan = Omit<SeenSpan, 'failed' | 'attributes'> & {
  status: { code?: number; message?: string };
  attributes: WireAttribute[];
};

export async function startTraceReceiver() {
  const spans = watchedList<SeenSpan>(10_000);
  const texts: string[] = [];
  const services = new Set<unknown>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    texts.push(`${request.url} ${text}`);
    for (const { resource, scopeSpans } of (JSON.parse(text) as Wire).resourceSpans) {
      services.add(valuesOf(resource.attributes)['service.name']);
      for (const { spans: some } of scopeSpans) for (const span of some) spans.add(read(span));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: spans.items,
    next: spans.next,
    services,
    /** Everything that was received, as it came. */
    text: () => texts.join('\n'),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const valuesOf = (attributes: WireAttribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

const read = ({ status, attributes, ...span }: WireSpan): SeenSpan => ({
  ...span,
  parentSpanId: span.parentSpanId || undefined,
  // https://opentelemetry.io/docs/specs/otel/trace/api/#set-status: 2 is an error.
  failed: status.code === 2 ? (status.message ?? '') : undefined,
  attributes: valuesOf(attributes),
});
