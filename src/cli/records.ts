// What has happened: messages, events, deliveries and the journal of webhooks.

import type { Command } from 'commander';
import { deliveryMoves } from '../core/states.ts';
import { pathOf } from './api.ts';
import {
  attemptColumns,
  deliveryColumns,
  eventColumns,
  jobColumns,
  journalColumns,
  mediaColumns,
  messageColumns,
} from './columns.ts';
import { UsageError } from './failures.ts';
import { addGet, addListing, type Filter } from './lists.ts';
import { factsIn, listIn, textOf } from './readable.ts';
import { type Bind, examples, said } from './session.ts';
import { factsOf } from './table.ts';

const ofApp: Filter = { member: 'app_id', placeholder: 'id', says: 'only those of this app' };

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

export function addDeliveries(program: Command, bind: Bind): void {
  const deliveries = program.command('deliveries').description('events on their way to applications');
  addListing(deliveries, bind, {
    path: '/deliveries',
    what: 'deliveries',
    columns: deliveryColumns,
    filters: [
      { member: 'state', placeholder: 'state', says: 'only those in this state', choices: Object.keys(deliveryMoves) },
      { member: 'endpoint_id', placeholder: 'id', says: 'only those to this endpoint' },
      ofApp,
    ],
    examples: ['deliveries ls --state dead', 'deliveries ls --endpoint-id end_…'],
  });
  addGet(deliveries, bind, 'get', '/deliveries', 'a delivery').addHelpText('after', examples('deliveries get dlv_…'));

  bind(
    deliveries.command('attempts <id>').description('list the tries of a delivery'),
    async ({ api, out, args: [id = ''] }) => {
      const answer = await api.call('GET', `${pathOf('deliveries', id)}/attempts`);
      out.list(answer, listIn(answer), attemptColumns);
    },
  ).addHelpText('after', examples('deliveries attempts dlv_…'));

  const replay = deliveries
    .command('replay [id]')
    .description('send a dead delivery again, or all dead ones of an endpoint')
    .option('--endpoint <id>', 'all dead ones of this endpoint');
  bind(replay, async ({ api, out, options, args: [id] }) => {
    const endpoint = said(options, 'endpoint');
    if ((id === undefined) === (endpoint === undefined))
      throw new UsageError('give the id of a delivery, or --endpoint');
    if (id !== undefined) {
      const replayed = await api.call('POST', `${pathOf('deliveries', id)}/replay`);
      return out.result(replayed, () => `${id} is ${textOf(replayed['state'])}`);
    }
    // Which app an endpoint belongs to is known from what is to be replayed.
    const query = { state: 'dead', endpoint_id: endpoint, limit: '1' };
    const [dead] = listIn(await api.call('GET', '/deliveries', { query }));
    const app = textOf(dead?.['app_id']);
    const answer =
      dead === undefined
        ? { replayed: 0 }
        : await api.call('POST', `${pathOf('apps', app, 'endpoints', endpoint ?? '')}/replay-dead`);
    out.result(answer, () => `${textOf(answer['replayed'])} replayed`);
  }).addHelpText('after', examples('deliveries replay dlv_…', 'deliveries replay --endpoint end_…'));
}

export function addJournal(program: Command, bind: Bind): void {
  const journal = program.command('journal').description('webhooks as carriers posted them');
  addListing(journal, bind, {
    path: '/journal',
    what: 'webhooks',
    columns: journalColumns,
    filters: [
      {
        member: 'only',
        placeholder: 'what',
        says: 'only those with something that no channel claims, or that could not be read',
        choices: ['unrouted', 'unparsed'],
      },
    ],
    examples: ['journal ls', 'journal ls --only unrouted'],
  });
  addGet(journal, bind, 'get', '/journal', 'a webhook with its headers and body').addHelpText(
    'after',
    examples('journal get req_… --json'),
  );
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
