import { expect, test } from 'vitest';
import { yielding } from './yielding.ts';

const [old, fresh] = [60_000, 3];

/** Lane 1 is behind and its jobs take so long, each in turn; lane 2 keeps up. */
function beside(tookMs: number[], perSecond = 100) {
  const lanes = yielding(perSecond);
  lanes.begins(1, old, 0);
  for (let turn = 0; turn < 50; turn++) for (const took of tookMs) lanes.ends(1, took);
  lanes.begins(2, fresh, 0);
  return lanes;
}

test('who is behind stands back while another keeps up, to as many places as make the pace', () => {
  expect(beside([25]).who([], 10)).toEqual({ lanes: [1], places: 2 });
  expect(beside([305]).who([], 10)).toEqual({ lanes: [1], places: 30 });
});

test('what many at once make each other wait earns them no more places', () => {
  expect(beside([400, 25, 200, 100]).who([], 10)).toEqual({ lanes: [1], places: 2 });
});

test('a way that has become longer is seen', () => {
  const lanes = beside([25]);
  for (let job = 0; job < 200; job++) lanes.ends(1, 305);
  expect(lanes.who([], 10)).toEqual({ lanes: [1], places: 30 });
});

test('those who are behind far away do not lose their places to those who are behind near by', () => {
  const lanes = beside([5]);
  lanes.begins(3, old, 0);
  for (let turn = 0; turn < 50; turn++)
    for (const [lane, took] of [
      [1, 5],
      [3, 305],
    ] as const)
      lanes.ends(lane, took);
  expect(lanes.who([], 10)?.places).toBeGreaterThan(10);
});

test('a backlog that has just begun begins with one place', () => {
  const lanes = yielding(100);
  lanes.begins(2, fresh, 0);
  lanes.begins(1, old, 0);
  expect(lanes.who([1, 1, 1], 10)).toEqual({ lanes: [1], places: 0 });
  expect(lanes.who([], 10)).toEqual({ lanes: [1], places: 1 });
});

test('however quick they are, they begin no more a second than the pace, and it is said when the next may begin', () => {
  const lanes = beside([1]);
  let begun = 0;
  for (let at = 10; at < 1010; at++) {
    const { places } = lanes.who([], at) ?? { places: 0 };
    for (let place = 0; place < places; place++) {
      lanes.begins(1, old, at);
      begun++;
    }
    lanes.begins(2, fresh, at);
  }
  expect(begun).toBeGreaterThanOrEqual(99);
  expect(begun).toBeLessThanOrEqual(101);
  lanes.who([], 1010);
  lanes.begins(1, old, 1010);
  expect(lanes.moreAfterMs()).toBeGreaterThanOrEqual(9);
  expect(lanes.moreAfterMs()).toBeLessThanOrEqual(11);
  expect(beside([1]).moreAfterMs()).toBeUndefined();
});

test('one place is left to those that are behind, however quick they are', () => {
  expect(beside([1]).who([], 10)).toEqual({ lanes: [1], places: 1 });
});

test('what runs already counts, of those that are behind only', () => {
  expect(beside([25]).who([1, 2, 2, 2], 10)).toEqual({ lanes: [1], places: 1 });
  expect(beside([25]).who([1, 1, 1], 10)).toEqual({ lanes: [1], places: 0 });
});

test('whoever stands back for five minutes gets twice as many places, after ten thrice, and all that is forgotten at its end', () => {
  const lanes = beside([25]);
  const minute = 60_000;
  const placesAt = (at: number) => {
    lanes.begins(1, old, at);
    lanes.begins(2, fresh, at);
    return lanes.who([], at)?.places;
  };
  expect([0, 5 * minute - 1, 5 * minute + 1000, 10 * minute].map(placesAt)).toEqual([2, 2, 4, 6]);
  expect(lanes.who([], 11 * minute)).toBeUndefined();
  expect(placesAt(11 * minute)).toBe(1);
});

test('nobody stands back for nobody', () => {
  const alone = yielding(100);
  alone.begins(1, old, 0);
  alone.begins(3, old, 0);
  alone.ends(1, 5);
  expect(alone.who([], 10)).toBeUndefined();
  expect(yielding(100).who([], 10)).toBeUndefined();
  expect(beside([5], 0).who([], 10)).toBeUndefined();
});

test('nobody stands back when everybody has too much to do', () => {
  const lanes = beside([5]);
  for (let job = 0; job < 20; job++) lanes.begins(2, job % 3 === 0 ? old : fresh, 10);
  expect(lanes.who([], 10)).toBeUndefined();
  // Nor when everybody waits a little.
  const slow = yielding(100);
  slow.begins(1, old, 0);
  slow.begins(2, 500, 0);
  expect(slow.who([], 10)).toBeUndefined();
});

test('a lane of which a few jobs have waited is not behind', () => {
  const lanes = yielding(100);
  for (let job = 0; job < 20; job++) lanes.begins(1, job % 3 === 0 ? old : fresh, 0);
  lanes.begins(2, fresh, 0);
  expect(lanes.who([], 10)).toBeUndefined();
});

test('a lane that is behind and gets something new at times stays behind, and does not keep up', () => {
  const lanes = yielding(100);
  for (let job = 0; job < 20; job++) lanes.begins(1, job % 5 === 0 ? fresh : old, 0);
  expect(lanes.who([], 10)).toBeUndefined();
  lanes.begins(2, fresh, 0);
  expect(lanes.who([], 10)).toEqual({ lanes: [1], places: 1 });
});

test('it is over two seconds after the last that kept up, and so for one that has caught up', () => {
  const lanes = beside([5]);
  lanes.begins(1, old, 1999);
  expect(lanes.who([], 2000)).toEqual({ lanes: [1], places: 1 });
  expect(lanes.who([], 2001)).toBeUndefined();
  lanes.begins(2, fresh, 4000);
  expect(lanes.who([], 4000)).toBeUndefined();
  for (let job = 0; job < 9; job++) lanes.begins(1, fresh, 4100);
  expect(lanes.who([], 4100)).toBeUndefined();
});
