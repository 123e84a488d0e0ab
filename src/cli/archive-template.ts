// Where in the archive a file goes, by a template such as {conversation}/{date}/{kind}_{seq}.{ext}. Slashes stand in the
// template only: what strangers wrote becomes part of a name, never of the way. Names are good on every system: no control
// or reserved characters, none of the names that Windows keeps for itself, at most 255 bytes each.

import { isObject, type JsonObject } from '../core/json.ts';
import { extensionOf } from '../core/media-type.ts';
import { safeBaseName } from '../core/text.ts';
import { UsageError } from './failures.ts';

/** What a template can name, the most bytes that it takes, and where it comes from. */
export const fields = {
  seq: { bytes: 10, says: 'counts up from 1, so that no two names are the same' },
  ext: { bytes: 10, says: 'extension by the type of the file' },
  kind: { bytes: 10, says: 'image, audio, video, document, sticker or file' },
  date: { bytes: 10, says: 'day that it was received, such as 2026-03-01 (UTC)' },
  time: { bytes: 6, says: 'time of day, such as 174501 (UTC)' },
  year: { bytes: 4, says: 'of that day' },
  month: { bytes: 2, says: 'of that day' },
  day: { bytes: 2, says: 'of that day' },
  conversation: { bytes: 40, says: 'id of the conversation' },
  contact: { bytes: 60, says: 'name of the sender, else the number' },
  phone: { bytes: 20, says: 'number of the sender' },
  channel: { bytes: 40, says: 'what your number or channel is called' },
  name: { bytes: 60, says: "the sender's name for the file, without extension" },
  message: { bytes: 40, says: 'id of the message' },
  id: { bytes: 40, says: 'id of the media' },
  app: { bytes: 40, says: 'id of the app' },
} as const;

type Field = keyof typeof fields;
type Piece = { literal: string } | { field: Field };

export type Template = {
  /** Whether a field of the message is named, which has to be asked for. */
  needsMessage: boolean;
  /** Path within the archive, with slashes. @param seq from 1 */
  path(media: JsonObject, message: JsonObject | undefined, seq: number): string;
};

export const defaultTemplate = '{conversation}/{date}/{kind}_{seq}.{ext}';
const mostBytes = 255;
/** `_12345` behind a name that is taken. */
const countBytes = 11;
const ofMessage: readonly Field[] = ['conversation', 'contact', 'phone', 'channel'];

/** @throws UsageError when it names an unknown field, leads out of the folder, or could give names that are too long */
export function templateOf(text: string): Template {
  const parts = text.split('/').map(piecesOf);
  for (const pieces of parts) {
    const most = pieces.reduce(
      (sum, piece) => sum + ('field' in piece ? fields[piece.field].bytes : Buffer.byteLength(piece.literal)),
      countBytes,
    );
    if (most > mostBytes) throw wrong(`a name in it could become longer than ${mostBytes - countBytes} bytes`);
  }
  const named = parts.flat().flatMap((piece) => ('field' in piece ? [piece.field] : []));
  const counts = named.includes('seq');
  return {
    needsMessage: named.some((field) => ofMessage.includes(field)),
    path(media, message, seq) {
      const names = parts.map((pieces) =>
        pieces.map((piece) => ('literal' in piece ? piece.literal : textOf(piece.field, media, message, seq))).join(''),
      );
      const last = names.pop() ?? '';
      return [...names, counts || seq === 1 ? last : counted(last, seq)].map(goodName).join('/');
    },
  };
}

function piecesOf(name: string): Piece[] {
  const pieces = name
    .split(/(\{[^{}]*\})/)
    .filter((piece) => piece !== '')
    .map((piece): Piece => {
      const field = /^\{(.*)\}$/.exec(piece)?.[1];
      if (field === undefined) return { literal: piece };
      if (!Object.hasOwn(fields, field))
        throw wrong(
          `{${field}} is unknown; it knows ${Object.keys(fields)
            .map((one) => `{${one}}`)
            .join(' ')}`,
        );
      return { field: field as Field };
    });
  const literals = pieces.map((piece) => ('literal' in piece ? piece.literal : 'x')).join('');
  if (literals === '' || literals.startsWith('.')) throw wrong('a name in it is empty or begins with a dot');
  if (safeBaseName(literals) !== literals || /[{}]/.test(literals))
    throw wrong(`"${name}" has characters that are not good in a name`);
  return pieces;
}

const wrong = (why: string): UsageError => new UsageError(`--template: ${why}`);

function textOf(field: Field, media: JsonObject, message: JsonObject | undefined, seq: number): string {
  const at = String(media['received_at']);
  const text = (value: unknown, otherwise: string) =>
    shortened(typeof value === 'string' ? value : '', fields[field].bytes) || otherwise;
  const within = (member: string, name: string): unknown => {
    const inside = message?.[member];
    return isObject(inside) ? inside[name] : undefined;
  };
  switch (field) {
    case 'seq':
      return String(seq);
    case 'ext':
      return extensionOf(typeof media['type'] === 'string' ? media['type'] : null);
    case 'kind':
      return text(media['kind'], 'file');
    case 'date':
      return at.slice(0, 10);
    case 'time':
      return at.slice(11, 19).replaceAll(':', '');
    case 'year':
      return at.slice(0, 4);
    case 'month':
      return at.slice(5, 7);
    case 'day':
      return at.slice(8, 10);
    case 'conversation':
      return text(message?.['conversation_id'], 'none');
    case 'contact':
      return text(within('contact', 'name'), text(within('contact', 'phone'), 'unknown'));
    case 'phone':
      return text(within('contact', 'phone'), 'unknown');
    case 'channel':
      return text(within('channel', 'display'), 'none');
    case 'name':
      return text(String(media['file_name'] ?? '').replace(/\.[A-Za-z0-9]{1,10}$/, ''), text(media['kind'], 'file'));
    case 'message':
      return text(media['message_id'], 'none');
    case 'id':
      return text(media['id'], 'none');
    case 'app':
      return text(media['app_id'], 'none');
  }
}

/** A stranger's text as part of a name. */
const shortened = (text: string, bytes: number): string => {
  const safe = safeBaseName(text.normalize('NFC').replaceAll(/[/\\]/g, '-'), 4096);
  if (Buffer.byteLength(safe) <= bytes) return safe;
  return new TextDecoder().decode(Buffer.from(safe).subarray(0, bytes), { stream: true }).trimEnd();
};

const counted = (name: string, seq: number): string =>
  name.replace(/(\.[A-Za-z0-9]{1,10})?$/, (extension) => `_${seq}${extension}`);

const reserved = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;

/** The whole name: what its pieces are together may be what none of them is. */
function goodName(name: string): string {
  const safe = safeBaseName(name) || '_';
  return reserved.test(safe) ? `_${safe}` : safe;
}
