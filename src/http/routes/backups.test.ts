import { expect, test } from 'vitest';
import { furnish, openHttp } from '../../../test/http/rig.ts';

const path = '/api/v1/backups';

test('where the records have a tool of their own, a backup gives the objects alone', async () => {
  const http = await openHttp();
  const { media, bytes } = await furnish(http);
  const begun = await http.call('POST', path);
  expect(begun).toMatchObject({
    status: 201,
    json: { state: 'ready', engine: 'postgres', records_bytes: null, objects: 1, bytes: bytes.length },
  });
  const one = `${path}/${begun.json['id']}`;
  expect((await http.call('GET', `${one}/records`)).status).toBe(404);
  const { json } = await http.call('GET', `${one}/objects`);
  expect(json).toEqual({ data: [{ object: media.blob, sha256: media.sha256, size: media.size }], next: null });
  expect((await http.call('GET', `${one}/objects/${media.blob}`)).bytes).toEqual(bytes);
});

test('what is no object is not found, whatever it looks like', async () => {
  const http = await openHttp();
  const { app } = await furnish(http);
  const { json } = await http.call('POST', path);
  for (const object of [
    'x/y',
    `${app.id}/..%2f..%2fsecret.key`,
    `..%2f/${app.id}`,
    `${app.id}/blb_000000000000000000000000000`,
  ]) {
    expect((await http.call('GET', `${path}/${json['id']}/objects/${object}`)).status, object).toBe(404);
  }
});

test('one backup at a time; it ends when it is ended, and two minutes after the last request for it', async () => {
  const http = await openHttp();
  const first = await http.call('POST', path);
  expect(await http.call('POST', path)).toMatchObject({ status: 409, json: { code: 'move_refused' } });
  const { json: known } = await http.call('GET', `${path}/${first.json['id']}`);
  http.moveTo(Date.parse(String(known['started_at'])) + 121_000);
  expect((await http.call('GET', `${path}/${first.json['id']}`)).status).toBe(404);

  const second = await http.call('POST', path);
  expect((await http.call('DELETE', `${path}/${second.json['id']}`)).status).toBe(204);
  expect((await http.call('DELETE', `${path}/${second.json['id']}`)).status).toBe(404);
  expect((await http.call('POST', path)).status).toBe(201);
});
