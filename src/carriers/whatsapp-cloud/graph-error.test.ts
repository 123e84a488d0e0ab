import { expect, test } from 'vitest';
import { judgeLookUp } from './graph-error.ts';

const now = Date.UTC(2026, 9, 21, 7, 0, 0);

const judged = (status: number, error?: unknown, headers: Record<string, string> = {}) =>
  judgeLookUp({ status, headers, body: new Uint8Array() }, error, now);

test('trouble with the token, the permissions or the account is the channel’s and not the media’s', () => {
  for (const code of [0, 3, 10, 190, 200, 250, 299, 368, 131005, 131031]) {
    expect(judged(500, { code })).toEqual({ is: 'account', reason: `carrier_${code}` });
  }
});

test('a request that cannot become right, or a file that Meta lacks, is permanent', () => {
  for (const code of [33, 100, 131008, 131009, 131051, 131052]) {
    expect(judged(400, { code })).toEqual({ is: 'permanent', reason: `carrier_${code}` });
  }
});

test('an unknown media id is told from other invalid parameters by its subcode or by its type', () => {
  const unknown = { is: 'unknown_media', reason: 'carrier_100_33' };
  expect(judged(400, { code: 100, error_subcode: 33, type: 'GraphMethodException' })).toEqual(unknown);
  expect(judged(400, { code: 100, type: 'GraphMethodException' })).toEqual(unknown);
  expect(judged(400, { code: '100', error_subcode: '33' })).toEqual(unknown);
  expect(judged(400, { code: 100, error_subcode: 7, type: 'OAuthException' })).toEqual({
    is: 'permanent',
    reason: 'carrier_100',
  });
});

test('what passes by itself is tried again, whatever the status says', () => {
  for (const code of [1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 999, 300, 199]) {
    expect(judged(400, { code })).toEqual({ is: 'transient', reason: `carrier_${code}` });
  }
  expect(judged(429, { code: 4 }, { 'retry-after': '30' })).toEqual({
    is: 'transient',
    reason: 'carrier_4',
    retryAfterMs: 30_000,
  });
});

test('a wait until a date is measured by the clock of the server that asks for it', () => {
  const headers = { date: 'Wed, 21 Oct 2026 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2026 07:29:30 GMT' };
  expect(judged(400, { code: 4 }, headers)).toMatchObject({ retryAfterMs: 90_000 });
  expect(judged(503, undefined, headers)).toMatchObject({ is: 'transient', retryAfterMs: 90_000 });
});

test('a wait until a date is measured by our clock where the server does not tell its own', () => {
  const headers = { 'retry-after': 'Wed, 21 Oct 2026 07:02:00 GMT' };
  expect(judged(400, { code: 4 }, headers)).toMatchObject({ retryAfterMs: 120_000 });
});

test('without a readable code the status decides', () => {
  for (const error of [undefined, {}, { code: 'x' }, { code: -1 }, { code: 1.5 }, 'oops']) {
    expect(judged(401, error)).toEqual({ is: 'account', reason: 'look_up_401' });
    expect(judged(403, error)).toEqual({ is: 'account', reason: 'look_up_403' });
    expect(judged(404, error)).toEqual({ is: 'transient', reason: 'look_up_404' });
    expect(judged(500, error)).toEqual({ is: 'transient', reason: 'look_up_500' });
  }
});
