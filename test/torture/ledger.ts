// What the outside world knows: what the gateway acknowledged, what it told, and what it was told to forget. The verdict
// compares it with what the gateway holds when everything has settled.

import type { Received } from '../../src/sandbox/receiver.ts';
import type { Body } from '../journeys/rig.ts';

export type Promised = {
  key: string;
  /** Of the channel; media of a destroyed one is owed to nobody. */
  address: string;
  /** In the order of their parts. */
  files: readonly { sha256: string }[];
};

/** Of a message: the carrier's id alone may be another sender's too. @param from the sender's number, with the plus sign */
export const messageKey = (from: string, id: string): string => `${id} of ${from}`;
/** Likewise, of a message as the gateway shows it. */
export const shownKey = ({ contact, carrier_message_id: id }: Body): string => messageKey(contact?.phone, id);
/** Of one of its files. */
export const fileKey = (message: string, part: number): string => `file ${part} of ${message}`;

export type Ledger = {
  /** By the message's key: answered with 200. */
  readonly acknowledged: ReadonlyMap<string, Promised>;
  /** Keys of messages that an application answered with 200. */
  readonly heard: ReadonlySet<string>;
  /** Keys of acknowledged messages of which the application waits to hear, or to be given a file. */
  readonly underWay: ReadonlySet<string>;
  /** By the file's key: the newest link to it that an application was given. */
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
  const deleted = new Set<string>();
  const destroyed = new Set<string>();
  const consumed: string[] = [];
  const underWay = new Set<string>();
  const counts = { webhooks: 0, duplicates: 0, refused: 0, deliveries: 0, kills: 0 };

  function goOn(key: string): void {
    const promised = acknowledged.get(key);
    if (promised === undefined) return;
    const done = heard.has(key) && promised.files.every((_, part) => links.has(fileKey(key, part)));
    if (done || destroyed.has(promised.address)) underWay.delete(key);
    else underWay.add(key);
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
        acknowledged.set(message.key, message);
        goOn(message.key);
      }
    },
    hear({ json }) {
      counts.deliveries += 1;
      const { type, data } = json as Body;
      if (type !== 'message.received' && type !== 'media.stored') return;
      const key = shownKey(data.message);
      if (type === 'message.received') heard.add(key);
      const media: Body[] = type === 'message.received' ? data.message.media : [data.media];
      for (const { id, part, url } of media) if (url !== null) links.set(fileKey(key, part), { media: id, url });
      goOn(key);
    },
    delete: (media) => void deleted.add(media),
    destroy(address) {
      destroyed.add(address);
      for (const key of [...underWay]) goOn(key);
    },
    consume: (eventIds) => void consumed.push(...eventIds),
  };
}
