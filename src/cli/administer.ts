import type { Command } from 'commander';
import { type Api, pathOf } from './api.ts';
import { UsageError } from './failures.ts';
import { addFields, bodyOf } from './fields.ts';
import { valueReader } from './given.ts';
import { addFilters, filtersIn, paged, pageIn } from './lists.ts';
import { listIn, textOf } from './readable.ts';
import { type Resource, resources } from './resources.ts';
import { type Bind, examples, type Options, said } from './session.ts';

/** `organizations`, `apps`, `keys`, … with create, ls, get, update and rm. */
export function addAdministration(program: Command, bind: Bind): void {
  for (const resource of resources) {
    const parent = program.command(resource.name).description(resource.about);
    addResource(parent, bind, resource);
    if (resource.name === 'endpoints') addRotateSecret(parent, bind);
  }
}

function addResource(parent: Command, bind: Bind, resource: Resource): void {
  const { name, one, ofApp } = resource;
  const example = (rest: string) => examples(`${name} ${rest}`);
  const verb = (usage: string, description: string) => inApp(parent.command(usage).description(description), ofApp);
  const place = async (api: Api, options: Options) =>
    ofApp ? `${pathOf('apps', await appOf(api, options))}${pathOf(name)}` : pathOf(name);

  const creatable = resource.fields.filter(({ only }) => only !== 'update');
  const create = verb('create', `create ${article(one)} ${one}`);
  addFields(create, creatable, true);
  bind(create, async ({ api, out, options, world }) => {
    const body = await bodyOf(creatable, options, valueReader(world.stdin));
    const made = await api.call('POST', await place(api, options), { body });
    out.thing(made);
    const shown = ['key', 'secret'].find((member) => typeof made[member] === 'string');
    if (shown !== undefined) out.note(`Keep the ${shown}: it is shown this once.`);
  }).addHelpText('after', example(`create ${resource.creation}`));

  const ls = paged(verb('ls', `list ${name}, newest first`));
  addFilters(ls, resource.filters);
  bind(ls, async ({ api, out, options }) => {
    const query = { ...pageIn(options), ...filtersIn(options, resource.filters) };
    const answer = await api.call('GET', await place(api, options), { query });
    out.list(answer, listIn(answer), resource.columns);
  }).addHelpText('after', example('ls --limit 10'));

  bind(verb('get <id>', `show ${article(one)} ${one}`), async ({ api, out, options, args: [id = ''] }) =>
    out.thing(await api.call('GET', `${await place(api, options)}${pathOf(id)}`)),
  ).addHelpText('after', example('get ID --json'));

  const changeable = resource.fields.filter(({ only }) => only !== 'create');
  const update = verb('update <id>', `change what is given of ${article(one)} ${one}`);
  addFields(update, changeable, false);
  bind(update, async ({ api, out, options, args: [id = ''], world }) => {
    const body = await bodyOf(changeable, options, valueReader(world.stdin));
    if (Object.keys(body).length === 0) throw new UsageError('nothing to change: give at least one option');
    out.thing(await api.call('PATCH', `${await place(api, options)}${pathOf(id)}`, { body }));
  }).addHelpText('after', example(`update ID ${resource.change}`));

  bind(
    verb('rm <id>', `remove ${article(one)} ${one}; ${resource.removal}`),
    async ({ api, out, options, args: [id = ''] }) => {
      await api.call('DELETE', `${await place(api, options)}${pathOf(id)}`);
      out.result({ id, removed: true }, () => `removed ${id}`);
    },
  ).addHelpText('after', example('rm ID'));
}

function addRotateSecret(parent: Command, bind: Bind): void {
  const command = inApp(parent.command('rotate-secret <id>').description('make a new signing secret'), true);
  command.option('--overlap-seconds <number>', 'how long the former one signs beside it (default: a day)');
  bind(command, async ({ api, out, options, args: [id = ''] }) => {
    const overlap = said(options, 'overlapSeconds');
    if (overlap !== undefined && !/^\d{1,9}$/.test(overlap)) {
      throw new UsageError(`--overlap-seconds: expected a whole number, not "${overlap}"`);
    }
    const path = `${pathOf('apps', await appOf(api, options), 'endpoints', id)}/rotate-secret`;
    out.thing(
      await api.call('POST', path, { body: overlap === undefined ? {} : { overlap_seconds: Number(overlap) } }),
    );
    out.note('Keep the secret: it is shown this once.');
  }).addHelpText('after', examples('endpoints rotate-secret ID --overlap-seconds 3600'));
}

const inApp = (command: Command, ofApp: boolean): Command =>
  ofApp ? command.option('--app-id <id>', 'the app it belongs to; not needed while there is only one') : command;

/** The app that was named, or the only one that the key reaches. */
async function appOf(api: Api, options: Options): Promise<string> {
  const given = said(options, 'appId');
  if (given !== undefined) return given;
  const [only, ...more] = listIn(await api.call('GET', '/apps', { query: { limit: '2' } }));
  if (only === undefined) throw new UsageError('there is no app yet: mediadock apps create --name NAME');
  if (more.length > 0) throw new UsageError('there are several apps: name one with --app-id (mediadock apps ls)');
  return textOf(only['id']);
}

const article = (noun: string): string => (/^[aeiou]/.test(noun) ? 'an' : 'a');
