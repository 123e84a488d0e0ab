// Files that arrive are saved into a folder, each once. The first time everything that is stored is walked through, newest
// first; from then on the events tell of what comes. A file that the person moves away is not saved again.

import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { isObject, type JsonObject } from '../core/json.ts';
import { pathOf } from './api.ts';
import { type ArchiveState, openArchiveState } from './archive-state.ts';
import { defaultTemplate, fields, type Template, templateOf } from './archive-template.ts';
import { backingOff } from './back-off.ts';
import { saveTo, sha256Of, WrongBytes } from './download.ts';
import { Refusal, resumable } from './failures.ts';
import { makeFolder, syncFolder } from './folders.ts';
import { progressOf } from './progress.ts';
import { countOf, listIn, sizeOf, textOf } from './readable.ts';
import { type Bind, examples, type Session, said } from './session.ts';
import { several } from './several.ts';

const atOnce = 4;
const pageRows = '200';
const waitSeconds = '25';
const draftsName = '.mediadock-archive';

export function addArchive(program: Command, bind: Bind): void {
  const command = program
    .command('archive <folder>')
    .description('save every file that is stored, and those that arrive, into a folder; each once')
    .option('--template <path>', 'how they are called there', defaultTemplate)
    .option('--app-id <id>', 'only those of this app')
    .option('--once', 'end when everything that is there is saved');
  bind(command, (session) =>
    resumable(
      () => goOn(session),
      () => archive(session),
    ),
  )
    .addHelpText('after', `\nA template knows:\n${known()}`)
    .addHelpText(
      'after',
      examples('archive ./claims', "archive /srv/media --once --template '{contact}/{date}_{seq}.{ext}'"),
    );
}

const known = (): string =>
  Object.entries(fields)
    .map(([name, { says }]) => `  ${`{${name}}`.padEnd(16)}${says}`)
    .join('\n');

function goOn({ options, args }: Session): string {
  const template = said(options, 'template') ?? defaultTemplate;
  return `mediadock archive ${args[0]}${template === defaultTemplate ? '' : ` --template '${template}'`}`;
}

type Archive = { session: Session; folder: string; template: Template; state: ArchiveState; tally: Tally };
type Tally = { saved: number; bytes: number; damaged: number };

async function archive(session: Session): Promise<void> {
  const { options, out, world } = session;
  const [folder = ''] = session.args;
  const template = templateOf(said(options, 'template') ?? defaultTemplate);
  await makeFolder(folder);
  const state = openArchiveState(folder);
  const at: Archive = { session, folder, template, state, tally: { saved: 0, bytes: 0, damaged: 0 } };
  try {
    await rm(join(folder, draftsName), { recursive: true, force: true });
    await mkdir(join(folder, draftsName), { mode: 0o700 });
    await finish(at);
    if (options['once'] === true) await follow(at, await placeOf(at), '0');
    else await backingOff(world, out.note, async (worked) => await follow(at, await placeOf(at), waitSeconds, worked));
  } finally {
    state.close();
    await rm(join(folder, draftsName), { recursive: true, force: true });
  }
  const { saved, bytes, damaged } = at.tally;
  out.note(`${countOf(saved, 'file')} saved (${sizeOf(bytes)})`);
  if (damaged > 0)
    throw new Error(
      `${countOf(damaged, 'file')} damaged on the server (mediadock scrub tells more); the next run tries them again`,
    );
}

/** What an earlier run had named and not saved. */
async function finish(at: Archive): Promise<void> {
  for (const id of at.state.unsaved()) {
    const media = await at.session.api.call('GET', pathOf('media', id)).catch(unlessGone);
    if (media?.['state'] === 'stored') await keep(at, media);
    else at.state.forget(id);
  }
}

/** Where in the events to go on; the first time, after everything that is stored already was saved. */
async function placeOf(at: Archive): Promise<string> {
  const cursor = at.state.cursor();
  if (cursor !== undefined) return cursor;
  const end = await endOfEvents(at);
  await walk(at);
  at.state.moveTo(end);
  return end;
}

const endOfEvents = async ({ session }: Archive): Promise<string> =>
  textOf((await session.api.call('GET', '/events', { query: { after: 'latest', limit: '1' } }))['next']);

async function walk(at: Archive): Promise<void> {
  let bytes = 0;
  for await (const rows of stored(at))
    for (const media of rows) bytes += at.state.find(idOf(media))?.saved ? 0 : Number(media['size']);
  const progress = progressOf(at.session.world, 'archive', bytes);
  try {
    for await (const rows of stored(at))
      await several(rows, atOnce, (media) => keep(at, media, undefined, progress.add));
  } finally {
    progress.stop();
  }
}

/** Pages of what is stored and came with a message. */
async function* stored({ session }: Archive): AsyncGenerator<JsonObject[]> {
  for (let cursor: string | undefined, more = true; more; ) {
    const query = { state: 'stored', limit: pageRows, app_id: said(session.options, 'appId'), cursor };
    const page = await session.api.call('GET', '/media', { query });
    yield listIn(page).filter(({ message_id: message }) => message !== null);
    cursor = typeof page['next'] === 'string' ? page['next'] : undefined;
    more = cursor !== undefined;
  }
}

/** Saves what the events tell of; without a wait it ends with the newest. */
async function follow(at: Archive, from: string, wait: string, worked = () => {}): Promise<void> {
  const { session, state } = at;
  for (let after = from; ; ) {
    const query = { after, types: 'media.stored', app_id: said(session.options, 'appId'), limit: pageRows, wait };
    const page = await session.api.call('GET', '/events', { query }).catch((error: unknown) => {
      if (!(error instanceof Refusal && error.status === 410)) throw error;
    });
    if (page === undefined) {
      session.out.note('It was away for so long that events are gone: everything is walked through again.');
      after = await endOfEvents(at);
      await walk(at);
    } else {
      worked();
      const rows = listIn(page);
      await several(rows, atOnce, async ({ data }) => {
        if (!isObject(data) || !isObject(data['media']) || data['media']['state'] !== 'stored') return;
        await keep(at, data['media'], isObject(data['message']) ? data['message'] : undefined);
      });
      if (rows.length === 0 && wait === '0') return;
      after = textOf(page['next']);
    }
    state.moveTo(after);
  }
}

/** Saves one file, unless it was saved before. */
async function keep(
  at: Archive,
  media: JsonObject,
  itsMessage?: JsonObject,
  onBytes?: (count: number) => void,
): Promise<void> {
  const { session, folder, template, state, tally } = at;
  const { api, out, world } = session;
  const id = idOf(media);
  const before = state.find(id);
  if (before?.saved) return;
  const message =
    itsMessage ?? (template.needsMessage && before === undefined ? await messageOf(at, media) : undefined);
  const free = (path: string) => !existsSync(join(folder, path));
  const path = before?.path ?? state.claim(id, (seq) => template.path(media, message, seq), free);
  const target = join(folder, path);
  const expected = { size: Number(media['size']), sha256: textOf(media['sha256']) };
  // A run that was killed between naming the file and noting it.
  const isThere = before !== undefined && (await sha256Of(target).catch(() => undefined)) === expected.sha256;
  if (!isThere) {
    const body = await api.download(`${pathOf('media', id)}/content`, { proxy: '1' }).catch(unlessGone);
    if (body === undefined) return state.forget(id);
    try {
      await makeFolder(dirname(target));
      await saveTo(
        target,
        false,
        { body, expected, onBytes: onBytes ?? (() => {}), signal: world.signal },
        join(folder, draftsName),
      );
      await syncFolder(dirname(target));
    } catch (error) {
      if (!(error instanceof WrongBytes)) throw error;
      tally.damaged++;
      return out.note(`${id} is damaged on the server: ${error.message}`);
    } finally {
      body.destroy();
    }
  }
  state.save(id);
  tally.saved++;
  tally.bytes += expected.size;
  // Lines would tear a bar that is shown on the same terminal.
  if (onBytes === undefined || world.stdout.isTTY !== true)
    out.line({ id, path, size: expected.size, sha256: expected.sha256 }, () => path);
}

const messageOf = async ({ session }: Archive, media: JsonObject): Promise<JsonObject> =>
  await session.api.call('GET', pathOf('messages', textOf(media['message_id'])));

const idOf = (media: JsonObject): string => textOf(media['id']);

/** Deleted or expired since it was listed: nothing to save. */
function unlessGone(error: unknown): undefined {
  if (!(error instanceof Refusal && [404, 409, 410].includes(error.status))) throw error;
}
