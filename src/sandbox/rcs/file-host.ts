// Google's file store, and a foreign host to which a redirect may lead. An address is long and random, and that is all that
// protects a file: no request is asked who it is. The same listener describes the API, as the real one does to anybody.

import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock, Millis } from '../../core/ids.ts';
import { type Answer, bytesAnswer, jsonAnswer, writeAnswer } from '../answer.ts';
import type { AnswerFault } from '../fault.ts';
import type { KeptMedia, MediaShelf } from '../kept-media.ts';
import type { WatchedList } from '../watched-list.ts';
import type { RcsFault } from './fault.ts';

export type RcsRequest = {
  readonly at: Millis;
  /** Which listener got it. */
  readonly listener: 'main' | 'other_host';
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The file that it asks for; null when it names none. */
  readonly fileId: string | null;
  /** null as long as nothing was answered. */
  status: number | null;
};

export type FileHostMeans = {
  clock: Clock;
  shelf: MediaShelf;
  seen: WatchedList<RcsRequest>;
  fault(fileId: string): RcsFault | undefined;
  alter(media: KeptMedia, answer: Answer, fault: AnswerFault, itself: string): Answer;
};

export type FileHost = { origin: string; otherOrigin: string; close(): Promise<void> };

export const bucket = 'copper_sandbox';

export async function fileHost(means: FileHostMeans, host: string, port: number): Promise<FileHost> {
  const { shelf } = means;
  const fileOf = (media: KeptMedia): Answer => ({
    status: 200,
    headers: { 'content-type': media.type },
    length: media.size,
    body: () => shelf.bytes(media),
    ending: 'end',
  });
  const main = listener('main', means);
  main.on('/$discovery/rest', () => jsonAnswer(200, { name: 'rcsbusinessmessaging', version: 'v1' }));
  main.on(`/${bucket}/:file`, (id, path) => {
    const media = shelf.find(id);
    if (media === undefined) return storeError(404);
    const fault = means.fault(id);
    if (fault === undefined) return fileOf(media);
    return fault.is === 'store_error' ? storeError(fault.status) : means.alter(media, fileOf(media), fault, path);
  });
  const other = listener('other_host', means);
  other.on('/moved/:file', (id) => {
    const media = shelf.find(id);
    return media === undefined ? storeError(404) : fileOf(media);
  });
  const [origin, otherOrigin] = await Promise.all([main.listen(host, port), other.listen(host, 0)]);
  return {
    origin,
    otherOrigin,
    async close() {
      await Promise.all([main.close(), other.close()]);
    },
  };
}

function storeError(status: 403 | 404): Answer {
  const code = status === 404 ? 'NoSuchKey' : 'AccessDenied';
  const xml = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code></Error>`;
  return bytesAnswer(status, 'application/xml; charset=UTF-8', Buffer.from(xml));
}

type Handle = (fileId: string, path: string) => Answer;

function listener(name: RcsRequest['listener'], { clock, seen }: FileHostMeans) {
  // A stalled answer would keep an orderly close waiting for ever.
  const app = Fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 512 } });
  const answering = (handle: Handle) => async (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack();
    const { file } = request.params as { file?: string };
    const entry: RcsRequest = {
      at: clock.now(),
      listener: name,
      path: request.url,
      headers: { ...request.headers },
      fileId: file ?? null,
      status: null,
    };
    seen.add(entry);
    await writeAnswer(handle(file ?? '', request.url), reply.raw, (status) => {
      entry.status = status;
      seen.touch(entry);
    });
  };
  app.setNotFoundHandler(answering(() => storeError(404)));
  return {
    on: (path: string, handle: Handle) =>
      void app.route({ method: 'GET', url: path, exposeHeadRoute: false, handler: answering(handle) }),
    listen: (host: string, port: number): Promise<string> => app.listen({ host, port }),
    close: (): Promise<void> => app.close(),
  };
}
