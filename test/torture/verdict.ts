// After everything has settled: what was promised, held against what is there. Each violation is a sentence.

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Body } from '../journeys/rig.ts';
import { fileKey, shownKey } from './ledger.ts';
import type { World } from './world.ts';

const pageRows = 200;
const linksAtOnce = 8;

/** Pages through a list of the API. @throws when a page is refused */
async function all(world: World, path: string, next: 'cursor' | 'after'): Promise<Body[]> {
  const rows: Body[] = [];
  for (let cursor = ''; ; ) {
    const more = cursor === '' ? '' : `&${next}=${encodeURIComponent(cursor)}`;
    const answer = await world.call('GET', `${path}?limit=${pageRows}${more}`);
    if (answer?.status !== 200) throw new Error(`GET ${path}: ${answer?.status}`);
    rows.push(...answer.body.data);
    if (answer.body.next === null || answer.body.data.length === 0) return rows;
    cursor = answer.body.next;
  }
}

/** Each message is there once, and each that was acknowledged is there. */
async function messages(world: World): Promise<string[]> {
  const times = new Map<string, number>();
  for (const message of await all(world, '/api/v1/messages', 'cursor'))
    times.set(shownKey(message), (times.get(shownKey(message)) ?? 0) + 1);
  const doubled = [...times].filter(([, count]) => count > 1).map(([key, count]) => `${key} is ${count} messages`);
  const lost = [...world.ledger.acknowledged.values()]
    .filter(({ address, key }) => !world.ledger.destroyed.has(address) && !times.has(key))
    .map(({ key }) => `${key} was acknowledged and is not there`);
  return [...doubled, ...lost];
}

/** Each acknowledged message was delivered, and the link of each file leads to the carrier's bytes, or to 410 once deleted. */
async function deliveries(world: World): Promise<string[]> {
  const { acknowledged, heard, links, deleted, destroyed } = world.ledger;
  const owed = [...acknowledged.values()].filter(({ address }) => !destroyed.has(address));
  const wrong = owed
    .filter(({ key }) => !heard.has(key))
    .map(({ key }) => `${key} was acknowledged and never delivered`);
  const work = owed
    .flatMap(({ key, files }) => files.map(({ sha256 }, part) => ({ key: fileKey(key, part), sha256 })))
    .values();
  const check = async () => {
    for (const { key, sha256 } of work) {
      const link = links.get(key);
      if (link === undefined) {
        wrong.push(`${key} was never delivered`);
        continue;
      }
      const answer = await fetch(link.url);
      const hash = createHash('sha256');
      for await (const chunk of answer.body ?? []) hash.update(chunk);
      if (deleted.has(link.media)) {
        if (answer.status !== 410) wrong.push(`${link.media} was deleted and its link answers ${answer.status}`);
      } else if (answer.status !== 200) wrong.push(`the link of ${key} (${link.media}) answers ${answer.status}`);
      else if (hash.digest('hex') !== sha256) wrong.push(`${link.media} has other bytes than its carrier had`);
    }
  };
  await Promise.all(Array.from({ length: linksAtOnce }, check));
  return wrong;
}

/** The consumer, which resumed with its cursor after each kill, has read every event once and in order. */
async function events(world: World): Promise<string[]> {
  const { consumed } = world.ledger;
  const read = new Set(consumed);
  const stated = (await all(world, '/api/v1/events', 'after')).map(({ id }) => id as string);
  const known = new Set(stated);
  const missed = stated.filter((id) => !read.has(id));
  const invented = consumed.filter((id) => !known.has(id));
  const twice = consumed.length - read.size;
  const wrong = missed.map((id) => `the consumer missed the event ${id}`);
  wrong.push(...invented.map((id) => `the consumer read the event ${id}, which is not there`));
  if (twice > 0) wrong.push(`the consumer read ${twice} events twice`);
  if (wrong.length === 0 && stated.some((id, at) => consumed[at] !== id)) wrong.push('the consumer read out of order');
  return wrong;
}

/** Rows and objects answer to each other. */
export async function blobs(world: World): Promise<string[]> {
  const entries = await readdir(join(world.folder, 'data', 'blobs'), { recursive: true, withFileTypes: true });
  const objects = new Set(
    entries.filter((entry) => entry.isFile()).map(({ name, parentPath }) => keyOf(parentPath, name)),
  );
  const { stored } = await world.ask('audit');
  const named = new Set(stored.map(({ blob }) => blob));
  return [
    ...stored
      .filter(({ blob }) => !objects.has(blob))
      .map(({ id, blob }) => `${id} is stored and ${blob} is not there`),
    ...[...objects].filter((object) => !named.has(object)).map((object) => `${object} is there and no row names it`),
  ];
}

const keyOf = (folder: string, name: string): string =>
  folder.endsWith('tmp') ? `tmp/${name}` : name.replace('.', '/');

export async function violations(world: World): Promise<string[]> {
  return [
    ...world.surprises,
    ...(await messages(world)),
    ...(await deliveries(world)),
    ...(await events(world)),
    ...(await blobs(world)),
  ];
}
