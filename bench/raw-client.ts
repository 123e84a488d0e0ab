// An HTTP/1.1 client that costs as little as a client can, because it shares the processor with what it measures: requests
// are bytes that were made before, of an answer only the status and the length are read, and its body is counted.

import { connect, type Socket } from 'node:net';

export type Drive = {
  port: number;
  /** Connections, each with one request at a time. */
  inFlight: number;
  seconds: number;
  /** The next request as it goes over the wire; undefined: no more. */
  next(): Buffer | undefined;
};

export type Driven = {
  requests: number;
  bytes: number;
  seconds: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
};

/** Keeps so many requests in flight until the time is over. @throws when an answer is no 200, or a connection breaks */
export async function drive({ port, inFlight, seconds, next }: Drive): Promise<Driven> {
  const began = performance.now();
  const until = began + seconds * 1000;
  const latencies: number[] = [];
  let bytes = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      const connection = await open(port);
      try {
        for (let request = next(); request !== undefined && performance.now() < until; request = next()) {
          const asked = performance.now();
          bytes += await connection.ask(request);
          latencies.push(performance.now() - asked);
        }
      } finally {
        connection.close();
      }
    }),
  );
  const took = (performance.now() - began) / 1000;
  const { p50, p99 } = percentiles(latencies);
  return { requests: latencies.length, bytes, seconds: took, perSecond: latencies.length / took, p50, p99 };
}

export function percentiles(values: readonly number[]): { p50: number; p99: number } {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

type Connection = {
  /** @returns how many bytes the body of the answer had */
  ask(request: Buffer): Promise<number>;
  close(): void;
};

async function open(port: number): Promise<Connection> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const opened = Promise.withResolvers<void>();
  let answer: PromiseWithResolvers<number> | undefined;
  let head: Buffer = Buffer.alloc(0);
  let length = 0;
  let left = -1;

  const fail = (error: Error) => {
    opened.reject(error);
    answer?.reject(error);
  };
  socket.once('connect', () => opened.resolve());
  socket.once('error', fail);
  socket.once('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    if (left < 0) {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const text = head.toString('latin1', 0, end);
      const status = text.slice(9, 12);
      length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? Number.NaN);
      if (status !== '200' || Number.isNaN(length)) return fail(new Error(`an unexpected answer: ${text}`));
      left = length - (head.length - end - 4);
      head = Buffer.alloc(0);
    } else {
      left -= chunk.length;
    }
    if (left > 0) return;
    left = -1;
    answer?.resolve(length);
  });
  await opened.promise;
  return {
    ask(request) {
      answer = Promise.withResolvers();
      socket.write(request);
      return answer.promise;
    },
    close: () => void socket.destroy(),
  };
}
