import { z } from 'zod';
import { presentJournalEntry } from '../../core/present.ts';
import { given, id, listOf, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const needs = { permission: 'read', reach: 'instance' } as const;

export const journalRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/journal',
    needs,
    query: z.strictObject({ ...pageQuery, only: z.enum(['unrouted', 'unparsed']).optional() }),
    async handler({ query, parts }) {
      const page = await parts.records.listJournal({ ...given({ only: query.only }), page: pageOf(query) });
      return listOf(page, presentJournalEntry);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/journal/:id',
    needs,
    params: z.object({ id: id('journal') }),
    async handler({ params, parts }) {
      const entry = found(await parts.records.journalEntry(params));
      return {
        ...presentJournalEntry(entry),
        headers: entry.headers,
        // The exact bytes: they need not be text.
        body_base64: Buffer.from(entry.body).toString('base64'),
      };
    },
  }),
];
