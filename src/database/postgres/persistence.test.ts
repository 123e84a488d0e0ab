import { expect, test } from 'vitest';
import { UnknownOutcome } from './failure.ts';
import { persistence } from './persistence.ts';

const sqlState = (code: string): Error => Object.assign(new Error(code), { code });
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });

/** A command that fails with these errors, one after the other, and then succeeds. */
function failing(...errors: Error[]) {
  const again: boolean[] = [];
  const attempt = async (repeated = false): Promise<string> => {
    again.push(repeated);
    const error = errors.shift();
    if (error !== undefined) throw error;
    return 'done';
  };
  return { attempt, again };
}

test.each(['40001', '40P01', '23505', '23503'])('%s: looked at again at once, a few times', async (code) => {
  const { repeatable, once } = persistence(() => {}, []);
  expect(await repeatable(failing(...Array<Error>(4).fill(sqlState(code))).attempt)).toBe('done');
  expect(await once(failing(sqlState(code)).attempt)).toBe('done');
  await expect(repeatable(failing(...Array<Error>(5).fill(sqlState(code))).attempt)).rejects.toThrow(code);
});

test.each([
  refused,
  sqlState('57P01'),
  sqlState('57P03'),
  sqlState('08006'),
  sqlState('53300'),
  sqlState('25006'),
  sqlState('23514'),
  new Error('Connection terminated unexpectedly'),
  new Error('timeout exceeded when trying to connect'),
])('$message: waited out, for so long and no longer', async (error) => {
  const { once } = persistence(() => {}, [0, 0, 0]);
  expect(await once(failing(error, error, error).attempt)).toBe('done');
  await expect(once(failing(error, error, error, error).attempt)).rejects.toBe(error);
});

test.each([sqlState('22021'), sqlState('42601'), new TypeError('odd')])('$message: thrown at once', async (error) => {
  const { again, attempt } = failing(error);
  await expect(persistence(() => {}, [0]).repeatable(attempt)).rejects.toBe(error);
  expect(again).toEqual([false]);
});

test('after a commit of unknown outcome only what is safe to repeat is repeated, and is told so', async () => {
  const { repeatable, once } = persistence(() => {}, [0, 0]);
  const first = failing(new UnknownOutcome('lost'), refused);
  expect(await repeatable(first.attempt)).toBe('done');
  expect(first.again).toEqual([false, true, true]);
  const second = failing(new UnknownOutcome('lost'));
  await expect(once(second.attempt)).rejects.toThrow('lost');
  expect(second.again).toEqual([false]);
});

test('the log hears once that the database is away, and once that it is back', async () => {
  const lines: object[] = [];
  const { repeatable } = persistence((line) => lines.push(line), [0, 0]);
  await Promise.all([repeatable(failing(refused, refused).attempt), repeatable(failing(refused).attempt)]);
  await repeatable(failing().attempt);
  expect(lines).toEqual([
    { warning: 'the database does not answer', error: 'connect ECONNREFUSED' },
    { notice: 'the database answers again' },
  ]);
});
