// Answers to what is not even HTTP, or not in time: there is no request yet, only a socket.

import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Fault } from '../core/faults.ts';
import { ProtocolFault, problemOf } from './problems.ts';

/**
 * Makes the handler of `clientError`.
 * @param answering the response that a socket is busy with, so that no answer is written into the middle of another
 */
export function clientErrorAnswer(answering: WeakMap<Socket, ServerResponse>) {
  return (error: Error & { code?: string }, socket: Socket): void => {
    const busy = answering.get(socket);
    const cannotAnswer =
      error.code === 'ECONNRESET' || !socket.writable || (busy?.headersSent && !busy.writableFinished);
    if (cannotAnswer) {
      socket.destroy();
      return;
    }
    const { status, headers, body } = problemOf(faultOf(error.code));
    const text = JSON.stringify(body);
    const head = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(text)), connection: 'close' });
    const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}\r\n${text}`);
  };
}

function faultOf(code: string | undefined): Fault | ProtocolFault {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ProtocolFault('headers_too_large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ProtocolFault('request_too_slow');
    default:
      return new Fault('invalid_request', { detail: 'This is not an HTTP request.' });
  }
}
