// `mediadock demo`: a gateway with the sandbox carrier in a temporary folder, three files through it, and gone again.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { makeLog } from './log.ts';
import { serve } from './serve.ts';
import { shippedFile, show } from './show.ts';

const files = [
  ['photo.jpg', 'The damage at the front'],
  ['voice-note.ogg', undefined],
  ['contract.pdf', 'Signed'],
] as const;

/** @throws Error when a file does not arrive whole, and the signal's reason when it is over before the last one */
export async function runDemo(config: Config, print: (line: string) => void, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-demo-'));
  try {
    const settings: Config = { ...config, dataDir: folder, port: 0, publicUrl: undefined, sandbox: 'on' };
    const served = await serve(settings, { print: () => {}, log: makeLog('error'), firstPhoto: false });
    try {
      if (served.sandbox === undefined) throw new Error('the sandbox carrier did not start');
      print(`mediadock runs at ${served.gateway.url} for a moment, with the sandbox in WhatsApp's place.`);
      for (const [name, caption] of files) {
        signal.throwIfAborted();
        print('');
        await show(served.gateway, served.sandbox.carrier, served.sandbox.intakeUrl, shippedFile(name), caption, print);
      }
      print('');
      print('Every file arrived whole. Run your own gateway: mediadock serve');
    } finally {
      await served.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
