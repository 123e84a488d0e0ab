import { expect, test } from 'vitest';
import { attemptAt, claim, deliveriesAt, start, unit } from '../../../test/contracts/records/rig.ts';
import { type Answer, fieldsOf, furnish, type Http, linkTo, openHttp } from '../../../test/http/rig.ts';

const rowsOf = ({ json }: Answer): { [member: string]: unknown }[] => json['data'] as { [member: string]: unknown }[];
const idsOf = (answer: Answer): unknown[] => rowsOf(answer).map(({ id }) => id);

test('lists are read page by page, newest first, until there is no next', async () => {
  const http = await openHttp();
  const { key, receive } = await furnish(http);
  for (let count = 0; count < 4; count++) await receive();
  const whole = idsOf(await http.call('GET', '/api/v1/messages', { key }));
  expect(whole.length).toBe(5);
  const seen: unknown[] = [];
  let cursor = '';
  do {
    const page = await http.call('GET', `/api/v1/messages?limit=2${cursor}`, { key });
    seen.push(...idsOf(page));
    cursor = page.json['next'] === null ? '' : `&cursor=${page.json['next']}`;
  } while (cursor !== '');
  expect(seen).toEqual(whole);
});

test('a limit is 1 to 200, and a cursor is one of ours', async () => {
  const http = await openHttp();
  for (const limit of ['0', '201', '-1', '1.5', '', 'ten', '1e2', '9999999999']) {
    expect(fieldsOf(await http.call('GET', `/api/v1/media?limit=${limit}`)), limit).toEqual(['query.limit']);
  }
  expect(fieldsOf(await http.call('GET', '/api/v1/media?limit=1&limit=2'))).toEqual(['query.limit']);
  for (const path of ['media?cursor=nonsense', 'events?after=nonsense']) {
    expect((await http.call('GET', `/api/v1/${path}`)).json['code'], path).toBe('invalid_cursor');
  }
  expect(fieldsOf(await http.call('GET', '/api/v1/media?stat=stored'))).toEqual(['query.stat']);
});

test('media is found by state, kind, app and message, with a link that works', async () => {
  const http = await openHttp();
  const { app, message, media, key } = await furnish(http);
  const other = await furnish(http);
  for (const query of [`app_id=${app.id}`, `message_id=${message.id}`, `app_id=${app.id}&state=stored&kind=image`]) {
    expect(idsOf(await http.call('GET', `/api/v1/media?${query}`)), query).toEqual([media.id]);
  }
  expect(idsOf(await http.call('GET', '/api/v1/media'))).toEqual([other.media.id, media.id]);
  expect(idsOf(await http.call('GET', '/api/v1/media?state=pending'))).toEqual([]);
  const one = await http.call('GET', `/api/v1/media/${media.id}`, { key });
  expect(one.json).toEqual(rowsOf(await http.call('GET', '/api/v1/media', { key }))[0]);
  const bytes = await http.call('GET', String(one.json['url']).slice(http.url.length), { key: null });
  expect(bytes.status).toBe(200);
});

test('a file that is still coming, or does not come, says so', async () => {
  const http = await openHttp();
  const { key, receive, media } = await furnish(http);
  const waiting = await receive();
  const pending = await http.call('GET', `/api/v1/media/${waiting.media[0]?.id}/content`, { key });
  expect([pending.status, pending.json['code'], pending.headers.get('retry-after')]).toEqual([
    409,
    'media_not_ready',
    '5',
  ]);
  const stored = await http.call('POST', `/api/v1/media/${media.id}/retry`, { key });
  expect([stored.status, stored.json['code']]).toEqual([409, 'move_refused']);
});

test('an unavailable file is fetched again on request', async () => {
  const http = await openHttp();
  const { key, receive } = await furnish(http);
  const gone = await receive({ media: [claim({ unavailable: 'carrier_131052' })] });
  const id = gone.media[0]?.id;
  expect((await http.call('GET', `/api/v1/media/${id}/content`, { key })).json['code']).toBe('media_unavailable');
  const woken = http.woken();
  const retried = await http.call('POST', `/api/v1/media/${id}/retry`, { key });
  expect([retried.status, retried.json['state']]).toEqual([202, 'pending']);
  expect(http.woken()).toBeGreaterThan(woken);
});

test('events go on where a reader stopped, and the cursor outlives an empty page', async () => {
  const http = await openHttp();
  const { key, receive } = await furnish(http);
  const all = await http.call('GET', '/api/v1/events', { key });
  expect(rowsOf(all).map(({ type }) => type)).toEqual(['message.received', 'media.stored']);
  const after = `/api/v1/events?after=${all.json['next']}`;
  const none = await http.call('GET', after, { key });
  expect(none.json['data']).toEqual([]);
  await receive();
  const later = await http.call('GET', `/api/v1/events?after=${none.json['next']}`, { key });
  expect(rowsOf(later).map(({ type }) => type)).toEqual(['message.received']);
  const some = await http.call('GET', '/api/v1/events?types=media.stored,channel.paused', { key });
  expect(rowsOf(some).map(({ type }) => type)).toEqual(['media.stored']);
  expect(fieldsOf(await http.call('GET', '/api/v1/events?types=media.stored,all', { key }))).toEqual(['query.types.1']);
});

/** One delivery that failed for good. */
async function deadDelivery(http: Http) {
  const place = await furnish(http);
  const endpoint = await place.endpoint();
  await place.receive({ media: [] });
  const [job] = await deliveriesAt(http.records, start);
  if (job === undefined) throw new Error('no delivery waits');
  const log = attemptAt(start, { status: 500, fault: 'receiver', error: 'HTTP 500', reply: 'oh no' });
  const { attempt } = job;
  await http.records.settleDeliveries([{ job: job.job, attempt, at: start, log, result: { to: 'dead', reason: 'x' } }]);
  return { ...place, endpoint, id: job.delivery.id };
}

test('a dead delivery shows its attempts and is replayed once', async () => {
  const http = await openHttp();
  const { id, key, endpoint } = await deadDelivery(http);
  const list = await http.call('GET', `/api/v1/deliveries?state=dead&endpoint_id=${endpoint.id}`, { key });
  expect(idsOf(list)).toEqual([id]);
  const attempts = await http.call('GET', `/api/v1/deliveries/${id}/attempts`, { key });
  expect(attempts.json).toMatchObject({ data: [{ number: 1, status: 500, reply: 'oh no' }], next: null });
  const woken = http.woken();
  const replayed = await http.call('POST', `/api/v1/deliveries/${id}/replay`, { key });
  expect([replayed.status, replayed.json['state']]).toEqual([202, 'pending']);
  expect(http.woken()).toBe(woken + 1);
  const again = await http.call('POST', `/api/v1/deliveries/${id}/replay`, { key });
  expect([again.status, again.json['code']]).toEqual([409, 'move_refused']);
});

test('all dead deliveries of an endpoint are replayed at once, through its own app only', async () => {
  const http = await openHttp();
  const { app, endpoint } = await deadDelivery(http);
  const other = await furnish(http);
  const wrong = `/api/v1/apps/${other.app.id}/endpoints/${endpoint.id}/replay-dead`;
  expect((await http.call('POST', wrong)).status).toBe(404);
  const right = await http.call('POST', `/api/v1/apps/${app.id}/endpoints/${endpoint.id}/replay-dead`);
  expect([right.status, right.json]).toEqual([202, { replayed: 1 }]);
});

test('the journal gives the exact bytes back', async () => {
  const http = await openHttp();
  const { connection } = await furnish(http);
  const body = Uint8Array.of(0, 255, 123, 10);
  await http.records.accept([unit(connection.id, [], { body, unparsed: ['not JSON'] })]);
  const list = await http.call('GET', '/api/v1/journal?only=unparsed');
  expect(rowsOf(list)).toMatchObject([{ connection_id: connection.id, unparsed: 1, problems: ['not JSON'] }]);
  const entry = await http.call('GET', `/api/v1/journal/${idsOf(list)[0]}`);
  expect(entry.json).toMatchObject({
    headers: { 'content-type': 'application/json' },
    body_base64: Buffer.from(body).toString('base64'),
  });
});

test('whatever a sender called the file, the answer holds it as it was written', async () => {
  const http = await openHttp();
  const name = '../../etc/passwd "привет" \u202e.jpg';
  const { media, key } = await furnish(http, { senderName: name });
  expect((await http.call('GET', `/api/v1/media/${media.id}`, { key })).json['file_name']).toBe(name);
  const answer = await http.call('GET', linkTo(http, media), { key: null });
  expect(answer.headers.get('content-disposition')).toMatch(/^inline; filename="[\x20-\x7e]+"; filename\*=UTF-8''/);
});
