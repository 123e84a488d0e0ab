// A kill shows no missing fsync, because the kernel outlives the process; only the loss of power would. So the order of what
// the gateway asks of the kernel is held against what it promises: on the disk before it is said.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startReceiver } from '../../src/sandbox/receiver.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { about, adminKey, type Body, fixture } from '../journeys/rig.ts';
import { type ServerProcess, startServer } from '../journeys/server-process.ts';
import { readTrace, type SystemCall, straced, straceRuns } from './strace.ts';

const clock = { now: () => Date.now() };
const number = { phoneNumberId: '106540352242922', display: '15550783881', accessToken: 'EAAG', appSecret: 'secret' };
const reads = ['read', 'readv', 'recvfrom', 'recvmsg'];
const writes = ['write', 'writev', 'pwrite64', 'pwritev', 'sendto', 'sendmsg'];
const syncs = ['fsync', 'fdatasync'];
const renames = ['rename', 'renameat', 'renameat2'];

/** Sends one photo through a traced gateway to an application. @returns all that it asked of the kernel */
async function traceOneMessage(caption: string): Promise<{ calls: SystemCall[]; receiverPort: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-durability-'));
  const sandbox = await startSandbox({ clock, folder: join(folder, 'carrier') });
  sandbox.addNumber(number);
  const receiver = await startReceiver({ clock });
  const output = join(folder, 'trace');
  const trace = straced([...reads, ...writes, ...syncs, ...renames, 'connect'], output);
  const server = startServer(join(folder, 'data'), { TMPDIR: folder }, trace);
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= endTraced(server, output);
    return ended;
  };
  onTestFinished(async () => {
    await end();
    await receiver.close();
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  });
  const url = await server.ready;
  const make = async (path: string, body: object): Promise<Body> => {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status}`);
    return await answer.json();
  };
  const { id: connection_id, intake_url: intakeUrl } = await make('/api/v1/connections', {
    carrier: 'whatsapp-cloud',
    name: 'Meta',
    app_secret: number.appSecret,
    verify_token: 'token',
    graph_url: sandbox.origin,
  });
  const { id: app_id } = await make('/api/v1/apps', { name: 'Claims' });
  await make('/api/v1/channels', {
    app_id,
    connection_id,
    address: number.phoneNumberId,
    display: `+${number.display}`,
    access_token: number.accessToken,
  });
  await make(`/api/v1/apps/${app_id}/endpoints`, { url: receiver.url });

  const files = [{ path: fixture('accident.jpg') }];
  const [sent] = await sandbox.send({ url: intakeUrl, phoneNumberId: number.phoneNumberId, files, caption });
  expect(sent?.answer.status).toBe(200);
  await receiver.next(about(sent?.messageId ?? ''), AbortSignal.timeout(30_000));
  await end();
  return { calls: readTrace(await readFile(output, 'utf8')), receiverPort: new URL(receiver.url).port };
}

/** Whoever kills strace sets free what it traces, and it ends with what it traces; the first to call was the main thread. */
async function endTraced(server: ServerProcess, output: string): Promise<void> {
  const [first] = readTrace(await readFile(output, 'utf8'));
  if (first !== undefined) process.kill(Number(first.thread), 'SIGKILL');
  await server.exited;
}

/** The path behind the descriptor that a call is about. */
const pathOf = ({ args }: SystemCall): string => /^\d+<([^>]*)>/.exec(args)?.[1] ?? '';
const isTo = (path: string) => (call: SystemCall) => pathOf(call) === path;
const isWal = (call: SystemCall) => pathOf(call).endsWith('/mediadock.db-wal');
const isOf = (names: readonly string[]) => (call: SystemCall) => names.includes(call.name) && !call.failed;

function only<Found>(found: Found | undefined, what: string): Found {
  if (found === undefined) throw new Error(`the trace has no ${what}`);
  return found;
}

/** The sync that ends the commit whose pages hold this text. */
function commitOf(calls: readonly SystemCall[], text: string): { began: number; ended: number } {
  const page = only(
    calls.find((call) => isOf(writes)(call) && isWal(call) && call.args.includes(text)),
    `write of ${text} to the log of the database`,
  );
  const sync = only(
    calls.find((call) => isOf(syncs)(call) && isWal(call) && call.began > page.ended && call.thread === page.thread),
    `sync of the database's log after ${text} was written to it`,
  );
  return { began: page.began, ended: sync.ended };
}

test.skipIf(!straceRuns())(
  'the webhook is on the disk before its carrier hears 200, and the file before the database names it and its application hears of it',
  async () => {
    const caption = 'one-durable-photo';
    const { calls, receiverPort } = await traceOneMessage(caption);

    const asked = only(
      calls.find((call) => isOf(reads)(call) && call.args.includes('POST /in/')),
      'read of the webhook',
    );
    const socket = only(/^\d+<[^>]*>/.exec(asked.args)?.[0], 'socket of the carrier');
    const answered = only(
      calls.find((call) => isOf(writes)(call) && call.began > asked.ended && call.args.startsWith(socket)),
      'answer to the carrier',
    );
    expect(answered.args).toContain('HTTP/1.1 200');
    const accepted = commitOf(calls, caption);
    expect(accepted.began).toBeGreaterThan(asked.ended);
    expect(accepted.ended).toBeLessThan(answered.began);

    const renamed = only(
      calls.find((call) => isOf(renames)(call) && call.args.includes('/blobs/tmp/')),
      'rename of the file into its place',
    );
    const [draft = '', place = ''] = [...renamed.args.matchAll(/"([^"]+)"/g)].map(([, path]) => path);
    const [, folder = '', app = '', blob = ''] = /^(.*)\/(app_\w+)\.(blb_\w+)$/.exec(place) ?? [];
    const written = calls.filter((call) => isOf(writes)(call) && isTo(draft)(call));
    const fileSync = only(
      calls.find((call) => isOf(syncs)(call) && isTo(draft)(call)),
      'sync of the file',
    );
    const folderSync = only(
      calls.find((call) => isOf(syncs)(call) && isTo(folder)(call) && call.began > renamed.ended),
      'sync of its folder',
    );
    const stored = commitOf(calls, `${app}/${blob}`);
    const connected = only(
      calls.find((call) => call.name === 'connect' && call.args.includes(`htons(${receiverPort})`)),
      'connection to the application',
    );
    const told = only(
      calls.find((call) => isOf(writes)(call) && call.args.includes('message.received') && /^\d+<TCP/.test(call.args)),
      'delivery',
    );
    const order = {
      'last byte of the file': Math.max(...written.map(({ ended }) => ended)),
      'sync of the file begins': fileSync.began,
      'sync of the file ends': fileSync.ended,
      'rename begins': renamed.began,
      'rename ends': renamed.ended,
      'sync of the folder begins': folderSync.began,
      'sync of the folder ends': folderSync.ended,
      'commit that names the file begins': stored.began,
      'commit that names the file is synced': stored.ended,
      'connection to the application': connected.began,
      delivery: told.began,
    };
    const sorted = Object.entries(order).toSorted(([, one], [, other]) => one - other);
    expect(sorted.map(([name]) => name)).toEqual(Object.keys(order));
    expect(written.length).toBeGreaterThan(0);
  },
  120_000,
);
