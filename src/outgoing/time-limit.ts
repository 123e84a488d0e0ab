// AbortSignal.any and AbortSignal.timeout would do this in one line, but each leaves a trace in the caller's signal that
// grows with every request, and callers hold a signal for as long as they run.

export type TimeLimit = {
  signal: AbortSignal;
  /** The time no longer counts; the caller's signal still does. */
  met(): void;
  /** Nothing counts any more. To be called in every case. */
  release(): void;
};

/**
 * A signal that fires when the caller's does, with its reason, or with `late` when the time is up.
 * @param ms from now, in milliseconds
 */
export function timeLimit(caller: AbortSignal, ms: number, late: Error): TimeLimit {
  const own = new AbortController();
  const stop = () => own.abort(caller.reason);
  const timer = setTimeout(() => own.abort(late), ms);
  if (caller.aborted) stop();
  else caller.addEventListener('abort', stop, { once: true });
  const met = () => clearTimeout(timer);
  return {
    signal: own.signal,
    met,
    release() {
      met();
      caller.removeEventListener('abort', stop);
    },
  };
}
