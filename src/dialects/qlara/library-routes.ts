import { z } from 'zod';
import type { Caller } from '../../core/caller.ts';
import type { Desk } from '../../core/desk.ts';
import type { DialectCall, DialectRoute } from '../../core/dialect.ts';
import { Fault, invalid } from '../../core/faults.ts';
import type { Millis } from '../../core/ids.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { jsonSchema, readBy } from '../schemas.ts';
import { describe, libraryItem, libraryPage, listedItem } from './answers.ts';
import { addItem, allItems, itemNamed, type LibraryItem, presentItem, removeItem } from './library.ts';
import { libraryPath as path } from './paths.ts';

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most));

const listQuery = z.object({
  page: whole(0, 1_000_000).default(0),
  limit: whole(1, 1000).default(10),
  sortBy: z.enum(['id', 'name', 'mimeType', 'size', 'createdAt']).default('id'),
  sortOrder: z.enum(['asc', 'desc']).default('asc'),
});

const form = {
  type: 'object',
  required: ['file'],
  properties: {
    file: { type: 'string', format: 'binary', description: 'JPEG, PNG, GIF or MP4, at most 5 MB' },
    name: { type: 'string' },
    description: { type: 'string' },
    folderId: { type: 'string' },
  },
};

const upload: DialectRoute = {
  method: 'POST',
  path,
  needs: { permission: 'send', reach: 'app' },
  takes: 'stream',
  describes: describe(
    'Adds a picture to the media library, by multipart/form-data.',
    { status: 201, body: libraryItem },
    { takes: form, fails: [400, 413], errors: [502] },
  ),
  async answer({ caller, stream, headers, now, desk }) {
    if (stream === undefined) throw invalid('file', 'is missing');
    const item = await addItem(desk, caller, stream, headers['content-type']);
    const json = await presentItem(desk, caller, item, now);
    if (json === undefined) throw new Fault('not_found');
    return { status: 201, json };
  },
};

const list: DialectRoute = {
  method: 'GET',
  path,
  needs: { permission: 'read', reach: 'app' },
  takes: 'nothing',
  describes: {
    ...describe('A page of the media library.', { status: 200, body: libraryPage }, { fails: [400] }),
    query: jsonSchema(listQuery),
  },
  async answer({ caller, query, now, desk }) {
    const { page, limit, sortBy, sortOrder } = readBy(listQuery, query, 'query');
    const items = (await allItems(desk, caller)).sort(orders[sortBy]);
    if (sortOrder === 'desc') items.reverse();
    const shown = items.slice(page * limit, (page + 1) * limit);
    const media = await Promise.all(shown.map(async (item) => await listed(item, desk, caller, now)));
    // An entry whose file was deleted by other means is not shown.
    return { status: 200, json: { media: media.filter((one) => one !== undefined), page, limit, total: items.length } };
  },
};

/** An entry as reading shows it: the vendor calls its id `id` there, and `mediaId` when it is made. */
async function listed(item: LibraryItem, desk: Desk, caller: Caller, now: Millis): Promise<JsonObject | undefined> {
  const json = await presentItem(desk, caller, item, now);
  return json && { id: item.mediaId, ...json };
}

type Order = (left: LibraryItem, right: LibraryItem) => number;
const byAge: Order = (left, right) => left.createdAt - right.createdAt || (left.media < right.media ? -1 : 1);
const byText =
  (field: 'name' | 'mimeType'): Order =>
  (left, right) =>
    left[field] === right[field] ? byAge(left, right) : left[field] < right[field] ? -1 : 1;

/** By id is by age, as with the vendor's numbers; what is equal stands by age as well. */
const orders: Record<z.output<typeof listQuery>['sortBy'], Order> = {
  id: byAge,
  createdAt: byAge,
  name: byText('name'),
  mimeType: byText('mimeType'),
  size: (left, right) => left.size - right.size || byAge(left, right),
};

const get: DialectRoute = {
  method: 'GET',
  path: `${path}/:mediaId`,
  needs: { permission: 'read', reach: 'app' },
  takes: 'nothing',
  describes: describe('One entry of the media library.', { status: 200, body: listedItem }, { fails: [404] }),
  async answer({ caller, params, now, desk }) {
    const item = await itemNamed(desk, caller, params['mediaId'] ?? '');
    const json = item && (await listed(item, desk, caller, now));
    if (json === undefined) throw new Fault('not_found');
    return { status: 200, json };
  },
};

/** The vendor's page is cut before it says how the id is passed: in the path, the query or the body, it is found. */
const remove = (below: string): DialectRoute => ({
  method: 'DELETE',
  path: path + below,
  needs: { permission: 'manage', reach: 'app' },
  takes: 'json',
  describes: describe('Deletes an entry, and its link with it.', { status: 204, body: null }, { fails: [400, 404] }),
  async answer(call) {
    if (!(await removeItem(call.desk, call.caller, namedBy(call)))) throw new Fault('not_found');
    return { status: 204, empty: true };
  },
});

function namedBy({ params, query, body }: DialectCall): string {
  const inBody = isObject(body) ? (body['mediaId'] ?? body['id']) : undefined;
  const named = params['mediaId'] ?? query['mediaId'] ?? query['id'] ?? inBody;
  if (typeof named !== 'string') throw invalid('mediaId', 'is missing');
  return named;
}

export const libraryRoutes: readonly DialectRoute[] = [upload, list, get, remove(''), remove('/:mediaId')];
