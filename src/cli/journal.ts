import type { Command } from 'commander';
import { pathOf } from './api.ts';
import { journalColumns } from './columns.ts';
import { resumable, UsageError } from './failures.ts';
import { addGet, addListing } from './lists.ts';
import { textOf } from './readable.ts';
import { type Bind, examples, type Session, said } from './session.ts';

const open = ['unrouted', 'unparsed'];

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
        choices: open,
      },
    ],
    examples: ['journal ls', 'journal ls --only unrouted'],
  });
  addGet(journal, bind, 'show', '/journal', 'a webhook with its headers and body')
    .alias('get')
    .addHelpText('after', examples('journal show req_… --json'));

  const replay = journal
    .command('replay [id]')
    .description('read a webhook again as channels and settings are now, or all with something open')
    .addOption(journal.createOption('--only <what>', 'all that have something open of this kind').choices(open))
    .option('--cursor <cursor>', 'where an earlier replay was stopped');
  bind(replay, async (session) => {
    const { api, out, options } = session;
    const [id] = session.args;
    const only = said(options, 'only');
    if ((id === undefined) === (only === undefined)) throw new UsageError('give the id of a webhook, or --only');
    if (only !== undefined) return await replayAll(session, only);
    const read = await api.call('POST', `${pathOf('journal', id ?? '')}/replay`);
    out.result(read, () =>
      ['messages', 'media_added', 'unrouted', 'unparsed'].map((one) => `${textOf(read[one])} ${one}`).join(', '),
    );
  }).addHelpText('after', examples('journal replay req_…', 'journal replay --only unrouted'));
}

async function replayAll({ api, out, options }: Session, only: string): Promise<void> {
  const seen = { replayed: 0, solved: 0, failed: 0 };
  let cursor = said(options, 'cursor');
  const goOn = () => `mediadock journal replay --only ${only}${cursor === undefined ? '' : ` --cursor ${cursor}`}`;
  await resumable(goOn, async () => {
    do {
      const body = { only, ...(cursor !== undefined && { cursor }) };
      const answer = await api.call('POST', '/journal/replay', { body });
      for (const count of ['replayed', 'solved', 'failed'] as const) seen[count] += Number(answer[count]);
      cursor = typeof answer['next'] === 'string' ? answer['next'] : undefined;
    } while (cursor !== undefined);
  });
  out.result(
    seen,
    () => `${seen.replayed} read again: nothing is open any more in ${seen.solved}, ${seen.failed} failed`,
  );
}
