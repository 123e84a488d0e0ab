// A whole gateway with the sandbox as its carrier, and commands that speak to it.

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  about,
  adminKey,
  bytesOf,
  messageOf,
  type Rig,
  startRig as startJourney,
  type Tenant,
} from '../journeys/rig.ts';
import { type Place, type Ran, shell } from './shell.ts';

export { bytesOf, type Rig, type Tenant };

export type CliRig = Rig & {
  /** Runs a command against the gateway. */
  type(args: readonly string[], place?: Place): Promise<Ran>;
};

export async function startRig(env: Record<string, string> = {}): Promise<CliRig> {
  const rig = await startJourney(env);
  onTestFinished(() => rig.close());
  const type: CliRig['type'] = (args, place = {}) =>
    shell(args, { ...place, env: { MEDIADOCK_URL: rig.gateway.url, MEDIADOCK_KEY: adminKey, ...place.env } });
  return Object.defineProperties({ type } as CliRig, {
    ...Object.getOwnPropertyDescriptors(rig),
    type: { value: type },
  });
}

export async function newFolder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'mediadock-cli-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

export type Stored = { id: string; blob: string; text: string };

/** Sends texts as files and waits until each is stored. @returns their media, in the same order */
export async function store(rig: Rig, tenant: Tenant, texts: readonly string[]): Promise<Stored[]> {
  const files = texts.map((text, at) => ({ bytes: bytesOf(text), type: 'text/plain', fileName: `file ${at}.txt` }));
  const sent = await rig.send(tenant, files);
  return await Promise.all(
    sent.map(async ({ messageId }, at) => {
      const { id } = messageOf(await tenant.receiver.next(about(messageId))).media[0];
      const media = await rig.gateway.records.media({ reach: { kind: 'instance' }, id });
      if (media?.state !== 'stored' || media.blob === null) throw new Error(`${id} is not stored`);
      return { id, blob: media.blob, text: texts[at] ?? '' };
    }),
  );
}

/** Where the gateway keeps an object. */
export function pathOfBlob(rig: Rig, blob: string): string {
  const shard = createHash('sha256').update(blob).digest('hex').slice(0, 2);
  return join(rig.config.dataDir, 'blobs', shard, blob.replace('/', '.'));
}
