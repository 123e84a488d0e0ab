import type { CarrierName } from './carriers/registry.ts';
import type { ChannelSettings, TortureCarrier, Wanted, Webhook } from './carriers/torture-carrier.ts';
import { startChild } from './child.ts';

/** A carrier that is asked in its own process. */
export type CarrierProcess = Pick<TortureCarrier, 'connection' | 'mostFiles' | 'webhooks'> & {
  newChannel(): Promise<ChannelSettings>;
  cutOnce(): Promise<void>;
  calm(): Promise<void>;
  close(): Promise<void>;
};

/** @param folder where it keeps its files */
export async function startCarrier(name: CarrierName, folder: string): Promise<CarrierProcess> {
  const child = startChild('./carrier.ts', { TORTURE_CARRIER: name, TORTURE_FOLDER: folder });
  const facts = (await child.ready) as Pick<TortureCarrier, 'connection' | 'mostFiles'>;
  return {
    ...facts,
    webhooks: async (intakeUrl: string, address: string, wanted: readonly Wanted[]) =>
      (await child.ask('webhooks', [intakeUrl, address, wanted])) as Webhook[],
    newChannel: async () => (await child.ask('newChannel')) as ChannelSettings,
    cutOnce: async () => void (await child.ask('cutOnce')),
    calm: async () => void (await child.ask('calm')),
    async close() {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}
