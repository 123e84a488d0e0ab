// The port to a simulated carrier: a message to be sent through it, as a person with a phone would.

/** What is not given the sandbox chooses. `body` is the file; read at most once, and perhaps not at all when sending fails. */
export type SandboxMessage = {
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
};

export type SandboxDesk = {
  /**
   * Keeps the file as the carrier would and posts the webhook; resolves when the webhook was answered.
   * @returns the carrier's ids; `mediaId` is null for a message without a file
   * @throws Fault invalid_request when the message cannot be sent as it is
   */
  send(message: SandboxMessage, signal: AbortSignal): Promise<{ carrierMessageId: string; mediaId: string | null }>;
};
