import { expect, test } from 'vitest';
import { shell } from './shell.ts';
import { startApi } from './stand-in-api.ts';

const withKey = (url: string) => ({ MEDIADOCK_URL: url, MEDIADOCK_KEY: 'key' });
const problem = (status: number, detail: string, errors: { field: string; message: string }[] = []) => ({
  status,
  json: { type: 'about:blank', title: 'No', status, detail, code: 'x', errors },
});

test('a refusal ends with 1 and names every field that is wrong', async () => {
  const errors = [
    { field: 'body.name', message: 'is required' },
    { field: 'body.dialect', message: 'unknown; one of: native' },
  ];
  const api = await startApi({ 'POST /apps': problem(400, 'The request does not have the expected form.', errors) });
  expect(await shell(['apps', 'create', '--name', ''], { env: withKey(api.url) })).toMatchObject({
    code: 1,
    out: '',
    err: [
      'mediadock: The request does not have the expected form.',
      '  body.name: is required',
      '  body.dialect: unknown; one of: native\n',
    ].join('\n'),
  });
});

test('what the detail says already is not said twice', async () => {
  const wrong = problem(400, 'body.name: is required', [{ field: 'body.name', message: 'is required' }]);
  const api = await startApi({ 'POST /apps': wrong });
  const { err } = await shell(['apps', 'create', '--name', ''], { env: withKey(api.url) });
  expect(err).toBe('mediadock: body.name: is required\n');
});

test('a thing that the server does not know ends with 4', async () => {
  const api = await startApi({});
  expect(await shell(['media', 'show', 'med_x'], { env: withKey(api.url) })).toMatchObject({
    code: 4,
    err: 'mediadock: There is nothing here under this id.\n',
  });
});

test('a refused key ends with 1 and says how to give another', async () => {
  const api = await startApi({ 'GET /media': problem(401, 'The key is unknown or revoked.') });
  const { code, err } = await shell(['media', 'ls'], { env: withKey(api.url) });
  expect(code).toBe(1);
  expect(err).toContain('--key');
});

test('a server that does not answer ends with 3, its address and how to start one', async () => {
  const { code, err } = await shell(['media', 'ls'], { env: withKey('http://127.0.0.1:1') });
  expect(code).toBe(3);
  expect(err).toContain('http://127.0.0.1:1');
  expect(err).toContain('mediadock serve');
});

test('an answer that is none of a mediadock ends with 1', async () => {
  const page = startApi({ 'GET /media': { write: (response) => response.end('<html>welcome to nginx') } });
  const { code, err } = await shell(['media', 'ls'], { env: withKey((await page).url) });
  expect(code).toBe(1);
  expect(err).toContain('is it a mediadock?');
  const proxy = await startApi({ 'GET /media': { write: (response) => response.writeHead(502).end('Bad Gateway') } });
  expect((await shell(['media', 'ls'], { env: withKey(proxy.url) })).err).toContain('answered 502');
});

test.each([
  [['nonsense'], "unknown command 'nonsense'"],
  [['media', 'sl'], 'Did you mean ls?'],
  [['media', 'ls', '--colour'], "unknown option '--colour'"],
  [['media', 'ls', '--state', 'lost'], 'Allowed choices are'],
  [['media', 'get'], "missing required argument 'id'"],
  [['media', 'ls', 'surplus'], 'too many arguments'],
  [['apps', 'create'], "required option '--name <text>'"],
  [['apps', 'update', 'app_x'], 'nothing to change'],
  [['apps', 'create', '--name', 'a', '--link-seconds', '5x'], '--link-seconds: expected a whole number'],
  [['deliveries', 'replay'], 'give the id of a delivery, or --endpoint'],
  [['deliveries', 'replay', 'dlv_x', '--endpoint', 'end_x'], 'give the id of a delivery, or --endpoint'],
  [['sandbox', 'send'], 'give a file, or --text'],
  [['sandbox', 'send', '/nowhere.jpg'], '/nowhere.jpg'],
  [['sandbox', 'send', '/'], '/ is not a file'],
  [['sandbox', 'send', '--text', 'a', '--wait', 'long'], '--wait: expected'],
  [['endpoints', 'create', '--app-id', 'app_x', '--webhook-url', 'u', '--header', 'novalue'], 'expected name=value'],
  [['media', 'ls', '--url', 'ftp://x'], 'is not an http or https address'],
  [['media', 'ls', '--key', 'a b'], 'characters that no key has'],
  [['media'], 'Usage: mediadock media'],
  [[], 'Usage: mediadock'],
])('%j ends with 2 before any server is asked', async (args, says) => {
  const api = await startApi({});
  const { code, out, err } = await shell(args, { env: withKey(api.url) });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(says);
  expect(api.asked).toEqual([]);
});

test('without a key nothing is asked, and the message says where one is looked for', async () => {
  const { code, err } = await shell(['media', 'ls'], { env: { MEDIADOCK_DATA_DIR: '/nowhere' } });
  expect(code).toBe(2);
  expect(err).toContain('/nowhere/admin.key');
});

test('help and the version are results', async () => {
  expect(await shell(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n', err: '' });
  expect(await shell(['media', 'get', '--help'])).toMatchObject({ code: 0, err: '' });
});

test('a stop that fails is told as a failure, not as a stop', async () => {
  const serve = () => Promise.reject(new Error('it did not stop within 25 s'));
  expect(await shell(['serve'], { signal: AbortSignal.abort() }, { serve })).toMatchObject({
    code: 1,
    err: 'mediadock: it did not stop within 25 s\n',
  });
});
