import { expect, test } from 'vitest';
import { openHttp } from '../../../test/http/rig.ts';

test('the API tells what it is to whoever asks, and a page shows it', async () => {
  const http = await openHttp();
  const document = await http.call('GET', '/openapi.json', { key: null });
  expect(document.status).toBe(200);
  expect(document.json).toMatchObject({ openapi: '3.1.1', info: { title: 'mediadock' } });
  const page = await http.call('GET', '/docs', { key: null });
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  for (const [, file] of page.text.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)) {
    const part = await http.call('GET', `/${file}`, { key: null });
    expect([part.status, part.text.length > 50], file).toEqual([200, true]);
    expect(part.headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test('the page loads nothing from anywhere else, and the policy says so', async () => {
  const http = await openHttp();
  const page = await http.call('GET', '/docs', { key: null });
  expect(page.text).not.toMatch(/https?:\/\//);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
});

test('only the files of the page are served there', async () => {
  const http = await openHttp();
  for (const name of ['package.json', '..%2f..%2fapp.ts', 'constructor', 'swagger-ui.js']) {
    expect((await http.call('GET', `/docs/${name}`, { key: null })).status, name).toBe(404);
  }
});
