// Questions to the person at the terminal. They and the answers go over stderr, so that results stay alone on stdout.

import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from './failures.ts';
import { plain } from './plain.ts';
import type { World } from './world.ts';

export type Asker = {
  /** What was typed, without spaces around; `otherwise` when it was nothing. A secret is not shown. */
  ask(question: string, more?: { otherwise?: string; secret?: boolean }): Promise<string>;
  close(): void;
};

/** undefined: nobody is there to be asked. */
export function askerAt({ stdin, stderr, signal }: World): Asker | undefined {
  if (stdin.isTTY !== true || stderr.isTTY !== true) return undefined;
  let hidden = false;
  const output = new Writable({
    write(chunk, _, done) {
      if (!hidden) stderr.write(chunk);
      done();
    },
  });
  const terminal = createInterface({ input: stdin, output, terminal: true, historySize: 0 });
  const answer = { resolve(_: string) {}, reject(_: unknown) {} };
  const stop = (reason: unknown) => answer.reject(reason);
  terminal.on('line', (line) => answer.resolve(line));
  terminal.on('SIGINT', () => stop(new DOMException('stopped', 'AbortError')));
  terminal.on('close', () => stop(new UsageError('the answers ended before the questions')));
  signal.addEventListener('abort', () => stop(signal.reason), { once: true });

  return {
    async ask(question, { otherwise = '', secret = false } = {}) {
      const shown = `${plain(question)}${otherwise === '' ? '' : ` [${plain(otherwise)}]`}: `;
      const { promise, ...settle } = Promise.withResolvers<string>();
      Object.assign(answer, settle);
      hidden = secret;
      if (secret) stderr.write(shown);
      terminal.setPrompt(secret ? '' : shown);
      terminal.prompt();
      try {
        return (await promise).trim() || otherwise;
      } finally {
        if (hidden) stderr.write('\n');
        hidden = false;
      }
    },
    close: () => terminal.close(),
  };
}
