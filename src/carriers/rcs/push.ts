import { isObject } from '../../core/json.ts';
import { member, readJson } from '../json-reading.ts';

/**
 * The bytes that a push carries: `message.data`, decoded. They are what is signed, and all that is relied on: attributes and
 * ids of the envelope are not signed, differ between its generations, and say nothing that the data do not say.
 * undefined when the body is no push.
 */
export function pushedData(body: Uint8Array): Uint8Array | undefined {
  const data = member(member(readJson(body), 'message'), 'data');
  return typeof data === 'string' && data !== '' ? Buffer.from(data, 'base64') : undefined;
}

/** Whether a body is an envelope, whatever is in it. */
export const isEnvelope = (body: unknown): boolean => isObject(body) && Object.hasOwn(body, 'message');
