// A file that kills the server each time it is fetched: after ten deaths its job rests, the server lives, and everybody
// else is served.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startReceiver } from '../../src/sandbox/receiver.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { about, adminKey, type Body, fixture, messageOf } from './rig.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const clock = { now: () => Date.now() };
const number = { phoneNumberId: '106540352242922', display: '15550783881', accessToken: 'EAAG', appSecret: 'secret' };
const poison = { MEDIADOCK_FAILPOINTS: 'mid_download', MEDIADOCK_FAILPOINTS_ALLOWED: '1' };

test('a job whose work kills the process ten times rests and is told of, stops nobody, and goes on when it is resumed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-poison-'));
  const sandbox = await startSandbox({ clock, folder: join(folder, 'carrier') });
  sandbox.addNumber(number);
  const receiver = await startReceiver({ clock });
  let server: ServerProcess = startServer(folder, { MEDIADOCK_DELIVER_WITHIN_SECONDS: '0' });
  let url = await server.ready;
  onTestFinished(async () => {
    await server.kill('SIGKILL');
    await receiver.close();
    await sandbox.close();
    await rm(folder, { recursive: true });
  });
  const call = async (method: string, path: string, body?: unknown): Promise<Body> => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok && path !== '/readyz') throw new Error(`${method} ${path}: ${answer.status}`);
    return await answer.json();
  };
  const connection = await call('POST', '/api/v1/connections', {
    carrier: 'whatsapp-cloud',
    name: 'Meta',
    app_secret: number.appSecret,
    verify_token: 'token',
    graph_url: sandbox.origin,
  });
  const app = await call('POST', '/api/v1/apps', { name: 'Claims' });
  await call('POST', '/api/v1/channels', {
    app_id: app.id,
    connection_id: connection.id,
    address: number.phoneNumberId,
    access_token: number.accessToken,
  });
  await call('POST', `/api/v1/apps/${app.id}/endpoints`, { url: receiver.url });
  const restart = async (env: Record<string, string>) => {
    server = startServer(folder, { MEDIADOCK_DELIVER_WITHIN_SECONDS: '0', ...env });
    url = await server.ready;
  };
  const send = (path: string, caption: string) =>
    sandbox.send({
      url: `${url}/in/${connection.id}`,
      phoneNumberId: number.phoneNumberId,
      files: [{ path: fixture(path) }],
      caption,
    });

  await server.kill('SIGKILL');
  await restart(poison);
  const [bad] = await send('accident.jpg', 'poison');
  expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
  for (let deaths = 1; deaths < 10; deaths++) {
    // It may die before it can say that it listens.
    await restart(poison).catch(() => {});
    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
  }

  // The eleventh lives, as dangerous as the work still is.
  await restart(poison);
  const told = await server.log.next((line) => line.msg.startsWith('a job rests'));
  expect(told).toMatchObject({ kind: 'capture', lapses: 10 });
  const { data } = await call('GET', '/api/v1/jobs?state=resting');
  expect(data).toMatchObject([{ id: told['id'], kind: 'capture', app_id: app.id, lapses: 10 }]);
  const { checks } = await call('GET', '/readyz');
  expect(checks).toContainEqual({
    name: 'suspect_jobs',
    ok: false,
    detail: '1 jobs whose claims lapsed ten times',
  });
  expect(messageOf(await receiver.next(about(bad?.messageId ?? ''))).media).toMatchObject([{ state: 'pending' }]);

  // Others are served, and their files fetched.
  await server.kill('SIGKILL');
  await restart({});
  const [good] = await send('contract.pdf', 'harmless');
  const stored = (id: string | undefined) => (received: { json: unknown }) => {
    const { type, data: about } = received.json as Body;
    return type === 'media.stored' && about.media.carrier_media_id === id;
  };
  await receiver.next(stored(good?.media.id));
  expect((await call('GET', '/api/v1/jobs')).data).toHaveLength(1);

  expect(await call('POST', '/api/v1/jobs/resume', { ids: [told['id']] })).toEqual({ resumed: 1 });
  await receiver.next(stored(bad?.media.id));
  expect((await call('GET', '/api/v1/jobs')).data).toEqual([]);
  // Fourteen starts of a process; each wait has a limit of its own.
}, 300_000);
