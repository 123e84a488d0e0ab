// What a user gets: the package as it is packed, installed into an empty folder, run from there. Worker files and assets must
// be found in `dist` as they are in the sources.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '..');
let folder: string;
// Without the settings of the surrounding process; Node 24 of the repository first, as `npm test` has it.
const env = {
  ...process.env,
  PATH: [join(repository, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
  NO_COLOR: '1',
};
const limit = { timeout: 120_000 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mediadock-packed-'));
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: repository, env });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `./${tarball}`], { cwd: folder, env });
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const mediadock = (...args: string[]) =>
  run(process.execPath, [join(folder, 'node_modules/mediadock/dist/cli.js'), ...args], { cwd: folder, env });

test('the packed demo takes three files from the carrier to a download', limit, async () => {
  const { stdout } = await mediadock('demo');
  for (const file of ['photo.jpg', 'voice-note.ogg', 'contract.pdf']) expect(stdout).toContain(file);
  expect(stdout.match(/downloaded {2}the same bytes/g)).toHaveLength(3);
  expect(stdout).toContain('Every file arrived whole');
});

test('the command is linked by its name and tells its version', limit, async () => {
  const { stdout } = await run(join(folder, 'node_modules/.bin/mediadock'), ['--version'], { cwd: folder, env });
  expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
});

test('the package holds what it needs and nothing of the workshop', async () => {
  const names = await readdir(join(folder, 'node_modules/mediadock'), { recursive: true });
  expect(names).toContain('dist/database/sqlite/writer.js');
  expect(names).toContain('dist/database/sqlite/reader.js');
  expect(names).toContain('dist/http/swagger-ui/swagger-ui-bundle.js');
  expect(names).toContain('LICENSE');
  expect(names.filter((name) => /\.test\.|(?:^|\/)(?:test|src|tools)(?:\/|$)/.test(name))).toEqual([]);
});

test('the library exports a gateway that starts and stops', limit, async () => {
  const program = `
    import { readConfig, startGateway } from 'mediadock';
    const config = readConfig({ MEDIADOCK_PORT: '0', MEDIADOCK_DATA_DIR: './library-data', MEDIADOCK_LOG_LEVEL: 'error' }, () => '');
    const gateway = await startGateway(config);
    const answer = await fetch(gateway.url + '/healthz');
    const page = await fetch(gateway.url + '/docs/swagger-ui.css');
    console.log(answer.status, page.status);
    await gateway.close();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: folder, env });
  expect(stdout.trim()).toBe('200 200');
});
