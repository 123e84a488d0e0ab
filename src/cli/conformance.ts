// Whether a server, ours or the vendor's, does what clients of a dialect rely on: the checks of the dialect one after the other,
// over real HTTP. What a check needs and nobody gave is reported as not run.

import { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { CheckResult, Need, Target } from '../conformance/target.ts';
import type { SandboxMessage } from '../core/sandbox-desk.ts';
import { type Api, apiClient, isConnectionError } from './api.ts';
import { Unreachable, UsageError } from './failures.ts';
import { textOf } from './readable.ts';
import { serverOf } from './server.ts';
import { type Bind, examples, type Options, type Session, said } from './session.ts';

const webhookMs = 30_000;
const indent = ' '.repeat(9);

export function addConformance(program: Command, bind: Bind): void {
  const command = program
    .command('conformance <dialect> [address]')
    .description('check that a server does what clients of a dialect rely on')
    .option('--media <id>', 'a stored file of the key, by its name in the dialect')
    .option('--other-key <key>', 'a key of another app')
    .option('--test-key <key>', 'a key of mode test, where the dialect has such')
    .option('--organization-key <key>', "a key of the app's organization, where the dialect has such")
    .option('--login <user:password>', 'a user of the app, where the dialect has such')
    .option('--inject <from>', 'sandbox: send messages through the simulated carrier of a mediadock')
    .option('--admin-key <key>', 'for --inject (default: MEDIADOCK_ADMIN_KEY, admin.key in the data folder)')
    .option(
      '--receiver <where>',
      'hear webhooks: a port of this machine, or the address at which the server reaches it',
    )
    .option('--receiver-port <port>', "the port behind that address (default: the address's own)")
    .option('--secret <text>', 'what webhooks to the receiver are signed with');
  bind(command, check).addHelpText(
    'after',
    examples(
      'conformance chirp --key sk_live_app_…',
      'conformance qlara https://dock.example --key qlk_live_… --media mk_…',
      'conformance chirp --key sk_live_app_… --inject sandbox --receiver 9000',
    ),
  );
}

async function check(session: Session): Promise<void> {
  const { out, world, args, server } = session;
  const { suites } = await import('../conformance/registry.ts');
  const [dialect = '', address] = args;
  const checks = suites.get(dialect);
  if (checks === undefined) throw new UsageError(`there are checks for ${[...suites.keys()].join(', ')} only`);
  const url = address === undefined ? server.url : serverOf({ url: address, key: server.key }, world.env).url;

  const results: CheckResult[] = [];
  await using closing = new AsyncDisposableStack();
  const target = await targetOf(session, url, closing);
  const { runChecks } = await import('../conformance/target.ts');
  for await (const result of runChecks(checks, target)) {
    world.signal.throwIfAborted();
    if (results.length === 0 && result.is === 'failed' && isConnectionError(result.error.cause))
      throw new Unreachable(url, result.error.cause);
    results.push(result);
  }

  const many = (is: CheckResult['is']) => results.filter((result) => result.is === is).length;
  const [passed, failed, notRun] = [many('passed'), many('failed'), many('not_run')];
  out.result({ dialect, url, passed, failed, not_run: notRun, checks: results.map(documentOf) }, () =>
    results.flatMap((result) => linesOf(result).map((line) => out.wrap(line, indent))).join('\n'),
  );
  out.note(`${passed} passed, ${failed} failed, ${notRun} not run`);
  if (failed > 0) throw new Error(`${failed} of ${results.length} checks failed`);
}

/** @param closing takes what must be closed when the checks are over */
async function targetOf(session: Session, url: string, closing: AsyncDisposableStack): Promise<Target> {
  const { options, server } = session;
  const from = said(options, 'inject');
  if (from !== undefined && from !== 'sandbox') throw new UsageError('--inject: only sandbox is known');
  return {
    url,
    key: server.key,
    media: said(options, 'media'),
    otherKey: said(options, 'otherKey'),
    testKey: said(options, 'testKey'),
    organizationKey: said(options, 'organizationKey'),
    login: loginOf(said(options, 'login')),
    secret: said(options, 'secret'),
    inject: from === undefined ? undefined : injector(session, url, closing),
    receiver: await receiverOf(session, closing),
  };
}

function loginOf(text: string | undefined): Target['login'] {
  if (text === undefined) return undefined;
  const [, name, password] = /^([^:]+):(.+)$/s.exec(text) ?? [];
  if (name === undefined || password === undefined)
    throw new UsageError('--login: expected a name, a colon, a password');
  return { name, password };
}

/** Through the sandbox of the mediadock behind the address, whose own routes lie at its root. */
function injector(
  { options, world, userAgent }: Session,
  url: string,
  closing: AsyncDisposableStack,
): NonNullable<Target['inject']> {
  const { MEDIADOCK_KEY, ...env } = world.env;
  const root = url.replace(/\/a\/[^/]+$/, '');
  const api = apiClient(serverOf({ url: root, key: said(options, 'adminKey') }, env), world, userAgent);
  closing.defer(() => api.close());
  return async (message) => ({ carrierMessageId: await post(api, message) });
}

async function post(api: Api, { from, name, caption, text, fileName, type, body }: SandboxMessage): Promise<string> {
  const query = { from, name, caption, text, file_name: fileName };
  // The files of checks are small, and the server wants to know their size.
  const bytes = body && Buffer.concat(await Array.fromAsync(body));
  const answer =
    bytes === undefined
      ? await api.call('POST', '/sandbox/messages', { query })
      : await api.upload('/sandbox/messages', query, {
          body: Readable.from([bytes]),
          type: type ?? 'application/octet-stream',
          size: bytes.length,
        });
  return textOf(answer['carrier_message_id']);
}

async function receiverOf({ options, world }: Session, closing: AsyncDisposableStack): Promise<Target['receiver']> {
  const place = placeOf(options);
  if (place === undefined) return undefined;
  const { startReceiver } = await import('../sandbox/receiver.ts');
  const receiver = await startReceiver({ clock: world, host: place.host, port: place.port });
  closing.defer(() => receiver.close());
  return {
    url: place.url ?? receiver.url,
    async next(fits) {
      const late = AbortSignal.timeout(webhookMs);
      return await receiver.next(fits, AbortSignal.any([late, world.signal])).catch((error: unknown) => {
        throw late.aborted ? new Error(`no such webhook came within ${webhookMs / 1000} s`) : error;
      });
    },
  };
}

/** Where the receiver listens, and under which address it is known if not under its own. */
function placeOf(options: Options): { host: string; port: number; url?: string } | undefined {
  const where = said(options, 'receiver');
  const port = said(options, 'receiverPort');
  if (where === undefined) {
    if (port !== undefined) throw new UsageError('--receiver-port is of no use without --receiver');
    return undefined;
  }
  if (/^\d+$/.test(where)) return { host: '127.0.0.1', port: portOf(where, '--receiver') };
  if (!URL.canParse(where) || !/^https?:/.test(where))
    throw new UsageError(`--receiver: expected a port or an http address, not "${where}"`);
  const { port: own, protocol } = new URL(where);
  const behind = port ?? (own || (protocol === 'https:' ? '443' : '80'));
  return { host: '0.0.0.0', port: portOf(behind, '--receiver-port'), url: where.replace(/\/$/, '') };
}

function portOf(text: string, flag: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new UsageError(`${flag}: there is no port ${text}`);
  return Number(text);
}

/** What would have to be given. */
const remedies: Record<Need, string> = {
  media: '--media',
  otherKey: '--other-key',
  testKey: '--test-key',
  organizationKey: '--organization-key',
  login: '--login',
  inject: '--inject sandbox',
  receiver: '--receiver',
  secret: '--secret',
  advance: 'a server whose clock can be moved',
};

/** What fetch says of a connection stands in the cause alone. */
const messageOf = ({ message, cause }: Error): string =>
  cause instanceof Error ? `${message}: ${cause.message}` : message;

const reasonOf = (result: CheckResult): string | null => {
  switch (result.is) {
    case 'passed':
      return null;
    case 'failed':
      return messageOf(result.error);
    case 'not_run':
      return `needs ${result.lacks.map((need) => remedies[need]).join(' and ')}`;
  }
};

const documentOf = (result: CheckResult) => ({ name: result.name, result: result.is, reason: reasonOf(result) });

function linesOf(result: CheckResult): string[] {
  const reason = reasonOf(result);
  const label = result.is.replace('_', ' ').toUpperCase().padEnd(indent.length);
  return [label + result.name, ...(reason === null ? [] : [`${indent}→ ${reason}`])];
}
