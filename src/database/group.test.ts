import { expect, test } from 'vitest';
import { grouping } from './group.ts';

type Outcomes = PromiseSettledResult<string>[];

/** An engine that answers a batch when it is told to. */
function slowEngine(lanes?: number) {
  const batches: { commands: string[]; answer(outcomes: Outcomes): void; fail(error: Error): void }[] = [];
  const arrivals: (() => void)[] = [];
  const run = grouping((commands: string[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<Outcomes>();
    batches.push({ commands, answer: resolve, fail: reject });
    arrivals.shift()?.();
    return promise;
  }, lanes);
  const next = async () => {
    if (batches.length === 0) await new Promise<void>((resolve) => arrivals.push(resolve));
    const batch = batches.shift();
    if (batch === undefined) throw new Error('no batch came');
    return batch;
  };
  return { run, next };
}

const allOk = (commands: string[]): Outcomes => commands.map((value) => ({ status: 'fulfilled', value }));

test('what is called while a batch runs shares the next one', async () => {
  const { run, next } = slowEngine();
  const first = [run('a'), run('b')];
  const one = await next();
  expect(one.commands).toEqual(['a', 'b']);
  const second = [run('c'), run('d'), run('e')];
  one.answer(allOk(one.commands));
  expect(await Promise.all(first)).toEqual(['a', 'b']);
  const two = await next();
  expect(two.commands).toEqual(['c', 'd', 'e']);
  two.answer(allOk(two.commands));
  expect(await Promise.all(second)).toEqual(['c', 'd', 'e']);
});

test('with two lanes a second batch runs beside the first, and the third waits for either', async () => {
  const { run, next } = slowEngine(2);
  const a = run('a');
  const one = await next();
  const b = run('b');
  const two = await next();
  const rest = [run('c'), run('d')];
  two.answer(allOk(two.commands));
  expect(await b).toBe('b');
  const three = await next();
  expect(three.commands).toEqual(['c', 'd']);
  three.answer(allOk(three.commands));
  one.answer(allOk(one.commands));
  expect(await Promise.all([a, ...rest])).toEqual(['a', 'c', 'd']);
});

test('each caller gets its own outcome', async () => {
  const { run, next } = slowEngine();
  const calls = Promise.allSettled([run('a'), run('b')]);
  const reason = new TypeError('odd');
  (await next()).answer([
    { status: 'fulfilled', value: '1' },
    { status: 'rejected', reason },
  ]);
  expect(await calls).toEqual([
    { status: 'fulfilled', value: '1' },
    { status: 'rejected', reason },
  ]);
});

test('a batch that is lost rejects its callers, and the next goes on', async () => {
  const { run, next } = slowEngine();
  const lost = Promise.allSettled([run('a')]);
  (await next()).fail(new Error('the writer died'));
  expect(await lost).toMatchObject([{ status: 'rejected', reason: { message: 'the writer died' } }]);
  const again = run('b');
  const batch = await next();
  batch.answer(allOk(batch.commands));
  expect(await again).toBe('b');
});

test('a batch has a bound', async () => {
  const { run, next } = slowEngine();
  const calls = Array.from({ length: 600 }, (_, n) => run(String(n)));
  const sizes: number[] = [];
  while (sizes.reduce((a, b) => a + b, 0) < 600) {
    const batch = await next();
    sizes.push(batch.commands.length);
    batch.answer(allOk(batch.commands));
  }
  expect(Math.max(...sizes)).toBe(256);
  expect(await Promise.all(calls)).toHaveLength(600);
});
