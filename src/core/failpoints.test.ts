import { expect, test } from 'vitest';
import { passing } from './failpoints.ts';

test('where no failpoint is armed there is nothing to call', () => {
  expect(passing([], () => {})).toBeUndefined();
});

test('a process dies at the n-th pass of an armed failpoint, and at no other', () => {
  let deaths = 0;
  const pass = passing(
    [
      { name: 'mid_download', nth: 3 },
      { name: 'mid_sweep', nth: 1 },
    ],
    () => {
      deaths += 1;
    },
  );
  pass?.('mid_download');
  pass?.('mid_download');
  pass?.('after_temp_file');
  expect(deaths).toBe(0);
  pass?.('mid_download');
  expect(deaths).toBe(1);
  pass?.('mid_sweep');
  pass?.('mid_sweep');
  pass?.('mid_download');
  expect(deaths).toBe(2);
});
