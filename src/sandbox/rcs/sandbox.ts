// A simulated RCS Business Messaging: pushes the events of an agent, signed, keeps the files of its users and fails on demand.
// It shares no code with the adapter that reads it.

import { randomBytes } from 'node:crypto';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { Agent } from 'undici';
import type { Clock } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { alterAnswer } from '../alter-answer.ts';
import { faultQueue } from '../fault-queue.ts';
import { gates } from '../gates.ts';
import { type MediaSource, openShelf } from '../kept-media.ts';
import { type Pause, type Posted, type PostOptions, postUntilTaken } from '../post.ts';
import { lookedUpType } from '../send.ts';
import { type WatchedList, watchedList } from '../watched-list.ts';
import { type RcsEvents, type RcsFile, type RcsMessageOptions, rcsContents, rcsEvents } from './events.ts';
import type { RcsFault } from './fault.ts';
import { bucket, fileHost, type RcsRequest } from './file-host.ts';
import { makePush, type PushOptions } from './push.ts';

export type RcsSandboxOptions = {
  clock: Clock;
  /** `{id}@rbm.goog`. */
  agentId: string;
  clientToken: string;
  host?: string;
  /** 0, the default: a free one. */
  port?: number;
  /** Where files are kept; made when it is not there. */
  folder: string;
  /** How the sandbox waits before a push is tried again, and between drips; real time by default. */
  pause?: Pause;
};

type HowToPush = Partial<PushOptions> & Pick<PostOptions, 'retries' | 'timeoutMs' | 'signal'>;

/** A file of a user; its type follows from the path when it is not given. */
export type RcsFileToSend = MediaSource & { type?: string; fileName?: string };
/** With the small picture of it that some phones send along. */
export type RcsFilesToSend = { file: RcsFileToSend; thumbnail?: RcsFileToSend };

export type RcsSandbox = {
  /** `http://host:port` of files and API. */
  readonly origin: string;
  /** A second listener, where a redirect to another host leads. */
  readonly otherOrigin: string;
  readonly agentId: string;
  readonly events: RcsEvents;
  /** The last 10,000 requests to both, the oldest first. */
  readonly requests: readonly RcsRequest[];
  nextRequest: WatchedList<RcsRequest>['next'];
  /** Keeps a file under an address of its own, streamed. @throws Error when it cannot be read */
  keep(file: RcsFileToSend): Promise<RcsFile>;
  /** Pushes an event, again after each of `retries` until it is answered with 200. */
  push(url: string, event: JsonObject, how?: HowToPush): Promise<Posted>;
  /** Keeps the files and pushes their message. */
  send(
    url: string,
    files: RcsFilesToSend,
    options?: RcsMessageOptions,
    how?: HowToPush,
  ): Promise<{ messageId: string; file: RcsFile; thumbnail: RcsFile | undefined; answer: Posted }>;
  /** Asks an address whether it knows the client token. */
  handshake(url: string, clientToken: string, secret: string): Promise<Posted>;
  /** At the next `times` requests about this file, without it at all until the faults are cleared. `*`: any file. */
  fault(fileId: string, fault: RcsFault, times?: number): void;
  clearFaults(): void;
  /** Lets what is held back about this file go on. */
  release(fileId: string): void;
  close(): Promise<void>;
};

const mostRequests = 10_000;
/** Google does not say how long; resellers speak of 60 days. */
const fileLifeMs = 60 * 24 * 60 * 60 * 1000;

export async function startRcsSandbox(options: RcsSandboxOptions): Promise<RcsSandbox> {
  const { clock, agentId, clientToken, host = '127.0.0.1', port = 0 } = options;
  const pause: Pause = options.pause ?? ((ms, signal) => pauseFor(ms, undefined, { signal }));
  const shelf = await openShelf(options.folder, clock, () => randomBytes(24).toString('hex'));
  const faults = faultQueue<RcsFault>();
  const held = gates();
  const seen = watchedList<RcsRequest>(mostRequests);
  let altered = 0;

  const server = await fileHost(
    {
      clock,
      shelf,
      seen,
      fault: faults.take,
      alter: (media, answer, fault, itself) =>
        alterAnswer(answer, fault, {
          itself,
          otherHost: `${server.otherOrigin}/moved/${media.id}`,
          hold: (signal) => held.hold(media.id, signal),
          pause,
          count: altered++,
        }),
    },
    host,
    port,
  );
  const dispatcher = new Agent();
  const events = rcsEvents(agentId, clock);

  const keep: RcsSandbox['keep'] = async (file) => {
    const type = file.type ?? lookedUpType('path' in file ? file.path : '');
    const { fileName } = file;
    const facts = { type, lifeMs: fileLifeMs, ...(fileName !== undefined && { fileName }) };
    const media = await shelf.keep(agentId, file, facts);
    return { media, uri: `${server.origin}/${bucket}/${media.id}` };
  };
  const push: RcsSandbox['push'] = (url, event, how = {}) => {
    const { body, headers } = makePush(event, clock.now(), { clientToken, ...how });
    return postUntilTaken({ dispatcher, pause }, url, { 'user-agent': 'APIs-Google', ...headers }, body, how);
  };

  return {
    origin: server.origin,
    otherOrigin: server.otherOrigin,
    agentId,
    events,
    requests: seen.items,
    nextRequest: seen.next,
    keep,
    push,
    async send(url, files, message = {}, how = {}) {
      const file = await keep(files.file);
      const thumbnail = files.thumbnail && (await keep(files.thumbnail));
      const { messageId, event } = events.message(rcsContents.file(file, thumbnail), message);
      return { messageId, file, thumbnail, answer: await push(url, event, how) };
    },
    handshake: (url, token, secret) =>
      postUntilTaken({ dispatcher, pause }, url, {}, Buffer.from(JSON.stringify({ clientToken: token, secret }))),
    fault: faults.add,
    clearFaults: faults.clear,
    release: held.release,
    async close() {
      await server.close();
      await dispatcher.destroy();
    },
  };
}
