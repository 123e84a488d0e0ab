// What a look at one thing found. Each finding that is not in order says what to do.

export type FindingState = 'ok' | 'warn' | 'fail';

export type Finding = {
  /** What was looked at: `disk`, `channel`, … */
  check: string;
  /** Which one: an id, an address, a setting. */
  subject: string;
  state: FindingState;
  says: string;
  remedy: string | null;
};

export const ok = (check: string, subject: string, says: string): Finding => ({
  check,
  subject,
  state: 'ok',
  says,
  remedy: null,
});

export const warn = (check: string, subject: string, says: string, remedy: string): Finding => ({
  check,
  subject,
  state: 'warn',
  says,
  remedy,
});

export const fail = (check: string, subject: string, says: string, remedy: string): Finding => ({
  check,
  subject,
  state: 'fail',
  says,
  remedy,
});
