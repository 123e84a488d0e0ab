import type { Desk } from '../../core/desk.ts';
import { Fault } from '../../core/faults.ts';
import { type DeskParts, organizationOf } from './parts.ts';

type OrganizationDesk = Pick<
  Desk,
  'organization' | 'setMediaRetentionDays' | 'apps' | 'createApp' | 'createKey' | 'keys'
>;

export const organizationDesk = ({ records, administration, clock, onWork }: DeskParts): OrganizationDesk => ({
  async organization(caller) {
    const organization = await records.organization({ id: organizationOf(caller) });
    if (organization === undefined) throw new Fault('not_found');
    return organization;
  },
  async setMediaRetentionDays(caller, mediaRetentionDays) {
    const set = { mediaRetentionDays };
    const organization = await records.updateOrganization({ id: organizationOf(caller), set });
    if (organization === undefined) throw new Fault('not_found');
    onWork();
    return organization;
  },
  apps: async (caller, page) => await records.listApps({ reach: caller.reach, page }),
  async createApp(caller, name) {
    const app = await records.createApp({
      now: clock.now(),
      organizationId: organizationOf(caller),
      name,
      dialect: caller.dialect,
      mediaRetentionSeconds: null,
      linkSeconds: null,
      deliverWithinSeconds: null,
      holdLimitSeconds: null,
      autoDownload: null,
    });
    if (app === undefined) throw new Fault('not_found');
    return app;
  },
  async createKey(caller, { appId, ...order }) {
    if ((await records.app({ reach: caller.reach, id: appId })) === undefined) return undefined;
    return await administration.createKey(
      caller.reach,
      { kind: 'app', id: appId },
      { ...order, dialect: caller.dialect },
    );
  },
  async keys(caller, appId, page) {
    if ((await records.app({ reach: caller.reach, id: appId })) === undefined) return undefined;
    return await records.listKeys({ reach: caller.reach, owner: { kind: 'app', id: appId }, page });
  },
});
