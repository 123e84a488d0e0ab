import { z } from 'zod';
import { lossReasons } from '../../core/reasons.ts';
import { mediaStates } from '../answers.ts';
import { keyed, type Route } from '../route.ts';

const mib = 1024 * 1024;

const step = z
  .strictObject({
    files: z.int().meta({ description: 'Files that were read and held against their sha256.' }),
    bytes: z.int().meta({ description: 'Their bytes.' }),
    objects: z.int().meta({ description: 'Objects of the store that were looked up in the records.' }),
    damage: z.array(
      z.strictObject({
        object: z.string(),
        size: z.int(),
        is: z.enum(lossReasons),
        media: z
          .array(z.strictObject({ id: z.string(), app_id: z.string(), state: z.enum(mediaStates) }))
          .meta({ description: 'Those that refer to it, as they are now: `pending` ones are fetched again.' }),
      }),
    ),
    orphans: z.array(z.string()).meta({ description: 'Objects older than a day that no record knows.' }),
    next: z.string().nullable().meta({ description: 'The cursor of the next step; null: everything was looked at.' }),
    total: z.strictObject({ objects: z.int(), bytes: z.int() }).meta({ description: 'What is stored in all.' }),
  })
  .meta({ id: 'ScrubStep' });

export const scrubRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path: '/api/v1/scrub',
    operation: 'scrub',
    summary:
      'Looks through what is stored, a step at a time: reads files again, and finds what is missing or left over.',
    needs: { permission: 'manage', reach: 'instance' },
    answers: step,
    faults: ['move_refused', 'invalid_cursor'],
    body: z.strictObject({
      cursor: z
        .string()
        .min(1)
        .max(1024)
        .nullable()
        .default(null)
        .meta({ description: 'The `next` of the step before.' }),
      bytes: z
        .int()
        .min(1)
        .max(256 * mib)
        .default(64 * mib)
        .meta({ description: 'About how many bytes to read; a file is always read whole.' }),
      repair: z
        .boolean()
        .default(false)
        .meta({ description: 'Whether lost files are fetched again, or given up, and what is left over is removed.' }),
    }),
    async handler({ body, parts, reply }) {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort(new Error('the caller left')));
      const { objects, bytes } = await parts.records.storage();
      const { damage, ...seen } = await parts.scrub(body, gone.signal);
      return {
        ...seen,
        damage: damage.map(({ media, ...one }) => ({
          ...one,
          media: media.map(({ id, appId, state }) => ({ id, app_id: appId, state })),
        })),
        total: { objects, bytes },
      };
    },
  }),
];
