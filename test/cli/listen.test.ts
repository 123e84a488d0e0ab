import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { startReceiver } from '../../src/sandbox/receiver.ts';
import { freePort } from '../servers/free-port.ts';
import { type CliRig, startRig, store } from './rig.ts';

// The shell's own time, which stands still.
const clock = { now: () => Date.parse('2026-01-01T00:00:00Z') };

/** `mediadock listen` while it runs: its lines, and a way to stop it. */
function listening(rig: CliRig, args: readonly string[]) {
  const stop = new AbortController();
  const lines: string[] = [];
  const notes: string[] = [];
  const watchers = new Set<() => void>();
  const hear = (list: string[]) => (text: string) => {
    list.push(...text.split('\n').filter((line) => line !== ''));
    for (const watch of watchers) watch();
  };
  const ran = rig.type(['listen', ...args], { signal: stop.signal, onOut: hear(lines), onErr: hear(notes) });
  onTestFinished(async () => {
    stop.abort();
    await ran;
  });
  const until = (ready: () => boolean) =>
    new Promise<void>((resolve) => {
      const watch = () => ready() && resolve();
      watchers.add(watch);
      watch();
    });
  return {
    lines,
    notes,
    until,
    begun: until(() => notes.some((note) => note.startsWith('listening at'))),
    async stop() {
      stop.abort();
      return await ran;
    },
  };
}

const typesIn = (lines: readonly string[]): string[] => lines.map((line) => JSON.parse(line).type);

test('listen prints what happens from now on, and says how to go on when it is stopped', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  await store(rig, tenant, ['before']);
  const heard = listening(rig, ['--json']);
  await heard.begun;
  await store(rig, tenant, ['after']);
  await heard.until(() => heard.lines.length === 2);
  expect(typesIn(heard.lines)).toEqual(['message.received', 'media.stored']);
  const { code, err } = await heard.stop();
  expect(code).toBe(130);
  const [, cursor = ''] = /go on with: mediadock listen --after (\S+)/.exec(err) ?? [];

  await store(rig, tenant, ['meanwhile']);
  const again = listening(rig, ['--after', cursor, '--types', 'media.stored']);
  await again.until(() => again.lines.length === 1);
  expect(again.lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}media\.stored +evt_\w+ {2}med_\w+$/);
});

test('--since begins in the past', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  await store(rig, tenant, ['long ago']);
  rig.clock.advance(2 * 3_600_000);
  await store(rig, tenant, ['just now']);
  const since = new Date(rig.clock.now() - 3_600_000).toISOString();
  const heard = listening(rig, ['--json', '--since', since]);
  await heard.until(() => heard.lines.length === 2);
  const kept = heard.lines.map((line) => Date.parse(JSON.parse(line).timestamp) >= Date.parse(since));
  expect(kept).toEqual([true, true]);
});

test('--forward posts each event signed, in its order, and tells what was answered', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  const receiver = await startReceiver({ clock, secret });
  onTestFinished(() => receiver.close());
  const heard = listening(rig, ['--forward', receiver.url, '--secret', secret]);
  await heard.begun;
  await store(rig, tenant, ['forwarded']);
  await heard.until(() => heard.lines.length === 2);
  const received = await receiver.next(({ json }) => (json as { type?: string }).type === 'media.stored');
  expect(received.verified).toBe(true);
  for (const line of heard.lines) expect(line).toMatch(/ → 200, \d+ ms$/);
});

test('where nobody takes what is forwarded the line says so, and it goes on', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const heard = listening(rig, ['--forward', 'http://127.0.0.1:1/hook', '--json']);
  await heard.begun;
  expect(heard.notes[0]).toMatch(/^webhooks are signed with whsec_\S+$/);
  expect(() => new Webhook(heard.notes[0]?.split(' ').at(-1) ?? '')).not.toThrow();
  await store(rig, tenant, ['nobody']);
  await heard.until(() => heard.lines.length === 2);
  for (const line of heard.lines) {
    expect(JSON.parse(line)).toMatchObject({ status: null, error: expect.stringContaining('ECONNREFUSED') });
  }
});

test('when the server was away it connects again and misses nothing', async () => {
  const rig = await startRig({ MEDIADOCK_PORT: String(await freePort()) });
  const tenant = await rig.tenant();
  const heard = listening(rig, ['--json', '--types', 'media.stored']);
  await heard.begun;
  await store(rig, tenant, ['one']);
  await heard.until(() => heard.lines.length === 1);
  await rig.restart();
  await store(rig, tenant, ['two']);
  await heard.until(() => heard.lines.length === 2);
  const ids = heard.lines.map((line) => JSON.parse(line).id);
  expect(new Set(ids).size).toBe(2);
});

test('a key that the server refuses ends it, and a wrong option before anything is asked', async () => {
  const rig = await startRig();
  const refused = await rig.type(['listen', '--key', 'nobodys-key']);
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(await rig.type(['listen', '--types', 'media.lost'])).toMatchObject({ code: 2 });
  expect(await rig.type(['listen', '--since', 'yesterday'])).toMatchObject({ code: 2 });
  expect(await rig.type(['listen', '--forward', 'localhost:3000'])).toMatchObject({ code: 2 });
  expect(await rig.type(['listen', '--forward', 'http://x', '--secret', 'whsec_!'])).toMatchObject({ code: 2 });
});
