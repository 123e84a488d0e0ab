import type { Desk } from '../../core/desk.ts';
import { Fault } from '../../core/faults.ts';
import { appOf, type DeskParts } from './parts.ts';

export const appDesk = ({ records }: DeskParts): Pick<Desk, 'app' | 'setAutoDownload'> => ({
  async app(caller) {
    const app = await records.app({ reach: caller.reach, id: appOf(caller) });
    if (app === undefined) throw new Fault('not_found');
    return app;
  },
  async setAutoDownload(caller, autoDownload) {
    const app = await records.updateApp({ reach: caller.reach, id: appOf(caller), set: { autoDownload } });
    if (app === undefined) throw new Fault('not_found');
    return app;
  },
});
