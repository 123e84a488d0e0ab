// Connections with their secrets opened, remembered for at most a second: a webhook should not cost a read of its own,
// and a changed secret should count at once.

import type { Account } from '../core/carrier.ts';
import type { Clock, Millis } from '../core/ids.ts';
import type { Connection } from '../core/model.ts';
import type { Records } from '../core/records.ts';
import type { Sealer } from '../core/sealing.ts';

export type OpenConnection = { connection: Connection; account: Account };

export type Accounts = {
  /** The connection with this public id; undefined when there is none. @throws Fault secrets_unreadable */
  of(id: string): Promise<OpenConnection | undefined>;
  /** Forgets one, because it was just changed here. */
  forget(id: string): void;
};

const rememberedMs = 1000;
const mostRemembered = 10_000;

export function accounts(records: Pick<Records, 'connection'>, sealer: Sealer, clock: Clock): Accounts {
  const remembered = new Map<string, { open: OpenConnection; until: Millis }>();
  return {
    async of(id) {
      const known = remembered.get(id);
      if (known !== undefined && known.until > clock.now()) return known.open;
      remembered.delete(id);
      const connection = await records.connection({ id });
      if (connection === undefined) return undefined;
      const open = openConnection(connection, sealer);
      if (remembered.size >= mostRemembered) remembered.clear();
      remembered.set(id, { open, until: clock.now() + rememberedMs });
      return open;
    },
    forget: (id) => void remembered.delete(id),
  };
}

/** @throws Fault secrets_unreadable when they were sealed under another key */
export const openConnection = (connection: Connection, sealer: Sealer): OpenConnection => ({
  connection,
  account: { settings: connection.settings, secrets: sealer.open(connection.sealed) },
});
