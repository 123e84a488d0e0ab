import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { lookup } from 'mime-types';
import type { JsonObject } from '../core/json.ts';
import { type Api, pathOf, type Query } from './api.ts';
import { UsageError } from './failures.ts';
import { fileOf, type GivenFile } from './given.ts';
import { listIn, sizeOf, textOf } from './readable.ts';
import { type Bind, examples, type Session, said } from './session.ts';
import type { Column } from './table.ts';

const askEveryMs = 250;

export function addSandbox(program: Command, bind: Bind): void {
  const sandbox = program.command('sandbox').description('the simulated carrier');
  const send = sandbox
    .command('send [files...]')
    .description('send files, or a text, as a person with a phone would, and tell what becomes of them')
    .option('--from <number>', "the sender's phone number")
    .option('--name <name>', "the sender's name")
    .option('--caption <text>', 'caption of the files')
    .option('--text <text>', 'a message without a file')
    .option('--wait <seconds>', 'how long to wait for what becomes of them; 0: not at all', '30');
  bind(send, sendAll).addHelpText(
    'after',
    examples(
      'sandbox send photo.jpg --caption "The damage at the front"',
      'sandbox send *.pdf --from +393331234567 --name "Ada"',
      'sandbox send --text "Is it insured?"',
    ),
  );
}

/** What was sent, and what is known of it. */
type Sent = {
  file: string | null;
  carrierMessageId: string;
  message: JsonObject | undefined;
  deliveries: JsonObject[];
};

async function sendAll(session: Session): Promise<void> {
  const { out, options, world } = session;
  const waitText = said(options, 'wait') ?? '';
  if (!/^\d{1,5}$/.test(waitText)) throw new UsageError(`--wait: expected a number of seconds, not "${waitText}"`);
  const files = await Promise.all(session.args.map(fileOf));
  const text = said(options, 'text');
  if (files.length === 0 && text === undefined) throw new UsageError('give a file, or --text');
  if (files.length > 0 && text !== undefined) {
    throw new UsageError('--text is a message of its own; use --caption with files');
  }

  const sent: Sent[] = [];
  for (const file of files.length === 0 ? [undefined] : files) {
    const carrierMessageId = await post(session, file, text);
    out.note(`sent ${file?.name ?? 'the text'}`);
    sent.push({ file: file?.path ?? null, carrierMessageId, message: undefined, deliveries: [] });
  }

  const wait = Number(waitText) * 1000;
  const until = world.now() + wait;
  for (const one of sent) {
    while (!(await look(session.api, one)) && world.now() < until) await world.pause(askEveryMs);
  }

  out.result({ data: sent.map(documentOf) }, () => out.table(sent.flatMap(rowsOf), columns));
  const urls = sent.flatMap(({ message }) => mediaIn(message)).map(({ url }) => url);
  if (!out.json) for (const url of urls.filter((one) => typeof one === 'string')) out.note(url);
  const late = sent.filter(
    ({ message }) => message === undefined || mediaIn(message).some(({ state }) => state !== 'stored'),
  );
  if (wait > 0 && late.length > 0)
    throw new Error(`${late.length} of ${sent.length} not captured within ${waitText} s`);
}

/** @returns the carrier's id of the message */
async function post({ api, options }: Session, file: GivenFile | undefined, text: string | undefined): Promise<string> {
  const query: Query = {
    from: said(options, 'from'),
    name: said(options, 'name'),
    caption: said(options, 'caption'),
    text,
    file_name: file?.name,
  };
  const answer =
    file === undefined
      ? await api.call('POST', '/sandbox/messages', { query })
      : await api.upload('/sandbox/messages', query, {
          body: createReadStream(file.path),
          type: lookup(file.name) || 'application/octet-stream',
          size: file.size,
        });
  return textOf(answer['carrier_message_id']);
}

/** Learns what has become of one; true when nothing more is to be waited for. */
async function look(api: Api, sent: Sent): Promise<boolean> {
  const known = sent.message?.['id'];
  sent.message =
    typeof known === 'string'
      ? await api.call('GET', pathOf('messages', known))
      : listIn(await api.call('GET', '/messages', { query: { limit: '200' } })).find(
          (message) => message['carrier_message_id'] === sent.carrierMessageId,
        );
  if (sent.message === undefined || mediaIn(sent.message).some(({ state }) => state === 'pending')) return false;
  // Deliveries are made in the commit that states the fact, so those of a stored file are there once it is.
  const { id, app_id: app } = sent.message;
  const answer = await api.call('GET', '/deliveries', { query: { app_id: textOf(app), limit: '200' } });
  sent.deliveries = listIn(answer).filter((delivery) => delivery['message_id'] === id);
  return sent.deliveries.every(({ state }) => state !== 'pending');
}

const mediaIn = (message: JsonObject | undefined): JsonObject[] =>
  message === undefined ? [] : listIn(message, 'media');

const documentOf = ({ file, carrierMessageId, message, deliveries }: Sent): JsonObject => ({
  file,
  carrier_message_id: carrierMessageId,
  message: message ?? null,
  deliveries,
});

function rowsOf({ file, message, deliveries }: Sent): JsonObject[] {
  const states = deliveries.map(({ state }) => textOf(state));
  const told = [...new Set(states)]
    .map((state) => `${states.filter((one) => one === state).length} ${state}`)
    .join(', ');
  const shared = { file: file ?? 'text', deliveries: told, message: message?.['id'] ?? null };
  const media = mediaIn(message);
  if (media.length === 0) return [{ ...shared, state: message === undefined ? 'not seen yet' : 'received' }];
  return media.map(({ id, state, size, integrity }) => ({
    ...shared,
    id: id ?? null,
    state: state ?? null,
    size: size ?? null,
    integrity: integrity ?? null,
  }));
}

const columns: Column[] = [
  { head: 'FILE', of: ({ file }) => textOf(file), flexible: true },
  { head: 'MEDIA', of: ({ id }) => textOf(id) },
  { head: 'STATE', of: ({ state }) => textOf(state) },
  { head: 'SIZE', of: ({ size }) => sizeOf(size), right: true },
  { head: 'DELIVERIES', of: ({ deliveries }) => textOf(deliveries), flexible: true },
  { head: 'INTEGRITY', of: ({ integrity }) => textOf(integrity) },
  { head: 'MESSAGE', of: ({ message }) => textOf(message) },
];
