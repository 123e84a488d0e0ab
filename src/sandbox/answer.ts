// An answer before it is written: a value that a fault can alter. Only `writeAnswer` touches the socket.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

export type Answer = {
  status: number;
  /** Without those of framing. */
  headers: Readonly<Record<string, string>>;
  /** What Content-Length says, whatever the body then holds; null: no Content-Length, the body is chunked. */
  length: number | null;
  body(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Runs before anything is written. */
  before?(signal: AbortSignal): Promise<void>;
  /** After the body an orderly end, a connection closed as if all were said, or one that is reset; or a reset in place of any answer. */
  ending: 'end' | 'cut' | 'reset' | 'no_answer';
};

export const bytesAnswer = (
  status: number,
  type: string,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status,
  headers: { 'content-type': type, ...headers },
  length: bytes.length,
  async *body() {
    yield bytes;
  },
  ending: 'end',
});

export const textAnswer = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  bytesAnswer(status, 'text/plain; charset=utf-8', Buffer.from(text), headers);

export const jsonAnswer = (status: number, json: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  bytesAnswer(status, 'application/json; charset=UTF-8', Buffer.from(JSON.stringify(json)), headers);

/**
 * Writes an answer as it says, to its end or until the client is gone.
 * @param onStatus called with the status just before it is written
 */
export async function writeAnswer(
  answer: Answer,
  to: ServerResponse,
  onStatus: (status: number) => void,
): Promise<void> {
  const gone = new AbortController();
  to.once('close', () => gone.abort());
  try {
    await answer.before?.(gone.signal);
    if (answer.ending === 'no_answer') return void to.socket?.resetAndDestroy();
    onStatus(answer.status);
    const framing = answer.length === null ? {} : { 'content-length': answer.length };
    to.writeHead(answer.status, { ...answer.headers, ...framing });
    to.flushHeaders();
    for await (const chunk of answer.body(gone.signal)) {
      if (!to.write(chunk)) await once(to, 'drain', { signal: gone.signal });
    }
    await end(answer.ending, to);
  } catch (error) {
    to.destroy();
    // A client that left, by a limit of its own or at the end of a test, is nobody's error.
    if (!gone.signal.aborted) throw error;
  }
}

async function end(ending: Answer['ending'], to: ServerResponse): Promise<void> {
  const { socket } = to;
  if (ending === 'end' || socket === null) return void to.end();
  if (ending === 'cut') return socket.destroySoon();
  // A reset overtakes what is not yet handed to the network.
  await new Promise((resolve) => socket.write('', resolve));
  socket.resetAndDestroy();
}
