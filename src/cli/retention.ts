import type { Command } from 'commander';
import { isObject, type JsonObject } from '../core/json.ts';
import { planColumns } from './columns.ts';
import { ofApp, paged, pageIn } from './lists.ts';
import { momentOf } from './moment.ts';
import { listIn } from './readable.ts';
import { type Bind, examples, said } from './session.ts';

export function addRetention(program: Command, bind: Bind): void {
  const retention = program.command('retention').description('how long files are kept');
  const plan = paged(retention.command('plan').description('list what will go, when, and by whose setting'))
    .option('--until <when>', 'as far as then: 24h, 30d, or a time', '7d')
    .option('--app-id <id>', ofApp.says);
  bind(plan, async ({ api, out, options, world }) => {
    const until = new Date(momentOf('--until', said(options, 'until') ?? '', world.now(), 1)).toISOString();
    const query = { ...pageIn(options), until, app_id: said(options, 'appId') };
    const answer = await api.call('GET', '/retention/plan', { query });
    const rows = listIn(answer).map(
      ({ media, rule }): JsonObject => ({ ...(isObject(media) && (media as JsonObject)), rule: rule ?? null }),
    );
    out.list(answer, rows, planColumns);
  }).addHelpText('after', examples('retention plan', 'retention plan --until 30d --json'));
}
