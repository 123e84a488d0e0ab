// What a change of an OpenAPI document breaks for clients that were made from the one before. Clients send what they always
// sent, and read what they always read: so nothing that they may send can go or become required, and nothing that they read
// can go. Additions break nothing.

type Tree = { [name: string]: unknown };
type Direction = 'sent' | 'read';

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** @returns one line for each thing that breaks, beginning with its place */
export function breakingChanges(before: Tree, after: Tree): string[] {
  const compare = comparison(before, after);
  const found: string[] = [];
  for (const section of ['paths', 'webhooks'] as const) {
    // The application reads what a webhook sends.
    const body: Direction = section === 'paths' ? 'sent' : 'read';
    for (const [path, item] of entries(before[section])) {
      for (const method of methods.filter((name) => name in item)) {
        const where = `${method.toUpperCase()} ${path}`;
        const then = tree(tree(tree(after[section])[path])[method]);
        if (Object.keys(then).length === 0) found.push(`${where} is gone`);
        else found.push(...operation(where, tree(item[method]), then, body));
      }
    }
  }
  return [...new Set(found)];

  function operation(where: string, was: Tree, is: Tree, body: Direction): string[] {
    return [
      ...(was['operationId'] === is['operationId'] ? [] : [`${where} has another operationId`]),
      ...parameters(where, list(was['parameters']), list(is['parameters'])),
      ...contents(`${where} body`, tree(was['requestBody']), tree(is['requestBody']), body),
      ...(tree(is['requestBody'])['required'] === true &&
      tree(was['requestBody'])['required'] !== true &&
      body === 'sent'
        ? [`${where} body is required now`]
        : []),
      ...entries(was['responses'])
        .filter(([status]) => /^2/.test(status))
        .flatMap(([status, answer]) => {
          const now = tree(is['responses'])[status];
          if (now === undefined) return [`${where} ${status} is gone`];
          return contents(`${where} ${status}`, answer, tree(now), 'read');
        }),
    ];
  }

  function parameters(where: string, was: Tree[], is: Tree[]): string[] {
    const named = (some: Tree[]) => new Map(some.map((one) => [`${one['in']} ${one['name'] ?? one['$ref']}`, one]));
    const [then, now] = [named(was), named(is)];
    return [
      ...[...then].flatMap(([name, one]) => {
        const same = now.get(name);
        if (same === undefined) return [`${where} ${name} is gone`];
        return compare(`${where} ${name}`, tree(one['schema']), tree(same['schema']), 'sent');
      }),
      ...[...now].flatMap(([name, one]) =>
        one['required'] === true && then.get(name)?.['required'] !== true ? [`${where} ${name} is required now`] : [],
      ),
    ];
  }

  function contents(where: string, was: Tree, is: Tree, direction: Direction): string[] {
    return entries(was['content']).flatMap(([type, content]) => {
      const now = tree(is['content'])[type];
      if (now === undefined) return [`${where} ${type} is gone`];
      return compare(where, tree(content['schema']), tree(tree(now)['schema']), direction);
    });
  }
}

/** Compares schemas of the two documents, each by its own components. */
function comparison(before: Tree, after: Tree) {
  const resolved = (document: Tree, schema: Tree): Tree => {
    const name = /^#\/components\/schemas\/(.+)$/.exec(String(schema['$ref'] ?? ''))?.[1];
    return name === undefined ? schema : tree(tree(tree(document['components'])['schemas'])[name]);
  };
  const entered = new Set<string>();

  return compare;

  function compare(where: string, was: Tree, is: Tree, direction: Direction): string[] {
    // What is being compared already is not entered again; what it comes to is told where it began.
    const pair = `${direction} ${was['$ref']} ${is['$ref']}`;
    const isNamed = was['$ref'] !== undefined || is['$ref'] !== undefined;
    if (isNamed && entered.has(pair)) return [];
    if (isNamed) entered.add(pair);
    try {
      return compareInside(where, was, is, direction);
    } finally {
      entered.delete(pair);
    }
  }

  function compareInside(where: string, was: Tree, is: Tree, direction: Direction): string[] {
    const [then, now] = [resolved(before, was), resolved(after, is)];
    return [
      ...types(where, then, now, direction),
      ...values(where, then, now),
      ...members(where, then, now, direction),
      ...(isTree(then['items']) ? compare(`${where}[]`, then['items'], tree(now['items']), direction) : []),
      ...alternatives(where, then, now, direction),
    ];
  }

  function types(where: string, was: Tree, is: Tree, direction: Direction): string[] {
    const [then, now] = [typesOf(was), typesOf(is)];
    if (then.length === 0 || now.length === 0) return [];
    const lost = then.filter((type) => !now.includes(type));
    const added = now.filter((type) => !then.includes(type));
    if (direction === 'sent') return lost.map((type) => `${where} may not be ${type} any more`);
    return added.map((type) => `${where} may be ${type} now`);
  }

  function values(where: string, was: Tree, is: Tree): string[] {
    const now = valuesOf(is);
    if (now.length === 0) return [];
    const then = valuesOf(was);
    if (then.length === 0) return [`${where} is one of few values now`];
    return then
      .filter((value) => !now.includes(value))
      .map((value) => `${where} knows ${JSON.stringify(value)} no more`);
  }

  function members(where: string, was: Tree, is: Tree, direction: Direction): string[] {
    const required = (schema: Tree): unknown[] => (Array.isArray(schema['required']) ? schema['required'] : []);
    const now = tree(is['properties']);
    return [
      ...entries(was['properties']).flatMap(([name, member]) => {
        const same = now[name];
        if (same === undefined) return [`${where}.${name} is gone`];
        return compare(`${where}.${name}`, member, tree(same), direction);
      }),
      ...(direction === 'sent'
        ? required(is)
            .filter((name) => !required(was).includes(name))
            .map((name) => `${where}.${String(name)} is required now`)
        : required(was)
            .filter((name) => !required(is).includes(name) && String(name) in now)
            .map((name) => `${where}.${String(name)} may be missing now`)),
    ];
  }

  /** Each alternative must still be one, in whatever order; and null is not read where it was not. */
  function alternatives(where: string, was: Tree, is: Tree, direction: Direction): string[] {
    const [then, now] = [alternativesOf(was), alternativesOf(is)];
    if (then.length < 2 && now.length < 2) return [];
    const lost = then.flatMap((one, at) => {
      const tries = now.map((other) => compare(`${where}(${at})`, one, other, direction));
      return tries.some((problems) => problems.length === 0) ? [] : (tries[at] ?? tries[0] ?? [`${where} is gone`]);
    });
    const isNullNow = now.some(isNull) && !then.some(isNull) && direction === 'read';
    return isNullNow ? [...lost, `${where} may be null now`] : lost;
  }
}

const alternativesOf = (schema: Tree): Tree[] => {
  const several = [...list(schema['anyOf']), ...list(schema['oneOf'])];
  return several.length > 0 ? several : [schema];
};
const isNull = (schema: Tree): boolean => typesOf(schema).includes('null');

const typesOf = (schema: Tree): unknown[] => [schema['type'] ?? []].flat();
const valuesOf = (schema: Tree): unknown[] =>
  'const' in schema ? [schema['const']] : Array.isArray(schema['enum']) ? schema['enum'] : [];

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
const tree = (value: unknown): Tree => (isTree(value) ? value : {});
const list = (value: unknown): Tree[] => (Array.isArray(value) ? value.filter(isTree) : []);
const entries = (value: unknown): [string, Tree][] =>
  Object.entries(tree(value)).map(([name, one]) => [name, tree(one)]);
