import { rm, utimes, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { pathOfBlob, startRig, store } from './rig.ts';
import { shell } from './shell.ts';
import { startApi } from './stand-in-api.ts';

const day = 24 * 3_600_000;

test('scrub reads every file and finds nothing where nothing is wrong', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  await store(rig, tenant, ['one', 'two', 'three']);
  const { code, out } = await rig.type(['scrub']);
  expect({ code, out }).toEqual({
    code: 0,
    out: '3 files read (11 B), 0 missing or damaged\n3 objects in the store, 0 left over\n',
  });
});

test('scrub tells what is missing and what is damaged, and changes nothing; --repair fetches both again', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const [gone, bent, whole] = await store(rig, tenant, ['gone', 'bent', 'whole']);
  if (!gone || !bent || !whole) throw new Error('three files');
  await rm(pathOfBlob(rig, gone.blob));
  await writeFile(pathOfBlob(rig, bent.blob), 'b3nt');

  const looked = await rig.type(['scrub', '--json', '--rate', '1kB/s']);
  expect(looked.code).toBe(1);
  expect(looked.err).toContain('2 files missing or damaged; --repair');
  const found = (out: string) =>
    JSON.parse(out).damage.map(({ is, media }: { is: string; media: { id: string; state: string }[] }) => [
      is,
      media[0]?.id,
      media[0]?.state,
    ]);
  expect(found(looked.out).sort()).toEqual([
    ['file_corrupt', bent.id, 'stored'],
    ['file_missing', gone.id, 'stored'],
  ]);
  expect(await rig.gateway.records.media({ reach: { kind: 'instance' }, id: gone.id })).toMatchObject({
    state: 'stored',
  });

  const before = rig.log.lines.length;
  const repaired = await rig.type(['scrub', '--json', '--repair']);
  expect(repaired.code).toBe(0);
  expect(found(repaired.out).map(([, , state]: string[]) => state)).toEqual(['pending', 'pending']);
  const again = () =>
    rig.log.lines.slice(before).filter(({ msg, outcome }) => msg === 'capture' && outcome === 'stored');
  await rig.log.next(() => again().length === 2);
  for (const { id, text } of [gone, bent, whole]) {
    const answer = await rig.call('GET', `/api/v1/media/${id}/content?proxy=1`);
    expect([answer.status, answer.text]).toEqual([200, text]);
  }
  expect((await rig.type(['scrub'])).code).toBe(0);
});

test('a lost file that its carrier has no longer is given up with the reason, and the exit code says so', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const [gone] = await store(rig, tenant, ['gone']);
  if (!gone) throw new Error('one file');
  await rm(pathOfBlob(rig, gone.blob));
  rig.clock.advance(8 * day);
  const { code, err } = await rig.type(['scrub', '--repair']);
  expect(code).toBe(1);
  expect(err).toContain('1 file lost');
  expect((await rig.call('GET', `/api/v1/media/${gone.id}`)).body).toMatchObject({
    state: 'unavailable',
    reason: 'file_missing',
  });
});

test('objects that no record knows are told after a day, and removed with --repair', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  await store(rig, tenant, ['kept']);
  const [old, young] = [0, 1].map(() => pathOfBlob(rig, `${tenant.appId}/${newId('blob', rig.clock.now())}`));
  if (!old || !young) throw new Error('two paths');
  for (const path of [old, young]) await writeFile(path, 'nobody');
  const long = new Date(Date.now() - 2 * day);
  await utimes(old, long, long);

  const looked = await rig.type(['scrub']);
  expect(looked).toMatchObject({ code: 0 });
  expect(looked.out).toContain('3 objects in the store, 1 left over: the server removes them by itself');

  await rig.type(['scrub', '--repair']);
  await rig.log.next((line) => line.msg === 'removal');
  expect((await rig.type(['scrub'])).out).toContain('2 objects in the store, 0 left over');
});

test('where most files are gone nothing is given up: the storage is to blame', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const files = await store(
    rig,
    tenant,
    Array.from({ length: 24 }, (_, at) => `file ${at}`),
  );
  for (const { blob } of files) await rm(pathOfBlob(rig, blob));
  const { code, err } = await rig.type(['scrub', '--repair']);
  expect(code).toBe(1);
  expect(err).toContain('is the storage mounted?');
  const { body } = await rig.call('GET', '/api/v1/media?state=stored');
  expect(body.data).toHaveLength(24);
});

test('a stopped scrub says where to go on, and goes on there', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  await store(rig, tenant, ['one', 'two', 'three']);
  const stop = new AbortController();
  const stopped = await rig.type(['scrub', '--rate', '1B/s'], { signal: stop.signal, onPause: () => stop.abort() });
  expect(stopped.code).toBe(130);
  const [, cursor] = /stopped; go on with: mediadock scrub --cursor (\S+)/.exec(stopped.err) ?? [];
  expect(cursor).toBeDefined();
  const rest = await rig.type(['scrub', '--json', '--cursor', cursor ?? '']);
  expect(JSON.parse(rest.out)).toMatchObject({ files: 2, objects: 3 });
});

test.each(['', '0MB', '-1', 'fast', '1 TB'])('the rate %j is refused before anything is asked', async (rate) => {
  const api = await startApi({});
  const { code } = await shell(['scrub', '--rate', rate], { env: { MEDIADOCK_URL: api.url, MEDIADOCK_KEY: 'key' } });
  expect({ code, asked: api.asked }).toEqual({ code: 2, asked: [] });
});
