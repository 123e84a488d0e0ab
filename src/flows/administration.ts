// Setting up connections and channels, beside keys and endpoints: what must be checked, minted or sealed before it is recorded.
// Secrets are given once, sealed, and never come back.

import type { Carrier, Carriers } from '../core/carrier.ts';
import type { Dialect, Dialects } from '../core/dialect.ts';
import { Fault, invalid } from '../core/faults.ts';
import type { Clock, Id, Millis } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { App, Channel, Connection, Document, Reach } from '../core/model.ts';
import type { Page, Records } from '../core/records.ts';
import type { Requester } from '../core/requester.ts';
import type { Sealer } from '../core/sealing.ts';
import { foreignId } from '../core/text.ts';
import { isOnTrial, trialMs } from '../core/trial.ts';
import { type Accounts, openConnection } from './accounts.ts';
import { type EndpointAdministration, endpointAdministration } from './endpoint-administration.ts';
import { type KeyAdministration, keyAdministration } from './key-administration.ts';

type Given = Readonly<Record<string, unknown>>;

export type Administration = KeyAdministration &
  EndpointAdministration & {
    /** @throws Fault invalid_request naming body.dialect */
    checkDialect(name: string): void;
    /** `given` holds the carrier's own settings beside `carrier` and `name`. */
    createConnection(given: Given & { carrier: string; name: string }): Promise<Connection>;
    updateConnection(id: string, given: Given & { name?: string | undefined }): Promise<Connection>;
    /** Its intake URL is unknown from then on. @throws Fault not_found, connection_in_use while it has live channels */
    deleteConnection(id: string): Promise<void>;
    createChannel(
      reach: Reach,
      given: Given & {
        app_id: string;
        connection_id: string;
        address: string;
        display?: string | undefined;
        /** A device that a client of a dialect made and that this channel becomes. */
        device?: string | undefined;
      },
    ): Promise<Channel>;
    updateChannel(reach: Reach, id: string, given: Given & { display?: string | undefined }): Promise<Channel>;
  };

export type AdministrationParts = {
  records: Records;
  carriers: Carriers;
  dialects: Dialects;
  accounts: Accounts;
  sealer: Sealer;
  requester: Pick<Requester, 'objection'>;
  clock: Clock;
  onWork(): void;
};

export function administration(parts: AdministrationParts): Administration {
  const { records, sealer, clock } = parts;

  const carrierOf = (name: string): Carrier => {
    const carrier = parts.carriers.get(name);
    if (carrier === undefined)
      throw invalid('body.carrier', `unknown; one of: ${[...parts.carriers.keys()].join(', ')}`);
    return carrier;
  };
  const dialectOf = (name: string): Dialect => {
    const dialect = parts.dialects.get(name);
    if (dialect === undefined)
      throw invalid('body.dialect', `unknown; one of: ${[...parts.dialects.keys()].join(', ')}`);
    return dialect;
  };
  const appOf = async (reach: Reach, id: string): Promise<App> => found(await records.app({ reach, id }));

  /** The id that a client of the app reserved. @throws Fault invalid_request naming body.device */
  async function reserved(
    appId: Id<'app'>,
    device: string,
    line: { carrier: string; address: string },
  ): Promise<Id<'channel'>> {
    for (const { name: dialect, reserves } of parts.dialects.values()) {
      const id = reserves?.idOf(device);
      if (reserves === undefined || id === undefined) continue;
      let cursor: string | null = null;
      do {
        const page: Page<Document> = await records.listDocuments({
          appId,
          dialect,
          kind: reserves.kind,
          page: { limit: 200, cursor },
        });
        if (page.rows.some(({ value }) => reserves.nameIn(value) === device)) {
          const objection = reserves.objection(line);
          if (objection !== undefined) throw invalid('body.device', objection);
          return id;
        }
        cursor = page.next;
      } while (cursor !== null);
    }
    throw invalid('body.device', 'no client of this app has made such a device');
  }

  return {
    ...keyAdministration({ ...parts, dialectOf }),
    ...endpointAdministration({ ...parts, dialectOf }),
    checkDialect: (name) => void dialectOf(name),

    async createConnection({ carrier: carrierName, name, verify, ...given }) {
      const { settings, secrets } = carrierOf(carrierName).readConnection(given);
      const trial = trialOf(verify, {}, clock.now());
      return records.createConnection({
        now: clock.now(),
        carrier: carrierName,
        name,
        settings: { ...settings, ...trial },
        sealed: sealer.seal(secrets),
      });
    },

    async updateConnection(id, { name, verify, ...given }) {
      const connection = found(await records.connection({ id }));
      const { verify: _, verify_until: __, ...settings } = connection.settings;
      const trial = trialOf(verify, connection.settings, clock.now());
      const opened = readable(() => openConnection(connection, sealer).account);
      const account = opened && { ...opened, settings };
      const { readConnection } = carrierOf(connection.carrier);
      const changed = Object.keys(given).length > 0;
      const anew = () => readConnection({ ...settings, ...given });
      const read = changed ? (account === undefined ? anew() : readConnection(given, account)) : undefined;
      const updated = await records.updateConnection({
        id,
        set: {
          ...(name !== undefined && { name }),
          settings: { ...(read?.settings ?? settings), ...trial },
          ...(read && { sealed: sealer.seal(read.secrets) }),
        },
      });
      parts.accounts.forget(id);
      parts.onWork();
      return found(updated);
    },

    async deleteConnection(id) {
      const result = await records.deleteConnection({ id, now: clock.now() });
      parts.accounts.forget(id);
      if (result === 'absent') throw new Fault('not_found');
      if (result === 'in_use') throw new Fault('connection_in_use');
    },

    async createChannel(reach, { app_id, connection_id, address: givenAddress, display, device, ...given }) {
      const connection = await records.connection({ id: connection_id });
      if (connection === undefined) throw invalid('body.connection_id', 'there is no such connection');
      const address = foreignId(givenAddress);
      if (address === undefined) throw invalid('body.address', '1 to 512 bytes without control characters');
      const app = await appOf(reach, app_id).catch(() => {
        throw invalid('body.app_id', 'there is no such app');
      });
      const line = { carrier: connection.carrier, address };
      const id = device === undefined ? undefined : await reserved(app.id, device, line);
      const { secrets } = carrierOf(connection.carrier).readChannel(given);
      const made = await records.createChannel({
        now: clock.now(),
        appId: app_id,
        connectionId: connection.id,
        address,
        display: display ?? address,
        sealed: sealer.seal(secrets),
        ...(id && { id }),
      });
      switch (made.is) {
        case 'created':
          return made.channel;
        case 'taken':
          throw new Fault('name_taken', {
            detail: 'body.address: another live channel of this connection has it',
            problems: [{ field: 'body.address', message: 'another live channel of this connection has it' }],
          });
        case 'absent':
          throw invalid(`body.${made.what}_id`, `there is no such ${made.what}`);
      }
    },

    async updateChannel(reach, id, { display, ...given }) {
      const channel = found(await records.channel({ reach, id }));
      const changed = Object.keys(given).length > 0;
      const before = readable(() => sealer.open(channel.sealed));
      const read = changed ? carrierOf(channel.carrier).readChannel(given, before) : undefined;
      const updated = await records.updateChannel({
        reach,
        id,
        now: clock.now(),
        set: { ...(display !== undefined && { display }), ...(read && { sealed: sealer.seal(read.secrets) }) },
      });
      parts.onWork();
      return found(updated);
    },
  };
}

/** How webhooks are verified: a trial runs for its time from when it was asked for, and asking again does not prolong it. */
function trialOf(given: unknown, before: JsonObject, now: Millis): JsonObject {
  const runs = isOnTrial(before, now);
  if (given === undefined ? runs : given === 'report' && runs) {
    return { verify: 'report', verify_until: before['verify_until'] ?? null };
  }
  if (given === undefined || given === 'enforce') return {};
  if (given !== 'report') throw invalid('body.verify', 'must be enforce or report');
  return { verify: 'report', verify_until: new Date(now + trialMs).toISOString() };
}

/** What is sealed under a key that is lost cannot be changed, only given anew as a whole: undefined. */
function readable<Opened>(open: () => Opened): Opened | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof Fault && error.code === 'secrets_unreadable') return undefined;
    throw error;
  }
}

function found<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Fault('not_found');
  return thing;
}
