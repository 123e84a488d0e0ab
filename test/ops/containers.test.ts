// The Dockerfile and compose.yaml, held against the repository and, as far as that goes without a container engine, carried
// out: what the build context lets through is built by the file's own commands, and what the final image copies is started
// by its own entry point and asked by its own health check.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, matchesGlob, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { nameOf, settings } from '../../src/config.ts';
import { routes } from '../../src/http/routes.ts';
import { freePort } from '../servers/free-port.ts';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '../..');

type Instruction = { name: string; flags: string; text: string };

/** Instructions in their order, lines joined, comments left out. */
const instructions: Instruction[] = readFileSync('Dockerfile', 'utf8')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .flatMap((line) => {
    const [, name, rest] = /^([A-Z]+) (.+)$/.exec(line.trim()) ?? [];
    if (name === undefined || rest === undefined) return [];
    const [flags = ''] = /^(?:--\S+ )*/.exec(rest) ?? [];
    return [{ name, flags: flags.trim(), text: rest.slice(flags.length) }];
  });
const stages = instructions.reduce<Instruction[][]>((all, one) => {
  if (one.name === 'FROM') all.push([]);
  all.at(-1)?.push(one);
  return all;
}, []);
const [build = [], final = []] = stages;
const textsOf = (stage: Instruction[], name: string) =>
  stage.filter((one) => one.name === name).map(({ text }) => text);
const variables = Object.fromEntries(
  textsOf(final, 'ENV').flatMap((text) => [...text.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
) as Record<string, string>;
const words = (json: string | undefined): string[] => JSON.parse(json ?? '[]');

const ignore = readFileSync('.dockerignore', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
/** The last rule that fits decides; a folder's rule holds for all below it. */
const isSent = (path: string): boolean =>
  ignore.reduce((sent, rule) => {
    const pattern = rule.replace(/^!/, '');
    // To Docker a star means names that begin with a dot, too.
    const fits = pattern === '*' || matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`);
    return fits ? rule.startsWith('!') : sent;
  }, true);

/** Whether a path is sent, or something below it may be. */
const mayHold = (path: string): boolean =>
  path === '' || isSent(path) || ignore.some((rule) => rule.startsWith(`!${path}/`));

type Service = {
  environment: Record<string, string>;
  ports?: string[];
  volumes: string[];
  read_only?: boolean;
  tmpfs?: string[];
  security_opt: string[];
  cap_drop?: string[];
  profiles?: string[];
};
const compose = parse(readFileSync('compose.yaml', 'utf8')) as {
  services: { mediadock: Service; postgres: Service };
  volumes: object;
};

const hiddenLock = 'node_modules/.package-lock.json';
let folder: string;
let app: string;
// Node 24 of the repository first; none of the settings of the surrounding process.
const env = { PATH: [join(repository, 'node_modules/.bin'), process.env['PATH']].join(delimiter), HOME: tmpdir() };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mediadock-image-'));
  const context = join(folder, 'build');
  app = join(folder, 'app');
  cpSync(repository, context, { recursive: true, filter: (path) => mayHold(relative(repository, path)) });
  // The packages of this machine stand for those that `npm install` would bring.
  await run('cp', ['--archive', '--link', join(repository, 'node_modules'), context]);
  // npm writes into this file, and a link would write into ours.
  rmSync(join(context, hiddenLock));
  cpSync(join(repository, hiddenLock), join(context, hiddenLock));
  for (const command of textsOf(build, 'RUN').filter((text) => !text.startsWith('npm install'))) {
    await run('sh', ['-c', command], { cwd: context, env });
  }
  for (const { flags, text } of final.filter(({ name }) => name === 'COPY')) {
    expect(flags).toBe('--from=build');
    const [target = '', ...sources] = text.split(' ').toReversed();
    for (const source of sources) {
      const from = join(folder, source);
      cpSync(from, sources.length > 1 ? join(app, target, source.replace('/build/', '')) : join(app, target), {
        recursive: true,
      });
    }
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what the image copies starts by its entry point, is healthy by its health check, and ends when it is told to', async () => {
  const port = String(await freePort());
  const [command = '', ...entry] = words(textsOf(final, 'ENTRYPOINT')[0]);
  const inside = {
    ...env,
    ...variables,
    MEDIADOCK_PORT: port,
    MEDIADOCK_DATA_DIR: join(folder, 'data'),
    MEDIADOCK_SANDBOX: 'off',
  };
  const server = spawn(command, [...entry, ...words(textsOf(final, 'CMD')[0])], { cwd: app, env: inside });
  const ended = once(server, 'exit');
  expect(String(await once(server.stdout, 'data'))).toContain('is ready');
  server.stdout.resume();
  const [, check] = /CMD (\[.*\])/.exec(textsOf(final, 'HEALTHCHECK')[0] ?? '') ?? [];
  const [asked = '', ...given] = words(check);
  const healthy = () =>
    run(asked, given, { cwd: app, env: inside }).then(
      () => true,
      () => false,
    );
  expect(await healthy()).toBe(true);
  server.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
  expect(await healthy()).toBe(false);
}, 60_000);

test('the image holds no sources, no tests and no packages that only developers need', () => {
  const names = globSync('**/*', { cwd: app, exclude: ['node_modules/*/**'] });
  expect(names).toContain('dist/cli.js');
  expect(names.filter((name) => /\.test\.|^(?:src|test|bench|docs)\b/.test(name))).toEqual([]);
  const packages = globSync('node_modules/*', { cwd: app });
  expect(packages).toContain('node_modules/fastify');
  for (const name of ['vitest', 'typescript', 'twilio']) expect(packages).not.toContain(`node_modules/${name}`);
});

test('neither keys nor data nor the packages of this machine are sent to the build', () => {
  for (const path of [
    'data/secret.key',
    '.env',
    'node_modules/fastify/package.json',
    '.git/config',
    'dist/cli.js',
    'src/a.test.ts',
  ])
    expect(isSent(path), path).toBe(false);
  for (const path of ['src/cli.ts', 'package-lock.json', 'assets/sandbox/photo.jpg'])
    expect(isSent(path), path).toBe(true);
});

test('the image runs as a user without rights, writes to its volume only, and is asked at a route that there is', () => {
  expect(textsOf(final, 'USER')).toEqual(['node']);
  expect(textsOf(final, 'VOLUME')).toEqual([variables['MEDIADOCK_DATA_DIR']]);
  expect(textsOf(final, 'RUN')).toEqual(['mkdir /data && chown node:node /data']);
  expect(textsOf(final, 'EXPOSE')).toEqual([variables['MEDIADOCK_PORT']]);
  const [path = ''] = /\/[a-z]+(?=`)/.exec(textsOf(final, 'HEALTHCHECK')[0] ?? '') ?? [];
  expect(routes.map((route) => `${route.method} ${route.path}`)).toContain(`GET ${path}`);
});

test('every setting that Dockerfile and compose.yaml name is one that the server knows', () => {
  const known = Object.keys(settings).map(nameOf);
  const named = [...Object.keys(variables), ...Object.keys(compose.services.mediadock.environment)];
  const ours = named.filter((name) => name.startsWith('MEDIADOCK_'));
  expect(ours.length).toBeGreaterThan(5);
  for (const name of ours) expect(known).toContain(name);
});

test('compose publishes the port to this machine only, keeps the data, and takes away what the server does not need', () => {
  const { mediadock, postgres } = compose.services;
  expect(mediadock.ports).toEqual([`127.0.0.1:8080:${variables['MEDIADOCK_PORT']}`]);
  expect(mediadock.volumes).toEqual([`data:${variables['MEDIADOCK_DATA_DIR']}`]);
  expect(mediadock).toMatchObject({ read_only: true, tmpfs: ['/tmp'], cap_drop: ['ALL'] });
  for (const { security_opt } of [mediadock, postgres]) expect(security_opt).toContain('no-new-privileges:true');
  expect(postgres.profiles).toEqual(['postgres']);
  expect(Object.keys(compose.volumes)).toEqual(['data', 'postgres']);
});
