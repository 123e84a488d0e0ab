// JSON as Meta writes it: ASCII only, every other UTF-16 unit as \u and four lower-case hex digits, every slash escaped.
// The signature is made over these bytes, so a receiver that parses and writes the JSON anew gets another signature.

/** @param json anything that JSON.stringify takes; a slash or a character beyond ASCII occurs only inside its strings */
export function escapedJson(json: unknown): Uint8Array {
  const text = JSON.stringify(json)
    .replaceAll('/', '\\/')
    .replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return new TextEncoder().encode(text);
}
