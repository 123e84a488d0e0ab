// What has happened: messages and events; and jobs that rest.

import type { Command } from 'commander';
import { pathOf } from './api.ts';
import { eventColumns, jobColumns, mediaColumns, messageColumns } from './columns.ts';
import { addListing, ofApp } from './lists.ts';
import { factsIn, listIn, textOf } from './readable.ts';
import { type Bind, examples, said } from './session.ts';
import { factsOf } from './table.ts';

export function addMessages(program: Command, bind: Bind): void {
  const messages = program.command('messages').description('messages that arrived');
  addListing(messages, bind, {
    path: '/messages',
    what: 'messages',
    columns: messageColumns,
    filters: [
      ofApp,
      { member: 'channel_id', placeholder: 'id', says: 'only those of this channel' },
      { member: 'conversation_id', placeholder: 'id', says: 'only those of this conversation' },
      { member: 'carrier_message_id', placeholder: 'id', says: "only the one with this id of the carrier's" },
    ],
    examples: ['messages ls --limit 10', 'messages ls --conversation-id cnv_…'],
  });
  bind(
    messages.command('get <id>').description('show a message and its media'),
    async ({ api, out, args: [id = ''] }) => {
      const message = await api.call('GET', pathOf('messages', id));
      out.result(message, () => {
        const { media: _, ...facts } = message;
        const media = listIn(message, 'media');
        return [factsOf(factsIn(facts)), ...(media.length === 0 ? [] : ['', out.table(media, mediaColumns)])].join(
          '\n',
        );
      });
    },
  ).addHelpText('after', examples('messages get msg_…'));
}

export function addEvents(program: Command, bind: Bind): void {
  const events = program.command('events').description('what applications hear');
  const ls = events
    .command('ls')
    .description('list events, oldest first; prints where to go on')
    .option('--after <cursor>', 'go on where a former list ended')
    .option('--types <types>', 'only these types, with commas between')
    .option('--app-id <id>', ofApp.says)
    .option('--limit <number>', 'how many at most, up to 200 (default: 50)');
  bind(ls, async ({ api, out, options }) => {
    const query = {
      after: said(options, 'after'),
      types: said(options, 'types'),
      app_id: said(options, 'appId'),
      limit: said(options, 'limit'),
    };
    const answer = await api.call('GET', '/events', { query });
    const rows = listIn(answer);
    out.result(answer, () => (rows.length === 0 ? '' : out.table(rows, eventColumns)));
    out.note(`${rows.length === 0 ? 'there are none; ' : ''}go on with: --after ${textOf(answer['next'])}`);
  }).addHelpText('after', examples('events ls', 'events ls --types media.stored,media.unavailable --json'));
}

export function addJobs(program: Command, bind: Bind): void {
  const jobs = program.command('jobs').description('work that rests until a person looks');
  const list = jobs
    .command('ls')
    .description('list jobs whose claims lapsed ten times, oldest first')
    .option('--limit <number>', 'how many at most, up to 200 (default: 50)');
  bind(list, async ({ api, out, options }) => {
    const answer = await api.call('GET', '/jobs', { query: { state: 'resting', limit: said(options, 'limit') } });
    out.list(answer, listIn(answer), jobColumns);
  }).addHelpText('after', examples('jobs ls'));

  const resume = jobs.command('resume [ids...]').description('set resting jobs going again, or all of them');
  bind(resume, async ({ api, out, args: ids }) => {
    const answer = await api.call('POST', '/jobs/resume', { body: ids.length === 0 ? {} : { ids } });
    out.result(answer, () => `${textOf(answer['resumed'])} resumed`);
  }).addHelpText('after', examples('jobs resume', 'jobs resume med_…'));
}
