/** In place of a media id: any media. */
const anyMedia = '*';

/** The faults of one place that are still to strike. */
export type FaultQueue<Fault> = {
  /** Adds a fault that strikes at the next `times` requests, without it at all. Faults of one media strike one after the other. */
  add(mediaId: string, fault: Fault, times?: number): void;
  /** The fault that strikes at this request, which uses it once. */
  take(mediaId: string): Fault | undefined;
  clear(): void;
};

export function faultQueue<Fault>(): FaultQueue<Fault> {
  let entries: { mediaId: string; fault: Fault; left: number }[] = [];
  return {
    add(mediaId, fault, times = Number.POSITIVE_INFINITY) {
      if (times > 0) entries.push({ mediaId, fault, left: times });
    },
    take(mediaId) {
      const next = entries.find((one) => one.mediaId === mediaId || one.mediaId === anyMedia);
      if (next === undefined) return undefined;
      next.left -= 1;
      if (next.left <= 0) entries = entries.filter((one) => one !== next);
      return next.fault;
    },
    clear() {
      entries = [];
    },
  };
}
