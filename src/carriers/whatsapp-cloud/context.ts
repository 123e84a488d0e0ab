import { isObject, type JsonObject } from '../../core/json.ts';
import { foreignId } from '../../core/text.ts';
import { boundedObject, member } from '../json-reading.ts';

const contextBytes = 16 * 1024;

/**
 * Reply, forward and advertisement information in our words: `forwarded`, `frequently_forwarded`,
 * `reply_to {carrier_message_id, from?}`, `referred_product`, `referral`, `edits`, `revokes`; only what is there.
 * Links in a referral belong to the advertisement and are nobody's attachment.
 */
export function readContext(message: unknown): JsonObject | null {
  const edit = member(message, 'edit');
  const given = member(message, 'context') ?? member(member(edit, 'message'), 'context');
  const repliedTo = foreignId(member(given, 'id'));
  const author = foreignId(member(given, 'from'));
  const context: JsonObject = {
    ...(member(given, 'forwarded') === true && { forwarded: true }),
    ...(member(given, 'frequently_forwarded') === true && { frequently_forwarded: true }),
    ...(repliedTo && { reply_to: { carrier_message_id: repliedTo, ...(author && { from: author }) } }),
    ...objectAs('referred_product', member(given, 'referred_product')),
    ...objectAs('referral', member(message, 'referral')),
    ...idAs('edits', member(edit, 'original_message_id')),
    ...idAs('revokes', member(member(message, 'revoke'), 'original_message_id')),
  };
  return Object.keys(context).length === 0 ? null : context;
}

const objectAs = (name: string, value: unknown): JsonObject =>
  isObject(value) ? { [name]: boundedObject(value, contextBytes) } : {};

function idAs(name: string, value: unknown): JsonObject {
  const id = foreignId(value);
  return id === undefined ? {} : { [name]: id };
}
