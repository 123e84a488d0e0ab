import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { shell } from './shell.ts';
import { type Route, startApi } from './stand-in-api.ts';

const photo = await readFile('assets/sandbox/photo.jpg');
const sha256 = createHash('sha256').update(photo).digest('hex');
const facts: JsonObject = { id: 'med_1', type: 'image/jpeg', file_name: 'photo.jpg', size: photo.length, sha256 };
const bytes: Route = { write: (response) => response.end(photo) };

async function server(media: JsonObject = {}, content: Route = bytes) {
  const api = await startApi({
    'GET /media/med_1': { json: { ...facts, ...media } },
    'GET /media/med_1/content': content,
  });
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'mediadock-cli-')));
  onTestFinished(() => rm(folder, { recursive: true }));
  return { api, folder, env: { MEDIADOCK_URL: api.url, MEDIADOCK_KEY: 'key' } };
}

test('a file is downloaded whole, checked, and nothing else is left beside it', async () => {
  const { api, folder, env } = await server();
  const { code, out, err } = await shell(['media', 'get', 'med_1', '-o', folder], { env });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toBe(`${folder}/photo.jpg (174 kB, sha256 verified)\n`);
  expect(await readFile(join(folder, 'photo.jpg'))).toEqual(photo);
  expect(await readdir(folder)).toEqual(['photo.jpg']);
  expect(api.asked[1]?.query).toEqual({ proxy: '1' });
});

test.each([
  ['../../etc/passwd', 'passwd'],
  ['..\\..\\.bashrc', 'bashrc'],
  ['\u0000\u001b[2J.jpg', '[2J.jpg'],
  ['...', 'med_1.jpg'],
  [null, 'med_1.jpg'],
  ['車'.repeat(4000), `${'車'.repeat(85)}`],
])('a file called %j stays in the folder, under a safe name', async (name, safe) => {
  const { folder, env } = await server({ file_name: name });
  expect(await shell(['media', 'get', 'med_1', '-o', folder], { env })).toMatchObject({ code: 0 });
  expect(await readdir(folder)).toEqual([safe]);
});

test('a file that is in the way is never overwritten without --force', async () => {
  const { api, folder, env } = await server();
  const target = join(folder, 'kept.jpg');
  await writeFile(target, 'mine');
  const refused = await shell(['media', 'get', 'med_1', '-o', target], { env });
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toContain('--force');
  expect(await readFile(target, 'utf8')).toBe('mine');
  expect(api.asked.some(({ path }) => path.endsWith('/content'))).toBe(false);

  expect(await shell(['media', 'get', 'med_1', '-o', target, '--force'], { env })).toMatchObject({ code: 0 });
  expect(await readFile(target)).toEqual(photo);
});

test('a file that gets in the way during the download is not overwritten either', async () => {
  const { folder, env } = await server(
    {},
    {
      write(response) {
        void writeFile(join(folder, 'photo.jpg'), 'mine').then(() => response.end(photo));
      },
    },
  );
  expect(await shell(['media', 'get', 'med_1', '-o', folder], { env })).toMatchObject({ code: 2 });
  expect(await readFile(join(folder, 'photo.jpg'), 'utf8')).toBe('mine');
  expect(await readdir(folder)).toEqual(['photo.jpg']);
});

test('with -o - the bytes go to standard output, and nothing else does', async () => {
  const { env } = await server();
  const { code, bytes: out } = await shell(['media', 'get', 'med_1', '-o', '-'], { env });
  expect(code).toBe(0);
  expect(out).toEqual(photo);
});

const altered = Buffer.from(photo);
altered[1000] = (altered[1000] ?? 0) ^ 1;

test.each([
  ['other bytes', { write: (response) => response.end(altered) }, 'sha256'],
  ['too few bytes', { write: (response) => response.end(photo.subarray(1)) }, 'bytes instead of'],
  ['a cut connection', { write: (response) => response.write(photo, () => response.destroy()) }, 'mediadock: '],
  ['a refusal', { status: 410, json: { title: 'Gone', detail: 'The file has expired or was deleted.' } }, 'expired'],
] satisfies [string, Route, string][])('%s end with 1 and leave nothing behind', async (_, content, says) => {
  const { folder, env } = await server({}, content);
  const { code, out, err } = await shell(['media', 'get', 'med_1', '-o', join(folder, 'new.jpg')], { env });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(says);
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that is not there ends with 1', async () => {
  const { folder, env } = await server();
  const { code, err } = await shell(['media', 'get', 'med_1', '-o', join(folder, 'no', 'where.jpg')], { env });
  expect(code).toBe(1);
  expect(err).toContain('ENOENT');
});

test('who stops a download finds nothing half-done', async () => {
  const stop = new AbortController();
  const { folder, env } = await server(
    {},
    {
      write: (response) => response.write(photo.subarray(0, 1000), () => stop.abort()),
    },
  );
  const { code } = await shell(['media', 'get', 'med_1', '-o', folder], { env, signal: stop.signal });
  expect(code).toBe(130);
  expect(await readdir(folder)).toEqual([]);
});

test('progress with rate and time left is shown on a terminal, and the result is still all that stdout gets', async () => {
  const { folder, env } = await server();
  await mkdir(join(folder, 'sub'));
  const { out, err } = await shell(['media', 'get', 'med_1', '-o', join(folder, 'sub')], { env, terminal: 80 });
  expect(err).toContain('100% of 174 kB');
  expect(err).toContain('/s, ');
  expect(err).toContain('left');
  expect(out).toBe(`${folder}/sub/photo.jpg (174 kB, sha256 verified)\n`);
});

test('with --json the result is one document', async () => {
  const { folder, env } = await server();
  const { out } = await shell(['media', 'get', 'med_1', '-o', folder, '--json'], { env });
  expect(JSON.parse(out)).toEqual({ id: 'med_1', path: join(folder, 'photo.jpg'), size: photo.length, sha256 });
});

test('a file that the carrier did not give is fetched again, and one is deleted for good', async () => {
  const api = await startApi({
    'POST /media/med_1/retry': { status: 202, json: { id: 'med_1', state: 'pending' } },
    'DELETE /media/med_1': { status: 204 },
  });
  const env = { MEDIADOCK_URL: api.url, MEDIADOCK_KEY: 'key' };
  expect((await shell(['media', 'retry', 'med_1'], { env })).out).toBe('med_1 is pending\n');
  expect((await shell(['media', 'rm', 'med_1'], { env })).out).toBe('removed med_1\n');
});
