// The media library: pictures that a client keeps for messages of its own.

import { ask } from '../ask.ts';
import { must, mustFit } from '../form.ts';
import { type Check, offered, type Target } from '../target.ts';
import { call, expectAnswer, failed, libraryItem, notFound } from './forms.ts';

const path = '/api/partner-gateway/v1/media';

/** A PNG of one pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const year = 365 * 24 * 60 * 60 * 1000;

function form(file: Uint8Array<ArrayBuffer> | undefined, fields: Record<string, string> = {}): FormData {
  const made = new FormData();
  if (file !== undefined) made.append('file', new Blob([file], { type: 'image/png' }), '../menu.png');
  for (const [name, value] of Object.entries(fields)) made.append(name, value);
  return made;
}

type Item = { mediaId: string; url: string };

/** A picture in the library, for as long as `run` runs. */
async function withItem(
  target: Target,
  fields: Record<string, string>,
  run: (item: Item) => Promise<void>,
): Promise<void> {
  const asked = call(target, 'POST', path, { body: form(png, fields) });
  const item = (await expectAnswer(asked, 201, libraryItem({}))) as Item;
  try {
    await run(item);
  } finally {
    await call(target, 'DELETE', `${path}/${item.mediaId}`);
  }
}

export const libraryChecks: readonly Check[] = [
  {
    name: 'a picture is added with its name and text, and its link yields the bytes',
    needs: [],
    async run(target) {
      const facts = { name: 'Summer menu', description: 'Two pages' };
      await withItem(target, facts, async (item) => {
        mustFit(item, libraryItem(facts));
        const { status, bytes } = await ask(item.url);
        must(status === 200 && png.equals(bytes), 'the link yields other bytes');
        const read = await call(target, 'GET', `${path}/${item.mediaId}`);
        mustFit(read.json, libraryItem({ ...facts, id: item.mediaId, mediaId: item.mediaId }));
      });
    },
  },
  {
    name: 'without a name a picture bears that of its file, made safe',
    needs: [],
    run: (target) => withItem(target, {}, async (item) => mustFit(item, libraryItem({ name: 'menu.png' }))),
  },
  {
    name: 'the library is listed in pages and in the order that is asked for',
    needs: [],
    run: (target) =>
      withItem(target, { name: 'conformance b' }, (b) =>
        withItem(target, { name: 'conformance a' }, async (a) => {
          const listed = async (query: string) => {
            const { json, status } = await call(target, 'GET', `${path}?${query}`);
            must(status === 200, `the list is answered with ${status}`);
            return (json as { media: { id: string; name: string }[] }).media;
          };
          const ours = (await listed('limit=1000&sortBy=name&sortOrder=desc')).filter(
            ({ id }) => id === a.mediaId || id === b.mediaId,
          );
          must(ours.map(({ name }) => name).join() === 'conformance b,conformance a', 'the order is another');
          const [first, second] = [await listed('page=0&limit=1'), await listed('page=1&limit=1')];
          must(first.length === 1 && second.length === 1, 'a page of one holds another number');
          must(first[0]?.id !== second[0]?.id, 'two pages hold the same');
        }),
      ),
  },
  {
    name: 'a link of the library ends with the entry and not before',
    needs: ['advance'],
    run: (target) =>
      withItem(target, {}, async ({ mediaId, url }) => {
        await offered(target, 'advance')(year);
        must((await ask(url)).status === 200, 'the link died within a year');
        const { status } = await call(target, 'DELETE', `${path}/${mediaId}`);
        must(status === 200 || status === 204, `deleting is answered with ${status}`);
        must((await ask(url)).status !== 200, 'the link outlives its entry');
      }),
  },
  {
    name: 'an entry is deleted once, and is then unknown',
    needs: [],
    run: (target) =>
      withItem(target, {}, async ({ mediaId }) => {
        await call(target, 'DELETE', path, { body: { mediaId } });
        for (const method of ['GET', 'DELETE'])
          await expectAnswer(call(target, method, `${path}/${mediaId}`), 404, notFound);
      }),
  },
  {
    name: 'what is no picture, too large, or no form at all is refused',
    needs: [],
    async run(target) {
      const post = (body: unknown) => call(target, 'POST', path, { body });
      for (const body of [form(undefined), form(new Uint8Array(10)), { file: 'x' }, undefined])
        await expectAnswer(post(body), 400, failed);
      const large = new Uint8Array(5 * 1024 * 1024 + 1);
      large.set(png);
      await expectAnswer(post(form(large)), 413, failed);
      for (const query of ['page=-1', 'limit=0', 'limit=1001', 'sortBy=colour', 'sortOrder=up'])
        await expectAnswer(call(target, 'GET', `${path}?${query}`), 400, failed);
    },
  },
];
