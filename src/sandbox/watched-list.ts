// What was seen so far, and a way to wait for what is still to come, without looking again and again.

/** The longest that a wait lasts where the caller sets no limit of its own. */
export const defaultWaitMs = 10_000;

export type WatchedList<Item> = {
  /** The newest items, the oldest first. */
  readonly items: readonly Item[];
  add(item: Item): void;
  /** Says that an item which is on the list has changed. */
  touch(item: Item): void;
  /**
   * The first item that fits, be it here already or still to come.
   * @throws the signal's reason when it fires first; without a signal after 10 seconds
   */
  next(fits: (item: Item) => boolean, signal?: AbortSignal): Promise<Item>;
};

/** @param limit how many items are kept; older ones are dropped */
export function watchedList<Item>(limit: number): WatchedList<Item> {
  const items: Item[] = [];
  const watchers = new Set<(item: Item) => void>();
  const touch = (item: Item): void => {
    for (const watch of [...watchers]) watch(item);
  };
  return {
    items,
    touch,
    add(item) {
      items.push(item);
      if (items.length > limit) items.shift();
      touch(item);
    },
    next(fits, signal = AbortSignal.timeout(defaultWaitMs)) {
      const here = items.find(fits);
      if (here !== undefined) return Promise.resolve(here);
      const { promise, resolve, reject } = Promise.withResolvers<Item>();
      const watch = (item: Item): void => {
        if (fits(item)) resolve(item);
      };
      const stop = (): void => reject(signal.reason);
      watchers.add(watch);
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      return promise.finally(() => {
        watchers.delete(watch);
        signal.removeEventListener('abort', stop);
      });
    },
  };
}
