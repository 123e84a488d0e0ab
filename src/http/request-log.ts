import type { FastifyInstance, FastifyRequest } from 'fastify';

/** The part of a pino logger that is used here. */
export type HttpLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** One line for each request: no query, no header, no body, because links and handshakes carry secrets in them. */
export function logRequests(app: FastifyInstance, log: HttpLog): void {
  app.addHook('onResponse', (request, reply, done) => {
    log.info(
      {
        method: request.method,
        path: loggedPath(request),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        ...(request.caller && { key: request.caller.key }),
        // The caller went away before the answer was out.
        ...(!reply.raw.writableFinished && { cut: true }),
      },
      'request',
    );
    done();
  });
  // A body that never came to its end is answered nowhere, so the hook above does not hear of it.
  app.addHook('onRequestAbort', (request, done) => {
    if (!request.raw.complete)
      log.info({ method: request.method, path: loggedPath(request), status: null, cut: true }, 'request');
    done();
  });
}

/**
 * The path as far as it looks like one of ours, at most 200 characters: in a damaged link the query may have slipped
 * into the path, token and all.
 */
export const loggedPath = (request: Pick<FastifyRequest, 'url'>): string =>
  /^[\w./:-]{0,200}/.exec(request.url)?.[0] ?? '';
