import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError, clientSettings, describe, type Env, nameOf, readConfig, settings } from './config.ts';

const noFile = (path: string): string => {
  throw new Error(`ENOENT: no such file, open '${path}'`);
};

function problemsOf(env: Env, readFile = noFile): readonly string[] {
  try {
    readConfig(env, readFile);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const key = Buffer.alloc(32, 7).toString('base64');

test('an empty environment gives every default', () => {
  const config = readConfig({}, noFile);
  expect(config).toMatchObject({ port: 8080, host: '127.0.0.1', dataDir: './data', sandbox: 'auto', logLevel: 'info' });
  expect(config).toMatchObject({ intakeBodyBytes: 4_194_304, minBytesPerSecond: 16_384, mediaBytes: 104_857_600 });
  expect(config).toMatchObject({ allowPrivateNetworks: [], previousSecretKeys: [] });
  expect(config.publicUrl).toBeUndefined();
  expect(config.adminKey).toBeUndefined();
});

test('every default is a value that its own row accepts', () => {
  const given = Object.entries(settings).flatMap(([name, { fallback }]) =>
    fallback === undefined ? [] : [[nameOf(name), fallback] as const],
  );
  expect(readConfig(Object.fromEntries(given), noFile)).toEqual(readConfig({}, noFile));
});

test('what is given is in force, whatever else the environment holds', () => {
  const config = readConfig(
    {
      PATH: '/bin',
      MEDIADOCK_PORT: '0',
      MEDIADOCK_PUBLIC_URL: 'https://Media.Example.com/dock/',
      MEDIADOCK_ADMIN_KEY: 'sixteen-letters!',
      MEDIADOCK_SECRET_KEY: key,
      MEDIADOCK_PREVIOUS_SECRET_KEYS: `${key}, ${key}`,
      MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8, fd00::/8,10.1.2.3',
      MEDIADOCK_CAPTURE_MIN_FREE_PERCENT: '0.5',
      MEDIADOCK_URL: 'http://elsewhere',
      MEDIADOCK_KEY: 'for the commands',
    },
    noFile,
  );
  expect(config).toMatchObject({
    port: 0,
    publicUrl: 'https://media.example.com/dock',
    adminKey: 'sixteen-letters!',
    secretKey: key,
    previousSecretKeys: [key, key],
    allowPrivateNetworks: ['127.0.0.0/8', 'fd00::/8', '10.1.2.3'],
    captureMinFreePercent: 0.5,
  });
});

test('failpoints are read with their count, and refused unless they are allowed beside it', () => {
  const given = { MEDIADOCK_FAILPOINTS: 'mid_download:3, mid_sweep' };
  expect(readConfig({ ...given, MEDIADOCK_FAILPOINTS_ALLOWED: '1' }, noFile).failpoints).toEqual([
    { name: 'mid_download', nth: 3 },
    { name: 'mid_sweep', nth: 1 },
  ]);
  for (const allowed of [undefined, '', '0']) {
    const [problem, ...more] = problemsOf({ ...given, MEDIADOCK_FAILPOINTS_ALLOWED: allowed });
    expect(problem).toMatch(/^MEDIADOCK_FAILPOINTS: .*MEDIADOCK_FAILPOINTS_ALLOWED=1/);
    expect(more).toEqual([]);
  }
  expect(problemsOf({ MEDIADOCK_FAILPOINTS: 'mid_dinner', MEDIADOCK_FAILPOINTS_ALLOWED: '1' })).toHaveLength(1);
});

test('a blank setting counts as not given', () => {
  const env = { MEDIADOCK_PORT: ' ', MEDIADOCK_PUBLIC_URL: '', MEDIADOCK_ADMIN_KEY_FILE: '' };
  expect(readConfig(env, noFile)).toEqual(readConfig({}, noFile));
});

test.each([
  ['65536', 65_536],
  ['0', 0],
  ['4MiB', 4_194_304],
  ['4 mib', 4_194_304],
  ['100MB', 100_000_000],
  ['16KiB', 16_384],
  ['1gb', 1_000_000_000],
  ['2B', 2],
])('a size may be written as %s', (text, bytes) => {
  expect(readConfig({ MEDIADOCK_MIN_BYTES_PER_SECOND: text }, noFile).minBytesPerSecond).toBe(bytes);
});

test.each([
  ['PORT', '80a'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '8e3'],
  ['PUBLIC_URL', 'media.example.com'],
  ['PUBLIC_URL', 'ftp://media.example.com'],
  ['PUBLIC_URL', 'https://media.example.com/?a=1'],
  ['PUBLIC_URL', 'https://me:secret@media.example.com'],
  ['ALLOW_PRIVATE_NETWORKS', '10.0.0.0/33'],
  ['ALLOW_PRIVATE_NETWORKS', '127.0.0.1, localhost'],
  ['ALLOW_PRIVATE_NETWORKS', '0x7f000001'],
  ['LOG_LEVEL', 'loud'],
  ['SANDBOX', 'yes'],
  ['MEDIA_BYTES', '100 apples'],
  ['MEDIA_BYTES', '-4MiB'],
  ['MEDIA_BYTES', '1'],
  ['MEDIA_BYTES', '999999999999GiB'],
  ['CAPTURES', '0'],
  ['LINK_SECONDS', '1.5'],
  ['INTAKE_MIN_FREE_PERCENT', '90'],
])('a wrong %s (%s) is named, repeated and explained', (name, given) => {
  const [problem, ...more] = problemsOf({ [`MEDIADOCK_${name}`]: given });
  expect(more).toEqual([]);
  expect(problem).toMatch(new RegExp(`^MEDIADOCK_${name}: expected .+; not "`));
  expect(problem).toContain(JSON.stringify(given));
});

test('all problems are reported together', () => {
  const problems = problemsOf({
    MEDIADOCK_PORT: 'x',
    MEDIADOCK_LOG_LEVEL: 'y',
    MEDIADOCK_ADMIN_KEY: 'short',
    MEDIADOCK_COLOUR: 'z',
  });
  expect(problems.map((line) => line.split(':')[0])).toEqual([
    'MEDIADOCK_PORT',
    'MEDIADOCK_ADMIN_KEY',
    'MEDIADOCK_LOG_LEVEL',
    'MEDIADOCK_COLOUR',
  ]);
});

test('an unknown name is refused, with the name that was probably meant', () => {
  expect(problemsOf({ MEDIADOCK_DATADIR: '/srv' })).toEqual([
    'MEDIADOCK_DATADIR: there is no such setting; did you mean MEDIADOCK_DATA_DIR?',
  ]);
  expect(problemsOf({ MEDIADOCK_FOO: '1' })).toEqual(['MEDIADOCK_FOO: there is no such setting']);
  expect(problemsOf({ MEDIADOCK_PORT_FILE: '/x' })[0]).toContain('there is no such setting');
  expect(problemsOf({ MEDIADOCK_SERVICE_WORKERS: '1' })).toEqual([
    'MEDIADOCK_SERVICE_WORKERS: there is no such setting',
  ]);
});

test('a secret may stand in a file, with a line end after it', () => {
  const config = readConfig({ MEDIADOCK_SECRET_KEY_FILE: '/run/key' }, (path) => {
    expect(path).toBe('/run/key');
    return `${key}\n`;
  });
  expect(config.secretKey).toBe(key);
});

test('a file that cannot be read and a secret given twice are problems', () => {
  expect(problemsOf({ MEDIADOCK_ADMIN_KEY_FILE: '/gone' })[0]).toMatch(/^MEDIADOCK_ADMIN_KEY_FILE: "\/gone" cannot/);
  const twice = { MEDIADOCK_ADMIN_KEY: 'sixteen-letters!', MEDIADOCK_ADMIN_KEY_FILE: '/there' };
  expect(problemsOf(twice)).toEqual([
    'MEDIADOCK_ADMIN_KEY: given twice, as MEDIADOCK_ADMIN_KEY and as MEDIADOCK_ADMIN_KEY_FILE',
  ]);
});

test('no text in the place of a secret is ever repeated', () => {
  const word = fc.string({ minLength: 6 }).filter((text) => text.trim().length >= 6);
  fc.assert(
    fc.property(word, fc.constantFrom('ADMIN_KEY', 'SECRET_KEY', 'PREVIOUS_SECRET_KEYS'), (given, name) => {
      const refused = problemsOf({ [`MEDIADOCK_${name}`]: given });
      const expected = problemsOf({ [`MEDIADOCK_${name}`]: '\u0001' });
      if (refused.length > 0) expect(refused).toEqual(expected);
    }),
  );
});

test('any text at all is either accepted or reported, never thrown about', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(settings)), fc.string(), (name, given) => {
      expect(problemsOf({ [nameOf(name)]: given }).length).toBeLessThan(2);
    }),
  );
});

test('a description shows values and hides secrets', () => {
  const config = readConfig(
    { MEDIADOCK_ADMIN_KEY: 'sixteen-letters!', MEDIADOCK_PORT: '9000', MEDIADOCK_PREVIOUS_SECRET_KEYS: key },
    noFile,
  );
  const rows = describe(config);
  const row = (name: string) => rows.find((one) => one.name === `MEDIADOCK_${name}`);
  expect(rows).toHaveLength(Object.keys(settings).length);
  expect(row('PORT')).toMatchObject({ value: 9000, shown: '9000', isDefault: false });
  expect(row('MEDIA_BYTES')).toMatchObject({ value: 104_857_600, shown: '100MiB', isDefault: true });
  expect(row('PUBLIC_URL')).toMatchObject({ value: null, shown: '', isDefault: true });
  expect(row('ADMIN_KEY')).toMatchObject({ value: 'set', shown: 'set' });
  expect(row('SECRET_KEY')).toMatchObject({ value: 'made into data/secret.key', isDefault: true });
  expect(row('PREVIOUS_SECRET_KEYS')).toMatchObject({ value: 'set' });
  expect(row('ALLOW_PRIVATE_NETWORKS')).toMatchObject({ value: [], shown: '' });
  expect(JSON.stringify(rows)).not.toContain('sixteen-letters!');
  expect(JSON.stringify(rows)).not.toContain(key);
});

test('docs/config.md lists every setting with its default, and no other', () => {
  const documented = readFileSync('docs/config.md', 'utf8').match(/^\| `MEDIADOCK_.*$/gm);
  const rows = Object.entries(settings).map(
    ([name, { fallback, secret, description, kind }]) =>
      `| \`${nameOf(name)}\`${secret ? ' (secret)' : ''} | ${fallback ? `\`${fallback}\`` : '–'} | ${description} Expected: ${kind.expects}. |`,
  );
  const clients = Object.entries(clientSettings).map(([name, description]) => `| \`${name}\` | ${description} |`);
  expect(documented).toEqual([...rows, ...clients]);
});
