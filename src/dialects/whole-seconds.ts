import type { Millis } from '../core/ids.ts';

/** ISO 8601 in UTC with whole seconds: `2026-03-01T10:00:00Z`. */
export const wholeSeconds = (at: Millis): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
