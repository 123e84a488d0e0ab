// The everyday path: somebody sends files to a business. Each file becomes a message and a POST of its own, as pictures that
// are sent together do.

import { basename } from 'node:path';
import { lookup } from 'mime-types';
import type { Millis } from '../core/ids.ts';
import type { Composer } from './compose/composer.ts';
import type { MediaOptions } from './compose/media-content.ts';
import type { Person } from './compose/person.ts';
import { escapedJson } from './escaped-json.ts';
import type { KeptMedia, MediaShelf } from './kept-media.ts';
import type { PhoneNumber } from './phone-number.ts';
import type { Posted, Poster } from './post.ts';

/** A file, with anything that its webhook is to say differently. Type and name follow from the path when they are not given. */
export type FileToSend = ({ path: string; type?: string } | { bytes: AsyncIterable<Uint8Array>; type: string }) & {
  fileName?: string;
  message?: MediaOptions;
};

export type SendOptions = {
  /** The intake URL. */
  url: string;
  phoneNumberId: string;
  files: readonly FileToSend[];
  /** Stands under the first file. */
  caption?: string;
  person?: Person;
  at?: Millis;
  retries?: readonly number[];
  signal?: AbortSignal;
};

export type SentMessage = { messageId: string; media: KeptMedia; answer: Posted };

export async function send(
  options: SendOptions,
  means: { shelf: MediaShelf; compose: Composer; poster: Poster; number(phoneNumberId: string): PhoneNumber },
): Promise<SentMessage[]> {
  const { url, phoneNumberId, files, caption, person, at, retries, signal } = options;
  const { shelf, compose } = means;
  const secret = means.number(phoneNumberId).appSecret;
  const sent: SentMessage[] = [];
  for (const [index, file] of files.entries()) {
    const fileName = file.fileName ?? ('path' in file ? basename(file.path) : undefined);
    const type = file.type ?? typeOf('path' in file ? file.path : '');
    const media = await shelf.keep(phoneNumberId, file, { type, ...(fileName !== undefined && { fileName }) });
    const time = at === undefined ? {} : { at };
    const content = compose.media(media, {
      ...(index === 0 && caption !== undefined && { caption }),
      ...file.message,
      ...time,
    });
    const message = compose.message(content, { ...(person && { person }), ...time });
    const body = escapedJson(compose.body([compose.received(phoneNumberId, [message])]));
    const answer = await means.poster.post(url, body, {
      secret,
      ...(retries && { retries }),
      ...(signal && { signal }),
    });
    sent.push({ messageId: message.id, media, answer });
  }
  return sent;
}

/** By the extension; octet-stream where that says nothing. */
export const lookedUpType = (path: string): string => lookup(path) || 'application/octet-stream';

/** Voice notes are declared with their codec, as the carrier declares them. */
function typeOf(path: string): string {
  const type = lookedUpType(path);
  return type === 'audio/ogg' ? 'audio/ogg; codecs=opus' : type;
}
