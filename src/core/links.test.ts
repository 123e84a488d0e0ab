import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileOf, gatewayLinks, linkSigner } from './links.ts';
import type { Media } from './model.ts';

const key = new Uint8Array(32).fill(1);
const other = new Uint8Array(32).fill(2);
const now = Date.UTC(2026, 10, 20);
const file = 'med_2ArTRjGvNz0mVWxYbKqPsDfHgLc.jpg';

/** What a server reads from a link. */
function parts(link: string) {
  const url = new URL(link, 'http://gateway.example');
  return {
    file: url.pathname.slice('/media/'.length),
    token: url.searchParams.get('token') ?? '',
    expires: url.searchParams.get('expires') ?? '',
  };
}
const check = (signer: ReturnType<typeof linkSigner>, link: string, at: number) => {
  const seen = parts(link);
  return signer.verify(seen.file, seen.token, seen.expires, at);
};

test('a link names its media until it expires, and not a millisecond longer', () => {
  const signer = linkSigner([key]);
  const link = signer.sign(file, now + 60_000);
  expect(check(signer, link, now)).toBe('med_2ArTRjGvNz0mVWxYbKqPsDfHgLc');
  expect(check(signer, link, now + 59_999)).toBeDefined();
  expect(check(signer, link, now + 60_000)).toBeUndefined();
});

test('a link with any one character altered is refused', () => {
  const signer = linkSigner([key]);
  const link = signer.sign(file, now + 60_000);
  const character = fc.constantFrom(...'ABCXYZabcxyz0189-_.=&?/%');
  fc.assert(
    fc.property(fc.nat(link.length - 1), character, (at, put) => {
      fc.pre(link[at] !== put);
      const altered = link.slice(0, at) + put + link.slice(at + 1);
      fc.pre(altered.startsWith('/media/'));
      expect(check(signer, altered, now)).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
});

test('nothing that was not signed is a link', () => {
  const signer = linkSigner([key]);
  fc.assert(
    fc.property(fc.string(), fc.string(), (token, expires) => {
      expect(signer.verify(file, token, expires, now)).toBeUndefined();
    }),
  );
});

test('a link of another instance is refused, and one under a former key still works', () => {
  const link = linkSigner([other]).sign(file, now + 60_000);
  expect(check(linkSigner([key]), link, now)).toBeUndefined();
  expect(check(linkSigner([key, other]), link, now)).toBeDefined();
});

test('the app decides how long its links live, else the instance', () => {
  const links = gatewayLinks(linkSigner([key]), 'https://gw.example', 3600);
  const media = { id: 'med_2ArTRjGvNz0mVWxYbKqPsDfHgLc', type: 'image/jpeg', linkSeconds: null } as unknown as Media;
  expect(links.to(media, now).expiresAt).toBe(now + 3_600_000);
  expect(links.to({ ...media, linkSeconds: 5 }, now).expiresAt).toBe(now + 5000);
  expect(links.to(media, now).url).toMatch(/^https:\/\/gw\.example\/media\/med_\w{27}\.jpg\?token=.+&expires=\d+$/);
  expect(fileOf({ ...media, type: 'image/svg+xml' })).toMatch(/\.svg$/);
});
