import { expect, test } from 'vitest';
import { hashOf } from '../core/keys.ts';
import type { Key } from '../core/model.ts';
import { access } from './access.ts';

const key: Key = {
  id: 'key_1',
  endsAt: null,
  name: 'reader',
  reach: { kind: 'app', appId: 'app_1' },
  permissions: ['read'],
  mode: 'live',
  dialect: 'native',
  createdAt: 0,
};

function bench() {
  let now = 0;
  let live = true;
  let reads = 0;
  const known = Buffer.from(hashOf('mdk_live_known')).toString('hex');
  const records = {
    keyByHash({ hash }: { hash: Uint8Array }) {
      reads += 1;
      return Promise.resolve(live && Buffer.from(hash).toString('hex') === known ? key : undefined);
    },
  };
  return {
    ...access(records, 'the-administrators-key', { now: () => now }),
    pass(ms: number) {
      now += ms;
    },
    revoke() {
      live = false;
    },
    reads: () => reads,
  };
}

test("the administrator's key reaches everything and costs no read", async () => {
  const { callerOf, reads } = bench();
  expect(await callerOf('the-administrators-key')).toMatchObject({
    reach: { kind: 'instance' },
    permissions: ['read', 'send', 'manage'],
  });
  expect(reads()).toBe(0);
});

test('a key is its app and its permissions; an unknown one is nobody', async () => {
  const { callerOf } = bench();
  expect(await callerOf('mdk_live_known')).toMatchObject({ key: 'key_1', reach: key.reach, permissions: ['read'] });
  for (const stranger of ['mdk_live_know', 'mdk_live_known ', '', 'the-administrators-ke']) {
    expect(await callerOf(stranger)).toBeUndefined();
  }
});

test('a revoked key is refused within a second', async () => {
  const { callerOf, revoke, pass, reads } = bench();
  await callerOf('mdk_live_known');
  await callerOf('mdk_live_known');
  expect(reads()).toBe(1);
  revoke();
  pass(1000);
  expect(await callerOf('mdk_live_known')).toBeUndefined();
});
