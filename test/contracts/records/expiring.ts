// What retention will take, and by whose word.

import { expect, test } from 'vitest';
import type { Records } from '../../../src/core/records.ts';
import {
  capturesAt,
  claim,
  day,
  everything,
  file,
  firstPage,
  type Home,
  home,
  hour,
  type Open,
  settle,
  start,
} from './rig.ts';

const storedAt = async (records: Records, at: Home, received: number): Promise<string> => {
  const message = await at.receive({ media: [claim()] }, received);
  const jobs = await capturesAt(records, received);
  for (const job of jobs) await settle(records, job, received, { to: 'stored', file: file(at.app) });
  return message.media[0]?.id ?? '';
};

export function expiringClaims(name: string, open: Open): void {
  test(`${name}: what will expire is listed the soonest first, over all apps, with the setting that decides`, async () => {
    const { records } = await open();
    const org = await records.createOrganization({ now: start, name: 'Org', mediaRetentionDays: 2 });
    const homes = {
      app: await home(records, { mediaRetentionSeconds: 3 * 86_400, organizationId: org.id }),
      organization: await home(records, { organizationId: org.id }),
      dialect: await home(records, { dialect: 'strict' }),
      instance: await home(records, { dialect: 'held' }),
      endless: await home(records, { dialect: 'endless' }),
    };
    const expected = [
      { rule: 'organization', id: await storedAt(records, homes.organization, start), at: start + 2 * day },
      { rule: 'dialect', id: await storedAt(records, homes.dialect, start + hour), at: start + 2 * day + hour },
      { rule: 'app', id: await storedAt(records, homes.app, start), at: start + 3 * day },
      { rule: 'organization', id: await storedAt(records, homes.organization, start + 2 * day), at: start + 4 * day },
      { rule: 'instance', id: await storedAt(records, homes.instance, start), at: start + 60 * day },
    ];
    await storedAt(records, homes.endless, start);
    const plan = async (until: number, some: Partial<Parameters<Records['listExpiring']>[0]> = {}) => {
      const { rows } = await records.listExpiring({ reach: everything, until, page: firstPage, ...some });
      return rows.map(({ media, rule }) => ({ rule, id: media.id, at: media.expiresAt }));
    };
    expect(await plan(start + 60 * day)).toEqual(expected);
    expect(await plan(start + 60 * day - 1)).toEqual(expected.slice(0, 4));
    expect(await plan(start + 2 * day - 1)).toEqual([]);
    const ofOrganization = expected.filter((_, place) => [0, 2, 3].includes(place));
    expect(await plan(start + 60 * day, { reach: { kind: 'organization', organizationId: org.id } })).toEqual(
      ofOrganization,
    );
    expect(await plan(start + 60 * day, { appId: homes.app.app.id })).toEqual([expected[2]]);
    expect(await plan(start + 60 * day, { reach: homes.app.reach, appId: homes.dialect.app.id })).toEqual([]);
  });

  test(`${name}: pages of a plan leave nothing out and repeat nothing, also where many end in the same moment`, async () => {
    const { records } = await open();
    const homes = [
      await home(records, { mediaRetentionSeconds: 60 }),
      await home(records, { mediaRetentionSeconds: 120 }),
    ];
    const ids = new Set<string>();
    for (let n = 0; n < 12; n++) {
      const at = homes[n % 2];
      // The ends of both apps meet.
      if (at !== undefined) ids.add(await storedAt(records, at, start + (n % 2 === 0 ? 60_000 : 0) + (n % 3) * 60_000));
    }
    const seen: { id: string; at: number }[] = [];
    for (let cursor: string | null = null; ; ) {
      const page: Awaited<ReturnType<Records['listExpiring']>> = await records.listExpiring({
        reach: everything,
        until: start + day,
        page: { limit: 2, cursor },
      });
      seen.push(...page.rows.map(({ media }) => ({ id: media.id, at: media.expiresAt ?? 0 })));
      cursor = page.next;
      if (cursor === null) break;
    }
    expect(seen).toHaveLength(12);
    expect(new Set(seen.map(({ id }) => id))).toEqual(ids);
    expect(seen.map(({ at }) => at)).toEqual(seen.map(({ at }) => at).toSorted((a, b) => a - b));
  });

  test(`${name}: only what is stored is in a plan`, async () => {
    const { records } = await open();
    const at = await home(records, { mediaRetentionSeconds: 60 });
    const id = await storedAt(records, at, start);
    await at.receive();
    const plan = async () =>
      (await records.listExpiring({ reach: everything, until: start + day, page: firstPage })).rows.map(
        ({ media }) => media.id,
      );
    expect(await plan()).toEqual([id]);
    await records.deleteChannel({ reach: everything, id: at.channel.id, now: start });
    expect(await plan()).toEqual([]);
  });
}
