import { create } from 'content-disposition';
import { extensionOf, isActive } from '../core/media-type.ts';
import type { Media } from '../core/model.ts';
import { safeBaseName } from '../core/text.ts';

// A browser shows these by itself and runs nothing in them; whatever else there is, is for the disk.
const shown = /^(?:(?:image|audio|video)\/.+|application\/pdf|text\/plain)$/;

/** Content-Disposition of a file: inline only for what can be shown safely, with its name in ASCII and in UTF-8 (RFC 6266). */
export function dispositionOf(
  media: Pick<Media, 'id' | 'kind' | 'fileName' | 'receivedAt'> & { type: string },
  wanted?: 'inline' | 'attachment',
): string {
  const name = downloadName(media);
  const proposed = wanted ?? (shown.test(media.type) ? 'inline' : 'attachment');
  return create(name, {
    // What a browser would run is never shown, whoever wants it.
    type: isActive(media.type) ? 'attachment' : proposed,
    fallback: name.replace(/[^\x20-\x7e]+|[%"\\]/g, '_'),
  });
}

/** The sender's name for the file where it has one, made safe; otherwise `{kind}-{yyyymmdd}-{end of the id}.{ext}`. */
export function downloadName(media: Pick<Media, 'id' | 'kind' | 'fileName' | 'receivedAt'> & { type: string }): string {
  const extension = `.${extensionOf(media.type)}`;
  const given = safeBaseName(media.fileName ?? '');
  if (given === '') {
    const day = new Date(media.receivedAt).toISOString().slice(0, 10).replaceAll('-', '');
    return `${media.kind}-${day}-${media.id.slice(-6)}${extension}`;
  }
  if (/\.[A-Za-z0-9]{1,10}$/.test(given)) return given;
  return safeBaseName(given, 255 - extension.length) + extension;
}
