import { expect, test } from 'vitest';
import { doctor, type Look } from './doctor.ts';
import { fail, ok, warn } from './finding.ts';

const clock = { now: () => 1_700_000_000_000 };
const prove = (nonce: string) => nonce;
const look = (check: string, see: Look['look']): Look => ({ check, look: see });
const fine = look('disk', async () => [ok('disk', 'free', 'All is well.')]);

test('a look that throws is a finding of its own, and the others are told all the same', async () => {
  const broken = look('database', async () => {
    throw new Error('it is away');
  });
  const { state, findings } = await doctor({ looks: [broken, fine], clock, prove }).diagnose();
  expect(state).toBe('fail');
  expect(findings).toMatchObject([
    { check: 'database', state: 'fail', says: expect.stringContaining('it is away') },
    { check: 'disk' },
  ]);
});

test('a look that never ends costs its time and no more; then it is told to stop', async () => {
  let stopped: AbortSignal | undefined;
  const endless = look('channel', (signal) => {
    stopped = signal;
    return new Promise(() => {});
  });
  const { findings } = await doctor({ looks: [endless, fine], clock, prove, patienceMs: 20 }).diagnose();
  expect(findings).toMatchObject([{ check: 'channel', state: 'warn' }, { state: 'ok' }]);
  expect(stopped?.aborted).toBe(true);
});

test('the whole is as bad as its worst part', async () => {
  const stateOf = async (...looks: Look[]) => (await doctor({ looks, clock, prove }).diagnose()).state;
  const doubtful = look('clock', async () => [warn('clock', 'clock', 'Off.', 'Set it.')]);
  const bad = look('reach', async () => [fail('reach', 'links', 'Away.', 'See to it.')]);
  expect(await stateOf(fine)).toBe('ok');
  expect(await stateOf(fine, doubtful)).toBe('warn');
  expect(await stateOf(doubtful, bad, fine)).toBe('fail');
});

test('whoever asks while it looks gets the same answer; later it looks again', async () => {
  let looks = 0;
  const counted = look('disk', async () => {
    looks += 1;
    return [];
  });
  const one = doctor({ looks: [counted], clock, prove });
  await Promise.all([one.diagnose(), one.diagnose(), one.diagnose()]);
  expect(looks).toBe(1);
  await one.diagnose();
  expect(looks).toBe(2);
});
