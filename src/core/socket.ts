// The port to WebSockets on which applications hear: frames to whoever is connected, and what came of each.

import type { Id, Millis } from './ids.ts';

/** What a connection hears of its app: all, or what belongs to one conversation, one channel, or both. */
export type SocketScope = { conversationId?: Id<'conversation'>; channelId?: Id<'channel'> };

/** What a frame is about; it decides who hears it. */
export type SocketSubject = {
  endpointId: Id<'endpoint'>;
  conversationId: Id<'conversation'> | null;
  channelId: Id<'channel'> | null;
  /** When it became due to be told: a connection to one conversation hears only of what comes while it is open. */
  since: Millis;
};

export type SocketFrame = SocketSubject & { text: string; signal: AbortSignal };

/**
 * delivered: one of the connections has answered to a ping that was sent after the frame, so it has read the frame.
 * nobody: no connection hears of such things. lost: those that were sent it broke before they answered.
 */
export type SocketOutcome = { is: 'delivered' } | { is: 'nobody' } | { is: 'lost'; error: string };

export type SocketTransport = {
  /** To everybody who hears of the subject; waits for the first answer. Never throws for what clients do. */
  send(frame: SocketFrame): Promise<SocketOutcome>;
  /** Whether somebody is connected who hears of it. */
  isHeard(subject: SocketSubject): boolean;
};

/** One client at an endpoint. */
export type Seat = {
  endpointId: Id<'endpoint'>;
  scope: SocketScope;
  /** Whether its key still opens this; asked before each frame. */
  isAdmitted(): Promise<boolean>;
  /** The answer to a frame of the client; null: none. */
  hear(text: string): string | null;
};

/** Why a connection ended. */
export type SeatEnd = 'left' | 'silent' | 'too_slow' | 'revoked' | 'stopping' | 'failed';

/** An open WebSocket, as far as it is spoken with here; those of the package `ws` have this form. */
export type Wire = {
  readonly bufferedAmount: number;
  send(text: string, done: (error?: Error) => void): void;
  ping(data: string, mask: undefined, done: (error: Error) => void): void;
  close(code: number): void;
  terminate(): void;
  on(event: 'message' | 'pong', hear: (data: Uint8Array) => void): unknown;
  on(event: 'error' | 'close', hear: () => void): unknown;
};

/** `sent` counts frames, without the answers to the client's own. */
export type SocketTalk = { end(why: Exclude<SeatEnd, 'left'>): void; ended: Promise<{ end: SeatEnd; sent: number }> };

/** Holds the open connections. */
export type SocketHub = SocketTransport & {
  /** @throws Fault rate_limited when there are too many connections */
  checkRoom(): void;
  /** Speaks with a client, `welcome` first; from then on it hears what is sent to its endpoint. */
  join(wire: Wire, seat: Seat, welcome: string): SocketTalk;
  /** Whether anybody is connected to the endpoint. */
  isOpen(endpointId: Id<'endpoint'>): boolean;
  standing(): { open: number; unacknowledged: number };
  /** Says goodbye to all, and waits a moment for them to go. */
  stop(): Promise<void>;
};
