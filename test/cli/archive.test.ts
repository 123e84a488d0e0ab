import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openArchiveState } from '../../src/cli/archive-state.ts';
import { newFolder, pathOfBlob, startRig, store } from './rig.ts';

/** The files of an archive with their contents, by their paths; what it keeps for itself left out. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const found = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const named = found.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const texts = named
    .filter((name) => !name.startsWith('.mediadock-archive.db'))
    .map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}

const template = ['--template', '{kind}_{seq}.{ext}'];

test('archive saves every stored file under its name and tells where; again it saves only what is new', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const folder = await newFolder();
  await store(rig, tenant, ['one', 'two']);
  const first = await rig.type(['archive', folder, '--once', ...template, '--json']);
  expect(first).toMatchObject({ code: 0, err: '2 files saved (6 B)\n' });
  const lines = first.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ path }) => path).sort()).toEqual(['document_1.txt', 'document_2.txt']);
  expect(Object.values(await filesIn(folder)).sort()).toEqual(['one', 'two']);

  await store(rig, tenant, ['three']);
  const second = await rig.type(['archive', folder, '--once', ...template]);
  expect(second).toMatchObject({ code: 0, out: 'document_3.txt\n', err: '1 file saved (5 B)\n' });
  expect((await filesIn(folder))['document_3.txt']).toBe('three');
  expect(await readdir(folder)).not.toContain('.mediadock-archive');
});

test('archive sorts by what the message tells', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const folder = await newFolder();
  const [sent] = await store(rig, tenant, ['one']);
  const { body: media } = await rig.call('GET', `/api/v1/media/${sent?.id}`);
  const { body: message } = await rig.call('GET', `/api/v1/messages/${media.message_id}`);
  await rig.type(['archive', folder, '--once', '--template', '{conversation}/{phone}/{date}/{name}.{ext}']);
  expect(Object.keys(await filesIn(folder))).toEqual([
    `${message.conversation_id}/${message.contact.phone}/${media.received_at.slice(0, 10)}/file 0.txt`,
  ]);
});

test('a file that was moved away is not saved again, and one that is in the way is left alone', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const folder = await newFolder();
  await writeFile(join(folder, 'document_1.txt'), 'mine');
  await store(rig, tenant, ['one']);
  await rig.type(['archive', folder, '--once', ...template]);
  expect(await filesIn(folder)).toEqual({ 'document_1.txt': 'mine', 'document_2.txt': 'one' });
  await rm(join(folder, 'document_2.txt'));
  expect(await rig.type(['archive', folder, '--once', ...template])).toMatchObject({ code: 0, out: '' });
  expect(await filesIn(folder)).toEqual({ 'document_1.txt': 'mine' });
});

test('a damaged file is not saved, is told, and is tried again by the next run', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const folder = await newFolder();
  const [bad] = await store(rig, tenant, ['x'.repeat(300_000), 'good']);
  const path = pathOfBlob(rig, bad?.blob ?? '');
  await writeFile(path, 'y'.repeat(300_000));
  const first = await rig.type(['archive', folder, '--once', ...template]);
  expect(first.code).toBe(1);
  expect(first.err).toContain('1 file damaged on the server');
  expect(Object.values(await filesIn(folder))).toEqual(['good']);
  await writeFile(path, bad?.text ?? '');
  expect(await rig.type(['archive', folder, '--once', ...template])).toMatchObject({ code: 0 });
  expect(Object.values(await filesIn(folder)).sort()).toEqual(['good', bad?.text]);
});

test('archive watches for what arrives until it is stopped, and goes on where it was', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const folder = await newFolder();
  const stop = new AbortController();
  await store(rig, tenant, ['before']);
  const lines: string[] = [];
  let seen = () => {};
  const bothSaved = new Promise<void>((resolve) => {
    seen = () => lines.length === 2 && resolve();
  });
  const running = rig.type(['archive', folder, ...template], {
    signal: stop.signal,
    onOut: (text) => {
      lines.push(text);
      seen();
    },
  });
  await store(rig, tenant, ['after']);
  await bothSaved;
  stop.abort();
  const ended = await running;
  expect(ended.code).toBe(130);
  expect(ended.err).toContain(`stopped; go on with: mediadock archive ${folder} --template '{kind}_{seq}.{ext}'`);
  expect(Object.values(await filesIn(folder)).sort()).toEqual(['after', 'before']);
  expect(await rig.type(['archive', folder, '--once', ...template])).toMatchObject({ code: 0, out: '' });
});

test('a run that was killed between naming a file and noting it saves it once', async () => {
  const rig = await startRig();
  const tenant = await rig.tenant();
  const folder = await newFolder();
  await store(rig, tenant, ['one', 'two']);
  await rig.type(['archive', folder, '--once', ...template]);
  // As the power left it: both are named, the one is there and not noted, the other is not there.
  const sqlite = new DatabaseSync(join(folder, '.mediadock-archive.db'));
  sqlite.exec('UPDATE files SET saved = 0');
  sqlite.close();
  const state = openArchiveState(folder);
  expect(state.unsaved()).toHaveLength(2);
  state.close();
  await rm(join(folder, 'document_2.txt'));
  expect(await rig.type(['archive', folder, '--once', ...template])).toMatchObject({ code: 0 });
  expect(Object.keys(await filesIn(folder)).sort()).toEqual(['document_1.txt', 'document_2.txt']);
});

test('two archives on one folder do not run together', async () => {
  const rig = await startRig();
  const folder = await newFolder();
  const other = openArchiveState(folder);
  const { code, err } = await rig.type(['archive', folder, '--once']);
  other.close();
  expect(code).toBe(2);
  expect(err).toContain('is another archive running?');
});
