// One part of an event to whoever is connected: rendered as a frame in the endpoint's dialect, sent, and read or not.

import { createHash } from 'node:crypto';
import type { SocketTransport } from '../core/socket.ts';
import { nothingToSay, type SendEventParts, type Sending, type Sent } from './send-event.ts';

export type TellSocketParts = Pick<SendEventParts, 'dialects' | 'links' | 'clock' | 'onError'> & {
  sockets: SocketTransport;
};

/** `nobody`: no client is connected that hears of it. */
export type Told = { is: 'delivered' | 'nobody' | 'lost'; sent: Sent };

/** @param since when it became due to be told */
export async function tellSocket(
  { dialects, links, clock, sockets, onError }: TellSocketParts,
  { event, endpoint, part, about }: Sending,
  since: number,
  signal: AbortSignal,
): Promise<Told> {
  const at = clock.now();
  const subject = subjectOf(event, endpoint, since);
  try {
    const dialect = dialects.get(endpoint.dialect);
    if (dialect?.socket === undefined) throw new Error(`the dialect ${endpoint.dialect} is not spoken over sockets`);
    const text = dialect.socket.render({ event, part, now: at, links, settings: endpoint.settings });
    if (text === null) return { is: 'delivered', sent: nothingToSay };
    const outcome = await sockets.send({ ...subject, text, signal });
    const seen = { durationMs: clock.now() - at, bodySha256: createHash('sha256').update(text).digest('hex') };
    const sent = { ...nothingToSay, ...seen, bodyLength: Buffer.byteLength(text), body: text };
    if (outcome.is === 'delivered') return { is: 'delivered', sent };
    const error = outcome.is === 'lost' ? outcome.error : 'nobody is connected';
    return { is: outcome.is, sent: { ...sent, error, fault: 'receiver' } };
  } catch (error) {
    if (!signal.aborted) onError(error, about);
    const says = error instanceof Error ? error.message : String(error);
    return { is: 'lost', sent: { ...nothingToSay, error: says, fault: 'gateway', durationMs: clock.now() - at } };
  }
}

/** What decides who hears it. */
export const subjectOf = ({ message, media }: Sending['event'], endpoint: Sending['endpoint'], since: number) => ({
  endpointId: endpoint.id,
  conversationId: message?.conversationId ?? null,
  channelId: message?.channelId ?? media?.channelId ?? null,
  since,
});
