// What a link must know of its media, remembered for at most a second: a page full of pictures, or a player that asks for
// one range after another, costs one look at the records and not hundreds. Whatever is ordered through these same records
// and could change the answer makes everything forgotten, so that here a deleted media is gone at once.

import type { Clock, Millis } from '../core/ids.ts';
import type { Media } from '../core/model.ts';
import type { Records } from '../core/records.ts';

const rememberedMs = 1000;
const mostRemembered = 10_000;

/** The same records, which remember the answers of `mediaForLink`. */
export function rememberLinkFacts(records: Records, clock: Clock): Records {
  const remembered = new Map<string, { media: Media; until: Millis }>();
  let changes = 0;

  const forgetting =
    <Request, Result>(command: (request: Request) => Promise<Result>) =>
    async (request: Request): Promise<Result> => {
      try {
        return await command(request);
      } finally {
        changes += 1;
        remembered.clear();
      }
    };

  return {
    ...records,
    async mediaForLink({ id }) {
      const now = clock.now();
      const known = remembered.get(id);
      if (known !== undefined && known.until > now) return known.media;
      const before = changes;
      const media = await records.mediaForLink({ id });
      if (remembered.size >= mostRemembered) remembered.clear();
      // An answer that was under way while something changed may be the one from before.
      if (media?.state === 'stored' && changes === before) remembered.set(id, { media, until: now + rememberedMs });
      return media;
    },
    deleteMedia: forgetting(records.deleteMedia),
    deleteChannel: forgetting(records.deleteChannel),
    updateApp: forgetting(records.updateApp),
    deleteApp: forgetting(records.deleteApp),
    updateOrganization: forgetting(records.updateOrganization),
    deleteOrganization: forgetting(records.deleteOrganization),
    sweep: forgetting(records.sweep),
  };
}
