// Gateways for the journeys that try faults. Most have the limits of time that a gateway has, so that no slow machine is
// taken for a slow carrier. Where a limit of time is what tells a fault, it is a second, and the only one that is.

import { type Rig, startRig, type Tenant } from './rig.ts';

export type FaultRig = { rig: Rig; tenant: Tenant };

/** Reasons that a try has for being over its time, and the limit that says so. */
const limits: Readonly<Record<string, string>> = {
  timeout: 'MEDIADOCK_HEADERS_TIMEOUT_SECONDS',
  stalled: 'MEDIADOCK_STALL_SECONDS',
};

export type FaultRigs = {
  /** Where a fault with this reason is tried. */
  of(reason?: string): FaultRig;
  all: FaultRig[];
  close(): Promise<void>;
};

/** Whether a try with this reason took as long as a limit allowed. */
export const isOverTime = (reason: string): boolean => Object.hasOwn(limits, reason);

export async function startFaultRigs(): Promise<FaultRigs> {
  const start = async (env: Record<string, string>): Promise<FaultRig> => {
    const rig = await startRig(env);
    return { rig, tenant: await rig.tenant() };
  };
  const patient = await start({});
  const hasty = new Map<string, FaultRig>();
  for (const [reason, limit] of Object.entries(limits)) hasty.set(reason, await start({ [limit]: '1' }));
  const all = [patient, ...hasty.values()];
  return {
    of: (reason = '') => hasty.get(reason) ?? patient,
    all,
    async close() {
      await Promise.all(all.map(({ rig }) => rig.close()));
    },
  };
}
