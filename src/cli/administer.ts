import type { Command } from 'commander';
import { type Api, pathOf } from './api.ts';
import { inApp, ownerPath } from './app-of.ts';
import { UsageError } from './failures.ts';
import { addFields, bodyOf, checkCarrier } from './fields.ts';
import { valueReader } from './given.ts';
import { addFilters, filtersIn, paged, pageIn } from './lists.ts';
import { plain } from './plain.ts';
import { listIn, textOf } from './readable.ts';
import { type Resource, resources } from './resources.ts';
import { type Bind, examples, type Options, said } from './session.ts';

/** `organizations`, `apps`, `keys`, … with create, ls, get, update and rm, and what else some of them can do. */
export function addAdministration(program: Command, bind: Bind): void {
  for (const resource of resources) {
    const parent = program.command(resource.name).description(resource.about);
    addResource(parent, bind, resource);
    if (resource.name === 'keys') addRotation(parent, bind, resource, 'rotate', 'make a new key in the place of one');
    if (resource.name === 'endpoints') {
      addRotation(parent, bind, resource, 'rotate-secret', 'make a new signing secret');
      addEndpointMoves(parent, bind, resource);
    }
  }
}

/** Where a resource lives, as options and as the beginning of its path. */
const placed = (command: Command, { of }: Resource): Command => {
  if (of === 'instance') return command;
  const placing = inApp(command);
  return of === 'app' ? placing : placing.option('--organization-id <id>', 'the organization, where it is not an app');
};
const placeOf = async ({ name, of }: Resource, api: Api, options: Options): Promise<string> =>
  of === 'instance' ? pathOf(name) : `${await ownerPath(api, options)}${pathOf(name)}`;

function addResource(parent: Command, bind: Bind, resource: Resource): void {
  const { name, one } = resource;
  const example = (rest: string) => examples(`${name} ${rest}`);
  const verb = (usage: string, description: string) => placed(parent.command(usage).description(description), resource);

  const creatable = resource.fields.filter(({ only }) => only !== 'update');
  const create = verb('create', `create ${article(one)} ${one}`);
  addFields(create, creatable, true);
  bind(create, async ({ api, out, options, world }) => {
    const body = await bodyOf(creatable, options, valueReader(world.stdin));
    checkCarrier(creatable, body);
    const made = await api.call('POST', await placeOf(resource, api, options), { body });
    out.thing(made);
    const shown = ['key', 'secret'].find((member) => typeof made[member] === 'string');
    if (shown !== undefined) out.note(`Keep the ${shown}: it is shown this once.`);
  }).addHelpText('after', example(`create ${resource.creation}`));

  const ls = paged(verb('ls', `list ${name}, newest first`));
  addFilters(ls, resource.filters);
  bind(ls, async ({ api, out, options }) => {
    const query = { ...pageIn(options), ...filtersIn(options, resource.filters) };
    const answer = await api.call('GET', await placeOf(resource, api, options), { query });
    out.list(answer, listIn(answer), resource.columns);
  }).addHelpText('after', example('ls --limit 10'));

  bind(verb('get <id>', `show ${article(one)} ${one}`), async ({ api, out, options, args: [id = ''] }) =>
    out.thing(await api.call('GET', `${await placeOf(resource, api, options)}${pathOf(id)}`)),
  ).addHelpText('after', example('get ID --json'));

  const changeable = resource.fields.filter(({ only }) => only !== 'create');
  const update = verb('update <id>', `change what is given of ${article(one)} ${one}`);
  addFields(update, changeable, false);
  bind(update, async ({ api, out, options, args: [id = ''], world }) => {
    const body = await bodyOf(changeable, options, valueReader(world.stdin));
    if (Object.keys(body).length === 0) throw new UsageError('nothing to change: give at least one option');
    out.thing(await api.call('PATCH', `${await placeOf(resource, api, options)}${pathOf(id)}`, { body }));
  }).addHelpText('after', example(`update ID ${resource.change}`));

  bind(
    verb('rm <id>', `remove ${article(one)} ${one}; ${resource.removal}`),
    async ({ api, out, options, args: [id = ''] }) => {
      await api.call('DELETE', `${await placeOf(resource, api, options)}${pathOf(id)}`);
      out.result({ id, removed: true }, () => `removed ${id}`);
    },
  ).addHelpText('after', example('rm ID'));
}

/** A new secret beside the former one, which goes on working for a while. */
function addRotation(parent: Command, bind: Bind, resource: Resource, verb: string, description: string): void {
  const command = placed(parent.command(`${verb} <id>`).description(description), resource);
  command.option('--overlap-seconds <number>', 'how long the former one works beside it (default: a day)');
  bind(command, async ({ api, out, options, args: [id = ''] }) => {
    const overlap = said(options, 'overlapSeconds');
    if (overlap !== undefined && !/^\d{1,9}$/.test(overlap)) {
      throw new UsageError(`--overlap-seconds: expected a whole number, not "${overlap}"`);
    }
    const path = `${await placeOf(resource, api, options)}${pathOf(id, verb)}`;
    out.thing(
      await api.call('POST', path, { body: overlap === undefined ? {} : { overlap_seconds: Number(overlap) } }),
    );
    out.note(`Keep the ${resource.name === 'keys' ? 'key' : 'secret'}: it is shown this once.`);
  }).addHelpText('after', examples(`${resource.name} ${verb} ID --overlap-seconds 3600`));
}

function addEndpointMoves(parent: Command, bind: Bind, resource: Resource): void {
  const verb = (usage: string, description: string) => placed(parent.command(usage).description(description), resource);
  for (const [move, description] of [
    ['pause', 'let its deliveries wait'],
    ['resume', 'send it what waits, and what comes'],
  ] as const) {
    bind(verb(`${move} <id>`, description), async ({ api, out, options, args: [id = ''] }) => {
      const moved = await api.call('POST', `${await placeOf(resource, api, options)}${pathOf(id, move)}`);
      out.result(moved, () => `${id} is ${textOf(moved['state'])}`);
    }).addHelpText('after', examples(`endpoints ${move} ID`));
  }
  bind(
    verb('test <id>', 'send it a sample now and tell what it answers'),
    async ({ api, out, options, args: [id = ''] }) => {
      const answer = await api.call('POST', `${await placeOf(resource, api, options)}${pathOf(id, 'test')}`);
      const { status, duration_ms: took, error, reply } = answer;
      out.result(answer, () =>
        [`${status ?? textOf(error)}, ${textOf(took)} ms`, ...(reply ? [textOf(reply)] : [])].map(plain).join('\n'),
      );
      if (error !== null) throw new Error(`the endpoint did not take it: ${textOf(error)}`);
    },
  ).addHelpText('after', examples('endpoints test ID'));
}

const article = (noun: string): string => (/^[aeiou]/.test(noun) ? 'an' : 'a');
