// What a process asked of the kernel, in the order in which the kernel was asked and answered.

import { spawnSync } from 'node:child_process';

/** One system call. `began` and `ended` are places in the trace: a smaller one came first. */
export type SystemCall = {
  thread: string;
  name: string;
  /** As strace prints them: descriptors with their paths or addresses, texts in quotes. */
  args: string;
  began: number;
  ended: number;
  failed: boolean;
};

/** Whether strace is there and may trace. */
export const straceRuns = (): boolean => spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

/** The command that traces another: its threads too, with the first bytes of what is written and read. */
export const straced = (calls: readonly string[], output: string): string[] => [
  'strace',
  ...['-f', '-yy', '-s', '8192', '-e', `trace=${calls.join(',')}`, '-e', 'signal=none', '-o', output],
];

/** Reads a trace. A call that ran while another thread's was noted stands there in two halves. */
export function readTrace(text: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const open = new Map<string, SystemCall>();
  for (const [place, line] of text.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/s.exec(line) ?? [];
    const whole = /^(\w+)\((.*)\)\s+= (-?\d+|\?)/s.exec(rest);
    const half = /^(\w+)\((.*) <unfinished \.\.\.>$/s.exec(rest);
    const resumed = /^<\.\.\. (\w+) resumed>(.*)\)\s+= (-?\d+|\?)/s.exec(rest);
    const [, name = '', args = '', result = ''] = whole ?? half ?? resumed ?? [];
    const before = open.get(thread);
    if (resumed !== null && before !== undefined) {
      open.delete(thread);
      before.args += args;
      before.ended = place;
      before.failed = result.startsWith('-');
    } else if (whole !== null || half !== null) {
      const call = { thread, name, args, began: place, ended: place, failed: result.startsWith('-') };
      calls.push(call);
      if (half !== null) {
        call.ended = Number.POSITIVE_INFINITY;
        open.set(thread, call);
      }
    }
  }
  return calls;
}
