// Metrics as they are read, and the names that others write about them.

/** Names of metrics with their labels, and the type that each was said to have. */
export type Exposed = { labels: Map<string, Set<string>>; types: Map<string, string>; values: Map<string, number> };

/** @param text in Prometheus's text format; a histogram is known by the three names under which it can be asked for */
export function readExposition(text: string): Exposed {
  const exposed: Exposed = { labels: new Map(), types: new Map(), values: new Map() };
  for (const line of text.split('\n')) {
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) {
      exposed.types.set(typed, type);
      for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
        exposed.labels.set(typed + suffix, new Set());
    }
    const [, name = '', given = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (value === undefined || line.startsWith('#')) continue;
    for (const [, label = ''] of given.matchAll(/([a-z_]+)="/g)) exposed.labels.get(name)?.add(label);
    exposed.values.set(`${name}${given === '' ? '' : `{${given}}`}`, Number(value));
  }
  return exposed;
}

/** Labels that Prometheus adds by itself. */
const added = ['job', 'instance'];

/** What a query of Prometheus names that is not there: metrics, and labels that none of its metrics has. */
export function unknownIn(query: string, { labels }: Pick<Exposed, 'labels'>): string[] {
  const unknown: string[] = [];
  const possible = new Set(added);
  const metrics = [...query.matchAll(/\b((?:mediadock|process|nodejs)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)];
  if (metrics.length === 0) unknown.push(`no metric in ${query}`);
  for (const [, name = '', matchers = ''] of metrics) {
    const known = labels.get(name);
    if (known === undefined) unknown.push(name);
    for (const label of known ?? []) possible.add(label);
    for (const [, label = ''] of matchers.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)) {
      if (known !== undefined && !known.has(label) && !added.includes(label)) unknown.push(`${name}{${label}}`);
    }
  }
  const grouped = [...query.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  return [...unknown, ...grouped.filter((label) => label !== '' && !possible.has(label))];
}
