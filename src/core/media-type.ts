// Which type a file has. Three opinions are kept: what the carrier declared, what its host served, what the bytes look like.

/** A MIME type in lower case without parameters; undefined when it is not one. RFC 9110 section 8.3.1. */
export function bareType(type: string | null | undefined): string | undefined {
  const bare = type?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return /^[a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100}$/.test(bare) ? (canonical.get(bare) ?? bare) : undefined;
}

// Names for the same thing; the registered one stands.
const canonical = new Map([
  ['audio/x-m4a', 'audio/mp4'],
  ['audio/m4a', 'audio/mp4'],
  ['audio/mp3', 'audio/mpeg'],
  ['audio/opus', 'audio/ogg'],
  ['image/jpg', 'image/jpeg'],
  ['image/pjpeg', 'image/jpeg'],
  ['application/x-pdf', 'application/pdf'],
  ['text/x-vcard', 'text/vcard'],
  ['application/ogg', 'audio/ogg'],
]);

const octets = 'application/octet-stream';

/** The type that counts: declared, unless absent or octet-stream: then sniffed, else served. */
export function effectiveType(declared: string | null, served: string | null, sniffed: string | null): string {
  for (const opinion of [declared, sniffed, served]) {
    const bare = bareType(opinion);
    if (bare !== undefined && bare !== octets && bare !== 'binary/octet-stream') return bare;
  }
  return octets;
}

/** Types that a browser would execute; their bytes are only ever handed out as attachments. */
export function isActive(type: string): boolean {
  return /^(?:text\/html|application\/xhtml\+xml|image\/svg\+xml|(?:text|application)\/(?:xml|javascript|ecmascript)|text\/xsl|.*\+xml)$/.test(
    type,
  );
}

const markupStart = /^<(?:!doctype\s+(html|svg)|(html|head|body|script|iframe|svg)[\s/>])/i;

/**
 * HTML and SVG by a look at the first KiB of bytes, because signature sniffers do not know them.
 * @returns the type, or undefined when it is neither
 */
export function sniffMarkup(head: Uint8Array): 'text/html' | 'image/svg+xml' | undefined {
  const found = markupStart.exec(withoutPreamble(new TextDecoder('utf-8').decode(head.subarray(0, 1024))));
  if (found === null) return undefined;
  return (found[1] ?? found[2] ?? '').toLowerCase() === 'svg' ? 'image/svg+xml' : 'text/html';
}

/** What follows space, comments and the XML declaration. A loop, because one expression for it backtracks without end. */
function withoutPreamble(text: string): string {
  let rest = text.trimStart();
  for (const [begin, end] of [
    ['<?xml', '?>'],
    ['<!--', '-->'],
  ] as const) {
    while (rest.startsWith(begin)) {
      const at = rest.indexOf(end);
      if (at < 0) return '';
      rest = rest.slice(at + end.length).trimStart();
    }
  }
  return rest;
}

const extensions = new Map([
  ['image/jpeg', 'jpg'],
  ['image/png', 'png'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
  ['image/heic', 'heic'],
  ['image/heif', 'heif'],
  ['image/tiff', 'tiff'],
  ['image/bmp', 'bmp'],
  ['image/avif', 'avif'],
  ['image/svg+xml', 'svg'],
  ['audio/ogg', 'ogg'],
  ['audio/mpeg', 'mp3'],
  ['audio/mp4', 'm4a'],
  ['audio/aac', 'aac'],
  ['audio/amr', 'amr'],
  ['audio/3gpp', '3gp'],
  ['audio/wav', 'wav'],
  ['audio/webm', 'weba'],
  ['video/mp4', 'mp4'],
  ['video/3gpp', '3gp'],
  ['video/quicktime', 'mov'],
  ['video/webm', 'webm'],
  ['video/mpeg', 'mpeg'],
  ['application/pdf', 'pdf'],
  ['application/zip', 'zip'],
  ['application/json', 'json'],
  ['application/msword', 'doc'],
  ['application/vnd.ms-excel', 'xls'],
  ['application/vnd.ms-powerpoint', 'ppt'],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx'],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx'],
  ['application/vnd.openxmlformats-officedocument.presentationml.presentation', 'pptx'],
  ['text/plain', 'txt'],
  ['text/csv', 'csv'],
  ['text/vcard', 'vcf'],
  ['text/calendar', 'ics'],
  ['text/html', 'html'],
  ['application/xml', 'xml'],
  ['text/xml', 'xml'],
  ['application/rtf', 'rtf'],
]);

/** File extension without dot for an effective type; `bin` for one that has none here. */
export const extensionOf = (type: string | null): string => extensions.get(bareType(type) ?? '') ?? 'bin';
