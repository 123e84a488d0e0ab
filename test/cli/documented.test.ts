import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { fields } from '../../src/cli/archive-template.ts';
import { exitCodes } from '../../src/cli/failures.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { shell } from './shell.ts';

const docs = readFileSync('docs/cli.md', 'utf8');

const never = () => Promise.reject(new Error('not to be called'));
const program = buildProgram(
  {
    env: {},
    stdin: Readable.from([]),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: new AbortController().signal,
    now: () => 0,
    pause: never,
  },
  { serve: never, demo: never, restore: never, settings: () => [] },
  '1.2.3',
);

function leavesOf(command: Command, trail: string[]): { line: string[]; command: Command }[] {
  const line = [...trail, command.name()];
  return command.commands.length === 0 ? [{ line, command }] : command.commands.flatMap((one) => leavesOf(one, line));
}
const leaves = leavesOf(program, []);

test('docs/cli.md lists every command with its arguments and options, and no other', () => {
  const rows = leaves.map(({ line, command }) => {
    const args = command.registeredArguments.map((one) => {
      const name = one.name() + (one.variadic ? '…' : '');
      return one.required ? ` <${name}>` : ` [${name}]`;
    });
    const options = command.options.map(({ flags, mandatory }) => (mandatory ? `**\`${flags}\`**` : `\`${flags}\``));
    return `| \`${line.join(' ')}${args.join('')}\` | ${command.description()} | ${options.join(', ') || '–'} |`;
  });
  expect(docs.match(/^\| `mediadock .*$/gm)).toEqual(rows);
});

test('docs/cli.md lists every exit code', () => {
  const rows = Object.values(exitCodes).map(({ code, says }) => `| ${code} | ${says} |`);
  expect(docs.match(/^\| \d+ \| .*$/gm)).toEqual(rows);
});

test('docs/cli.md lists every field of a template of the archive', () => {
  const rows = Object.entries(fields).map(([name, { says }]) => `| \`{${name}}\` | ${says} |`);
  expect(docs.match(/^\| `\{.*$/gm)).toEqual(rows);
});

test('the help of every command has an example that is one', async () => {
  for (const { line } of leaves) {
    const { out, code } = await shell([...line.slice(1), '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`Examples:\n  $ ${line.join(' ')}`);
    expect(out).toContain('--json');
  }
});

test('the help of the program names every command and fits 100 columns', async () => {
  expect((await shell(['--help'], { env: { COLUMNS: '100' } })).out).toMatchInlineSnapshot(`
    "Usage: mediadock [options] [command]

    Captures the files behind messages before carriers drop them, and hands them to your application.

    Options:
      -V, --version  output the version number
      --url <url>    the server (default: MEDIADOCK_URL, MEDIADOCK_PUBLIC_URL, http://127.0.0.1:8080)
      --key <key>    the key (default: MEDIADOCK_KEY, MEDIADOCK_ADMIN_KEY, admin.key in the data folder)
      --json         print one JSON document instead of text
      -h, --help     display help for command

    Commands:
      serve          start the server
      demo           see three files travel from a simulated carrier to a download
      config         show the settings in force, secrets masked
      init           set up an app with its webhook, its number and a key; asks for what is not given
      doctor         look at everything that must be right for files to be captured and delivered
      sandbox        the simulated carrier
      listen         print events as they happen, or post them to an address of your machine
      media          files that arrived with messages
      messages       messages that arrived
      events         what applications hear
      deliveries     events on their way to applications
      archive        save every file that is stored, and those that arrive, into a folder; each once
      organizations  owners of apps
      apps           applications: the wall around channels, messages, media and endpoints
      keys           keys of an app, or of an organization
      connections    accounts at carriers, each with its intake URL
      channels       addresses of an app at a carrier, such as a phone number
      endpoints      where an app hears of its messages
      journal        webhooks as carriers posted them
      jobs           work that rests until a person looks
      conformance    check that a server does what clients of a dialect rely on
      retention      how long files are kept
      scrub          read every stored file again and tell what is missing, damaged or left over
      backup         copy the records and files of the running server; later runs fetch what is new
      restore        make a data folder of a backup; checks everything in it
      help           display help for command

    Examples:
      $ mediadock serve
      $ mediadock init
      $ mediadock sandbox send photo.jpg
      $ mediadock media ls --state stored
      $ mediadock media get med_…
    "
  `);
});
