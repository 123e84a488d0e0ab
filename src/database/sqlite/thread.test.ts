import { expect, test } from 'vitest';
import type { FromWorker } from './serve.ts';
import { startThread } from './thread.ts';

const script = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);
const ready = `import { parentPort } from 'node:worker_threads';
  parentPort.postMessage(${JSON.stringify({ is: 'ready' } satisfies FromWorker)});`;

/** Starts a worker; `died` resolves with what the log is told of its death. */
function start(text: string) {
  const death = Promise.withResolvers<Error>();
  const thread = startThread('toy', script(text), {}, () => {}, death.resolve);
  return { thread, died: death.promise };
}

test('a worker that dies rejects what was outstanding and what comes after', async () => {
  const { thread, died } = start(`${ready} parentPort.on('message', () => { throw new Error('out of luck'); });`);
  const { send } = await thread;
  const calls = [send([]), send([])];
  for (const call of calls) await expect(call).rejects.toThrow('the toy died: out of luck');
  expect((await died).message).toBe('the toy died: out of luck');
  await expect(send([])).rejects.toThrow('the toy died');
});

test('a worker that exits rejects what was outstanding', async () => {
  const { thread } = start(`${ready} parentPort.on('message', () => process.exit(3));`);
  const { send } = await thread;
  await expect(send([])).rejects.toThrow('the toy ended with code 3');
});

test('a worker that cannot start says why', async () => {
  const { thread } = start("throw new Error('no such file');");
  await expect(thread).rejects.toThrow('the toy died: no such file');
});

test('closing is no death, and may follow one', async () => {
  const { thread, died } = start(
    `${ready} parentPort.on('message', (m) => { if (m.is === 'close') parentPort.close(); });`,
  );
  const { close, send } = await thread;
  await close();
  await close();
  await expect(send([])).rejects.toThrow('the toy is closed');
  expect(await Promise.race([died, Promise.resolve('alive')])).toBe('alive');
});

test('a command that cannot be sent is rejected alone', async () => {
  const { thread } = start(
    `${ready} parentPort.on('message', ({ is, id }) => is === 'close' ? parentPort.close() : parentPort.postMessage({ is: 'outcomes', id, outcomes: [] }));`,
  );
  const { send, close } = await thread;
  await expect(send([{ name: 'x', request: () => {} }])).rejects.toThrow('could not be cloned');
  expect(await send([])).toEqual([]);
  await close();
});
