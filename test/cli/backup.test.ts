import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readManifest } from '../../src/cli/backup-form.ts';
import { readConfig } from '../../src/config.ts';
import { newId } from '../../src/core/ids.ts';
import { startGateway } from '../../src/gateway.ts';
import { makeLog } from '../../src/log.ts';
import { restore } from '../../src/restore.ts';
import { type CliRig, newFolder, pathOfBlob, startRig, store, type Tenant } from './rig.ts';
import { type Place, shell } from './shell.ts';
import { startApi } from './stand-in-api.ts';

/** `mediadock restore`, as the program does it. */
const runRestore = (from: string, to: string, place: Place = {}) =>
  shell(['restore', from, '--to', to], place, {
    restore: (backup) => restore({ ...backup, signal: place.signal ?? new AbortController().signal }),
  });

/** A gateway on a restored folder. */
async function startOn(folder: string, env: Record<string, string> = {}) {
  const settings = {
    MEDIADOCK_PORT: '0',
    MEDIADOCK_DATA_DIR: folder,
    MEDIADOCK_ADMIN_KEY: 'another-administrators-key',
    ...env,
  };
  const gateway = await startGateway(
    readConfig(settings, () => ''),
    { log: makeLog('silent') },
  );
  onTestFinished(() => gateway.close(0));
  return gateway;
}

/** Every stored media of a gateway, each with whether its bytes are those that its row says. */
async function storedIn(gateway: Awaited<ReturnType<typeof startOn>>): Promise<{ id: string; right: boolean }[]> {
  const seen: { id: string; right: boolean }[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await gateway.records.listMedia({
      reach: { kind: 'instance' },
      filter: { state: 'stored' },
      page: { limit: 200, cursor },
    });
    for (const { id, sha256 } of page.rows) {
      const answer = await fetch(`${gateway.url}/api/v1/media/${id}/content?proxy=1`, {
        headers: { 'x-api-key': gateway.adminKey.value },
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      seen.push({ id, right: answer.status === 200 && createHash('sha256').update(bytes).digest('hex') === sha256 });
    }
    if (page.next === null) return seen;
    cursor = page.next;
  }
}

async function withFiles(texts: readonly string[]): Promise<{ rig: CliRig; tenant: Tenant }> {
  const rig = await startRig();
  const tenant = await rig.tenant();
  await store(rig, tenant, texts);
  return { rig, tenant };
}

test('a backup and a restore bring every file and record back, credentials included', async () => {
  const { rig } = await withFiles(['one', 'two', 'three']);
  const [folder, to] = [await newFolder(), join(await newFolder(), 'data')];
  const taken = await rig.type(['backup', folder, '--with-secret-key'], {
    env: { MEDIADOCK_DATA_DIR: rig.config.dataDir },
  });
  expect(taken).toMatchObject({ code: 0 });
  expect(taken.out).toContain('3 files (11 B), each checked');
  expect(taken.out).toMatch(/The secret key [0-9a-f]{8} is inside: whoever has this folder/);

  const restored = await runRestore(folder, to);
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.out).toContain('3 files (11 B), each checked');
  const gateway = await startOn(to);
  expect((await storedIn(gateway)).map(({ right }) => right)).toEqual([true, true, true]);
  const { rows } = await gateway.records.listChannels({
    reach: { kind: 'instance' },
    page: { limit: 9, cursor: null },
  });
  expect(rows).toHaveLength(1);
});

test('while files are captured and deleted, a backup has every file that its records name', async () => {
  const { rig, tenant } = await withFiles(Array.from({ length: 30 }, (_, at) => `before ${at}`));
  const [folder, to] = [await newFolder(), join(await newFolder(), 'data')];
  const ended = new AbortController();
  const load = (async () => {
    for (let at = 0; !ended.signal.aborted; at++) {
      const [stored] = await store(rig, tenant, [`during ${at}`]);
      // Every other one is deleted at once, and with it one of those that were there before.
      if (at % 2 === 0) await rig.call('DELETE', `/api/v1/media/${stored?.id}`);
      const { body } = await rig.call('GET', '/api/v1/media?state=stored&limit=1');
      if (at % 3 === 0) await rig.call('DELETE', `/api/v1/media/${body.data[0].id}`);
    }
  })();
  expect(await rig.type(['backup', folder])).toMatchObject({ code: 0 });
  ended.abort();
  await load;
  const removed = rig.log.lines.filter(({ msg }) => msg === 'removal').length;
  await rig.log.next((line) => line.msg === 'removal' || removed > 0);

  expect(await runRestore(folder, to)).toMatchObject({ code: 0 });
  const media = await storedIn(await startOn(to));
  expect(media.length).toBeGreaterThanOrEqual(15);
  expect(media.filter(({ right }) => !right)).toEqual([]);
});

test('no file is removed while a backup runs, and removals go on when it ends or when nobody asks for it any more', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const [first, second] = await store(rig, tenant, ['first', 'second']);
  if (!first || !second) throw new Error('two files');
  const removals = () => rig.log.lines.filter(({ msg }) => msg === 'removal').map(({ blob }) => blob);

  const { body: begun } = await rig.call('POST', '/api/v1/backups');
  await rig.call('DELETE', `/api/v1/media/${first.id}`);
  expect((await rig.call('POST', '/api/v1/backups')).status).toBe(409);
  const [app, blob] = first.blob.split('/');
  const ready = async (id: string) => {
    while ((await rig.call('GET', `/api/v1/backups/${id}`)).body.state === 'copying');
  };
  await ready(begun.id);
  expect((await rig.call('GET', `/api/v1/backups/${begun.id}/objects/${app}/${blob}`)).text).toBe('first');
  expect(removals()).toEqual([]);
  expect((await rig.call('DELETE', `/api/v1/backups/${begun.id}`)).status).toBe(204);
  await rig.log.next((line) => line.msg === 'removal' && line['blob'] === first.blob);

  const { body: left } = await rig.call('POST', '/api/v1/backups');
  await ready(left.id);
  await rig.call('DELETE', `/api/v1/media/${second.id}`);
  expect(removals()).toEqual([first.blob]);
  rig.clock.advance(121_000);
  await rig.log.next((line) => line.msg === 'removal' && line['blob'] === second.blob);
  expect((await rig.call('GET', `/api/v1/backups/${left.id}`)).status).toBe(404);
  // Its copy of the records goes while removals go on.
  await expect.poll(() => readdir(join(rig.config.dataDir, 'backup'))).toEqual([]);
});

test('a second backup into the folder fetches what is new and drops what is gone', async () => {
  const { rig, tenant } = await withFiles(['stays', 'goes']);
  const folder = await newFolder();
  await rig.type(['backup', folder]);
  const before = await readManifest(folder);
  const { body } = await rig.call('GET', '/api/v1/media?state=stored');
  const goes = body.data.find((media: { size: number }) => media.size === 4);
  await rig.call('DELETE', `/api/v1/media/${goes.id}`);
  await rig.log.next((line) => line.msg === 'removal');
  await store(rig, tenant, ['comes']);
  const asked = rig.log.lines.length;
  expect(await rig.type(['backup', folder])).toMatchObject({ code: 0 });
  const fetched = rig.log.lines
    .slice(asked)
    .filter(({ path }) => /^\/api\/v1\/backups\/.*\/objects\/app_/.test(String(path)));
  expect(fetched).toHaveLength(1);
  const now = await readManifest(folder);
  expect(now.objects).toMatchObject({ files: 2, bytes: 10 });
  const files = await readdir(join(folder, 'objects', tenant.appId));
  expect(files).toHaveLength(2);
  expect((await readdir(folder)).sort()).toEqual(
    ['manifest.json', 'objects', now.objects.list, now.records.file].sort(),
  );
  expect(now.records.file).not.toBe(before.records.file);
});

test('a file that the server has lost is told, and the rest is in the backup', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const [gone, bent] = await store(rig, tenant, ['gone', 'bent', 'whole']);
  await rm(pathOfBlob(rig, gone?.blob ?? ''));
  await writeFile(pathOfBlob(rig, bent?.blob ?? ''), 'b3nt');
  const folder = await newFolder();
  const { code, out, err } = await rig.type(['backup', folder]);
  expect(code).toBe(1);
  expect(err).toContain('2 files lost on the server');
  expect(out).toContain('1 file (5 B), each checked');
  const { lacking } = await readManifest(folder);
  expect(lacking.map(({ reason }) => reason).sort()).toEqual(['file_corrupt', 'file_missing']);
});

test('a stopped backup leaves the earlier one whole, and says how to go on', async () => {
  const { rig, tenant } = await withFiles(['one']);
  const folder = await newFolder();
  await rig.type(['backup', folder]);
  const before = await readManifest(folder);
  await store(rig, tenant, ['two']);
  const stop = new AbortController();
  const stopped = await rig.type(['backup', folder], { signal: stop.signal, onPause: () => stop.abort() });
  expect(stopped.code).toBe(130);
  expect(stopped.err).toContain(`stopped; go on with: mediadock backup ${folder}`);
  expect(await readManifest(folder)).toEqual(before);
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  // The server has heard that it is over.
  expect(await rig.type(['backup', folder])).toMatchObject({ code: 0 });
  expect((await readManifest(folder)).objects.files).toBe(2);
});

test('the secret key comes from this machine only, and must be the one of the server', async () => {
  const { rig } = await withFiles(['one']);
  const elsewhere = await rig.type(['backup', await newFolder(), '--with-secret-key'], {
    env: { MEDIADOCK_DATA_DIR: '/nowhere' },
  });
  expect(elsewhere.code).toBe(2);
  expect(elsewhere.err).toContain('the server gives its key to nobody');
  const folder = await newFolder();
  await rig.type(['backup', folder, '--with-secret-key'], { env: { MEDIADOCK_DATA_DIR: rig.config.dataDir } });
  expect(await readdir(folder)).toContain('secret.key');
  await rig.type(['backup', folder]);
  expect(await readdir(folder)).not.toContain('secret.key');
  const other = await rig.type(['backup', await newFolder(), '--with-secret-key'], {
    env: { MEDIADOCK_SECRET_KEY: Buffer.alloc(32).toString('base64') },
  });
  expect(other.code).toBe(2);
  expect(other.err).toContain('is not the one of the server');
});

test('a folder that holds other things is no folder for a backup', async () => {
  const { rig } = await withFiles([]);
  const folder = await newFolder();
  await writeFile(join(folder, 'letter.txt'), 'mine');
  const { code, err } = await rig.type(['backup', folder]);
  expect(code).toBe(2);
  expect(err).toContain('holds letter.txt');
});

test('restore refuses a folder that is not empty, a backup that is not whole, and bytes that have changed', async () => {
  const { rig, tenant } = await withFiles(['one', 'two']);
  const [folder, place] = [await newFolder(), await newFolder()];
  await rig.type(['backup', folder]);

  await writeFile(join(place, 'mine'), '');
  expect(await runRestore(folder, place)).toMatchObject({ code: 2 });
  expect(await readdir(place)).toEqual(['mine']);

  const [object = ''] = await readdir(join(folder, 'objects', tenant.appId));
  const { records, objects } = await readManifest(folder);
  for (const [name, spoil] of [
    [join('objects', tenant.appId, object), 'xxx'],
    [records.file, (await readFile(join(folder, records.file))).fill(0xff, 5000, 5010)],
    [objects.list, ''],
  ] as const) {
    const [copy, to] = [join(await newFolder(), 'copy'), await newFolder()];
    await cp(folder, copy, { recursive: true });
    await writeFile(join(copy, name), spoil);
    const { code, err } = await runRestore(copy, to);
    expect({ name, code }).toEqual({ name, code: 1 });
    expect(err).toContain('damaged');
    expect((await readdir(to)).filter((one) => one !== 'mediadock.lock')).toEqual([]);
  }

  await rm(join(folder, 'manifest.json'));
  const { code, err } = await runRestore(folder, join(place, 'new'));
  expect(code).toBe(2);
  expect(err).toContain('holds no whole backup');
});

test('restore says which secret key is needed where the backup has none', async () => {
  const { rig } = await withFiles(['one']);
  const [folder, to] = [await newFolder(), await newFolder()];
  await mkdir(to, { recursive: true });
  const taken = await rig.type(['backup', folder]);
  expect(taken.out).toMatch(/The secret key [0-9a-f]{8} is not inside/);
  expect((await runRestore(folder, to)).out).toMatch(
    /Give the server the secret key [0-9a-f]{8}: MEDIADOCK_SECRET_KEY/,
  );
});

/** What a server says of a backup that it has begun. */
const begun = {
  id: 'b1',
  state: 'ready',
  engine: 'postgres',
  bytes: 3,
  secret_key_id: '0123abcd',
  started_at: '2026-01-01T00:00:00.000Z',
};

test('with PostgreSQL the dump comes first: the command says the line, and wants one that is newer than the last backup', async () => {
  const sha256 = createHash('sha256').update('one').digest('hex');
  const [app, blob] = [newId('app', 0), newId('blob', 0)];
  const api = await startApi({
    'POST /backups': { status: 201, json: begun },
    'GET /backups/b1/objects': { json: { data: [{ object: `${app}/${blob}`, sha256, size: 3 }], next: null } },
    [`GET /backups/b1/objects/${app}/${blob}`]: { write: (response) => response.end('one') },
    'DELETE /backups/b1': { status: 204 },
  });
  const env = { MEDIADOCK_URL: api.url, MEDIADOCK_KEY: 'key' };
  const [folder, to] = [await newFolder(), await newFolder()];
  const first = await shell(['backup', folder], { env });
  expect(first.code).toBe(2);
  expect(first.err).toContain(`pg_dump --format=custom --file='${folder}/records.dump' "$MEDIADOCK_DATABASE_URL"`);

  await writeFile(join(folder, 'records.dump'), 'the dump');
  expect(await shell(['backup', folder], { env })).toMatchObject({ code: 0 });
  const past = new Date(Date.now() - 60_000);
  await utimes(join(folder, 'records.dump'), past, past);
  expect(await shell(['backup', folder], { env })).toMatchObject({ code: 2 });

  const restored = await runRestore(folder, to);
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.out).toContain(`pg_restore --dbname="$MEDIADOCK_DATABASE_URL" '${folder}/records.dump'`);
  expect(api.asked.filter(({ method }) => method === 'DELETE')).toHaveLength(3);
});

test('the list of a thousand small files is what the manifest says of it, in whatever order they came', async () => {
  const app = newId('app', 0);
  const objects = Array.from({ length: 1000 }, (_, at) => `${app}/${newId('blob', at)}`);
  const sha256 = createHash('sha256').update('one').digest('hex');
  const pages = [objects.slice(0, 500), objects.slice(500)];
  const api = await startApi({
    'POST /backups': { status: 201, json: begun },
    'GET /backups/b1/objects': ({ query }) => ({
      json: {
        data: (pages[Number(query['cursor'] ?? 0)] ?? []).map((object) => ({ object, sha256, size: 3 })),
        next: query['cursor'] === undefined ? '1' : null,
      },
    }),
    ...Object.fromEntries(
      objects.map((object) => [`GET /backups/b1/objects/${object}`, { write: (response) => response.end('one') }]),
    ),
    'DELETE /backups/b1': { status: 204 },
  });
  const [folder, to] = [await newFolder(), await newFolder()];
  await writeFile(join(folder, 'records.dump'), 'the dump');
  const env = { MEDIADOCK_URL: api.url, MEDIADOCK_KEY: 'key' };
  expect(await shell(['backup', folder], { env })).toMatchObject({ code: 0 });
  expect((await readManifest(folder)).objects).toMatchObject({ files: 1000, bytes: 3000 });
  expect(await runRestore(folder, to)).toMatchObject({ code: 0 });
});
