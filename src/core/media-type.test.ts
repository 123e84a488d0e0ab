import { expect, test } from 'vitest';
import { bareType, effectiveType, extensionOf, isActive, sniffMarkup } from './media-type.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('parameters are cut and names for the same thing become one', () => {
  expect(bareType('audio/ogg; codecs=opus')).toBe('audio/ogg');
  expect(bareType('Audio/X-M4A')).toBe('audio/mp4');
  expect(bareType('not a type')).toBeUndefined();
  expect(bareType(null)).toBeUndefined();
});

test('the declared type counts, unless it is absent or says nothing: then the bytes, then the server', () => {
  expect(effectiveType('image/jpeg', 'text/plain', 'image/png')).toBe('image/jpeg');
  expect(effectiveType('application/octet-stream', 'text/plain', 'image/png')).toBe('image/png');
  expect(effectiveType(null, 'text/plain', null)).toBe('text/plain');
  expect(effectiveType(null, null, null)).toBe('application/octet-stream');
});

test.each([
  ['<!doctype html><p>', 'text/html'],
  ['\n <HTML>', 'text/html'],
  ['<!-- login --><html lang="en">', 'text/html'],
  ['<script>x</script>', 'text/html'],
  ['<?xml version="1.0"?><svg xmlns="…">', 'image/svg+xml'],
  ['<svg>', 'image/svg+xml'],
  ['<?xml version="1.0"?><note/>', undefined],
  ['%PDF-1.7', undefined],
  ['BEGIN:VCARD', undefined],
  ['<headline>', undefined],
])('%j is seen as %s', (text, type) => {
  expect(sniffMarkup(bytes(text))).toBe(type);
});

test('a long run of spaces does not make the look at the head slow', () => {
  // What this thread works, and not how long it waits for a processor.
  const began = process.threadCpuUsage();
  sniffMarkup(bytes(`${' '.repeat(500)}${'<!-- -->'.repeat(60)}x`));
  sniffMarkup(bytes('<?xml '.repeat(170)));
  expect(process.threadCpuUsage(began).user).toBeLessThan(100_000);
});

test('what a browser would run is active', () => {
  for (const type of [
    'text/html',
    'image/svg+xml',
    'application/xhtml+xml',
    'text/xml',
    'application/xml',
    'application/atom+xml',
  ]) {
    expect(isActive(type), type).toBe(true);
  }
  for (const type of ['image/png', 'application/pdf', 'text/plain', 'application/octet-stream']) {
    expect(isActive(type), type).toBe(false);
  }
});

test('extensions follow the effective type', () => {
  expect(extensionOf('image/jpeg')).toBe('jpg');
  expect(extensionOf('audio/ogg; codecs=opus')).toBe('ogg');
  expect(extensionOf('application/x-unheard-of')).toBe('bin');
  expect(extensionOf(null)).toBe('bin');
});
