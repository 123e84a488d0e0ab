import { expect, test } from 'vitest';
import type { Endpoint } from '../core/model.ts';
import { sealer } from '../core/sealing.ts';
import { openEndpoint, rotated, sealEndpoint, secretsInForce } from './endpoint-secrets.ts';

const now = 1_000_000;

test('after a rotation both secrets sign until the overlap ends, the newer first', () => {
  const secrets = rotated([{ value: 'old', until: null }], 'new', now, 60_000);
  expect(secretsInForce(secrets, now)).toEqual(['new', 'old']);
  expect(secretsInForce(secrets, now + 60_000)).toEqual(['new']);
});

test('without an overlap the old secret is gone at once', () => {
  expect(rotated([{ value: 'old', until: null }], 'new', now, 0)).toEqual([{ value: 'new', until: null }]);
});

test('a rotation never prolongs a secret that was on its way out', () => {
  const once = rotated([{ value: 'a', until: null }], 'b', now, 10_000);
  const twice = rotated(once, 'c', now + 5000, 60_000);
  expect(secretsInForce(twice, now + 9999)).toEqual(['c', 'b', 'a']);
  expect(secretsInForce(twice, now + 10_000)).toEqual(['c', 'b']);
});

test('secrets and headers survive sealing', () => {
  const seals = sealer([new Uint8Array(32)]);
  const held = {
    secrets: [
      { value: 'whsec_x', until: null },
      { value: 'y', until: 7 },
    ],
    headers: { 'x-shared': 'secret' },
  };
  expect(openEndpoint({ sealed: sealEndpoint(held, seals) } as Endpoint, seals)).toEqual(held);
});
