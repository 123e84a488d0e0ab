// A dialect in small, for tests of what serves dialects: it tells nothing, and wears its name on all that it says.

import type { Dialect, DialectAnswer, DialectRoute } from '../../src/core/dialect.ts';
import type { Fault } from '../../src/core/faults.ts';
import { statusOfKind } from '../../src/http/problems.ts';

/** Faults are `{[name]: code}`, with a header of its own; rates are told in `x-{name}-left`. */
export function toyDialect(name: string, routes: readonly DialectRoute[]): Dialect {
  const refuse = ({ kind, code }: Fault): DialectAnswer => ({
    status: statusOfKind[kind],
    headers: { [`x-${name}-fault`]: code },
    json: { [name]: code },
  });
  return {
    name,
    policy: { hold: 'none', parts: 'message', speaks: [] },
    retention: null,
    keyPrefix: (mode) => `${name}_${mode}_`,
    render: () => null,
    nextTry: () => 'none',
    timeoutMs: 1000,
    readSettings: () => ({}),
    facade: {
      routes,
      refuse,
      rateHeaders: ({ limit, remaining }) => ({ [`x-${name}-limit`]: `${limit}`, [`x-${name}-left`]: `${remaining}` }),
    },
  };
}

/** A row that any key of an app may call and that takes no body, unless it says otherwise. */
export const toyRoute = (row: Pick<DialectRoute, 'path' | 'answer'> & Partial<DialectRoute>): DialectRoute => ({
  method: 'GET',
  needs: { permission: 'read', reach: 'app' },
  takes: 'nothing',
  describes: { summary: 'A toy.', answers: { 200: null } },
  ...row,
});
