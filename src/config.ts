// Settings: a table of rows, read once from the environment and passed in. The name of a row follows from its key
// (publicUrl: MEDIADOCK_PUBLIC_URL). A default is written as a person would write the setting, and read the same way.
// All problems are reported together, and nothing secret is ever repeated in one.
// docs/config.md lists the same rows; a test holds the two together.

import { join } from 'node:path';
import {
  bytes,
  failpoint,
  type Kind,
  key32,
  listOf,
  oneOf,
  percent,
  postgresUrl,
  range,
  text,
  visible,
  webUrl,
  whole,
} from './setting-kinds.ts';

const prefix = 'MEDIADOCK_';

type Setting<Value> = {
  kind: Kind<Value>;
  /** undefined: without a default; the value is then undefined. */
  fallback: string | undefined;
  description: string;
  /** Never shown; may be given as the name of a file in {name}_FILE. */
  secret: boolean;
  /** File in the data folder into which the gateway makes it where none is given. */
  madeInto?: string;
};

const setting = <Value>(kind: Kind<Value>, fallback: string, description: string): Setting<Value> => ({
  kind,
  fallback,
  description,
  secret: false,
});
const optional = <Value>(kind: Kind<Value>, description: string): Setting<Value | undefined> => ({
  kind: { ...kind, show: (value) => (value === undefined ? '' : kind.show(value)) },
  fallback: undefined,
  description,
  secret: false,
});

const hour = 3600;
const day = 24 * hour;

export const settings = {
  host: setting(text, '127.0.0.1', 'Address to listen on; 0.0.0.0 or :: for all.'),
  port: setting(whole(0, 65_535), '8080', 'TCP port to listen on; 0 takes any free one.'),
  publicUrl: optional(
    webUrl,
    'Address under which carriers and applications reach this server; stands in links and intake URLs. Default: the address that it listens on.',
  ),
  dataDir: setting(text, './data', 'Folder of the database, the files and the keys that were made here.'),
  databaseUrl: {
    ...optional(
      postgresUrl,
      'The PostgreSQL database (14 or later) that holds the records. Default: a SQLite file in the data folder.',
    ),
    secret: true,
  },
  databaseDirectUrl: {
    ...optional(
      postgresUrl,
      'The same database without a pooler between, for migrations; says that there is a pooler, so that no statement is kept prepared. Default: MEDIADOCK_DATABASE_URL.',
    ),
    secret: true,
  },
  adminKey: {
    ...optional(
      visible(16),
      "The administrator's key. Default: made at the first start, into `admin.key` in the data folder.",
    ),
    secret: true,
    madeInto: 'admin.key',
  },
  secretKey: {
    ...optional(
      key32,
      'Key that seals the credentials of carriers and signs links. Default: made at the first start, into `secret.key` in the data folder.',
    ),
    secret: true,
    madeInto: 'secret.key',
  },
  previousSecretKeys: {
    ...setting(listOf(key32), '', 'Former secret keys, while what they sealed and signed is still about.'),
    secret: true,
  },
  metricsToken: {
    ...optional(
      visible(16),
      'Opens /metrics and nothing else, for Prometheus. Default: only keys that may read the whole instance open it.',
    ),
    secret: true,
  },
  allowPrivateNetworks: setting(
    listOf(range),
    '',
    'Networks that are not public and that requests may go to all the same, over http too.',
  ),
  logLevel: setting(oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'), 'info', 'How much the log tells.'),
  sandbox: setting(
    oneOf('auto', 'on', 'off'),
    'auto',
    'The simulated carrier; auto: until a first connection to a real one exists.',
  ),

  captures: setting(whole(1, 1000), '16', 'Files fetched from carriers at the same time.'),
  capturesPerChannel: setting(whole(1, 1000), '8', 'Of them, at most so many for one channel.'),
  capturesPerFailingChannel: setting(
    whole(1, 1000),
    '4',
    'Of them, at most so many for a channel whose captures fail.',
  ),
  deliveries: setting(whole(1, 1000), '64', 'Webhooks sent to applications at the same time.'),
  deliveriesPerEndpoint: setting(whole(1, 1000), '8', 'Of them, at most so many to one endpoint.'),
  backlogPerSecond: setting(
    whole(0, 100_000),
    '25',
    'While others are served promptly, channels with a backlog fetch about so many files a second and processor, and endpoints with one get about so many webhooks. 0: as many as they can.',
  ),

  connectTimeoutSeconds: setting(whole(1, 300), '5', 'Limit for name look-up, connection and TLS together.'),
  headersTimeoutSeconds: setting(whole(1, 300), '10', "Limit until a carrier's answer begins."),
  stallSeconds: setting(
    whole(1, hour),
    '30',
    'A download that brings nothing for so long is broken off and tried again.',
  ),
  minBytesPerSecond: setting(bytes('0'), '16KiB', 'Likewise one that is slower than this over 60 seconds.'),
  deliveryTimeoutSeconds: optional(
    whole(1, 300),
    "Limit for one webhook, the reading of its answer included. Default: what the endpoint's dialect says; native: 15.",
  ),

  intakeBodyBytes: setting(bytes('1KiB'), '4MiB', 'Largest webhook that is accepted.'),
  jsonBodyBytes: setting(bytes('1KiB'), '1MiB', 'Largest JSON body that the API accepts.'),
  headerBytes: setting(bytes('4KiB'), '16KiB', 'Largest headers of a request, all together.'),
  mediaBytes: setting(bytes('1KiB'), '100MiB', 'Largest file of a carrier that is kept.'),
  uploadBytes: setting(bytes('1KiB'), '100MiB', 'Largest file that an application may upload.'),
  recentFilesBytes: setting(
    bytes('0'),
    '32MiB',
    'Memory for files of up to 256 KiB that were just captured, because most are fetched moments later; 0: none.',
  ),
  ratePerMinute: setting(
    whole(0, 10_000_000),
    '1000',
    "Requests that a key may make in a minute; 0: any number, and any number of wrong keys. The administrator's key is not counted.",
  ),
  rateBurstPerSecond: setting(whole(0, 1_000_000), '50', 'Of them, at most so many in a second; 0: any number.'),
  intakeQueueBytes: setting(
    bytes('1MiB'),
    '64MiB',
    'Webhooks that may wait for the database, in bytes; beyond it carriers are told to send again.',
  ),
  intakeQueueRequests: setting(whole(1, 1_000_000), '10000', 'Likewise, in requests.'),
  captureMinFreePercent: setting(percent, '5', 'Captures rest while less of the storage is free.'),
  intakeMinFreePercent: setting(percent, '2', 'Webhooks are refused with 503 while less of the storage is free.'),

  mediaRetentionDays: setting(
    whole(1, 36_500),
    '90',
    'Days that files are kept where neither app nor organization says otherwise.',
  ),
  linkSeconds: setting(whole(1, 365 * day), `${hour}`, 'Life of a link to a file.'),
  deliverWithinSeconds: setting(
    whole(0, 7 * day),
    '300',
    'How long a message waits for its files before it is delivered without them.',
  ),
  holdLimitSeconds: setting(
    whole(0, 7 * day),
    `${hour}`,
    'Likewise in dialects that cannot deliver a message without its files.',
  ),
  journalDays: setting(whole(1, 3650), '7', 'Days that webhooks are kept as they came.'),
  openJournalDays: setting(
    whole(1, 3650),
    '30',
    'Likewise those with something in them that no channel claims or that could not be read.',
  ),
  eventDays: setting(whole(1, 3650), '30', 'Days that events, deliveries and attempts are kept.'),
  messageDays: setting(whole(1, 36_500), '400', 'Days that messages and what is known of their files are kept.'),

  failpoints: setting(
    listOf(failpoint),
    '',
    'Where the server kills itself, for tests of crashes; refused without MEDIADOCK_FAILPOINTS_ALLOWED.',
  ),
  failpointsAllowed: setting(oneOf('0', '1'), '0', 'Whether MEDIADOCK_FAILPOINTS may be set; 1 never in production.'),
};

/** Names that only the commands read, so that both kinds may stand in one environment. */
export const clientSettings = {
  MEDIADOCK_URL:
    'Address of the server that the commands speak to. Default: MEDIADOCK_PUBLIC_URL, else http://127.0.0.1 with MEDIADOCK_PORT.',
  MEDIADOCK_KEY:
    'Key that the commands show. Default: MEDIADOCK_ADMIN_KEY, else the file `admin.key` in the data folder.',
} as const;

type Settings = typeof settings;
export type SettingKey = keyof Settings;

/** Every setting under its key: sizes in bytes, times in the unit of the name, `undefined` where there is no default. */
export type Config = { [Key in SettingKey]: Settings[Key] extends Setting<infer Value> ? Value : never };

/** One line for each thing that is wrong, beginning with the setting's name. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `${problems.length === 1 ? 'a setting is' : `${problems.length} settings are`} wrong:\n${problems.join('\n')}`,
    );
    this.problems = problems;
  }
}

export type Env = Readonly<Record<string, string | undefined>>;

/** The environment variable of a setting. */
export const nameOf = (key: string): string => prefix + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

const rows: [SettingKey, Setting<unknown>][] = Object.entries(settings) as [SettingKey, Setting<unknown>][];
const secretFiles = rows.filter(([, { secret }]) => secret).map(([key]) => `${nameOf(key)}_FILE`);
const knownNames = [...rows.map(([key]) => nameOf(key)), ...secretFiles, ...Object.keys(clientSettings)];

/**
 * Reads all settings. A blank one counts as not given.
 * @param readFile gives the text of a file, for secrets given as {name}_FILE; what it throws becomes a problem
 * @throws ConfigError with every problem there is, unknown names included
 */
export function readConfig(env: Env, readFile: (path: string) => string): Config {
  const problems: string[] = [];
  const values = rows.map(([key, row]) => [key, readSetting(nameOf(key), row, env, readFile, problems)] as const);
  for (const name of Object.keys(env)) {
    if (name.startsWith(prefix) && !knownNames.includes(name)) problems.push(unknown(name));
  }
  const config = Object.fromEntries(values) as Config;
  if (config.failpoints?.length > 0 && config.failpointsAllowed !== '1') {
    problems.push(
      `${nameOf('failpoints')}: it would make the server kill itself; where that is meant, set ${nameOf('failpointsAllowed')}=1 beside it`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function readSetting(
  name: string,
  row: Setting<unknown>,
  env: Env,
  readFile: (path: string) => string,
  problems: string[],
) {
  const file = row.secret ? env[`${name}_FILE`]?.trim() || undefined : undefined;
  let given = env[name]?.trim() || undefined;
  if (file !== undefined && given !== undefined) {
    problems.push(`${name}: given twice, as ${name} and as ${name}_FILE`);
    return undefined;
  }
  if (file !== undefined) {
    try {
      given = readFile(file).trim();
    } catch (error) {
      problems.push(
        `${name}_FILE: ${JSON.stringify(file)} cannot be read (${error instanceof Error ? error.message : String(error)})`,
      );
      return undefined;
    }
  }
  const source = given ?? row.fallback;
  if (source === undefined) return undefined;
  const value = row.kind.read(source);
  if (value === undefined) {
    const what = row.secret ? 'what was given is something else' : `not ${JSON.stringify(source.slice(0, 100))}`;
    problems.push(`${name}: expected ${row.kind.expects}; ${what}`);
  }
  return value;
}

function unknown(name: string): string {
  const [nearest] = knownNames
    .map((known) => ({ known, distance: editDistance(name, known) }))
    .sort((left, right) => left.distance - right.distance);
  // Half of the letters may be wrong, but not more than four.
  const near = Math.min(4, (name.length - prefix.length) / 2);
  const hint = nearest !== undefined && nearest.distance <= near ? `; did you mean ${nearest.known}?` : '';
  return `${name}: there is no such setting${hint}`;
}

/** Levenshtein's: how many letters must be added, dropped or changed. */
function editDistance(left: string, right: string): number {
  let former = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (const [row, letter] of [...left].entries()) {
    const next = [row + 1];
    for (const [at, other] of [...right].entries()) {
      const changed = (former[at] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (former[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    former = next;
  }
  return former.at(-1) ?? 0;
}

export type DescribedSetting = { name: string; value: unknown; shown: string; isDefault: boolean; description: string };

/**
 * What is in force, for people and programs. `value` is the plain value and `shown` its text; of a secret both say
 * only `set`, `unset` or the file into which it is made.
 */
export function describe(config: Config): DescribedSetting[] {
  return rows.map(([key, row]) => {
    const value: unknown = config[key];
    const standard = row.fallback === undefined ? undefined : row.kind.read(row.fallback);
    const isDefault = JSON.stringify(value) === JSON.stringify(standard);
    const masked = isDefault
      ? row.madeInto === undefined
        ? 'unset'
        : `made into ${join(config.dataDir, row.madeInto)}`
      : 'set';
    return {
      name: nameOf(key),
      value: row.secret ? masked : (value ?? null),
      shown: row.secret ? masked : row.kind.show(value),
      isDefault,
      description: row.description,
    };
  });
}
