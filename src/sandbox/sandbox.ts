// A simulated WhatsApp Cloud API: the carrier's side of the wire, for first runs, demos and tests. It takes files, hands out
// ids and links that die, signs and posts webhooks, and fails on demand. It shares no code with the adapter that reads it.

import { setTimeout as pauseFor } from 'node:timers/promises';
import { Agent } from 'undici';
import type { Clock } from '../core/ids.ts';
import { alterAnswer } from './alter-answer.ts';
import { carrierServer, otherHostPath, type SeenRequest } from './carrier-server.ts';
import { type Composer, composer } from './compose/composer.ts';
import { escapedJson } from './escaped-json.ts';
import type { Fault, LinkFault, LookUpFault } from './fault.ts';
import { faultQueue } from './fault-queue.ts';
import { gates } from './gates.ts';
import { graph, linkPath } from './graph.ts';
import { type KeptMedia, type MediaFacts, type MediaSource, openShelf } from './kept-media.ts';
import { linkLifeMs, links } from './links.ts';
import type { PhoneNumber } from './phone-number.ts';
import { type Poster, poster } from './post.ts';
import { type SendOptions, type SentMessage, send } from './send.ts';
import { sign } from './sign.ts';
import { type WatchedList, watchedList } from './watched-list.ts';

export type SandboxOptions = {
  clock: Clock;
  host?: string;
  /** 0, the default: a free one. */
  port?: number;
  /** Where media are kept; made when it is not there. */
  folder: string;
  /** How the sandbox waits before a retry and between drips; real time by default. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Whether requests without User-Agent are refused; they are by default. */
  requireUserAgent?: boolean;
};

export type Sandbox = Poster & {
  /** `http://host:port` of Graph API and links. */
  readonly origin: string;
  /** A second listener, where a redirect to another host leads. */
  readonly otherOrigin: string;
  readonly compose: Composer;
  /** The last 10,000 requests that the two listeners got, the oldest first. */
  readonly requests: readonly SeenRequest[];
  /** The first request that fits, answered or not, be it here already or still to come. @throws when the signal, by default 10 s, is over first */
  nextRequest: WatchedList<SeenRequest>['next'];
  /** Adds a number, or replaces it. */
  addNumber(number: Omit<PhoneNumber, 'wabaId'> & { wabaId?: string }): void;
  /** Gives a number another token; the old one is refused with error 190 from now on. */
  replaceToken(phoneNumberId: string, accessToken: string): void;
  /** Puts a file on the carrier's shelf, streamed. @throws Error when the file cannot be read */
  keep(phoneNumberId: string, source: MediaSource, facts: MediaFacts): Promise<KeptMedia>;
  /**
   * From now on the fault strikes at the requests for this media, or for every media with the id `*`: at the next `times`,
   * without it until the faults are cleared. Several faults strike one after the other, each until it is used up.
   */
  fault(mediaId: string, fault: Fault, times?: number): void;
  clearFaults(): void;
  /** Resolves as soon as an answer about this media is being held back. @throws when the signal, by default 10 s, is over first */
  held(mediaId: string, signal?: AbortSignal): Promise<void>;
  /** Lets what is held back about this media go on, up to its next halt. */
  release(mediaId: string): void;
  /** Keeps files and sends each as a message. */
  send(options: SendOptions): Promise<SentMessage[]>;
  escape(json: unknown): Uint8Array;
  sign(body: Uint8Array, appSecret: string): string;
  /** Stops both listeners and ends what is running. Files stay in the folder, for a sandbox that is started on it again. */
  close(): Promise<void>;
};

const mostRequests = 10_000;
const defaultWabaId = '102290129340398';

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { clock, folder, host = '127.0.0.1', port = 0, requireUserAgent = true } = options;
  const pause = options.pause ?? ((ms, signal) => pauseFor(ms, undefined, { signal }));
  const numbers = new Map<string, PhoneNumber>();
  const shelf = await openShelf(folder, clock);
  const lookUpFaults = faultQueue<LookUpFault>();
  const linkFaults = faultQueue<LinkFault>();
  const held = gates();
  const seen = watchedList<SeenRequest>(mostRequests);
  const linkBook = links(clock);
  let altered = 0;

  const number = (phoneNumberId: string): PhoneNumber => {
    const found = numbers.get(phoneNumberId);
    if (found === undefined) throw new Error(`the sandbox has no number ${phoneNumberId}`);
    return found;
  };
  const linkOf = (query: string): string => `${server.origin}${linkPath}?${query}`;

  const server = await carrierServer({
    host,
    port,
    clock,
    seen,
    requireUserAgent,
    graph: graph({
      clock,
      shelf,
      links: linkBook,
      linkOf,
      isToken: (token) => numbers.values().some(({ accessToken }) => accessToken === token),
      tokenOf: (phoneNumberId) => numbers.get(phoneNumberId)?.accessToken,
      lookUpFault: (media) => lookUpFaults.take(media.id),
      linkFault: (media) => linkFaults.take(media.id),
      alter: (media, answer, fault, { url }) =>
        alterAnswer(answer, fault, {
          itself: url.pathname + url.search,
          otherHost: `${server.otherOrigin}${otherHostPath}?${linkBook.query(media.id, 'redirect', clock.now() + linkLifeMs)}`,
          hold: (signal) => held.hold(media.id, signal),
          pause,
          count: altered++,
        }),
    }),
  });
  const compose = composer({ clock, links: linkBook, linkOf, number });
  const agent = new Agent();
  const posts = poster(agent, pause);

  return {
    ...posts,
    origin: server.origin,
    otherOrigin: server.otherOrigin,
    compose,
    requests: seen.items,
    nextRequest: seen.next,
    addNumber: (added) => void numbers.set(added.phoneNumberId, { wabaId: defaultWabaId, ...added }),
    replaceToken: (phoneNumberId, accessToken) =>
      void numbers.set(phoneNumberId, { ...number(phoneNumberId), accessToken }),
    keep: async (phoneNumberId, source, facts) => shelf.keep(number(phoneNumberId).phoneNumberId, source, facts),
    fault(mediaId, fault, times) {
      if (fault.at === 'look_up') lookUpFaults.add(mediaId, fault, times);
      else linkFaults.add(mediaId, fault, times);
    },
    clearFaults() {
      lookUpFaults.clear();
      linkFaults.clear();
    },
    held: held.held,
    release: held.release,
    send: (message) => send(message, { shelf, compose, poster: posts, number }),
    escape: escapedJson,
    sign,
    async close() {
      await server.close();
      await agent.destroy();
    },
  };
}
