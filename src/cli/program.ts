// The program: every command, and how a run ends.

import { Command, CommanderError } from 'commander';
import { addAdministration } from './administer.ts';
import { addArchive } from './archive.ts';
import { addBackup } from './backup.ts';
import { addConformance } from './conformance.ts';
import { addDeliveries } from './deliveries.ts';
import { addDoctor } from './doctor.ts';
import { endingOf, exitCodes } from './failures.ts';
import { addInit } from './init.ts';
import { addJournal } from './journal.ts';
import { addListen } from './listen.ts';
import { addLocal, addRestore, type Local } from './local.ts';
import { addMedia } from './media.ts';
import { addEvents, addJobs, addMessages } from './records.ts';
import { addRetention } from './retention.ts';
import { addSandbox } from './sandbox.ts';
import { addScrub } from './scrub.ts';
import { binder, examples } from './session.ts';
import type { World } from './world.ts';

export function buildProgram(world: World, local: Local, version: string): Command {
  const program = new Command('mediadock')
    .description('Captures the files behind messages before carriers drop them, and hands them to your application.')
    .version(version)
    .option('--url <url>', 'the server (default: MEDIADOCK_URL, MEDIADOCK_PUBLIC_URL, http://127.0.0.1:8080)')
    .option('--key <key>', 'the key (default: MEDIADOCK_KEY, MEDIADOCK_ADMIN_KEY, admin.key in the data folder)')
    .option('--json', 'print one JSON document instead of text')
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      getOutHelpWidth: () => helpWidth(world),
      getErrHelpWidth: () => helpWidth(world),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(--help tells more)')
    .exitOverride();
  const bind = binder(world, version);
  addLocal(program, world, local);
  addInit(program, bind);
  addDoctor(program, bind);
  addSandbox(program, bind);
  addListen(program, bind);
  addMedia(program, bind);
  addMessages(program, bind);
  addEvents(program, bind);
  addDeliveries(program, bind);
  addArchive(program, bind);
  addAdministration(program, bind);
  addJournal(program, bind);
  addJobs(program, bind);
  addConformance(program, bind);
  addRetention(program, bind);
  addScrub(program, bind);
  addBackup(program, bind);
  addRestore(program, world, local);
  return program.addHelpText(
    'after',
    examples('serve', 'init', 'sandbox send photo.jpg', 'media ls --state stored', 'media get med_…'),
  );
}

/**
 * Runs one command. Everything that goes wrong is told on stderr.
 * @param args without the program's name
 * @returns the exit code
 */
export async function run(args: readonly string[], world: World, local: Local, version: string): Promise<number> {
  try {
    await buildProgram(world, local, version).parseAsync(args, { from: 'user' });
    return exitCodes.done.code;
  } catch (error) {
    // commander has said it already: help and the version are no failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done.code : exitCodes.usage.code;
    const { code, lines } = endingOf(error, world.signal.aborted);
    world.stderr.write(`mediadock: ${lines.join('\n')}\n`);
    return code;
  }
}

const helpWidth = ({ env, stdout }: World): number => Math.min(100, Number(env['COLUMNS']) || stdout.columns || 80);
