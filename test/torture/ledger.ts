// What the outside world knows: what the gateway acknowledged, what it told, and what it was told to forget. The verdict
// compares it with what the gateway holds when everything has settled.

import type { Received } from '../../src/sandbox/receiver.ts';
import type { Body } from '../journeys/rig.ts';

export type Promised = {
  carrierMessageId: string;
  /** Of the channel; media of a destroyed one is owed to nobody. */
  address: string;
  file: { sha256: string; size: number } | null;
};

export type Ledger = {
  /** By the carrier's id of the message: answered with 200. */
  readonly acknowledged: ReadonlyMap<string, Promised>;
  /** Ids of messages that an application answered with 200. */
  readonly heard: ReadonlySet<string>;
  /** Ids of acknowledged messages of which the application waits to hear, or to be given the file. */
  readonly underWay: ReadonlySet<string>;
  /** The newest link to each message's file that an application was given. */
  readonly links: ReadonlyMap<string, { media: string; url: string }>;
  /** Media of which a DELETE was answered. */
  readonly deleted: ReadonlySet<string>;
  readonly destroyed: ReadonlySet<string>;
  /** Ids of events in the order in which the consumer read them. */
  readonly consumed: readonly string[];
  readonly counts: { webhooks: number; duplicates: number; refused: number; deliveries: number; kills: number };
  acknowledge(messages: readonly Promised[]): void;
  /** A delivery that the application is about to answer with 200. */
  hear(received: Received): void;
  delete(media: string): void;
  destroy(address: string): void;
  consume(eventIds: readonly string[]): void;
};

export function newLedger(): Ledger {
  const acknowledged = new Map<string, Promised>();
  const heard = new Set<string>();
  const links = new Map<string, { media: string; url: string }>();
  const messageOfMedia = new Map<string, string>();
  const deleted = new Set<string>();
  const destroyed = new Set<string>();
  const consumed: string[] = [];
  const underWay = new Set<string>();
  const counts = { webhooks: 0, duplicates: 0, refused: 0, deliveries: 0, kills: 0 };

  function goOn(id: string): void {
    const promised = acknowledged.get(id);
    if (promised === undefined) return;
    const done = heard.has(id) && (promised.file === null || links.has(id));
    if (done || destroyed.has(promised.address)) underWay.delete(id);
    else underWay.add(id);
  }

  return {
    acknowledged,
    heard,
    underWay,
    links,
    deleted,
    destroyed,
    consumed,
    counts,
    acknowledge(messages) {
      for (const message of messages) {
        acknowledged.set(message.carrierMessageId, message);
        goOn(message.carrierMessageId);
      }
    },
    hear({ json }) {
      counts.deliveries += 1;
      const { type, data } = json as Body;
      if (type === 'message.received') {
        const { carrier_message_id: id, media } = data.message;
        heard.add(id);
        for (const one of media) {
          messageOfMedia.set(one.id, id);
          if (one.url !== null) links.set(id, { media: one.id, url: one.url });
        }
        goOn(id);
      } else if (type === 'media.stored' && data.media.url !== null) {
        const id = messageOfMedia.get(data.media.id) ?? data.message?.carrier_message_id;
        if (id === undefined) return;
        links.set(id, { media: data.media.id, url: data.media.url });
        goOn(id);
      }
    },
    delete: (media) => void deleted.add(media),
    destroy(address) {
      destroyed.add(address);
      for (const id of [...underWay]) goOn(id);
    },
    consume: (eventIds) => void consumed.push(...eventIds),
  };
}
