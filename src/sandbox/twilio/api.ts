// Twilio's two hosts: the API, where everything wants the account's credentials, and the store of files, where a signed link is
// all and credentials are refused, as such stores do. Only after the credentials were right does a fault strike.

import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock, Millis } from '../../core/ids.ts';
import { type Answer, jsonAnswer, textAnswer, writeAnswer } from '../answer.ts';
import type { AnswerFault } from '../fault.ts';
import type { KeptMedia, MediaShelf } from '../kept-media.ts';
import type { Links } from '../links.ts';
import type { WatchedList } from '../watched-list.ts';
import type { TwilioFault } from './fault.ts';
import { accountPath, mediaJson, messageJson, type TwilioMessage } from './message.ts';

export type TwilioRequest = {
  readonly at: Millis;
  readonly host: 'api' | 'store';
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly authorization: string | null;
  readonly mediaSid: string | null;
  /** null as long as nothing was answered. */
  status: number | null;
};

export type ApiMeans = {
  clock: Clock;
  accountSid: string;
  shelf: MediaShelf;
  links: Links;
  seen: WatchedList<TwilioRequest>;
  /** Newest first. */
  messages(): readonly TwilioMessage[];
  isAuthorized(authorization: string | null): boolean;
  fault(at: TwilioFault['at'], mediaSid: string): TwilioFault | undefined;
  alter(media: KeptMedia, answer: Answer, fault: AnswerFault, itself: string): Answer;
  linkLifeMs: number;
};

export type TwilioServers = { origin: string; storeOrigin: string; close(): Promise<void> };

type Asked = { url: URL; params: Readonly<Record<string, string | undefined>>; authorization: string | null };
type Handle = (asked: Asked) => Answer | Promise<Answer>;

export async function twilioServers(means: ApiMeans, host: string, port: number): Promise<TwilioServers> {
  const { shelf, links, clock, accountSid } = means;
  const base = accountPath(accountSid);
  const messageWith = (sid: string | undefined) => means.messages().find((message) => message.sid === sid);
  // By what is on the shelf, which outlives the process; the list of messages does not.
  const found = ({ params }: Asked): KeptMedia | undefined => {
    const media = shelf.find(params['media'] ?? '');
    return media?.phoneNumberId === params['message'] ? media : undefined;
  };

  const file: Handle = (asked) => {
    const media = found(asked);
    if (media === undefined) return apiError(404, 20404);
    const location = `${storeOrigin}/files?${links.query(media.id, 'redirect', clock.now() + means.linkLifeMs)}`;
    const answer = textAnswer(307, '', { location });
    const fault = means.fault('media', media.id);
    if (fault === undefined) return answer;
    return fault.is === 'error'
      ? apiError(fault.status, fault.code, fault.retryAfterSeconds)
      : means.alter(media, answer, fault, asked.url.pathname);
  };

  const messages: Handle = ({ url }) => {
    const size = Math.min(Number(url.searchParams.get('PageSize') ?? 50), 1000);
    const page = Number(url.searchParams.get('Page') ?? 0);
    const since = Date.parse(url.searchParams.get('DateSent>') ?? '1970-01-01');
    const fitting = means.messages().filter(({ sentAt }) => sentAt >= since);
    const next = new URL(url);
    next.searchParams.set('Page', String(page + 1));
    return jsonAnswer(200, {
      messages: fitting.slice(page * size, (page + 1) * size).map((message) => messageJson(message, accountSid)),
      next_page_uri: (page + 1) * size < fitting.length ? next.pathname + next.search : null,
      page,
      page_size: size,
    });
  };

  const listed: Handle = ({ params }) => {
    const message = messageWith(params['message']);
    if (message === undefined) return apiError(404, 20404);
    const here = message.media.filter(({ id }) => shelf.find(id) !== undefined);
    return jsonAnswer(200, {
      media_list: here.map((media) => mediaJson(message.sid, media, accountSid)),
      next_page_uri: null,
    });
  };

  const api = listener('api', means);
  const authorized =
    (handle: Handle): Handle =>
    (asked) =>
      means.isAuthorized(asked.authorization) ? handle(asked) : apiError(401, 20003);
  api.on('GET', `${base}/Messages.json`, authorized(messages));
  api.on('GET', `${base}/Messages/:message/Media.json`, authorized(listed));
  api.on('GET', `${base}/Messages/:message/Media/:media`, authorized(file));
  api.on(
    'DELETE',
    `${base}/Messages/:message/Media/:media`,
    authorized(async (asked) => {
      const media = found(asked);
      if (media === undefined) return apiError(404, 20404);
      const fault = means.fault('deletion', media.id);
      if (fault?.is === 'error') return apiError(fault.status, fault.code, fault.retryAfterSeconds);
      await shelf.remove(media.id);
      return textAnswer(204, '');
    }),
  );

  const store = listener('store', means);
  store.on('GET', '/files', ({ url, authorization }) => {
    if (authorization !== null) return textAnswer(400, 'Only one auth mechanism is allowed.\n');
    const link = links.open(url.searchParams);
    const media = link && shelf.find(link.mediaId);
    if (media === undefined) return textAnswer(403, '<Error><Code>AccessDenied</Code></Error>\n');
    const named = media.fileName === null ? {} : { 'content-disposition': disposition(media.fileName) };
    const answer: Answer = {
      status: 200,
      headers: { 'content-type': media.type, ...named },
      length: media.size,
      body: () => shelf.bytes(media),
      ending: 'end',
    };
    const fault = means.fault('link', media.id);
    return fault === undefined || fault.is === 'error' ? answer : means.alter(media, answer, fault, url.pathname);
  });
  const [origin, storeOrigin] = await Promise.all([api.listen(host, port), store.listen(host, 0)]);
  return {
    origin,
    storeOrigin,
    async close() {
      await Promise.all([api.close(), store.close()]);
    },
  };
}

const disposition = (name: string): string => `attachment; filename*=UTF-8''${encodeURIComponent(name.toWellFormed())}`;

function apiError(status: number, code: number, retryAfterSeconds?: number): Answer {
  const more_info = `https://www.twilio.com/docs/errors/${code}`;
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  return jsonAnswer(status, { code, message: 'The request failed.', more_info, status }, headers);
}

function listener(host: TwilioRequest['host'], { clock, seen }: ApiMeans) {
  // A stalled answer would keep an orderly close waiting for ever.
  const app = Fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 512 } });
  const answering = (handle: Handle) => async (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack();
    const url = new URL(request.url, 'http://sandbox.invalid');
    const authorization = request.headers.authorization ?? null;
    const params = request.params as Asked['params'];
    const entry: TwilioRequest = {
      at: clock.now(),
      host,
      method: request.method,
      path: url.pathname,
      query: url.search,
      authorization,
      mediaSid: params['media'] ?? url.searchParams.get('mid'),
      status: null,
    };
    seen.add(entry);
    await writeAnswer(await handle({ url, params, authorization }), reply.raw, (status) => {
      entry.status = status;
      seen.touch(entry);
    });
  };
  app.setNotFoundHandler(answering(() => apiError(404, 20404)));
  return {
    on: (method: 'GET' | 'DELETE', path: string, handle: Handle) =>
      void app.route({ method, url: path, exposeHeadRoute: false, handler: answering(handle) }),
    listen: (host: string, port: number): Promise<string> => app.listen({ host, port }),
    close: (): Promise<void> => app.close(),
  };
}
