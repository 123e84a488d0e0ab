// What an endpoint of the dialect is set to; docs/dialects/onprem.md lists it.

import type { NextTry } from '../../core/dialect.ts';
import type { JsonObject } from '../../core/json.ts';
import { flag, oneOf, type SettingReader, settingsReader } from '../endpoint-settings.ts';

const second = 1000;
const minute = 60 * second;
const day = 24 * 60 * minute;

/** A wait without end must not become a flood, nor a wait for ever. */
export const leastWaitMs = second;
export const mostWaitMs = day;

/** What the vendor's settings have where nobody set them (its page "application settings"). */
export const usualWaits = { stepMs: 3 * second, mostMs: 15 * minute };

const wait: SettingReader = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value >= leastWaitMs && value <= mostWaitMs
    ? undefined
    : `must be a whole number of ${leastWaitMs} to ${mostWaitMs}`;

export const readSettings = settingsReader({
  callback_backoff_delay_ms: wait,
  max_callback_backoff_delay_ms: wait,
  status_in_messages: flag,
  failed_status: oneOf('downloaded', 'undownloaded'),
  file: oneOf('none', 'uuid', 'split'),
  upload_status: (value) => (value === 200 || value === 201 ? undefined : 'must be 200 or 201'),
});

export type Settings = {
  waits: { stepMs: number; mostMs: number };
  /** Whether files that came with their message carry a status too; the vendor's samples have none. */
  statusInMessages: boolean;
  /** The status beside the errors of a file that could not be had: the vendor's primary page shows `downloaded`. */
  failedStatus: 'downloaded' | 'undownloaded';
  /** Which of the documented paths on the media volume is told; there is no volume here. */
  file: 'none' | 'uuid' | 'split';
  /** How an upload is answered: sources disagree. */
  uploadStatus: 200 | 201;
};

export const settingsOf = (given: JsonObject): Settings => ({
  waits: {
    stepMs: numberOr(given['callback_backoff_delay_ms'], usualWaits.stepMs),
    mostMs: numberOr(given['max_callback_backoff_delay_ms'], usualWaits.mostMs),
  },
  statusInMessages: given['status_in_messages'] === true,
  failedStatus: given['failed_status'] === 'undownloaded' ? 'undownloaded' : 'downloaded',
  file: given['file'] === 'uuid' || given['file'] === 'split' ? given['file'] : 'none',
  uploadStatus: given['upload_status'] === 200 ? 200 : 201,
});

const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

/** Each wait is a step longer than the one before, up to the longest, and then without end (vendor's page "webhooks"). */
export function nextTry(failures: number, settings: JsonObject): NextTry {
  const { stepMs, mostMs } = settingsOf(settings).waits;
  return { waitMs: Math.min(failures * stepMs, mostMs) };
}
