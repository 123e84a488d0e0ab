// What an action works with: the server, the key and the output that the options of its command name.

import type { Command } from 'commander';
import { type Api, apiClient } from './api.ts';
import { type Output, output } from './output.ts';
import { type Server, serverOf } from './server.ts';
import type { World } from './world.ts';

export type Options = Readonly<Record<string, unknown>>;
export type Session = {
  api: Api;
  server: Server;
  userAgent: string;
  out: Output;
  world: World;
  options: Options;
  args: string[];
};
export type Act = (session: Session) => Promise<void>;

/** Gives an action to a command, with a server for as long as it runs. */
export type Bind = (command: Command, act: Act) => Command;

export function binder(world: World, version: string): Bind {
  return (command, act) =>
    command.action(async () => {
      const { url, key, json } = command.optsWithGlobals<{ url?: string; key?: string; json?: boolean }>();
      const server = serverOf({ url, key }, world.env);
      const userAgent = `mediadock-cli/${version}`;
      const api = apiClient(server, world, userAgent);
      try {
        const out = output(world, json === true);
        await act({ api, server, userAgent, out, world, options: command.opts(), args: command.args });
      } finally {
        await api.close();
      }
    });
}

/** An option as text; undefined when it was not given. */
export const said = (options: Options, name: string): string | undefined => {
  const value = options[name];
  return value === undefined ? undefined : String(value);
};

export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ mediadock ${line}`).join('\n')}`;
