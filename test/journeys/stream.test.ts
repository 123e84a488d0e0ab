// Events over a WebSocket from a whole gateway: what a person sends is heard, and no restart loses or repeats anything for a
// client that keeps its cursor.

import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { watchedList } from '../../src/sandbox/watched-list.ts';
import { checkEvent } from '../http/checked-answer.ts';
import { type Body, bytesOf, type Rig, say, startRig, type Tenant } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

async function listen(tenant: Tenant, after?: string) {
  const address = `${rig.gateway.url.replace('http', 'ws')}/api/v1/events/stream`;
  const socket = new WebSocket(address, { headers: { 'x-api-key': tenant.key } });
  const frames = watchedList<Body>(1000);
  const closed = once(socket, 'close').then(([code]) => code as number);
  socket.on('message', (data) => frames.add(JSON.parse(String(data))));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'subscribe', ack: true, ...(after !== undefined && { after }) }));
  await frames.next(({ type }) => type === 'subscribed');
  const heard = async (carrierMessageId: string): Promise<Body> => {
    const frame = await frames.next(({ event }) => event?.data.message?.carrier_message_id === carrierMessageId);
    checkEvent(frame.event);
    socket.send(JSON.stringify({ type: 'ack', cursor: frame.cursor }));
    return frame;
  };
  return { socket, frames, closed, heard };
}

test('a file that a person sends is told with its link, as soon as it is there', async () => {
  const tenant = await rig.tenant();
  const client = await listen(tenant, 'latest');
  const [sent] = await rig.send(tenant, [{ bytes: bytesOf('a claim'), type: 'text/plain' }]);
  const { event } = await client.heard(sent?.messageId ?? '');
  expect(event.type).toBe('message.received');
  const stored = await client.frames.next((frame) => frame.event?.type === 'media.stored');
  checkEvent(stored.event);
  const { media } = stored.event.data;
  expect(media.message_id).toBe(event.data.message.id);
  expect(await (await fetch(media.url)).text()).toBe('a claim');
  client.socket.close();
});

test('a client that comes back after a restart hears what it missed, and nothing twice', async () => {
  const tenant = await rig.tenant();
  const before = await listen(tenant, 'latest');
  const first = await before.heard(await say(rig, tenant, 'before'));
  await rig.restart();
  expect(await before.closed).toBe(1001);
  const missed = await say(rig, tenant, 'meanwhile');
  const after = await listen(tenant, first.cursor);
  await after.heard(missed);
  await after.heard(await say(rig, tenant, 'after'));
  const texts = after.frames.items.filter(({ type }) => type === 'event').map(({ event }) => event.data.message.text);
  expect(texts).toEqual(['meanwhile', 'after']);
  after.socket.close();
});
