// Which bodies are read, and how. Each kind of route gets a scope of its own, because parsers are inherited: a scope that
// only adds a parser for everything would still parse JSON first, and a signature is made over bytes, not over JSON.

import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { invalid } from '../core/faults.ts';
import type { Takes } from './route.ts';

export function setBodyParsers(scope: FastifyInstance, takes: Takes): void {
  scope.removeAllContentTypeParsers();
  switch (takes) {
    case 'json': {
      const parse = scope.getDefaultJsonParser('error', 'error');
      // A call without members needs no body, whatever type an HTTP client puts on nothing.
      scope.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
        if (body.length === 0) done(null, undefined);
        // RFC 8259 section 8.1. Read as a string, wrong bytes would silently become other characters.
        else if (!isUtf8(body)) done(invalid('body', 'is not UTF-8'));
        else void parse(request, body.toString(), done);
      });
      return;
    }
    case 'bytes':
      anyType(scope);
      scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
      return;
    case 'stream':
      anyType(scope);
      scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      return;
  }
}

// Fastify answers 415 to a Content-Type that it cannot read before it asks for a parser. Here the type decides nothing;
// what was sent stays readable in `headersDistinct`.
function anyType(scope: FastifyInstance): void {
  scope.addHook('onRequest', (request, _reply, done) => {
    if (request.headers['content-type'] !== undefined) {
      request.raw.headers['content-type'] = 'application/octet-stream';
    }
    done();
  });
}
