// Kinds of settings: how the text that a person wrote becomes a value, what is expected where it does not, and how a
// value is shown again.

import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type ArmedFailpoint, type Failpoint, failpoints } from './core/failpoints.ts';

/** How a text becomes a value. `read` gives undefined when the text is not what `expects` says. */
export type Kind<Value> = { expects: string; read(text: string): Value | undefined; show(value: Value): string };

/** Any text. */
export const text: Kind<string> = { expects: 'a text', read: (given) => given, show: (value) => value };

/** What a header can carry. */
export const visible = (atLeast: number): Kind<string> => ({
  ...text,
  expects: `at least ${atLeast} visible ASCII characters without spaces`,
  read: (given) => (given.length >= atLeast && /^[\x21-\x7e]+$/.test(given) ? given : undefined),
});

/** A key of 32 bytes; it stays base64, with or without its padding. */
export const key32: Kind<string> = {
  ...text,
  expects: '32 bytes in base64',
  read: (given) => (/^[\w+/-]{43}=?$/.test(given) ? given : undefined),
};

export const oneOf = <Word extends string>(...words: Word[]): Kind<Word> => ({
  expects: `one of ${words.join(', ')}`,
  read: (given) => words.find((word) => word === given),
  show: (value) => value,
});

const number = (form: RegExp, what: string, from: number, to: number): Kind<number> => ({
  expects: `${what} from ${from} to ${to}`,
  read(given) {
    const value = form.test(given) ? Number(given) : Number.NaN;
    return value >= from && value <= to ? value : undefined;
  },
  show: String,
});
export const whole = (from: number, to: number) => number(/^\d{1,15}$/, 'a whole number', from, to);
export const percent = number(/^\d{1,2}(\.\d+)?$/, 'a number', 0, 50);

const units = new Map<string, number>([
  ['gib', 1024 ** 3],
  ['mib', 1024 ** 2],
  ['kib', 1024],
  ['gb', 1000 ** 3],
  ['mb', 1000 ** 2],
  ['kb', 1000],
  ['b', 1],
  ['', 1],
]);
/** A size in bytes. @param from the least that is accepted, written as a setting */
export const bytes = (from: string): Kind<number> => {
  const read = (given: string) => {
    const [, count = '', unit = ''] = /^(\d{1,12}) ?([kmg]i?b|b|)$/i.exec(given) ?? [];
    return count === '' ? Number.NaN : Number(count) * (units.get(unit.toLowerCase()) ?? Number.NaN);
  };
  return {
    expects: `a size of ${from} or more, such as 65536, 4MiB or 100MB`,
    read(given) {
      const value = read(given);
      return Number.isSafeInteger(value) && value >= read(from) ? value : undefined;
    },
    show(value) {
      const unit = (['GiB', 'MiB', 'KiB'] as const).find((name) => value % (units.get(name.toLowerCase()) ?? 1) === 0);
      return unit === undefined || value === 0 ? `${value}` : `${value / (units.get(unit.toLowerCase()) ?? 1)}${unit}`;
    },
  };
};

/** The address of a server; without trailing slashes. */
export const webUrl: Kind<string> = {
  ...text,
  expects: 'an http or https URL without query and credentials, such as https://media.example.com',
  read(given) {
    const url = URL.canParse(given) ? new URL(given) : undefined;
    const plain = url && /^https?:$/.test(url.protocol) && !(url.username || url.password || url.search || url.hash);
    return plain ? url.href.replace(/\/+$/, '') : undefined;
  },
};

/** The address of a database; it stays text. */
export const postgresUrl: Kind<string> = {
  ...text,
  expects: 'a URL such as postgres://user:password@host:5432/database',
  read: (given) => (/^postgres(ql)?:\/\//.test(given) && URL.canParse(given) ? given : undefined),
};

export const listOf = <Item>(item: Kind<Item>): Kind<Item[]> => ({
  expects: `${item.expects}, or several of them with commas between`,
  read(given) {
    const parts = given.split(',').map((part) => part.trim());
    const items = parts.filter((part) => part !== '').map((part) => item.read(part));
    return items.includes(undefined) ? undefined : items.filter((value) => value !== undefined);
  },
  show: (values) => values.map((value) => item.show(value)).join(', '),
});

const failpointNames = Object.keys(failpoints) as Failpoint[];
/** `name`, or `name:n` for the n-th pass. */
export const failpoint: Kind<ArmedFailpoint> = {
  expects: `the name of a failpoint (${failpointNames.join(', ')}), alone or with :n behind it for its n-th pass`,
  read(given) {
    const [, word, count = '1'] = /^([a-z_]+)(?::([1-9]\d{0,5}))?$/.exec(given) ?? [];
    const name = failpointNames.find((known) => known === word);
    return name && { name, nth: Number(count) };
  },
  show: ({ name, nth }) => (nth === 1 ? name : `${name}:${nth}`),
};

/** A CIDR range or a single address; it stays text. */
export const range: Kind<string> = {
  ...text,
  expects: 'an address or a range such as 10.0.0.0/8',
  // ipaddr.js alone would also take 10.1 and 0x7f000001 for addresses; a setting says what it means.
  read(given) {
    const family = isIP(given.split('/')[0] ?? '');
    const cidr = given.includes('/') ? given : `${given}/${family === 4 ? 32 : 128}`;
    return family !== 0 && ipaddr.isValidCIDR(cidr) ? given : undefined;
  },
};
