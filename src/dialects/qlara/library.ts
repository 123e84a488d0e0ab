// The media library: pictures that an application keeps for messages of its own. Each is a file without retention and a
// document that names it `med_` and 12 hex digits. Its link does not expire; it ends when the entry is deleted.

import type { Caller } from '../../core/caller.ts';
import type { Desk } from '../../core/desk.ts';
import { Fault, invalid } from '../../core/faults.ts';
import type { Millis } from '../../core/ids.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Document, Media } from '../../core/model.ts';
import { clip, safeBaseName } from '../../core/text.ts';
import { type FormFile, readForm } from '../multipart.ts';
import { wholeSeconds } from '../whole-seconds.ts';
import { lastDigits } from './ids.ts';
import { headBytes, type Picture, pictureOf } from './picture.ts';

const kind = 'library';
const mostFileBytes = 5 * 1024 * 1024;
const textBytes = 1024;

export type LibraryItem = {
  mediaId: string;
  /** Of the file. */
  media: string;
  name: string;
  description: string;
  mimeType: string;
  size: number;
  width: number | null;
  height: number | null;
  createdAt: Millis;
};

/** @throws Fault invalid_request, body_too_large, and what keeping a file throws; then nothing of it is left */
export async function addItem(
  desk: Desk,
  caller: Caller,
  body: AsyncIterable<Uint8Array>,
  contentType: string | undefined,
): Promise<LibraryItem> {
  const got: { file?: { media: Media; picture: Picture; fileName: string } } = {};
  try {
    const fields = await readForm(body, contentType, {
      name: 'file',
      async keep(file) {
        got.file = { ...(await keepPicture(desk, caller, file)), fileName: safeBaseName(file.fileName ?? '') };
      },
    });
    if (got.file === undefined) throw invalid('file', 'is missing');
    const { media, picture, fileName } = got.file;
    const mediaId = `med_${lastDigits(media.id, 12)}`;
    const value = {
      media: media.id,
      name: clip(fields.get('name') || fileName || mediaId, textBytes),
      description: clip(fields.get('description') ?? '', textBytes),
      folderId: clip(fields.get('folderId') ?? '', textBytes),
      mimeType: picture.type,
      size: media.size,
      width: picture.width,
      height: picture.height,
    };
    const made = await desk.putDocument(caller, kind, mediaId, value, 'create');
    if (!made) throw new Error(`there is a library entry ${mediaId} already`);
    return itemOf({ name: mediaId, value, createdAt: media.receivedAt });
  } catch (error) {
    if (got.file !== undefined) await desk.removeMedia(caller, got.file.media.id);
    throw error;
  }
}

/** What is not one of the accepted types is refused before anything is kept. */
async function keepPicture(
  desk: Desk,
  caller: Caller,
  { stream, fileName }: FormFile,
): Promise<{ media: Media; picture: Picture }> {
  const pieces = stream[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  for (let seen = 0; seen < headBytes; ) {
    const next = await pieces.next();
    if (next.done === true) break;
    head.push(next.value);
    seen += next.value.length;
  }
  const picture = pictureOf(Buffer.concat(head));
  if (picture === undefined) throw invalid('file', 'must be a JPEG, PNG, GIF or MP4');
  let size = 0;
  async function* bounded(): AsyncGenerator<Uint8Array> {
    for await (const piece of whole(head, pieces)) {
      size += piece.length;
      if (size > mostFileBytes) throw tooLarge();
      yield piece;
    }
  }
  const type = picture.type;
  const media = await desk
    .upload(caller, { stream: bounded(), type, fileName, kind: type === 'video/mp4' ? 'video' : 'image', keep: true })
    .catch((error: unknown) => {
      // Whoever kept it knows only that it broke off.
      throw size > mostFileBytes ? tooLarge() : error;
    });
  return { media, picture };
}

const tooLarge = () => new Fault('body_too_large', { detail: 'file: at most 5 MB' });

async function* whole(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

export async function itemNamed(desk: Desk, caller: Caller, mediaId: string): Promise<LibraryItem | undefined> {
  const document = await desk.document(caller, kind, mediaId);
  return document && itemOf(document);
}

const atOnce = 200;
/** More entries than this are not looked through to put them in order. */
const mostItems = 10_000;

/** All entries of the app, in no order that is promised. */
export async function allItems(desk: Desk, caller: Caller): Promise<LibraryItem[]> {
  const items: LibraryItem[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await desk.documents(caller, kind, { limit: atOnce, cursor });
    items.push(...page.rows.map(itemOf));
    if (page.next === null || items.length >= mostItems) return items;
    cursor = page.next;
  }
}

/** The file goes first: should the entry outlive it, it can be deleted again. false: there was none. */
export async function removeItem(desk: Desk, caller: Caller, mediaId: string): Promise<boolean> {
  const item = await itemNamed(desk, caller, mediaId);
  if (item === undefined) return false;
  const found = await desk.media(caller, item.media);
  if (found.is === 'own') await desk.removeMedia(caller, found.thing.id);
  return await desk.removeDocument(caller, kind, mediaId);
}

/** As the vendor shows it; undefined: its file is no longer here. */
export async function presentItem(
  desk: Desk,
  caller: Caller,
  { media, createdAt, ...item }: LibraryItem,
  now: Millis,
): Promise<JsonObject | undefined> {
  const found = await desk.media(caller, media);
  if (found.is !== 'own' || desk.stateOf(found.thing) !== 'stored') return undefined;
  const { url } = desk.links.to(found.thing, now, { seconds: null, name: item.mediaId });
  const { mediaId, name, description, mimeType, size, width, height } = item;
  return { mediaId, name, description, url, mimeType, size, width, height, createdAt: wholeSeconds(createdAt) };
}

function itemOf({ name: mediaId, value, createdAt }: Document): LibraryItem {
  return {
    mediaId,
    media: text(value['media']),
    name: text(value['name']),
    description: text(value['description']),
    mimeType: text(value['mimeType']),
    size: number(value['size']) ?? 0,
    width: number(value['width']),
    height: number(value['height']),
    createdAt,
  };
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const number = (value: Json | undefined): number | null => (typeof value === 'number' ? value : null);
