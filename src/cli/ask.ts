// Questions to the person at the terminal. They and the answers go over stderr, so that results stay alone on stdout.

import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
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
  const lines = createInterface({ input: stdin, output, terminal: true, historySize: 0 });
  return {
    async ask(question, { otherwise = '', secret = false } = {}) {
      const shown = `${plain(question)}${otherwise === '' ? '' : ` [${plain(otherwise)}]`}: `;
      if (secret) stderr.write(shown);
      hidden = secret;
      try {
        return (await lines.question(secret ? '' : shown, { signal })).trim() || otherwise;
      } finally {
        if (hidden) stderr.write('\n');
        hidden = false;
      }
    },
    close: () => lines.close(),
  };
}
