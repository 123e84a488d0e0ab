import { z } from 'zod';
import { presentJournalEntry } from '../../core/present.ts';
import { journalEntry, pageOfAnswer } from '../answers.ts';
import { given, id, listOf, pageOf, pageQuery, stepCursor } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const wholeEntry = journalEntry
  .extend({
    headers: z.record(z.string(), z.string()),
    body_base64: z.string().meta({ description: 'The exact bytes: they need not be text.' }),
  })
  .meta({ id: 'WholeJournalEntry' });

const replayed = z
  .strictObject({
    created: z.int().meta({ description: 'Messages that are new.' }),
    duplicates: z.int().meta({ description: 'Messages that were known.' }),
    media_added: z.int(),
    unrouted: z.int(),
    unparsed: z.int(),
  })
  .meta({ id: 'JournalReplay' });

const needs = { permission: 'read', reach: 'instance' } as const;
const change = { permission: 'manage', reach: 'instance' } as const;
const open = z.enum(['unrouted', 'unparsed']);

export const journalRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/journal',
    operation: 'listJournal',
    summary: 'Lists what carriers posted.',
    needs,
    answers: pageOfAnswer(journalEntry),
    query: z.strictObject({ ...pageQuery, only: open.optional() }),
    async handler({ query, parts }) {
      const page = await parts.records.listJournal({ ...given({ only: query.only }), page: pageOf(query) });
      return listOf(page, presentJournalEntry);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/journal/:id',
    operation: 'getJournalEntry',
    summary: 'One request of a carrier, with its exact bytes.',
    needs,
    answers: wholeEntry,
    params: z.object({ id: id('journal') }),
    async handler({ params, parts }) {
      const entry = found(await parts.records.journalEntry(params));
      return {
        ...presentJournalEntry(entry),
        headers: entry.headers,
        body_base64: Buffer.from(entry.body).toString('base64'),
      };
    },
  }),

  keyed({
    method: 'POST',
    path: '/api/v1/journal/:id/replay',
    operation: 'replayJournalEntry',
    summary: "Reads one request again, with the carrier's parser and the channels of now.",
    needs: change,
    answers: replayed,
    faults: ['connection_unknown', 'secrets_unreadable'],
    params: z.object({ id: id('journal') }),
    async handler({ params, parts }) {
      const { mediaAdded, ...counts } = await parts.replays.request(params.id);
      return { ...counts, media_added: mediaAdded };
    },
  }),

  keyed({
    method: 'POST',
    path: '/api/v1/journal/replay',
    operation: 'replayJournal',
    summary: 'Reads again what is open in the journal, a step at a time.',
    needs: change,
    answers: z.strictObject({
      replayed: z.int().meta({ description: 'Requests that were read again.' }),
      solved: z.int().meta({ description: 'Those in which nothing is open any more.' }),
      failed: z.int().meta({ description: 'Those that could not be read at all, their connection being gone.' }),
      next: z.string().nullable().meta({ description: 'The cursor of the next step; null: done.' }),
    }),
    faults: ['invalid_cursor'],
    body: z.strictObject({ only: open, cursor: stepCursor }),
    handler: async ({ body, parts }) => await parts.replays.journal(body.only, body.cursor),
  }),
];
