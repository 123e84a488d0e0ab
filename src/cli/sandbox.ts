import { createReadStream, openAsBlob } from 'node:fs';
import { type Command, Option } from 'commander';
import { lookup } from 'mime-types';
import { FormData } from 'undici';
import type { JsonObject } from '../core/json.ts';
import { type Api, pathOf, type Query } from './api.ts';
import { UsageError } from './failures.ts';
import { fileOf, type GivenFile } from './given.ts';
import { listIn, sizeOf, textOf } from './readable.ts';
import { type Bind, examples, type Session, said } from './session.ts';
import type { Column } from './table.ts';

const askEveryMs = 250;

/** The carriers that the sandbox simulates, as people call them, with the names that connections have. */
const carriers: Readonly<Record<string, string>> = { whatsapp: 'whatsapp-cloud', rcs: 'rcs', twilio: 'twilio' };
const mostTogether = 10;

export function addSandbox(program: Command, bind: Bind): void {
  const sandbox = program.command('sandbox').description('the simulated carrier');
  const send = sandbox
    .command('send [files...]')
    .description('send files, or a text, as a person with a phone would, and tell what becomes of them')
    .addOption(
      new Option('--carrier <name>', 'what it comes through (default: whatsapp)').choices(Object.keys(carriers)),
    )
    .option('--together', 'all files in one message, where the carrier has that: twilio, up to ten')
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
      'sandbox send front.jpg back.jpg --carrier twilio --together',
      'sandbox send --text "Is it insured?" --carrier rcs',
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

  const isTogether = options['together'] === true;
  if (isTogether && said(options, 'carrier') !== 'twilio') {
    throw new UsageError('--together: only --carrier twilio has several files in one message; without it each is one');
  }
  if (isTogether && files.length > mostTogether) throw new UsageError(`--together: at most ${mostTogether} files`);

  const sent: Sent[] = [];
  const messages = isTogether || files.length === 0 ? [files] : files.map((file) => [file]);
  for (const message of messages) {
    const carrierMessageId = await post(session, message, text);
    out.note(`sent ${message.map(({ name }) => name).join(', ') || 'the text'}`);
    const paths = message.map(({ path }) => path);
    sent.push({ file: paths.join(', ') || null, carrierMessageId, message: undefined, deliveries: [] });
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
async function post({ api, options }: Session, files: readonly GivenFile[], text: string | undefined): Promise<string> {
  const [file, ...further] = files;
  const query: Query = {
    carrier: carriers[said(options, 'carrier') ?? ''],
    from: said(options, 'from'),
    name: said(options, 'name'),
    caption: said(options, 'caption'),
    text,
    file_name: further.length === 0 ? file?.name : undefined,
  };
  const answer =
    file === undefined
      ? await api.call('POST', '/sandbox/messages', { query })
      : further.length > 0
        ? await api.uploadForm('/sandbox/messages', query, await formOf(files))
        : await api.upload('/sandbox/messages', query, {
            body: createReadStream(file.path),
            type: typeOf(file),
            size: file.size,
          });
  return textOf(answer['carrier_message_id']);
}

const typeOf = ({ name }: GivenFile): string => lookup(name) || 'application/octet-stream';

/** The files are read while the form is sent. */
async function formOf(files: readonly GivenFile[]): Promise<FormData> {
  const form = new FormData();
  for (const file of files) form.append('file', await openAsBlob(file.path, { type: typeOf(file) }), file.name);
  return form;
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
