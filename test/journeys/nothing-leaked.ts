// What no journey may have shown to anybody, looked for in all that was asked of the carrier and in all that was logged.

import { expect } from 'vitest';
import { adminKey, type Rig, type Tenant } from './rig.ts';

/** The number of the person who sends where a test names nobody. */
const somebodysPhone = '16505551234';

/** Claims that tokens went to the carrier's own origin only, and in no query; and that the log holds neither secret, link nor number. */
export function expectNothingLeaked(rig: Rig, ...tenants: readonly Tenant[]): void {
  const secrets = [
    adminKey,
    rig.connection.appSecret,
    rig.connection.verifyToken,
    ...tenants.flatMap(({ accessToken, key, secret }) => [accessToken, key, secret]),
  ];
  expect(rig.sandbox.requests).not.toHaveLength(0);
  for (const { listener, bearer, path, query } of rig.sandbox.requests) {
    if (listener === 'other_host') expect(bearer).toBeNull();
    for (const secret of secrets) expect(path + query).not.toContain(secret);
  }
  const log = JSON.stringify(rig.log.lines);
  const numbers = [somebodysPhone, ...tenants.map(({ display }) => display)];
  // Every token here, former and wrong ones too, begins like one of Meta's.
  for (const hidden of ['EAAG', ...secrets, ...numbers]) expect(log).not.toContain(hidden);
  expect(log).not.toMatch(/[?&](?:hash|ext|mid|token|expires)=/);
}
