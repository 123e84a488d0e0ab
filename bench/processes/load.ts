// The generator of load: webhooks as fast as they are answered, and downloads likewise.

import { type Driven, drive } from '../raw-client.ts';
import { serveParent } from '../serve-parent.ts';
import { postOf, type Sender, webhookBody } from '../webhooks.ts';

const commands = {
  webhooks(asked: Sender & { url: string; inFlight: number; seconds: number; messages: number }): Promise<Driven> {
    const { port, pathname } = new URL(asked.url);
    const next = () => postOf(pathname, webhookBody(asked, asked.messages), asked.appSecret);
    return drive({ port: Number(port), inFlight: asked.inFlight, seconds: asked.seconds, next });
  },

  /** Gets each URL in turn, again and again. */
  downloads(asked: { urls: readonly string[]; inFlight: number; seconds: number }): Promise<Driven> {
    const targets = asked.urls.map((text) => new URL(text));
    const requests = targets.map(({ pathname, search }) =>
      Buffer.from(`GET ${pathname}${search} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`),
    );
    let turn = 0;
    const next = () => requests[turn++ % requests.length];
    return drive({ port: Number(targets[0]?.port), inFlight: asked.inFlight, seconds: asked.seconds, next });
  },
};
export type LoadCommands = typeof commands;

serveParent(commands, () => {});
