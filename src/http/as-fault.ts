import { Fault, invalid } from '../core/faults.ts';
import { isObject } from '../core/json.ts';
import { ProtocolFault } from './problems.ts';

/**
 * What went wrong with a request of this query, as something that may be shown. Fastify's own refusals are put into our
 * words, because its messages repeat what the caller sent; whatever nobody expected becomes `internal` with the error as
 * its cause.
 */
export function asFault(error: unknown, query: unknown): Fault | ProtocolFault {
  if (error instanceof Fault && error.code === 'invalid_cursor') return cursorFault(query);
  if (error instanceof Fault || error instanceof ProtocolFault) return error;
  switch (textOf(error, 'code')) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Fault('body_too_large');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Fault('body_type_unsupported');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return invalid('body', 'is not JSON');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return invalid('body', 'is not as long as Content-Length says');
    case 'FST_ERR_BAD_URL':
      return invalid('url', 'is not percent-encoded correctly');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return invalid('url', 'has a segment that is too long');
    case 'ECONNRESET':
      return invalid('body', 'was cut off');
    default:
      return new Fault('internal', { cause: error });
  }
}

const textOf = (error: unknown, member: string): unknown => (error instanceof Error ? Reflect.get(error, member) : '');

/** Who reads cursors knows nothing of queries. */
function cursorFault(query: unknown): Fault {
  const field = isObject(query) && 'after' in query ? 'query.after' : 'query.cursor';
  return new Fault('invalid_cursor', { problems: [{ field, message: 'was not made by this server for this list' }] });
}
