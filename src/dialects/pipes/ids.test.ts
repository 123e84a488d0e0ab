import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newId } from '../../core/ids.ts';
import { foreignId, idsOfMedia, mediaIdOf, ownId } from './ids.ts';

const seeds = fc.tuple(fc.integer({ min: 0, max: 2 ** 42 }), fc.uint8Array({ minLength: 16, maxLength: 16 }));
const mediaIds = seeds.map(([now, chance]) => newId('media', now, chance));

test('a media id leads back to the media that it was made of', () => {
  fc.assert(
    fc.property(mediaIds, (id) => {
      const mediaId = mediaIdOf(id);
      expect(mediaId).toMatch(/^[A-Za-z0-9_-]{21}$/);
      const span = idsOfMedia(mediaId);
      expect(span?.kind).toBe('media');
      expect((span?.from ?? '~') <= id && id <= (span?.to ?? '')).toBe(true);
      for (const end of [span?.from, span?.to]) expect(end && mediaIdOf(end)).toBe(mediaId);
    }),
  );
});

test('what is no media id stands for nothing', () => {
  const mediaId = mediaIdOf(newId('media', 0, new Uint8Array(16)));
  for (const other of [
    '',
    mediaId.slice(1),
    `${mediaId}A`,
    `${mediaId}\n`,
    `${mediaId.slice(1)}é`,
    `${mediaId.slice(1)}/`,
  ])
    expect(idsOfMedia(other), other).toBeUndefined();
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), (text) => {
      expect(idsOfMedia(text)).toBeUndefined();
    }),
  );
});

test('other ids carry the vendor’s prefix and lead back, each only as what it is', () => {
  fc.assert(
    fc.property(seeds, fc.constantFrom('message', 'conversation', 'channel', 'app'), ([now, chance], kind) => {
      const id = newId(kind, now, chance);
      const foreign = foreignId(kind, id);
      expect(foreign).toMatch(/^(?:msg|conv|pn|user)_[0-9A-Za-z]{27}$/);
      expect(ownId(kind, foreign)).toBe(id);
      expect(ownId(kind === 'app' ? 'channel' : 'app', foreign)).toBeUndefined();
      for (const malformed of [
        '',
        foreign.slice(0, -1),
        `${foreign}0`,
        foreign.slice(foreign.indexOf('_') + 1),
        `x${foreign}`,
      ])
        expect(ownId(kind, malformed), malformed).toBeUndefined();
    }),
  );
});
