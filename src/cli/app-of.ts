// Which app a command is about, and for keys whether an organization in its place.

import type { Command } from 'commander';
import { type Api, pathOf } from './api.ts';
import { UsageError } from './failures.ts';
import { listIn, textOf } from './readable.ts';
import { type Options, said } from './session.ts';

export const inApp = (command: Command): Command =>
  command.option('--app-id <id>', 'the app it belongs to; not needed while there is only one');

/** The app that was named, or the only one that the key reaches. @throws UsageError */
export async function appOf(api: Api, options: Options): Promise<string> {
  const given = said(options, 'appId');
  if (given !== undefined) return given;
  const [only, ...more] = listIn(await api.call('GET', '/apps', { query: { limit: '2' } }));
  if (only === undefined) throw new UsageError('there is no app yet: mediadock apps create --name NAME');
  if (more.length > 0) throw new UsageError('there are several apps: name one with --app-id (mediadock apps ls)');
  return textOf(only['id']);
}

/** Path of the app, or of the organization that was named. @throws UsageError when both were */
export async function ownerPath(api: Api, options: Options): Promise<string> {
  const organization = said(options, 'organizationId');
  if (organization === undefined) return pathOf('apps', await appOf(api, options));
  if (said(options, 'appId') !== undefined) throw new UsageError('give --app-id or --organization-id, not both');
  return pathOf('organizations', organization);
}
