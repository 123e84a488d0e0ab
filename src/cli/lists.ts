// Commands that list something or show one of it, as data.

import type { Command } from 'commander';
import { pathOf, type Query } from './api.ts';
import { listIn } from './readable.ts';
import { type Bind, examples, said } from './session.ts';
import type { Column } from './table.ts';

export type Filter = { member: string; placeholder: string; says: string; choices?: readonly string[] };

/** Of several lists. */
export const ofApp: Filter = { member: 'app_id', placeholder: 'id', says: 'only those of this app' };

export type Listing = {
  /** Below /api/v1. */
  path: string;
  what: string;
  columns: readonly Column[];
  filters: readonly Filter[];
  examples: string[];
};

export const flagOf = (member: string): string => `--${member.replaceAll('_', '-')}`;
/** The name under which commander keeps an option. */
export const optionOf = (member: string): string => member.replace(/_./g, (pair) => (pair[1] ?? '').toUpperCase());

/** The options of a page: --limit and --cursor. */
export const paged = (command: Command): Command =>
  command
    .option('--limit <number>', 'how many at most, up to 200 (default: 50)')
    .option('--cursor <cursor>', 'where the page before ended');

export const pageIn = (options: Readonly<Record<string, unknown>>): Query => ({
  limit: said(options, 'limit'),
  cursor: said(options, 'cursor'),
});

export function addFilters(command: Command, filters: readonly Filter[]): void {
  for (const { member, placeholder, says, choices } of filters) {
    const option = command.createOption(`${flagOf(member)} <${placeholder}>`, says);
    command.addOption(choices === undefined ? option : option.choices(choices));
  }
}

export const filtersIn = (options: Readonly<Record<string, unknown>>, filters: readonly Filter[]): Query =>
  Object.fromEntries(filters.map(({ member }) => [member, said(options, optionOf(member))]));

export function addListing(parent: Command, bind: Bind, listing: Listing): Command {
  const command = paged(parent.command('ls').description(`list ${listing.what}, newest first`));
  addFilters(command, listing.filters);
  return bind(command, async ({ api, out, options }) => {
    const query = { ...pageIn(options), ...filtersIn(options, listing.filters) };
    const answer = await api.call('GET', listing.path, { query });
    out.list(answer, listIn(answer), listing.columns);
  }).addHelpText('after', examples(...listing.examples));
}

/** `get ID`, or another word for it: one thing with all its members. */
export function addGet(parent: Command, bind: Bind, name: string, path: string, what: string): Command {
  return bind(parent.command(`${name} <id>`).description(`show ${what}`), async ({ api, out, args: [id = ''] }) =>
    out.thing(await api.call('GET', `${path}${pathOf(id)}`)),
  );
}
