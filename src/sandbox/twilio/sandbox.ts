// A simulated Twilio: takes files, signs and posts the webhook of a message, serves its files by way of a redirect, lists
// what it got, deletes on request, and fails on demand. It shares no code with the adapter that reads it.

import { setTimeout as pauseFor } from 'node:timers/promises';
import { Agent } from 'undici';
import type { Clock } from '../../core/ids.ts';
import { alterAnswer } from '../alter-answer.ts';
import { faultQueue } from '../fault-queue.ts';
import { gates } from '../gates.ts';
import { openShelf } from '../kept-media.ts';
import { links } from '../links.ts';
import type { Posted } from '../post.ts';
import { type FileToSend, lookedUpType } from '../send.ts';
import { type WatchedList, watchedList } from '../watched-list.ts';
import { type TwilioRequest, twilioServers } from './api.ts';
import type { TwilioFault } from './fault.ts';
import { newMessageSid, parametersOf, type TwilioMessage } from './message.ts';
import { type Parameters, postForm, type TwilioPostOptions } from './post.ts';
import { newSid } from './sids.ts';

export type TwilioSandboxOptions = {
  clock: Clock;
  accountSid: string;
  /** The newer first, while it is being rotated. */
  authTokens: readonly string[];
  host?: string;
  /** 0, the default: a free one. */
  port?: number;
  /** Where files are kept; made when it is not there. */
  folder: string;
};

/** What is not given is left out, or chosen. Numbers are written as Twilio writes them: `+1555…`, `whatsapp:+1555…`, `rcs:…`. */
export type TwilioMessageOptions = {
  from: string;
  to: string;
  body?: string;
  /** At most ten, or one on WhatsApp. */
  files?: Iterable<FileToSend> | AsyncIterable<FileToSend>;
  name?: string;
  serviceSid?: string;
  more?: Parameters;
};

export type ComposedMessage = { message: TwilioMessage; parameters: Parameters };

export type TwilioSandbox = {
  /** Of the API. */
  readonly origin: string;
  /** Of the store to which files are redirected. */
  readonly storeOrigin: string;
  readonly accountSid: string;
  /** The last 10,000 requests to both, the oldest first. */
  readonly requests: readonly TwilioRequest[];
  nextRequest: WatchedList<TwilioRequest>['next'];
  /** Takes a message in, with its files, and says what its webhook would; nothing is posted. */
  take(options: TwilioMessageOptions): Promise<ComposedMessage>;
  post(url: string, parameters: Parameters, options?: Partial<TwilioPostOptions>): Promise<Posted>;
  /** Takes a message in and posts its webhook. */
  send(
    url: string,
    options: TwilioMessageOptions,
    how?: Partial<TwilioPostOptions>,
  ): Promise<ComposedMessage & { answer: Posted }>;
  /** At the next `times` requests about this file, without it at all until the faults are cleared. `*`: any file. */
  fault(mediaSid: string, fault: TwilioFault, times?: number): void;
  clearFaults(): void;
  /** From now on only these tokens are taken. */
  replaceTokens(authTokens: readonly string[]): void;
  /** Lets what is held back about this file go on. */
  release(mediaSid: string): void;
  /** Whether a file is still there. */
  has(mediaSid: string): boolean;
  close(): Promise<void>;
};

const mostRequests = 10_000;
const mostMessages = 10_000;
/** Twilio, "Media resource": signed links live four hours; files stay until they are deleted. */
const linkLifeMs = 4 * 60 * 60 * 1000;
const fileLifeMs = 10 * 365 * 24 * 60 * 60 * 1000;

export async function startTwilioSandbox(options: TwilioSandboxOptions): Promise<TwilioSandbox> {
  const { clock, accountSid, host = '127.0.0.1', port = 0 } = options;
  let authTokens = options.authTokens;
  const shelf = await openShelf(options.folder, clock, () => newSid('ME'));
  const faults = {
    media: faultQueue<TwilioFault>(),
    link: faultQueue<TwilioFault>(),
    deletion: faultQueue<TwilioFault>(),
  };
  const held = gates();
  const seen = watchedList<TwilioRequest>(mostRequests);
  const messages: TwilioMessage[] = [];
  let altered = 0;

  const servers = await twilioServers(
    {
      clock,
      accountSid,
      shelf,
      links: links(clock),
      seen,
      linkLifeMs,
      messages: () => messages,
      isAuthorized: (given) => authTokens.some((token) => given === basic(accountSid, token)),
      fault: (at, mediaSid) => faults[at].take(mediaSid),
      alter: (media, answer, fault, itself) =>
        alterAnswer(answer, fault, {
          itself,
          otherHost: servers.storeOrigin,
          hold: (signal) => held.hold(media.id, signal),
          pause: (ms, signal) => pauseFor(ms, undefined, { signal }),
          count: altered++,
        }),
    },
    host,
    port,
  );
  const agent = new Agent();

  const take: TwilioSandbox['take'] = async ({
    from,
    to,
    body = '',
    files = [],
    name,
    serviceSid = null,
    more = {},
  }) => {
    // Which of the two forms an id has follows from the files, which come one by one.
    let sid = newMessageSid(0);
    const media = [];
    for await (const file of files) {
      if (media.length === 0) sid = newMessageSid(1);
      const type = file.type ?? lookedUpType('path' in file ? file.path : '');
      const { fileName } = file;
      media.push(
        await shelf.keep(sid, file, { type, lifeMs: fileLifeMs, ...(fileName !== undefined && { fileName }) }),
      );
    }
    const message = { sid, from, to, body, media, serviceSid, sentAt: clock.now(), more };
    messages.unshift(message);
    messages.splice(mostMessages);
    return { message, parameters: parametersOf(message, servers.origin, accountSid, name) };
  };
  const post: TwilioSandbox['post'] = (url, parameters, how = {}) =>
    postForm(agent, url, parameters, { authToken: authTokens[0] ?? '', ...how });

  return {
    origin: servers.origin,
    storeOrigin: servers.storeOrigin,
    accountSid,
    requests: seen.items,
    nextRequest: seen.next,
    take,
    post,
    async send(url, message, how = {}) {
      const composed = await take(message);
      return { ...composed, answer: await post(url, composed.parameters, how) };
    },
    fault: (mediaSid, fault, times) => faults[fault.at].add(mediaSid, fault, times),
    clearFaults() {
      for (const queue of Object.values(faults)) queue.clear();
    },
    replaceTokens(tokens) {
      authTokens = tokens;
    },
    release: held.release,
    has: (mediaSid) => shelf.find(mediaSid) !== undefined,
    async close() {
      await servers.close();
      await agent.destroy();
    },
  };
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
