// Setting up keys, connections, channels and endpoints: what must be checked, minted or sealed before it is recorded.
// Secrets are given once, sealed, and never come back.

import type { Carrier, Carriers } from '../core/carrier.ts';
import type { Dialect, Dialects } from '../core/dialect.ts';
import { Fault, invalid } from '../core/faults.ts';
import type { Clock } from '../core/ids.ts';
import { newSecret, newWebhookSecret } from '../core/keys.ts';
import type { App, Channel, Connection, Endpoint, EventType, Key, Mode, Permission, Reach } from '../core/model.ts';
import type { Records } from '../core/records.ts';
import type { Requester } from '../core/requester.ts';
import type { Sealer } from '../core/sealing.ts';
import { foreignId } from '../core/text.ts';
import { headerObjection, secretObjection } from '../core/transport.ts';
import { type Accounts, openConnection } from './accounts.ts';
import { openEndpoint, rotated, sealEndpoint } from './endpoint-secrets.ts';

type Given = Readonly<Record<string, unknown>>;

export type NewEndpoint = {
  url: string;
  dialect?: string | undefined;
  headers?: Record<string, string> | undefined;
  events?: EventType[] | undefined;
  secret?: string | undefined;
};

export type EndpointChange = {
  url?: string | undefined;
  dialect?: string | undefined;
  headers?: Record<string, string> | undefined;
  /** null: all events again. */
  events?: EventType[] | null | undefined;
  state?: 'active' | 'paused' | undefined;
};

export type Administration = {
  /** @throws Fault invalid_request naming body.dialect */
  checkDialect(name: string): void;
  /** @throws Fault not_found when the app is out of reach */
  createKey(
    reach: Reach,
    appId: string,
    given: {
      name?: string | undefined;
      dialect?: string | undefined;
      permissions?: Permission[] | undefined;
      mode?: Mode | undefined;
    },
  ): Promise<{ key: Key; secret: string }>;
  /** `given` holds the carrier's own settings beside `carrier` and `name`. */
  createConnection(given: Given & { carrier: string; name: string }): Promise<Connection>;
  updateConnection(id: string, given: Given & { name?: string | undefined }): Promise<Connection>;
  /** Its intake URL is unknown from then on. @throws Fault not_found, connection_in_use while it has live channels */
  deleteConnection(id: string): Promise<void>;
  createChannel(
    reach: Reach,
    given: Given & { app_id: string; connection_id: string; address: string; display?: string | undefined },
  ): Promise<Channel>;
  updateChannel(reach: Reach, id: string, given: Given & { display?: string | undefined }): Promise<Channel>;
  createEndpoint(reach: Reach, appId: string, given: NewEndpoint): Promise<{ endpoint: Endpoint; secret: string }>;
  updateEndpoint(reach: Reach, appId: string, id: string, given: EndpointChange): Promise<Endpoint>;
  /** A new signing secret; the former one signs beside it for `overlapSeconds`. */
  rotateSecret(
    reach: Reach,
    appId: string,
    id: string,
    overlapSeconds: number,
  ): Promise<{ endpoint: Endpoint; secret: string }>;
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

  const checkUrl = (url: string): void => {
    const objection = parts.requester.objection(url);
    if (objection !== undefined) throw invalid('body.url', objection);
  };

  const checkHeaders = (headers: Record<string, string>): void => {
    for (const [name, value] of Object.entries(headers)) {
      const objection = headerObjection(name, value);
      if (objection !== undefined) throw invalid(`body.headers.${name}`, objection);
    }
  };

  return {
    checkDialect: (name) => void dialectOf(name),

    async createKey(reach, appId, given) {
      const app = await appOf(reach, appId);
      const dialect = dialectOf(given.dialect ?? app.dialect);
      const mode = given.mode ?? 'live';
      const { secret, hash } = newSecret(dialect.keyPrefix(mode));
      const key = await records.createKey({
        now: clock.now(),
        hash,
        name: given.name ?? '',
        reach: { kind: 'app', appId: app.id },
        permissions: given.permissions ?? ['read', 'send', 'manage'],
        mode,
        dialect: dialect.name,
      });
      return { key, secret };
    },

    async createConnection({ carrier: carrierName, name, ...given }) {
      const { settings, secrets } = carrierOf(carrierName).readConnection(given);
      return records.createConnection({
        now: clock.now(),
        carrier: carrierName,
        name,
        settings,
        sealed: sealer.seal(secrets),
      });
    },

    async updateConnection(id, { name, ...given }) {
      const connection = found(await records.connection({ id }));
      const account = readable(() => openConnection(connection, sealer).account);
      const { readConnection } = carrierOf(connection.carrier);
      const changed = Object.keys(given).length > 0;
      const anew = () => readConnection({ ...connection.settings, ...given });
      const read = changed ? (account === undefined ? anew() : readConnection(given, account)) : undefined;
      const updated = await records.updateConnection({
        id,
        set: {
          ...(name !== undefined && { name }),
          ...(read && { settings: read.settings, sealed: sealer.seal(read.secrets) }),
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

    async createChannel(reach, { app_id, connection_id, address: givenAddress, display, ...given }) {
      const connection = await records.connection({ id: connection_id });
      if (connection === undefined) throw invalid('body.connection_id', 'there is no such connection');
      const address = foreignId(givenAddress);
      if (address === undefined) throw invalid('body.address', '1 to 512 bytes without control characters');
      await appOf(reach, app_id).catch(() => {
        throw invalid('body.app_id', 'there is no such app');
      });
      const { secrets } = carrierOf(connection.carrier).readChannel(given);
      const made = await records.createChannel({
        now: clock.now(),
        appId: app_id,
        connectionId: connection.id,
        address,
        display: display ?? address,
        sealed: sealer.seal(secrets),
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

    async createEndpoint(reach, appId, given) {
      const app = await appOf(reach, appId);
      checkUrl(given.url);
      checkHeaders(given.headers ?? {});
      const secret = given.secret ?? newWebhookSecret();
      const objection = secretObjection(secret);
      if (objection !== undefined) throw invalid('body.secret', objection);
      const endpoint = await records.createEndpoint({
        now: clock.now(),
        reach,
        appId: app.id,
        url: given.url,
        dialect: dialectOf(given.dialect ?? app.dialect).name,
        events: given.events ?? null,
        sealed: sealEndpoint({ secrets: [{ value: secret, until: null }], headers: given.headers ?? {} }, sealer),
      });
      return { endpoint: found(endpoint), secret };
    },

    async updateEndpoint(reach, appId, id, { headers, ...given }) {
      const endpoint = found(await records.endpoint({ reach, appId, id }));
      if (given.url !== undefined) checkUrl(given.url);
      if (given.dialect !== undefined) dialectOf(given.dialect);
      checkHeaders(headers ?? {});
      const updated = await records.updateEndpoint({
        reach,
        appId,
        id,
        now: clock.now(),
        set: {
          ...(given.url !== undefined && { url: given.url }),
          ...(given.dialect !== undefined && { dialect: given.dialect }),
          ...(given.events !== undefined && { events: given.events }),
          ...(given.state !== undefined && { state: given.state }),
          ...(headers !== undefined && {
            sealed: sealEndpoint({ ...openEndpoint(endpoint, sealer), headers }, sealer),
          }),
        },
      });
      parts.onWork();
      return found(updated);
    },

    async rotateSecret(reach, appId, id, overlapSeconds) {
      const endpoint = found(await records.endpoint({ reach, appId, id }));
      const now = clock.now();
      const { secrets, headers } = openEndpoint(endpoint, sealer);
      const secret = newWebhookSecret();
      const sealed = sealEndpoint({ secrets: rotated(secrets, secret, now, overlapSeconds * 1000), headers }, sealer);
      const updated = await records.updateEndpoint({ reach, appId, id, now, set: { sealed } });
      return { endpoint: found(updated), secret };
    },
  };
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
