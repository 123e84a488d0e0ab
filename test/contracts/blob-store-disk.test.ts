import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { diskStore } from '../../src/blobs/disk.ts';
import { blobKey, blobStoreContract, streamOf } from './blob-store.ts';

const never = new AbortController().signal;

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-blobs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Paths of all files below a folder, relative to it. */
async function filesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

const openHandles = async (): Promise<string[]> => {
  const links = await readdir('/proc/self/fd');
  return Promise.all(links.map((link) => readlink(`/proc/self/fd/${link}`).catch(() => '')));
};

blobStoreContract('disk', async () => diskStore(join(await emptyFolder(), 'blobs')));

test('a blob is one file in one of 256 folders, and its name is made of nothing but our ids', async () => {
  const root = await emptyFolder();
  const store = await diskStore(root);
  const key = blobKey();
  await store.write(key, streamOf(Buffer.from('a photo')), never);
  const [path, ...more] = await filesIn(root);
  expect(more).toEqual([]);
  expect(path).toMatch(/^[0-9a-f]{2}\/app_\w{27}\.blb_\w{27}$/);
  expect(await readFile(join(root, path ?? ''), 'utf8')).toBe('a photo');
  expect((await readdir(root)).filter((name) => /^[0-9a-f]{2}$/.test(name))).toHaveLength(256);
});

test('a file that is not ours, or is only half written, is not listed', async () => {
  const root = await emptyFolder();
  const store = await diskStore(root);
  const key = blobKey();
  await store.write(key, streamOf(Buffer.from('a photo')), never);
  for (const name of ['00/notes.txt', '00/app_1.blb_2', `ff/${key.replace('/', '.')}.bak`, 'tmp/draft'])
    await writeFile(join(root, name), 'left here by somebody');
  expect((await store.list(null, 100)).objects.map((object) => object.key)).toEqual([key]);
});

test('files and folders are for their owner only', async () => {
  const root = join(await emptyFolder(), 'blobs');
  const store = await diskStore(root);
  await store.write(blobKey(), streamOf(Buffer.from('a contract')), never);
  const [path = ''] = await filesIn(root);
  expect((await stat(join(root, path))).mode & 0o077).toBe(0);
  expect((await stat(root)).mode & 0o077).toBe(0);
});

test('what a former process left half-written is gone after opening, and what it had finished is there', async () => {
  const root = await emptyFolder();
  const key = blobKey();
  await (await diskStore(root)).write(key, streamOf(Buffer.from('whole')), never);
  await writeFile(join(root, 'tmp', 'left-over'), 'half a ph');
  await mkdir(join(root, 'tmp', 'folder'));

  const store = await diskStore(root);
  expect(await readdir(join(root, 'tmp'))).toEqual([]);
  for await (const chunk of await store.read(key, undefined, never))
    expect(Buffer.from(chunk).toString()).toBe('whole');
});

test('a write that fails or is aborted leaves no file at all', async () => {
  const root = await emptyFolder();
  const store = await diskStore(root);
  const stop = new AbortController();
  async function* aborted() {
    yield Buffer.alloc(3_000_000);
    stop.abort(new Error('stopping'));
    yield Buffer.alloc(1);
  }
  async function* failing() {
    yield Buffer.alloc(3_000_000);
    throw new Error('the carrier hung up');
  }
  await expect(store.write(blobKey(), aborted(), stop.signal)).rejects.toThrow('stopping');
  await expect(store.write(blobKey(), failing(), never)).rejects.toThrow('hung up');
  expect(await filesIn(root)).toEqual([]);
});

test.skipIf(process.platform !== 'linux')(
  'no file stays open after writes that fail, reads that stop early and reads that never begin',
  async () => {
    const root = await emptyFolder();
    const store = await diskStore(root);
    const key = blobKey();
    await store.write(key, streamOf(Buffer.alloc(3_000_000)), never);

    const stop = new AbortController();
    await store.read(key, undefined, stop.signal);
    stop.abort();
    for await (const _ of await store.read(key, undefined, never)) break;
    const unread = await store.read(key, undefined, never);
    await unread[Symbol.asyncIterator]().return?.();
    async function* failing() {
      yield Buffer.alloc(10);
      throw new Error('the carrier hung up');
    }
    await expect(store.write(blobKey(), failing(), never)).rejects.toThrow('hung up');

    await expect.poll(async () => (await openHandles()).filter((path) => path.startsWith(root))).toEqual([]);
  },
);

test('a blob that is removed while it is read is read to its end', async () => {
  const store = await diskStore(await emptyFolder());
  const key = blobKey();
  await store.write(key, streamOf(Buffer.alloc(2_000_000, 7)), never);
  const bytes = await store.read(key, undefined, never);
  await store.remove(key);
  let seen = 0;
  for await (const chunk of bytes) seen += chunk.length;
  expect(seen).toBe(2_000_000);
});

test('a folder that cannot be written fails the probe and every write', async () => {
  const root = await emptyFolder();
  const store = await diskStore(root);
  // Taking the rights away would not stop root, under which many containers run; taking the folder away stops everybody.
  await rm(join(root, 'tmp'), { recursive: true });
  await expect(store.probe()).rejects.toThrow('ENOENT');
  await expect(store.write(blobKey(), streamOf(Buffer.from('x')), never)).rejects.toThrow('ENOENT');
});

test('a place that is not a folder stops the opening', async () => {
  const file = join(await emptyFolder(), 'file');
  await writeFile(file, '');
  await expect(diskStore(file)).rejects.toThrow();
});

// Killing a process never shows a missing sync, because the system keeps what it was given; the order of calls does.
const traceable = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

test.skipIf(!traceable)(
  'bytes are synced before they get their name, and the name before the write is done',
  async () => {
    const root = await emptyFolder();
    await diskStore(root);
    const trace = join(await emptyFolder(), 'trace');
    const program = `
    import { writeSync } from 'node:fs';
    import { diskStore } from ${JSON.stringify(new URL('../../src/blobs/disk.ts', import.meta.url).href)};
    const store = await diskStore(${JSON.stringify(root)});
    await store.write(${JSON.stringify(blobKey())}, (async function* () { yield Buffer.alloc(3_000_000); })(), new AbortController().signal);
    writeSync(1, 'written');`;
    const calls = 'trace=openat,write,pwrite64,fsync,rename,renameat,renameat2';
    const node = [process.execPath, '--input-type=module', '--eval', program];
    execFileSync('strace', ['-f', '-y', '-s', '16', '-e', calls, '-o', trace, ...node]);

    const lines = (await readFile(trace, 'utf8')).split('\n');
    const draft = lines.findIndex((line) => line.includes(`${root}/tmp/`) && line.includes('O_CREAT'));
    const after = (from: number, pattern: RegExp) => lines.findIndex((line, at) => at > from && pattern.test(line));
    const lastBytes = lines.findLastIndex(
      (line) => /p?write(64)?\(\d+<[^>]*\/tmp\/[^>]*>/.test(line) && line.includes(root),
    );
    const synced = after(lastBytes, /fsync\(\d+<[^>]*\/tmp\/[^>]+>/);
    const named = after(synced, /rename(at2?)?\(/);
    const nameSynced = after(named, /fsync\(\d+<[^>]*\/[0-9a-f]{2}>/);
    const done = after(nameSynced, /"written"/);
    const order = [draft, lastBytes, synced, named, nameSynced, done];
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(lines.findIndex((line) => /rename(at2?)?\(/.test(line))).toBe(named);
  },
);
