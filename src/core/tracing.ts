// The port to traces: what a piece of work did, from its beginning to its end. Work on one message is joined across
// processes and days by a text that is kept with the message. Where no traces are kept there is no port, and nothing is called.

/** Ids and words of ours: never what a stranger wrote, no number, no address with a query. */
export type TraceFacts = Readonly<Record<string, string | number | boolean>>;

export type Span = {
  /** Where in its trace this piece of work stands (W3C Trace Context, section 3.2). */
  readonly traceparent: string;
  /** A part of this piece of work. @param asks whether another system is asked something in it */
  begin(name: string, facts?: TraceFacts, asks?: 'asks'): Span;
  note(facts: TraceFacts): void;
  /** @param failure why it did not come about, in a word of ours */
  end(failure?: string): void;
};

export type Tracing = {
  /**
   * A piece of work that somebody else caused.
   * @param answers whether it answers a request
   * @param parent a `traceparent`; what cannot be read begins a trace of its own
   */
  begin(name: string, facts: TraceFacts, parent: string | undefined, answers?: 'answers'): Span;
  /** Sends what has not been sent, for a bounded time. */
  close(): Promise<void>;
};

/** Does a part of a piece of work; what it throws ends it as failed. */
export async function inSpan<Value>(
  span: Span | undefined,
  name: string,
  work: (part: Span | undefined) => Promise<Value>,
  asks?: 'asks',
): Promise<Value> {
  const part = span?.begin(name, {}, asks);
  let failure: string | undefined = 'failed';
  try {
    const value = await work(part);
    failure = undefined;
    return value;
  } finally {
    part?.end(failure);
  }
}
