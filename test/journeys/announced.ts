// One file on its way: kept at the carrier, faults laid out for it, and announced in a webhook. Faults must lie in wait before
// the webhook goes out, because a capture begins at once.

import { readFile } from 'node:fs/promises';
import type { MediaOptions } from '../../src/sandbox/compose/media-content.ts';
import type { Fault } from '../../src/sandbox/fault.ts';
import type { KeptMedia } from '../../src/sandbox/kept-media.ts';
import type { Received } from '../../src/sandbox/receiver.ts';
import { about, type Body, eventOf, fixture, type LogLine, type Rig, sha256Of, type Tenant } from './rig.ts';

export type Announcement = {
  /** Each strikes once, or `times` times; without a limit when `times` is Infinity. */
  faults?: readonly { fault: Fault; times?: number }[];
  /** The file; a photo of its own when none is given. */
  bytes?: AsyncIterable<Uint8Array>;
  type?: string;
  /** Kept for 30 days at the carrier, and not for 7. */
  longKept?: boolean;
  /** What the webhook says of the file. */
  says?: MediaOptions;
  /** The message's timestamp. */
  at?: number;
};

export type Announced = {
  messageId: string;
  /** The file as the carrier has it. */
  kept: KeptMedia;
  /** Our id of the media. */
  id: string;
  /** The media as the API shows it now. */
  now(): Promise<Body>;
  /** What the log says of the tries so far. */
  tries(): LogLine[];
  /** Waits for the nth try, from 1, to end. */
  try(nth: number): Promise<LogLine>;
  /** Waits for the message as it is delivered; gives its media. */
  delivered(): Promise<Body>;
  /** Waits for an event about this media; gives the media. */
  heard(type: string): Promise<Body>;
};

let photos = 0;

/** A photo that no other test has: the bytes of a real one, and a number behind its end. */
export async function* photo(): AsyncIterable<Uint8Array> {
  yield await readFile(fixture('label.png'));
  yield Buffer.from(`photo ${++photos}`);
}

export async function announce(rig: Rig, tenant: Tenant, announcement: Announcement = {}): Promise<Announced> {
  const { faults = [], bytes = photo(), type = 'image/png', longKept = false, says = {}, at } = announcement;
  const { sandbox } = rig;
  const kept = await sandbox.keep(tenant.phoneNumberId, { bytes }, { type, uploaded: longKept });
  for (const { fault, times = 1 } of faults) sandbox.fault(kept.id, fault, times);
  const time = at === undefined ? {} : { at };
  const message = sandbox.compose.message(sandbox.compose.media(kept, { ...says, ...time }), time);
  const { status } = await rig.post(sandbox.compose.body([sandbox.compose.received(tenant.phoneNumberId, [message])]));
  if (status !== 200) throw new Error(`the webhook was answered with ${status}`);

  const list = await rig.call('GET', '/api/v1/media', undefined, tenant.key);
  const { id } = list.body.data.find((media: Body) => media.carrier_media_id === kept.id);
  const tries = () => rig.log.lines.filter((line) => line.msg === 'capture' && line['media'] === id);
  return {
    messageId: message.id,
    kept,
    id,
    tries,
    now: async () => (await rig.call('GET', `/api/v1/media/${id}`, undefined, tenant.key)).body,
    try: (nth) => rig.log.next((line) => tries()[nth - 1] === line),
    delivered: async () => eventOf(await tenant.receiver.next(about(message.id))).data.message.media[0],
    async heard(type) {
      const isIt = ({ json }: Received) => (json as Body).type === type && (json as Body).data.media.id === id;
      return eventOf(await tenant.receiver.next(isIt)).data.media;
    },
  };
}

/** The bytes behind a link, as their hash. */
export async function linkedSha256(url: string): Promise<string> {
  const answer = await fetch(url);
  if (answer.status !== 200) throw new Error(`the link answered ${answer.status}`);
  return await sha256Of(await answer.arrayBuffer());
}
