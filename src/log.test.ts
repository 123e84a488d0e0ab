import { expect, test } from 'vitest';
import { makeLog, readable } from './log.ts';

function logged(write: (log: ReturnType<typeof makeLog>) => void): string[] {
  const lines: string[] = [];
  write(makeLog('info', { write: (line) => void lines.push(line) }));
  return lines;
}

test('a fact is one JSON line with its level as a word and its time', () => {
  const [line] = logged((log) => log.info({ media: 'med_1' }, 'capture'));
  expect(JSON.parse(line ?? '')).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    media: 'med_1',
    msg: 'capture',
  });
});

test('what is below the level is not written', () => {
  expect(logged((log) => log.debug({}, 'detail'))).toEqual([]);
});

test('at a terminal a fact is a short line, an error with its stack below', () => {
  const [fact, failure] = logged((log) => {
    log.info({ media: 'med_1', outcome: 'stored', reason: null, ms: 12.7, stored: { created: 1 } }, 'capture');
    log.error({ err: new Error('no space'), about: 'remove' }, 'failed');
  }).map(readable);
  expect(fact).toMatch(/^\d\d:\d\d:\d\d info {2}capture {2}media=med_1 outcome=stored ms=13\n$/);
  expect(failure).toMatch(/error failed {3}about=remove\nError: no space\n {4}at /);
});

test('numbers of people are masked wherever they stand in a line, and ids of ours are not', () => {
  const id = 'med_2nXmQ012345678901234567890x';
  const wamid = 'wamid.HBgNNDkxNTExMjM0NTY3OBUCABIYIDNBQTA=';
  const cause = Object.assign(new Error('no contact +4915112345678'), {
    detail: 'Key (value)=(4915112345678) exists.',
  });
  const lines = logged((log) => {
    log.info({ media: id, path: '/api/v1/messages/4915112345678' }, 'request');
    log.error({ err: new Error(`no message ${wamid}`, { cause }), about: '106540352242922' }, 'failed');
  });
  expect(lines[0]).toContain(id);
  expect(lines[0]).toContain('/api/v1/messages/…78');
  expect(lines[1]).toContain('no contact …78');
  for (const hidden of ['4915112345678', 'HBgN', '106540352242922', 'exists']) {
    expect(lines.join(), hidden).not.toContain(hidden);
  }
});

test('an error keeps its name, its code, its stack and its causes', () => {
  const cause = Object.assign(new TypeError('the socket closed'), { code: 'ECONNRESET' });
  const [line] = logged((log) => log.error({ err: new Error('not sent', { cause }) }, 'failed'));
  const { err } = JSON.parse(line ?? '');
  expect(err).toMatchObject({ type: 'Error', message: 'not sent', cause: { type: 'TypeError', code: 'ECONNRESET' } });
  expect(err.stack).toContain('log.test.ts');
});
