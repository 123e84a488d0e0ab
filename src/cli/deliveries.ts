import type { Command } from 'commander';
import { deliveryMoves } from '../core/states.ts';
import { type Api, pathOf } from './api.ts';
import { appOf, inApp } from './app-of.ts';
import { attemptColumns, deliveryColumns } from './columns.ts';
import { resumable, UsageError } from './failures.ts';
import { addGet, addListing, ofApp } from './lists.ts';
import { momentOf } from './moment.ts';
import { listIn, textOf } from './readable.ts';
import { type Bind, examples, type Options, type Session, said } from './session.ts';

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

  const replay = inApp(
    deliveries
      .command('replay [id]')
      .description('send a dead delivery again, or those of a span to an endpoint')
      .option('--endpoint <id>', 'to this endpoint'),
  )
    .addOption(
      deliveries
        .createOption(
          '--scope <which>',
          'dead; missing: also what it was never told of, being newer; all: also what it got',
        )
        .choices(['dead', 'missing', 'all'])
        .default('dead'),
    )
    .option('--from <when>', 'from then on: 2h, 7d, or a time', '30d')
    .option('--to <when>', 'until before then; now if not given')
    .option('--cursor <cursor>', 'where an earlier replay was stopped');
  bind(replay, async (session) => {
    const { api, out, options } = session;
    const [id] = session.args;
    const endpoint = said(options, 'endpoint');
    if ((id === undefined) === (endpoint === undefined)) {
      throw new UsageError('give the id of a delivery, or --endpoint');
    }
    if (endpoint !== undefined) return await replaySpan(session, endpoint);
    const replayed = await api.call('POST', `${pathOf('deliveries', id ?? '')}/replay`);
    out.result(replayed, () => `${id} is ${textOf(replayed['state'])}`);
  }).addHelpText(
    'after',
    examples(
      'deliveries replay dlv_…',
      'deliveries replay --endpoint end_…',
      'deliveries replay --endpoint end_… --scope missing --from 7d',
    ),
  );
}

/** Step by step: the server does a bounded part of a span at a time. */
async function replaySpan({ api, out, options, world }: Session, endpoint: string): Promise<void> {
  const scope = said(options, 'scope') ?? '';
  const from = new Date(momentOf('--from', said(options, 'from') ?? '', world.now())).toISOString();
  const to = new Date(momentOf('--to', said(options, 'to') ?? '0s', world.now())).toISOString();
  const app = await appOfEndpoint(api, options, endpoint);
  const path = `${pathOf('apps', app, 'endpoints', endpoint)}/replay`;
  let cursor = said(options, 'cursor');
  let queued = 0;
  const goOn = () =>
    `mediadock deliveries replay --endpoint ${endpoint} --scope ${scope} --from ${from} --to ${to}${cursor === undefined ? '' : ` --cursor ${cursor}`}`;
  await resumable(goOn, async () => {
    do {
      const body = { scope, from, to, ...(cursor !== undefined && { cursor }) };
      const answer = await api.call('POST', path, { body });
      queued += Number(answer['queued']);
      cursor = typeof answer['next'] === 'string' ? answer['next'] : undefined;
    } while (cursor !== undefined);
  });
  out.result({ queued, from, to }, () => `${queued} to be sent again`);
}

/** An endpoint that was ever told of something says itself whose it is. */
async function appOfEndpoint(api: Api, options: Options, endpoint: string): Promise<string> {
  if (said(options, 'appId') !== undefined) return await appOf(api, options);
  const told = await api.call('GET', '/deliveries', { query: { endpoint_id: endpoint, limit: '1' } });
  const [delivery] = listIn(told);
  return delivery === undefined ? await appOf(api, options) : textOf(delivery['app_id']);
}
