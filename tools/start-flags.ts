import packed from '../package.json' with { type: 'json' };

/** The flags that `npm start` gives to node, for whoever measures what it runs. */
export const startFlags = (): string[] =>
  /^node (?<flags>(?:--\S+ )*)/.exec(packed.scripts.start)?.groups?.['flags']?.split(' ').filter(Boolean) ?? [];
