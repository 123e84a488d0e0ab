import { Fault } from '../core/faults.ts';
import type { Id, Millis } from '../core/ids.ts';
import type { Endpoint } from '../core/model.ts';
import type { Records } from '../core/records.ts';
import type { Sealer } from '../core/sealing.ts';
import { sealEndpoint } from './endpoint-secrets.ts';

/**
 * The one endpoint where clients of an app connect in a dialect; made when it is first asked for. From then on what they would
 * hear waits for them. @throws Fault not_found when the app is gone
 */
export async function socketEndpoint(
  { records, sealer }: { records: Pick<Records, 'createEndpoint'>; sealer: Sealer },
  appId: Id<'app'>,
  dialect: string,
  now: Millis,
): Promise<Endpoint> {
  const endpoint = await records.createEndpoint({
    now,
    reach: { kind: 'app', appId },
    appId,
    url: '',
    transport: 'socket',
    dialect,
    settings: {},
    events: null,
    sealed: sealEndpoint({ secrets: [], headers: {} }, sealer),
  });
  if (endpoint === undefined) throw new Fault('not_found');
  return endpoint;
}
