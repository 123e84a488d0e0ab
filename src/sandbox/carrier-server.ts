// The two listeners: the main one is Graph API and link host in one, the other one is a foreign host to which a redirect may
// lead. Every request is noted before it is answered, with the token that it brought.

import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock, Millis } from '../core/ids.ts';
import { type Answer, textAnswer, writeAnswer } from './answer.ts';
import { type Graph, type GraphRequest, linkPath } from './graph.ts';
import { graphError } from './graph-error.ts';
import type { WatchedList } from './watched-list.ts';

export type SeenRequest = {
  readonly at: Millis;
  /** Which listener got it. */
  readonly listener: 'main' | 'other_host';
  readonly method: string;
  readonly path: string;
  /** With the question mark; empty when there is none. */
  readonly query: string;
  /** The token of a Bearer header, verbatim; null when none came. */
  readonly bearer: string | null;
  readonly userAgent: string | null;
  readonly acceptEncoding: string | null;
  /** Name of the media that it asks for; null when it names none. */
  readonly mediaId: string | null;
  /** null as long as nothing was answered. */
  status: number | null;
};

export const otherHostPath = '/attachments/';

export type CarrierServer = { origin: string; otherOrigin: string; close(): Promise<void> };

export type CarrierServerOptions = {
  host: string;
  port: number;
  clock: Clock;
  graph: Graph;
  seen: WatchedList<SeenRequest>;
  /** Whether a request without User-Agent is refused, as has been seen at Meta. */
  requireUserAgent: boolean;
};

type Route = (request: GraphRequest, mediaId: string) => Answer | Promise<Answer>;

export async function carrierServer(options: CarrierServerOptions): Promise<CarrierServer> {
  const { host, port, graph } = options;
  const main = listener('main', options);
  main.on('GET', '/:version/:mediaId', (request, mediaId) => graph.lookUp(mediaId, request));
  main.on('DELETE', '/:version/:mediaId', (request, mediaId) => graph.remove(mediaId, request));
  main.on('GET', linkPath, graph.download);
  const other = listener('other_host', options);
  other.on('GET', otherHostPath, graph.downloadElsewhere);
  const [origin, otherOrigin] = await Promise.all([main.listen(host, port), other.listen(host, 0)]);
  return {
    origin,
    otherOrigin,
    async close() {
      await Promise.all([main.close(), other.close()]);
    },
  };
}

function listener(name: SeenRequest['listener'], { clock, seen, requireUserAgent }: CarrierServerOptions) {
  // A stalled answer would keep an orderly close waiting for ever.
  const app = Fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 512 } });

  const answering = (route: Route) => async (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack();
    const url = new URL(request.url, 'http://sandbox.invalid');
    const { mediaId = url.searchParams.get('mid') } = request.params as { mediaId?: string };
    const entry: SeenRequest = {
      at: clock.now(),
      listener: name,
      method: request.method,
      path: url.pathname,
      query: url.search,
      bearer: /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null,
      userAgent: request.headers['user-agent'] ?? null,
      acceptEncoding: request.headers['accept-encoding']?.toString() ?? null,
      mediaId,
      status: null,
    };
    seen.add(entry);
    const refused = requireUserAgent && entry.userAgent === null;
    const answer = refused
      ? textAnswer(400, 'Bad Request\n')
      : await route({ url, bearer: entry.bearer }, mediaId ?? '');
    await writeAnswer(answer, reply.raw, (status) => {
      entry.status = status;
      seen.touch(entry);
    });
  };

  app.setNotFoundHandler(answering(() => graphError(1)));
  return {
    on(method: 'GET' | 'DELETE', path: string, route: Route): void {
      app.route({ method, url: path, exposeHeadRoute: false, handler: answering(route) });
    },
    listen: (host: string, port: number): Promise<string> => app.listen({ host, port }),
    close: (): Promise<void> => app.close(),
  };
}
