import fc from 'fast-check';
import { expect, test } from 'vitest';
import { furnish, linkTo, openHttp } from '../../../test/http/rig.ts';

test('a link in which any one character was altered, dropped or added is refused', async () => {
  const http = await openHttp();
  const { media } = await furnish(http);
  const link = linkTo(http, media);
  const first = '/media/'.length;
  const character = fc.constantFrom(..."ABYZabyz0189-_.~%=&?/+:;@!$'()*,");
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: first, max: link.length - 1 }),
      character,
      fc.constantFrom('alter', 'drop', 'add'),
      async (at, other, how) => {
        const rest = link.slice(how === 'add' ? at : at + 1);
        const altered = link.slice(0, at) + (how === 'drop' ? '' : other) + rest;
        fc.pre(altered !== link);
        // Between and around the parameters there is room that means nothing: the link still says the same.
        fc.pre(!(how === 'add' && /[?&]$/.test(link.slice(0, at)) && other === '&'));
        const answer = await http.call('GET', altered, { key: null });
        expect([answer.status, answer.json['code']], altered).toEqual([403, 'link_refused']);
      },
    ),
    { numRuns: 400 },
  );
  expect((await http.call('GET', link, { key: null })).status).toBe(200);
});

test('a link lives until its second and not a moment longer', async () => {
  const http = await openHttp();
  const { media } = await furnish(http);
  const link = linkTo(http, media);
  const expires = Number(new URL(http.url + link).searchParams.get('expires')) * 1000;
  http.moveTo(expires - 1);
  expect((await http.call('GET', link, { key: null })).status).toBe(200);
  http.moveTo(expires);
  expect((await http.call('GET', link, { key: null })).status).toBe(403);
});

test('a link needs no key and looks at none', async () => {
  const http = await openHttp();
  const { media } = await furnish(http);
  expect((await http.call('GET', linkTo(http, media), { key: 'a token for somebody else' })).status).toBe(200);
  const bare = await http.call('GET', `/media/${media.id}.jpg`);
  expect([bare.status, bare.json['code']]).toEqual([403, 'link_refused']);
});

test('a link for one file opens no other', async () => {
  const http = await openHttp();
  const one = await furnish(http);
  const other = await furnish(http);
  const query = linkTo(http, one.media).split('?')[1];
  expect((await http.call('GET', `/media/${other.media.id}.jpg?${query}`, { key: null })).status).toBe(403);
});

test('paths that are no links are refused cleanly', async () => {
  const http = await openHttp();
  for (const [path, status] of [
    ['/media/', 403],
    ['/media//', 403],
    ['/media/%2e%2e%2fapi', 403],
    ['/media/a%2Fb', 403],
    ['/media/%00', 403],
    ['/media/%', 403],
    ['/media/?file=x&token=a&expires=1', 403],
    [`/media/${'x'.repeat(5000)}`, 403],
    ['/media/a.jpg?token=a&token=b&expires=1', 403],
    ['/media', 404],
    ['//media/a.jpg', 404],
  ] as const) {
    const answer = await http.call('GET', path, { key: null });
    expect(answer.status, path).toBe(status);
    expect(answer.headers.get('content-type'), path).toBe('application/problem+json');
  }
});
