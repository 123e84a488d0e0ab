import { expect, test } from 'vitest';
import { Fault } from '../../core/faults.ts';
import { packFailure } from './failure.ts';
import { grouping } from './group.ts';
import type { Command, Outcome } from './serve.ts';

/** A worker that answers a batch when it is told to. */
function slowWorker() {
  const batches: { commands: Command[]; answer(outcomes: Outcome[]): void; fail(error: Error): void }[] = [];
  const arrivals: (() => void)[] = [];
  const run = grouping((commands) => {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome[]>();
    batches.push({ commands, answer: resolve, fail: reject });
    arrivals.shift()?.();
    return promise;
  });
  const next = async () => {
    if (batches.length === 0) await new Promise<void>((resolve) => arrivals.push(resolve));
    const batch = batches.shift();
    if (batch === undefined) throw new Error('no batch came');
    return batch;
  };
  return { run, next };
}

const command = (name: string): Command => ({ name, request: null });
const names = (commands: Command[]): string[] => commands.map(({ name }) => name);
const allOk = (commands: Command[]): Outcome[] => commands.map(({ name }) => ({ ok: true, value: name }));

test('what is called while a batch runs shares the next one', async () => {
  const { run, next } = slowWorker();
  const first = [run(command('a')), run(command('b'))];
  const one = await next();
  expect(names(one.commands)).toEqual(['a', 'b']);
  const second = [run(command('c')), run(command('d')), run(command('e'))];
  one.answer(allOk(one.commands));
  expect(await Promise.all(first)).toEqual(['a', 'b']);
  const two = await next();
  expect(names(two.commands)).toEqual(['c', 'd', 'e']);
  two.answer(allOk(two.commands));
  expect(await Promise.all(second)).toEqual(['c', 'd', 'e']);
});

test('each caller gets its own outcome, and a fault stays a fault', async () => {
  const { run, next } = slowWorker();
  const calls = Promise.allSettled([run(command('a')), run(command('b')), run(command('c'))]);
  const batch = await next();
  batch.answer([
    { ok: true, value: 1 },
    {
      ok: false,
      failure: packFailure(new Fault('not_found', { detail: 'nothing', problems: [{ field: 'x', message: 'y' }] })),
    },
    { ok: false, failure: packFailure(new TypeError('odd')) },
  ]);
  const [good, fault, error] = await calls;
  expect(good).toEqual({ status: 'fulfilled', value: 1 });
  expect(fault.status === 'rejected' && fault.reason).toBeInstanceOf(Fault);
  expect(fault).toMatchObject({
    reason: { code: 'not_found', detail: 'nothing', problems: [{ field: 'x', message: 'y' }] },
  });
  expect(error).toMatchObject({ reason: { name: 'TypeError', message: 'odd' } });
});

test('a batch that is lost rejects its callers, and the next goes on', async () => {
  const { run, next } = slowWorker();
  const lost = Promise.allSettled([run(command('a'))]);
  (await next()).fail(new Error('the writer died'));
  expect(await lost).toMatchObject([{ status: 'rejected', reason: { message: 'the writer died' } }]);
  const again = run(command('b'));
  const batch = await next();
  batch.answer(allOk(batch.commands));
  expect(await again).toBe('b');
});

test('a batch has a bound', async () => {
  const { run, next } = slowWorker();
  const calls = Array.from({ length: 600 }, (_, n) => run(command(String(n))));
  const sizes: number[] = [];
  while (sizes.reduce((a, b) => a + b, 0) < 600) {
    const batch = await next();
    sizes.push(batch.commands.length);
    batch.answer(allOk(batch.commands));
  }
  expect(Math.max(...sizes)).toBe(256);
  expect(await Promise.all(calls)).toHaveLength(600);
});
