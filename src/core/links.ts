// Links: `/media/{id}.{ext}?token=…&expires=…`. The token is base64url(JSON) + "." + HMAC-SHA256; it covers the file in the
// path and the expiry, so that nothing in a link can be altered. The key's id stands in the token: keys can be replaced.

import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Millis } from './ids.ts';
import { isObject } from './json.ts';
import { extensionOf } from './media-type.ts';
import type { Media } from './model.ts';
import { deriveKey, keyId } from './sealing.ts';

/** What a link may differ in: its life in seconds (null: it does not expire), and the name before the extension. */
export type LinkForm = { seconds?: number | null; name?: string };

/** Makes links to stored media. */
export type Links = {
  /** A link that yields the bytes without a key until it expires. */
  to(media: Media, now: Millis, form?: LinkForm): { url: string; expiresAt: Millis };
};

export type LinkSigner = {
  /** Path and query of a link to a file of this media; `expiresAt` is cut to whole seconds. */
  sign(file: string, expiresAt: Millis, id?: string): string;
  /** The media id of a link that is whole and alive, otherwise undefined. */
  verify(file: string, token: string, expires: string, now: Millis): string | undefined;
};

/** @param secretKeys 32 bytes each; the first signs, all verify */
export function linkSigner(secretKeys: readonly Uint8Array[]): LinkSigner {
  const keys = new Map(
    secretKeys.map((secret) => {
      const key = deriveKey(secret, 'links');
      // Made once: making one of the bytes costs several times as much as signing.
      return [Buffer.from(keyId(key)).toString('hex'), createSecretKey(key)] as const;
    }),
  );
  const newest = [...keys].at(0);
  if (newest === undefined) throw new Error('links need a secret key');
  const macOf = (key: KeyObject, payload: string) => createHmac('sha256', key).update(payload).digest('base64url');

  return {
    sign(file, expiresAt, id) {
      const expires = Math.floor(expiresAt / 1000);
      const payload = Buffer.from(
        JSON.stringify({ f: file, e: expires, k: newest[0], ...(id !== undefined && { m: id }) }),
      ).toString('base64url');
      return `/media/${file}?token=${payload}.${macOf(newest[1], payload)}&expires=${expires}`;
    },
    verify(file, token, expires, now) {
      const [payload, mac, ...more] = token.split('.');
      if (payload === undefined || mac === undefined || more.length > 0 || payload.length > 1024) return undefined;
      const claim = read(payload);
      const key = keys.get(claim?.k ?? '');
      if (claim === undefined || key === undefined) return undefined;
      // Compared as text: base64url has several spellings of the same bytes, and only ours is accepted.
      const due = Buffer.from(macOf(key, payload));
      const given = Buffer.from(mac);
      if (due.length !== given.length || !timingSafeEqual(due, given)) return undefined;
      if (claim.f !== file || String(claim.e) !== expires || claim.e * 1000 <= now) return undefined;
      return claim.m ?? file.slice(0, file.lastIndexOf('.'));
    },
  };
}

function read(payload: string): { f: string; e: number; k: string; m?: string } | undefined {
  try {
    const claim: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (!isObject(claim)) return undefined;
    const { f, e, k, m } = claim;
    if (typeof f !== 'string' || typeof e !== 'number' || typeof k !== 'string') return undefined;
    return { f, e, k, ...(typeof m === 'string' && { m }) };
  } catch {
    return undefined;
  }
}

/** The last second of the year 9999: what takes dates takes this one. */
const never = Date.UTC(9999, 11, 31, 23, 59, 59);

/** The last path segment of a link to a media: its id and the extension of its type. */
export const fileOf = (media: Pick<Media, 'id' | 'type'>): string => `${media.id}.${extensionOf(media.type)}`;

/**
 * Links on this gateway's own address.
 * @param publicUrl without a trailing slash
 * @param defaultSeconds life of a link where the app sets none
 */
export function gatewayLinks(signer: LinkSigner, publicUrl: string, defaultSeconds: number): Links {
  return {
    to(media, now, { seconds = media.linkSeconds ?? defaultSeconds, name } = {}) {
      const expiresAt = seconds === null ? never : Math.floor(now / 1000 + seconds) * 1000;
      const path =
        name === undefined
          ? signer.sign(fileOf(media), expiresAt)
          : signer.sign(`${name}.${extensionOf(media.type)}`, expiresAt, media.id);
      return { url: publicUrl + path, expiresAt };
    },
  };
}
