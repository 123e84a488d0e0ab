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
