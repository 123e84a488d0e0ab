import { z } from 'zod';
import { keyed, open, type Route } from '../route.ts';

const state = z.enum(['ok', 'warn', 'fail']);

const diagnosis = z.strictObject({
  status: state,
  checked_at: z.string(),
  duration_ms: z.number(),
  findings: z.array(
    z.strictObject({
      check: z.string(),
      subject: z.string(),
      state,
      says: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
});

const nonce = z.strictObject({ nonce: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits') });

/** Asked by a server of itself, through its public address: below the paths that carriers and applications call. */
const reach = (path: string, operation: string): Route =>
  open({
    method: 'GET',
    path,
    operation,
    summary: 'Shows that this very instance answers here.',
    needs: 'nothing',
    answers: z.strictObject({ proof: z.string() }),
    query: nonce,
    handler: ({ query, parts }) => ({ proof: parts.doctor.prove(query.nonce) }),
  });

export const doctorRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/doctor',
    operation: 'diagnose',
    summary: 'Looks at everything that must be right for files to be captured and delivered.',
    needs: { permission: 'manage', reach: 'instance' },
    answers: diagnosis,
    async handler({ parts }) {
      const { state, at, durationMs, findings } = await parts.doctor.diagnose();
      return { status: state, checked_at: new Date(at).toISOString(), duration_ms: durationMs, findings };
    },
  }),
  reach('/in/reach', 'proveIntake'),
  reach('/media/reach', 'proveLinks'),
];
