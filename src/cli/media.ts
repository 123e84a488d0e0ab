import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { lookup } from 'mime-types';
import type { JsonObject } from '../core/json.ts';
import { extensionOf } from '../core/media-type.ts';
import { mediaMoves } from '../core/states.ts';
import { safeBaseName } from '../core/text.ts';
import { pathOf } from './api.ts';
import { appOf } from './app-of.ts';
import { mediaColumns } from './columns.ts';
import { mayWrite, saveTo, targetOf, writeTo } from './download.ts';
import { fileOf } from './given.ts';
import { addGet, addListing } from './lists.ts';
import { progressOf } from './progress.ts';
import { sizeOf, textOf } from './readable.ts';
import { type Bind, examples, type Session, said } from './session.ts';

export function addMedia(program: Command, bind: Bind): void {
  const media = program.command('media').description('files that arrived with messages');

  addListing(media, bind, {
    path: '/media',
    what: 'media',
    columns: mediaColumns,
    filters: [
      { member: 'state', placeholder: 'state', says: 'only those in this state', choices: Object.keys(mediaMoves) },
      { member: 'kind', placeholder: 'kind', says: 'only image, audio, video, document, sticker or file' },
      { member: 'app_id', placeholder: 'id', says: 'only those of this app' },
      { member: 'message_id', placeholder: 'id', says: 'only those of this message' },
    ],
    examples: ['media ls', 'media ls --state unavailable', 'media ls --kind audio --json'],
  });

  addGet(media, bind, 'show', '/media', 'all that is known of one').addHelpText('after', examples('media show med_…'));

  const get = media
    .command('get <id>')
    .description('download the file; checked against its sha256')
    .option('-o, --output <path>', 'file or folder to write to; - for standard output (default: its own name, here)')
    .option('--force', 'replace a file that is in the way');
  bind(get, download).addHelpText(
    'after',
    examples('media get med_…', 'media get med_… -o photos/', 'media get med_… -o - | sha256sum'),
  );

  const upload = media
    .command('upload <files...>')
    .description('give the server files of your own')
    .option('--app-id <id>', 'the app; not needed while there is only one')
    .option('--type <type>', 'what they are, such as image/jpeg (default: by the name)');
  bind(upload, uploadAll).addHelpText(
    'after',
    examples('media upload contract.pdf', 'media upload *.jpg --app-id app_…'),
  );

  bind(
    media.command('retry <id>').description('fetch the file again that the carrier did not give'),
    async ({ api, out, args: [id = ''] }) => {
      const tried = await api.call('POST', `${pathOf('media', id)}/retry`);
      out.result(tried, () => `${id} is ${textOf(tried['state'])}`);
    },
  ).addHelpText('after', examples('media retry med_…'));

  bind(media.command('rm <id>').description('delete the file for good'), async ({ api, out, args: [id = ''] }) => {
    await api.call('DELETE', pathOf('media', id));
    out.result({ id, removed: true }, () => `removed ${id}`);
  }).addHelpText('after', examples('media rm med_…'));
}

async function download({ api, out, world, options, args: [id = ''] }: Session): Promise<void> {
  const given = said(options, 'output');
  const force = options['force'] === true;
  const media = await api.call('GET', pathOf('media', id));
  const target = given === '-' ? undefined : await targetOf(given, nameFor(media));
  if (target !== undefined) await mayWrite(target, force);

  // Nothing is written before the server has agreed to give it.
  const body = await api.download(`${pathOf('media', id)}/content`, { proxy: '1' });
  const size = numberOrNull(media['size']);
  const progress = progressOf(world, target ?? id, size);
  try {
    const expected = { size, sha256: typeof media['sha256'] === 'string' ? media['sha256'] : null };
    const job = { body, expected, onBytes: progress.add, signal: world.signal };
    await (target === undefined ? writeTo(world.stdout, job) : saveTo(target, force, job));
  } finally {
    progress.stop();
    body.destroy();
  }
  if (target !== undefined) {
    out.result(
      { id, path: target, size, sha256: media['sha256'] ?? null },
      () => `${target} (${sizeOf(size)}, sha256 verified)`,
    );
  }
}

async function uploadAll({ api, out, world, options, args }: Session): Promise<void> {
  const files = await Promise.all(args.map(fileOf));
  const appId = await appOf(api, options);
  const kept: JsonObject[] = [];
  for (const { path, name, size } of files) {
    const progress = progressOf(world, name, size);
    const body = createReadStream(path).on('data', (chunk) => progress.add(chunk.length));
    try {
      const type = said(options, 'type') ?? (lookup(name) || 'application/octet-stream');
      const headers = { 'x-file-name': encodeURIComponent(name) };
      kept.push(await api.upload('/media', { app_id: appId }, { body, type, size, headers }));
    } finally {
      progress.stop();
      body.destroy();
    }
  }
  out.result({ data: kept }, () => out.table(kept, mediaColumns));
}

/** The sender's name for the file where it is safe, else its id. */
const nameFor = (media: JsonObject): string =>
  safeBaseName(typeof media['file_name'] === 'string' ? media['file_name'] : '') ||
  `${textOf(media['id'])}.${extensionOf(typeof media['type'] === 'string' ? media['type'] : null)}`;

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);
