// A file's way through the gateway, told step by step to somebody who sees it for the first time.

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isObject } from './core/json.ts';
import type { Gateway } from './gateway.ts';
import type { Received } from './sandbox/receiver.ts';
import { type SandboxCarrier, sandboxNumber } from './sandbox-carrier.ts';

/** Files that are shipped with the sandbox. */
export const shippedFile = (name: 'photo.jpg' | 'voice-note.ogg' | 'contract.pdf'): string =>
  fileURLToPath(new URL(`../assets/sandbox/${name}`, import.meta.url));

const waitMs = 15_000;

/**
 * Sends a file through the sandbox carrier and prints what becomes of it.
 * @returns the link to the file
 * @throws Error when it does not arrive whole and signed within 15 seconds
 */
export async function show(
  gateway: Gateway,
  { sandbox, receiver }: SandboxCarrier,
  intakeUrl: string,
  path: string,
  caption: string | undefined,
  print: (line: string) => void,
): Promise<string> {
  const signal = AbortSignal.timeout(waitMs);
  const [sent] = await sandbox.send({
    url: intakeUrl,
    phoneNumberId: sandboxNumber.phoneNumberId,
    files: [{ path }],
    signal,
    ...(caption !== undefined && { caption }),
  });
  if (sent?.answer.status !== 200)
    throw new Error(`the webhook was not taken: ${sent?.answer.error ?? sent?.answer.body}`);
  const step = (number: number, name: string, what: string) => print(`  ${number}  ${name.padEnd(11)} ${what}`);
  step(
    1,
    'webhook in',
    `${basename(path)} from +16505551234; signature verified, stored durably, answered 200 in ${milliseconds(sent.answer.durationMs)}`,
  );

  const delivered = await receiver.next(
    (received) => mediaIn(received)?.['carrier_media_id'] === sent.media.id,
    signal,
  );
  const media = mediaIn(delivered);
  if (media?.['state'] !== 'stored')
    throw new Error(`the file was not captured: ${String(media?.['state'])} ${String(media?.['reason'])}`);
  const took = Date.parse(String(media['stored_at'])) - Date.parse(String(media['received_at']));
  step(
    2,
    'captured',
    `${Number(media['size']).toLocaleString('en')} bytes of ${media['type']} from the carrier, ${milliseconds(took)} after the webhook`,
  );
  step(
    3,
    'checked',
    `sha256 ${String(media['sha256']).slice(0, 16)}… ${media['integrity'] === 'verified' ? "equals the carrier's" : String(media['integrity'])}`,
  );
  if (delivered.verified !== true) throw new Error("the receiver could not verify the delivery's signature");
  step(4, 'delivered', `message.received to ${receiver.url}; signature verified by the receiver`);

  const url = String(media['url']);
  const opened = await fetch(`${gateway.url}${new URL(url).pathname}${new URL(url).search}`, { signal });
  if (opened.status !== 200 || (await sha256Of(opened.body)) !== sent.media.sha256)
    throw new Error(`the link does not give the file: ${opened.status}`);
  step(5, 'downloaded', `the same bytes by its link, good until ${String(media['url_expires_at'])}`);
  return url;
}

function mediaIn(received: Received): Record<string, unknown> | undefined {
  const data = isObject(received.json) ? received.json['data'] : undefined;
  const message = isObject(data) ? data['message'] : undefined;
  const list = isObject(message) ? message['media'] : undefined;
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  return isObject(first) ? first : undefined;
}

async function sha256Of(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of body ?? []) hash.update(chunk);
  return hash.digest('hex');
}

const milliseconds = (many: number): string => `${Math.max(1, Math.round(many))} ms`;
