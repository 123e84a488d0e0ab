import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { events } from '../src/http/event-answers.ts';
import { messageReceivedExample } from '../src/http/event-example.ts';
import { openApi } from '../src/http/openapi.ts';
import { routeGroups, routes } from '../src/http/routes.ts';
import { version } from '../src/version.ts';
import { breakingChanges } from './breaking-changes.ts';

type Tree = { [name: string]: unknown };

const read = (name: string): Tree => JSON.parse(readFileSync(name, 'utf8'));
const served = () => JSON.parse(JSON.stringify(openApi(routeGroups, version))) as Tree;

/** Every value under a name, wherever it stands. */
const valuesUnder = (name: string, value: unknown): unknown[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => [...(key === name ? [inner] : []), ...valuesUnder(name, inner)]);

test('docs/openapi.json is what is served; `npm run openapi` renews it', () => {
  // The texts are compared, because a whole difference would fill the screen.
  const isServed = JSON.stringify(read('docs/openapi.json')) === JSON.stringify(served());
  expect(isServed, 'run `npm run openapi`').toBe(true);
});

test('nothing has changed since the last release that breaks a client', () => {
  expect(breakingChanges(read('docs/openapi.released.json'), served())).toEqual([]);
});

test('every route is an operation with a name of its own, and every reference leads somewhere', () => {
  const document = served();
  const names = valuesUnder('operationId', document['paths']);
  expect(names.sort()).toEqual(routes.map(({ operation }) => operation).sort());
  expect(new Set(names).size).toBe(names.length);
  const places = valuesUnder('$ref', document).map(String);
  expect(places.length).toBeGreaterThan(300);
  for (const place of new Set(places)) {
    const found = place
      .slice(2)
      .split('/')
      .reduce<unknown>((at, name) => (at as Tree | undefined)?.[name], document);
    expect(found, place).toBeDefined();
  }
});

test('the example of an event is one', () => {
  expect(events['message.received'].parse(messageReceivedExample)).toEqual(messageReceivedExample);
});

/** The released document with one thing changed. */
function changed(change: (document: Tree, at: (path: string) => Tree) => void): string[] {
  const before = served();
  const after = served();
  const at = (path: string) => path.split(' ').reduce<unknown>((inside, name) => (inside as Tree)[name], after) as Tree;
  change(after, at);
  return breakingChanges(before, after);
}

const upload = 'paths /api/v1/media post';
const createApp = 'paths /api/v1/apps post requestBody content application/json schema';

test('a planted break is refused, and the place is named', () => {
  for (const [breaks, change] of [
    ['POST /api/v1/media is gone', (_, at) => delete at('paths /api/v1/media')['post']],
    ['POST /api/v1/media 201 is gone', (_, at) => delete at(`${upload} responses`)['201']],
    ['POST /api/v1/apps body.name is gone', (_, at) => delete at(`${createApp} properties`)['name']],
    [
      'POST /api/v1/apps body.dialect is required now',
      (_, at) => (at(createApp)['required'] as string[]).push('dialect'),
    ],
    [
      'GET /api/v1/media 200.data[].sha256 is gone',
      (_, at) => delete at('components schemas Media properties')['sha256'],
    ],
    [
      'GET /api/v1/media 200.data[].kind knows "sticker" no more',
      (_, at) => void (at('components schemas Media properties kind')['enum'] as string[]).splice(4, 1),
    ],
    [
      'GET /api/v1/media query state knows "remote" no more',
      (_, at) => {
        const parameters = at('paths /api/v1/media get')['parameters'] as Tree[];
        const state = parameters.find(({ name }) => name === 'state')?.['schema'] as { enum: string[] };
        state.enum.shift();
      },
    ],
    [
      'GET /api/v1/apps/{id} 200.name may be null now',
      (_, at) => Object.assign(at('components schemas App properties name'), { type: ['string', 'null'] }),
    ],
    [
      'GET /api/v1/media 200.data[].kind may be null now',
      (_, at) => {
        const members = at('components schemas Media properties');
        members['kind'] = { anyOf: [members['kind'], { type: 'null' }] };
      },
    ],
    [
      'PATCH /api/v1/organizations/{id} body.media_retention_days(1) may not be null any more',
      (_, at) => {
        const place = 'paths /api/v1/organizations/{id} patch requestBody content application/json schema properties';
        at(place)['media_retention_days'] = { type: 'integer' };
      },
    ],
    [
      'POST media.stored body.data.media.sha256 is gone',
      (_, at) => delete at('components schemas Media properties')['sha256'],
    ],
  ] as [string, (document: Tree, at: (path: string) => Tree) => unknown][]) {
    expect(changed(change)).toContain(breaks);
  }
});

test('what is added breaks nothing', () => {
  expect(
    changed((_, at) => {
      at('paths')['/api/v1/novelties'] = { get: { operationId: 'listNovelties', responses: {} } };
      at('components schemas Media properties')['novelty'] = { type: 'string' };
      at(`${createApp} properties`)['novelty'] = { type: 'string' };
      (at('components schemas Media properties kind')['enum'] as string[]).push('hologram');
    }),
  ).toEqual([]);
});
