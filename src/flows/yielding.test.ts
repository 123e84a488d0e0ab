import { expect, test } from 'vitest';
import { yielding } from './yielding.ts';

const [old, fresh] = [60_000, 3];

/** Lane 1 is behind and its jobs take so long; lane 2 keeps up. */
function beside(tookMs: number, perSecond = 100) {
  const lanes = yielding(perSecond);
  lanes.begins(1, old, 0);
  lanes.ends(1, tookMs);
  lanes.begins(2, fresh, 0);
  return lanes;
}

test('who is behind stands back while another keeps up, to as many places as make the pace', () => {
  expect(beside(25).who([], 10)).toEqual({ lanes: [1], places: 2 });
  expect(beside(300).who([], 10)).toEqual({ lanes: [1], places: 30 });
});

test('one place is left to those that are behind, however quick they are', () => {
  expect(beside(1).who([], 10)).toEqual({ lanes: [1], places: 1 });
});

test('what runs already counts, of those that are behind only', () => {
  expect(beside(25).who([1, 2, 2, 2], 10)).toEqual({ lanes: [1], places: 1 });
  expect(beside(25).who([1, 1, 1], 10)).toEqual({ lanes: [1], places: 0 });
});

test('nobody stands back for nobody', () => {
  const alone = yielding(100);
  alone.begins(1, old, 0);
  alone.begins(3, old, 0);
  alone.ends(1, 5);
  expect(alone.who([], 10)).toBeUndefined();
  expect(yielding(100).who([], 10)).toBeUndefined();
  expect(beside(5, 0).who([], 10)).toBeUndefined();
});

test('a lane that is behind and gets something new at times does not keep up', () => {
  const lanes = yielding(100);
  lanes.begins(1, old, 0);
  lanes.ends(1, 5);
  lanes.begins(1, fresh, 1);
  expect(lanes.who([], 10)).toBeUndefined();
});

test('it is over two seconds after the last that kept up, and so for one that has caught up', () => {
  const lanes = beside(5);
  lanes.begins(1, old, 1999);
  expect(lanes.who([], 2000)).toEqual({ lanes: [1], places: 1 });
  expect(lanes.who([], 2001)).toBeUndefined();
  lanes.begins(2, fresh, 4000);
  expect(lanes.who([], 4000)).toBeUndefined();
  lanes.begins(1, fresh, 4100);
  expect(lanes.who([], 4100)).toBeUndefined();
});
