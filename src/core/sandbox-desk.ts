// The port to a simulated carrier: a message to be sent through it, as a person with a phone would.

export type SandboxFile = { body: AsyncIterable<Uint8Array>; type?: string; fileName?: string };

/** What is not given the sandbox chooses. `body` is the file; read at most once, and perhaps not at all when sending fails. */
export type SandboxMessage = {
  /** The carrier that it goes through, as connections name it; `whatsapp-cloud` when not given. */
  carrier?: string;
  /** Phone number of the sender, digits with an optional +. */
  from?: string;
  /** Name of the sender. */
  name?: string;
  caption?: string;
  text?: string;
  fileName?: string;
  /** Content type of the body. */
  type?: string;
  body?: AsyncIterable<Uint8Array>;
  /** Files besides the body, for a carrier that sends several at once; each is read before the next is asked for. */
  furtherFiles?: Iterable<SandboxFile> | AsyncIterable<SandboxFile>;
};

/** The carrier's ids; `mediaId` is null for a message without a file. */
export type SandboxSent = { carrierMessageId: string; mediaId: string | null };

export type SandboxDesk = {
  /**
   * Keeps the file as the carrier would and posts the webhook; resolves when the webhook was answered.
   * @throws Fault invalid_request when the message cannot be sent as it is, or there is no such carrier
   */
  send(message: SandboxMessage, signal: AbortSignal): Promise<SandboxSent>;
};
