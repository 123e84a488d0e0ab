// The least that could be called a capture: get the link, hash, write to a file, sync.

import { createHash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { serveParent } from '../serve-parent.ts';

const folder = await mkdtemp(join(tmpdir(), 'mediadock-bench-capture-'));
const dispatcher = new Agent();
let files = 0;

async function capture({ url, token }: { url: string; token: string }): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, 'user-agent': 'bench', 'accept-encoding': 'identity' };
  const { statusCode, body } = await request(url, { dispatcher, headers });
  if (statusCode !== 200) throw new Error(`the link was answered with ${statusCode}`);
  const hash = createHash('sha256');
  const file = await open(join(folder, String(files++)), 'wx');
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

const commands = {
  /** Captures all, so many at once. @returns the seconds it took */
  async capture({ links, inFlight }: { links: { url: string; token: string }[]; inFlight: number }): Promise<number> {
    const began = performance.now();
    const left = links.values();
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        for (const link of left) await capture(link);
      }),
    );
    return (performance.now() - began) / 1000;
  },
};
export type MinimalCaptureCommands = typeof commands;

serveParent(commands, async () => {
  await dispatcher.destroy();
  await rm(folder, { recursive: true, force: true });
});
