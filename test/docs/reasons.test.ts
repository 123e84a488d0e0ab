// docs/troubleshooting.md explains every reason that the code can give, and none that it cannot.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { judgeLookUp } from '../../src/carriers/whatsapp-cloud/graph-error.ts';
import { captureReasons, deliveryReasons, mediaReasons, pauseReasons } from '../../src/core/reasons.ts';
import { outgoingFailures } from '../../src/outgoing/outgoing-failure.ts';

const pages = {
  troubleshooting: readFileSync('docs/troubleshooting.md', 'utf8'),
  whatsapp: readFileSync('docs/carriers/whatsapp-cloud.md', 'utf8'),
};

/** What stands between a heading and the next of its level. */
function section(page: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0] ?? '';
  const from = page.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`there is no heading "${heading}"`);
  const to = page.indexOf(`\n${level} `, from + heading.length);
  return page.slice(from, to < 0 ? undefined : to);
}

/** The first cells of a table, by its head, each without its backticks. */
function firstCells(text: string, head: string): string[] {
  const table = text.slice(text.indexOf(`| ${head} |`)).split('\n\n', 1)[0] ?? '';
  return table
    .split('\n')
    .slice(2)
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
}

test('every reason of a media has its row', () => {
  const text = section(pages.troubleshooting, '## Reasons of a media');
  const rows = text.split('\n### ').flatMap((part) => firstCells(part, 'reason'));
  expect(rows.sort()).toEqual([...captureReasons, ...mediaReasons].sort());
});

test('every reason of a pause that is no failure has its row', () => {
  const text = section(pages.troubleshooting, '## A channel is paused');
  expect(firstCells(text, 'reason | of').sort()).toEqual([...pauseReasons].sort());
});

test('every reason of a delivery has its row', () => {
  const text = section(pages.troubleshooting, '## Stored, but not delivered');
  expect(firstCells(text, 'reason').sort()).toEqual([...deliveryReasons].sort());
});

test('what a request to an application meets is explained in the words in which it is told', () => {
  const text = section(pages.troubleshooting, '## Stored, but not delivered');
  const transport = readFileSync('src/transports/webhook.ts', 'utf8');
  const own = [...transport.matchAll(/\berror: (['`])(.+?)\1/g)].map(([, , words = '']) =>
    words.replace(/\$\{.*?\}/g, '…'),
  );
  expect(own).not.toEqual([]);
  const words = [...outgoingFailures.map(([, , says]) => says), ...own];
  expect(words.filter((one) => !text.includes(one))).toEqual([]);
});

test('the codes of WhatsApp that pause a channel are those that the page names', () => {
  const text = section(pages.troubleshooting, '## A channel is paused');
  const named = new Set([...text.matchAll(/`carrier_(\d+)`/g)].map(([, code]) => Number(code)));
  for (const [, from, to] of text.matchAll(/`carrier_(\d+)` to `carrier_(\d+)`/g)) {
    for (let code = Number(from); code <= Number(to); code++) named.add(code);
  }
  const codes = [...Array(1000).keys(), ...Array.from({ length: 1000 }, (_, nth) => 131_000 + nth)];
  const pausing = codes.filter((code) => judgeLookUp(answer(400), { code }, 0).is === 'account');
  expect([...named].sort()).toEqual(pausing.sort());
});

test("the page of WhatsApp says of each code what becomes of the file, as the code's judge does", () => {
  const rows = section(pages.whatsapp, '## Error codes').match(/^\| `?\d.*$/gm) ?? [];
  const said = rows.flatMap((row) => {
    const [, codes = '', , follows = ''] = row.split('|');
    return [...codes.matchAll(/\d+(?:–\d+)?/g)].map(([span]) => ({
      code: Number.parseInt(span, 10),
      follows: follows.trim(),
    }));
  });
  const judged = said.map(({ code }) => ({ code, follows: outcomes[judgeLookUp(answer(400), { code }, 0).is] }));
  expect(said.length).toBeGreaterThan(15);
  expect(said).toEqual(judged);
});

const answer = (status: number) => ({ status, headers: {}, body: new Uint8Array() });
const outcomes = {
  transient: 'tried again',
  expired_link: 'tried again',
  unknown_media: 'tried again',
  account: 'the channel pauses',
  permanent: 'unavailable',
};
