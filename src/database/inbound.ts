// What a webhook told, as the columns hold it. Text is checked here, because a JSON column would swallow anything.

import type { InboundMessage, MediaClaim } from '../core/carrier.ts';
import { clip } from '../core/text.ts';
import type { MediaDetails, MessageBody } from './schema.ts';

/** Kind of a message that stands for media which a later copy brings. */
export const placeholderKind = 'media_placeholder';

/** @throws TypeError when a field that must be text is none */
export function bodyOf({ kind, text, context, content, raw, errors, traceparent }: InboundMessage): string {
  if (typeof kind !== 'string') throw new TypeError('the kind of a message is not text');
  const traced = traceparent !== undefined && { traceparent };
  const body: MessageBody = { kind, text: textOrNull(text, 'text'), context, content, raw, errors, ...traced };
  return JSON.stringify(body);
}

/** @throws TypeError when a field that must be text is none */
export function detailsOf(claim: MediaClaim): string {
  const declaredType = textOrNull(claim.declaredType, 'declaredType');
  const details: MediaDetails = {
    caption: textOrNull(claim.caption, 'caption'),
    fileName: textOrNull(claim.fileName, 'fileName'),
    declaredType,
    declaredSha256: textOrNull(claim.declaredSha256, 'declaredSha256'),
    declaredSize: claim.declaredSize,
    servedType: null,
    sniffedType: null,
    type: declaredType,
    source: claim.source,
    ...(claim.traceparent !== undefined && { traceparent: claim.traceparent }),
  };
  return JSON.stringify(details);
}

export function textOrNull(value: string | null, field: string): string | null {
  if (value !== null && typeof value !== 'string') throw new TypeError(`${field} is not text`);
  return value;
}

const mostProblems = 20;
const problemBytes = 500;

/** The first lines of what went wrong, each clipped, as the journal keeps them. */
export const problemsOf = (problems: readonly string[]): string =>
  JSON.stringify(problems.slice(0, mostProblems).map((line) => clip(String(line), problemBytes)));
