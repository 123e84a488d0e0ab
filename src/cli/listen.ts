// Events as they happen, for a developer: printed, or posted to an address on the own machine as webhooks are, signed, with
// what it answered.

import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import type { JsonObject } from '../core/json.ts';
import { eventTypes } from '../core/model.ts';
import { backingOff } from './back-off.ts';
import { aboutIn } from './columns.ts';
import { resumable, UsageError } from './failures.ts';
import { momentOf } from './moment.ts';
import { textOf, timeOf } from './readable.ts';
import { type Bind, examples, type Session, said } from './session.ts';
import { listenOnce, Resync } from './stream.ts';

const answerMs = 30_000;

export function addListen(program: Command, bind: Bind): void {
  const command = program
    .command('listen')
    .description('print events as they happen, or post them to an address of your machine')
    .option('--forward <url>', 'post each as a signed webhook and tell what was answered')
    .option('--secret <secret>', 'signs them; made for this run if not given')
    .option('--types <types>', 'only these types, with commas between')
    .option('--app-id <id>', 'only those of this app')
    .option('--since <when>', 'first what has happened since then: 30m, 2h, 1d, or a time such as 2026-03-01T10:00:00Z')
    .option('--after <cursor>', 'first what has happened after this cursor');
  bind(command, listen).addHelpText(
    'after',
    examples(
      'listen',
      'listen --types media.stored --json',
      'listen --forward http://localhost:3000/webhooks --since 1h',
    ),
  );
}

async function listen(session: Session): Promise<void> {
  const { out, world, options, server, userAgent } = session;
  const sinceText = said(options, 'since');
  const since = sinceText === undefined ? undefined : momentOf('--since', sinceText, world.now());
  const types = said(options, 'types')
    ?.split(',')
    .map((type) => type.trim());
  const unknown = types?.find((type) => !(eventTypes as readonly string[]).includes(type));
  if (unknown !== undefined)
    throw new UsageError(`--types: there is no event ${unknown}; there are ${eventTypes.join(', ')}`);
  const hand = handler(session);
  const place = { after: said(options, 'after') ?? (since === undefined ? 'latest' : undefined) };
  let greeted = false;

  const once = (worked: () => void) =>
    listenOnce({
      server,
      userAgent,
      signal: world.signal,
      after: place.after,
      types,
      appId: said(options, 'appId'),
      onOpen(cursor) {
        worked();
        place.after = cursor;
        if (!greeted) out.note(`listening at ${server.url}; Ctrl-C ends it`);
        greeted = true;
      },
      async onEvent(event, cursor) {
        if (since === undefined || Date.parse(textOf(event['timestamp'])) >= since) await hand.take(event);
        place.after = cursor;
      },
    });

  try {
    await resumable(
      () => `mediadock listen${place.after === undefined ? '' : ` --after ${place.after}`}`,
      () =>
        backingOff(world, out.note, async (worked) => {
          try {
            await once(worked);
          } catch (error) {
            if (!(error instanceof Resync)) throw error;
            out.note('events after that place are no longer kept: going on with the oldest that is');
            place.after = undefined;
          }
        }),
    );
  } finally {
    await hand.close();
  }
}

/** What is done with an event. */
function handler(session: Session): { take(event: JsonObject): Promise<void>; close(): Promise<void> } {
  const { out, options } = session;
  const told = (event: JsonObject, more = '') =>
    `${timeOf(event['timestamp'])}  ${textOf(event['type']).padEnd(18)}  ${textOf(event['id'])}  ${aboutIn(event)}${more}`;
  const url = said(options, 'forward');
  if (url === undefined) {
    return { take: async (event) => out.line(event, () => told(event)), close: async () => {} };
  }
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new UsageError(`--forward: "${url}" is not an http or https address`);
  const secret = said(options, 'secret') ?? `whsec_${randomBytes(32).toString('base64')}`;
  const signer = signerOf(secret);
  if (said(options, 'secret') === undefined) out.note(`webhooks are signed with ${secret}`);
  const agent = new Agent({ connect: { timeout: 5000 }, headersTimeout: answerMs, bodyTimeout: answerMs });
  return {
    async take(event) {
      const seen = await post(session, agent, url, signer, event);
      out.line({ event, ...seen }, () => told(event, `  → ${seen.status ?? seen.error}, ${seen.duration_ms} ms`));
    },
    close: () => agent.destroy(),
  };
}

type Posted = { status: number | null; error: string | null; duration_ms: number };

async function post(
  { world }: Session,
  agent: Agent,
  url: string,
  signer: Webhook,
  event: JsonObject,
): Promise<Posted> {
  const began = world.now();
  const id = textOf(event['id']);
  const body = JSON.stringify(event);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(began / 1000)),
    'webhook-signature': signer.sign(id, new Date(began), body),
  };
  const done = (seen: Omit<Posted, 'duration_ms'>) => ({ ...seen, duration_ms: Math.round(world.now() - began) });
  try {
    const answer = await request(url, { method: 'POST', headers, body, dispatcher: agent, signal: world.signal });
    await answer.body.dump();
    return done({ status: answer.statusCode, error: null });
  } catch (error) {
    world.signal.throwIfAborted();
    return done({ status: null, error: error instanceof Error ? error.message || error.name : String(error) });
  }
}

function signerOf(secret: string): Webhook {
  try {
    return secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(Buffer.from(secret), { format: 'raw' });
  } catch (cause) {
    throw new UsageError('--secret: what stands behind whsec_ is not base64', { cause });
  }
}
