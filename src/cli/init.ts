// The first set-up of an app at a running server: app, webhook, number and key in one go. Everything is asked for before
// anything is made. What is there already is used as it is, so a set-up that broke off can be run again.

import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { JsonObject } from '../core/json.ts';
import { type Api, pathOf } from './api.ts';
import { askerAt } from './ask.ts';
import { isTaken, writeEnvFile } from './env-file.ts';
import { resumable, UsageError } from './failures.ts';
import { valueReader } from './given.ts';
import { listIn, textOf } from './readable.ts';
import { type Bind, examples, type Session, said } from './session.ts';
import type { Column } from './table.ts';

const carrier = 'whatsapp-cloud';

export function addInit(program: Command, bind: Bind): void {
  const command = program
    .command('init')
    .description('set up an app with its webhook, its number and a key; asks for what is not given')
    .option('--app <name>', 'what the app is called')
    .option('--webhook-url <url>', 'where it hears of messages')
    .option('--phone-number-id <id>', "WhatsApp's id of its number")
    .option('--display <number>', 'the number itself, with +')
    .option('--access-token <secret>', 'fetches files, or @file, or - for standard input')
    .option('--connection <name>', 'what the account at WhatsApp is called here', 'WhatsApp')
    .option('--app-secret <secret>', 'verifies webhooks, or @file, or - for standard input')
    .option('--verify-token <secret>', "answers WhatsApp's handshake; made if not given")
    .option('--env-file <path>', 'new file for the key and the secrets', 'mediadock.env');
  bind(command, (session) =>
    resumable(
      () => 'mediadock init',
      () => init(session),
    ),
  ).addHelpText(
    'after',
    examples(
      'init',
      'init --app claims --webhook-url https://claims.example/hooks',
      'init --app claims --phone-number-id 106540352242922 --access-token @token.txt --app-secret @secret.txt',
    ),
  );
}

async function init(session: Session): Promise<void> {
  const { api, out, options } = session;
  const envFile = said(options, 'envFile') ?? '';
  if (await isTaken(envFile)) {
    throw new UsageError(`${envFile} is there already and is not overwritten: name another with --env-file`);
  }
  // Asked first, so that nobody answers questions for a server that is not there.
  const there = {
    apps: await allOf(api, '/apps'),
    connections: (await allOf(api, '/connections')).filter((one) => one['carrier'] === carrier),
    channels: await allOf(api, '/channels'),
  };
  const wishes = await wishesOf(session, there);
  const made: JsonObject[] = [];

  /** Uses what is there, else makes it. */
  async function have(
    what: string,
    name: string,
    known: JsonObject | undefined,
    path: string,
    body: JsonObject,
  ): Promise<JsonObject> {
    const thing = known ?? (await api.call('POST', path, { body }));
    made.push({ what, id: thing['id'] ?? null, name, new: known === undefined });
    return thing;
  }

  const { app: name, webhookUrl, number } = wishes;
  const app = await have(
    'app',
    name,
    there.apps.find((one) => one['name'] === name),
    '/apps',
    { name },
  );
  const under = pathOf('apps', textOf(app['id']));
  const secrets: Record<string, string> = {};

  if (webhookUrl !== '') {
    const known = (await allOf(api, `${under}/endpoints`)).find(({ url }) => url === webhookUrl);
    const endpoint = await have('endpoint', webhookUrl, known, `${under}/endpoints`, { url: webhookUrl });
    if (typeof endpoint['secret'] === 'string') secrets['WEBHOOK_SECRET'] = endpoint['secret'];
  }

  const intake: { url: string | null; verifyToken: string | null } = { url: null, verifyToken: null };
  if (number !== undefined) {
    const { phoneNumberId, display, accessToken, appSecret, verifyToken, connection: known, channel } = number;
    const title = said(options, 'connection') ?? '';
    const account = { carrier, name: title, app_secret: appSecret, verify_token: verifyToken };
    const connection = await have('connection', title, known, '/connections', account);
    await have('channel', display || phoneNumberId, channel, '/channels', {
      app_id: textOf(app['id']),
      connection_id: textOf(connection['id']),
      address: phoneNumberId,
      access_token: accessToken,
      ...(display !== '' && { display }),
    });
    intake.url = textOf(connection['intake_url']);
    if (known === undefined) {
      intake.verifyToken = verifyToken;
      secrets['VERIFY_TOKEN'] = verifyToken;
    }
  }

  // Last, so that a set-up which breaks off leaves no key behind that nobody has.
  const permissions = ['read', 'send', 'manage'];
  const key = await have('key', envFile, undefined, `${under}/keys`, { name: 'init', permissions });
  await writeEnvFile(envFile, { MEDIADOCK_URL: api.url, MEDIADOCK_KEY: textOf(key['key']), ...secrets });
  const document = { made, env_file: envFile, intake_url: intake.url, verify_token: intake.verifyToken };
  out.result(document, () =>
    [out.table(made, columns), '', ...nextSteps(envFile, intake).map((line) => out.wrap(line))].join('\n'),
  );
}

type There = { apps: JsonObject[]; connections: JsonObject[]; channels: JsonObject[] };
type NumberWish = {
  phoneNumberId: string;
  display: string;
  accessToken: string;
  appSecret: string;
  verifyToken: string;
  connection: JsonObject | undefined;
  channel: JsonObject | undefined;
};
type Wishes = { app: string; webhookUrl: string; number: NumberWish | undefined };

/** What the options say, and where somebody is there to be asked what they leave open. */
async function wishesOf({ options, world }: Session, there: There): Promise<Wishes> {
  const asker = askerAt(world);
  const read = valueReader(world.stdin);
  const wish = async (name: string, question: string, otherwise = ''): Promise<string> =>
    said(options, name) ?? (await asker?.ask(question, { otherwise })) ?? otherwise;
  const secret = async (name: string, flag: string, question: string): Promise<string> => {
    const typed = said(options, name);
    const value = typed === undefined ? await asker?.ask(question, { secret: true }) : await read(typed, flag);
    if (!value) throw new UsageError(`a number needs ${flag}`);
    return value;
  };

  async function number(): Promise<NumberWish | undefined> {
    const phoneNumberId = await wish('phoneNumberId', 'Phone number id at WhatsApp (empty: later)');
    if (phoneNumberId === '') return undefined;
    const connection = there.connections.find(({ name }) => name === said(options, 'connection'));
    const channel = there.channels.find(
      (one) => one['connection_id'] === connection?.['id'] && one['address'] === phoneNumberId,
    );
    const given = said(options, 'verifyToken');
    return {
      phoneNumberId,
      connection,
      channel,
      display: await wish('display', 'The number itself, with +'),
      accessToken: channel === undefined ? await secret('accessToken', '--access-token', 'Access token') : '',
      appSecret: connection === undefined ? await secret('appSecret', '--app-secret', 'App secret') : '',
      verifyToken: given === undefined ? randomBytes(18).toString('base64url') : await read(given, '--verify-token'),
    };
  }

  try {
    return {
      app: await wish('app', 'Name of the app', 'default'),
      webhookUrl: await wish('webhookUrl', 'Where it hears of messages: an https address (empty: later)'),
      number: await number(),
    };
  } finally {
    asker?.close();
  }
}

/** Every row of a list that people keep short. */
async function allOf(api: Api, path: string): Promise<JsonObject[]> {
  const rows: JsonObject[] = [];
  for (let cursor: string | undefined, more = true; more; ) {
    const page = await api.call('GET', path, { query: { limit: '200', cursor } });
    rows.push(...listIn(page));
    cursor = typeof page['next'] === 'string' ? page['next'] : undefined;
    more = cursor !== undefined;
  }
  return rows;
}

const columns: Column[] = [
  { head: 'WHAT', of: ({ what }) => textOf(what) },
  { head: 'ID', of: ({ id }) => textOf(id) },
  { head: 'NAME', of: ({ name }) => textOf(name), flexible: true },
  { head: 'IT WAS', of: (row) => (row['new'] === true ? 'made' : 'there already') },
];

function nextSteps(
  envFile: string,
  { url, verifyToken }: { url: string | null; verifyToken: string | null },
): string[] {
  const lines = [
    `The key and the secrets are in ${envFile}, for you alone. Use them here with:  set -a; . ./${envFile}`,
  ];
  if (url !== null && verifyToken !== null) {
    lines.push(
      'Enter at Meta under WhatsApp → Configuration, then subscribe to the field messages:',
      `  callback URL  ${url}`,
      `  verify token  ${verifyToken}`,
    );
  }
  lines.push(
    url === null
      ? 'A number is added by running it again with another --env-file, or by: mediadock channels create'
      : 'See whether all is well: mediadock doctor. Watch what arrives: mediadock listen',
  );
  return lines;
}
