// Text from strangers is data: it is clipped, never trusted, and never becomes a path.

const encoder = new TextEncoder();

/** How much of a foreign text is kept, in bytes of UTF-8. */
export const nameBytes = 4 * 1024;
export const captionBytes = 16 * 1024;
export const foreignIdBytes = 512;

/**
 * Cuts a text to at most `bytes` of UTF-8 without splitting a character. Lone surrogates become U+FFFD,
 * because no database and no wire carries them.
 */
export function clip(text: string, bytes: number): string {
  const whole = text.toWellFormed();
  if (whole.length * 3 <= bytes || Buffer.byteLength(whole) <= bytes) return whole;
  const { read } = encoder.encodeInto(whole, new Uint8Array(bytes));
  return whole.slice(0, read);
}

/** A foreign id as it may be stored: opaque text of 1 to 512 bytes without control characters; otherwise undefined. */
export function foreignId(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > foreignIdBytes) return undefined;
  if (!value.isWellFormed() || Buffer.byteLength(value) > foreignIdBytes) return undefined;
  return hasControl(value) ? undefined : value;
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/**
 * A file name that is safe to join to a folder and to put into a header: the last path segment, without control or
 * bidirectional-override characters and leading dots, at most `bytes` of UTF-8, its extension kept. Empty when nothing is left.
 */
export function safeBaseName(name: string, bytes = 255): string {
  const last = name.toWellFormed().split(/[/\\]/).at(-1) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing control characters is the point
  const plain = last.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069:*?"<>|]/g, '');
  const bare = plain.replace(/^[.\s]+/, '').replace(/[.\s]+$/, '');
  if (Buffer.byteLength(bare) <= bytes) return bare;
  const extension = /\.[A-Za-z0-9]{1,10}$/.exec(bare)?.[0] ?? '';
  return clip(bare.slice(0, bare.length - extension.length), bytes - extension.length) + extension;
}

/** A phone number or other counterpart address as logs may show it: the last two characters, the rest as stars. */
export function masked(address: string): string {
  return address.length <= 2 ? '**' : `${'*'.repeat(Math.min(address.length - 2, 8))}${address.slice(-2)}`;
}
