/** Milliseconds since 1970 with their fraction: processes of one machine can be compared by it. */
export const wallClock = (): number => performance.timeOrigin + performance.now();
