// The members of a body as options of a command, as data. The option is the API's member with dashes, so that whoever
// knows the one knows the other.

import type { Command } from 'commander';
import type { Json, JsonObject } from '../core/json.ts';
import { UsageError } from './failures.ts';
import { flagOf, optionOf } from './lists.ts';
import type { Options } from './session.ts';

type ReadValue = (typed: string, flag: string) => Promise<string>;

/** How an option becomes a member. `many`: it may be given several times, and `read` gets all of them. */
export type FieldKind = {
  placeholder: string;
  many?: true;
  read(typed: string[], flag: string, readValue: ReadValue): Promise<Json> | Json;
};

export type Field = {
  member: string;
  /** The option, where the member's own name is taken: by the server's --url. */
  flag?: string;
  kind: FieldKind;
  says: string;
  choices?: readonly string[];
  /** Must be given at creation; of a field of `carriers`, where it is one of those. */
  needed?: true;
  /** The carriers whose connections have it; absent: all. */
  carriers?: readonly string[];
  /** Cannot be given at creation, or later. */
  only?: 'create' | 'update';
};

export const text: FieldKind = { placeholder: 'text', read: ([typed = '']) => typed };
export const id: FieldKind = { ...text, placeholder: 'id' };
export const url: FieldKind = { ...text, placeholder: 'url' };

/** A whole number, or `none`, which takes the setting back to the next wider one. */
export const whole: FieldKind = {
  placeholder: 'number',
  read([typed = ''], flag) {
    if (typed === 'none') return null;
    if (!/^\d{1,15}$/.test(typed)) throw new UsageError(`${flag}: expected a whole number or none, not "${typed}"`);
    return Number(typed);
  },
};

const words: FieldKind = { placeholder: 'list', read: ([typed = '']) => typed.split(',').map((word) => word.trim()) };
/** Several values with commas between. */
export const list = (placeholder: string): FieldKind => ({ ...words, placeholder });
/** Likewise, or `all`, which lifts the choice. */
export const listOrAll = (placeholder: string): FieldKind => ({
  placeholder,
  read: (typed, flag, readValue) => (typed[0] === 'all' ? null : words.read(typed, flag, readValue)),
});

/** Text, @file or - for stdin. */
export const secret: FieldKind = {
  placeholder: 'secret',
  read: ([typed = ''], flag, readValue) => readValue(typed, flag),
};

/** One secret, or two while it is being rotated. */
export const secrets: FieldKind = {
  placeholder: 'secret',
  many: true,
  async read(typed, flag, readValue) {
    const values: string[] = [];
    for (const one of typed) values.push(await readValue(one, flag));
    return values.length === 1 ? (values[0] ?? '') : values;
  },
};

export const yesOrNo: FieldKind = {
  placeholder: 'boolean',
  read([typed = ''], flag) {
    if (typed !== 'true' && typed !== 'false') throw new UsageError(`${flag}: expected true or false, not "${typed}"`);
    return typed === 'true';
  },
};

/** name=value, the value as for secrets; `none` for no headers. */
export const pairs: FieldKind = {
  placeholder: 'name=value',
  many: true,
  async read(typed, flag, readValue) {
    const members: [string, string][] = [];
    if (typed.length === 1 && typed[0] === 'none') return {};
    for (const one of typed) {
      const at = one.indexOf('=');
      if (at < 1) throw new UsageError(`${flag}: expected name=value, not "${one}"`);
      members.push([one.slice(0, at).trim(), await readValue(one.slice(at + 1), flag)]);
    }
    return Object.fromEntries(members);
  },
};

const flagFor = (field: Field): string => field.flag ?? flagOf(field.member);

export function addFields(command: Command, fields: readonly Field[], creating: boolean): void {
  for (const field of fields) {
    const says = field.carriers === undefined ? field.says : `${field.carriers.join(', ')}: ${field.says}`;
    const option = command.createOption(`${flagFor(field)} <${field.kind.placeholder}>`, says);
    if (creating && field.needed && field.carriers === undefined) option.makeOptionMandatory();
    if (field.choices) option.choices(field.choices);
    if (field.kind.many) option.argParser((typed: string, before: string[] = []) => [...before, typed]);
    command.addOption(option);
  }
}

/** The body of the fields that were given. */
export async function bodyOf(fields: readonly Field[], options: Options, readValue: ReadValue): Promise<JsonObject> {
  const body: JsonObject = {};
  for (const field of fields) {
    const flag = flagFor(field);
    const given = options[optionOf(flag.slice(2).replaceAll('-', '_'))];
    if (given !== undefined) body[field.member] = await field.kind.read([given].flat().map(String), flag, readValue);
  }
  return body;
}

/**
 * Holds the fields that were given against the carrier that was.
 * @throws UsageError that names each option that the carrier lacks or does not have
 */
export function checkCarrier(fields: readonly Field[], given: JsonObject): void {
  const carrier = given['carrier'];
  if (typeof carrier !== 'string') return;
  const isIts = ({ carriers }: Field) => carriers === undefined || carriers.includes(carrier);
  const missing = fields.filter((field) => isIts(field) && field.needed && given[field.member] === undefined);
  const foreign = fields.filter((field) => !isIts(field) && given[field.member] !== undefined);
  const problems = [
    ...(missing.length > 0 ? [`${carrier} needs ${missing.map(flagFor).join(', ')}`] : []),
    ...(foreign.length > 0 ? [`${carrier} has no ${foreign.map(flagFor).join(', ')}`] : []),
  ];
  if (problems.length > 0) throw new UsageError(problems.join('; '));
}
