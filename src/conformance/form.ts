// What a body must look like, member by member: the words for what conformance checks claim.

import { inspect } from 'node:util';
import { isObject } from '../core/json.ts';

/**
 * A value as it must be: itself, a pattern for a text, a judgement, or a list or an object of such. An object has no members
 * but these; `maybe` marks those that may be missing.
 */
export type Form =
  | null
  | boolean
  | number
  | string
  | RegExp
  | ((value: unknown) => boolean)
  | Maybe
  | readonly Form[]
  | { readonly [name: string]: Form };

type Maybe = { readonly [maybeMark]: Form };
const maybeMark = Symbol('maybe');

/** A member that may be missing. */
export const maybe = (form: Form): Form => ({ [maybeMark]: form });

const isMaybe = (form: Form): form is Maybe => typeof form === 'object' && form !== null && maybeMark in form;

/** @throws Error that names the first place where the value has another form */
export function mustFit(value: unknown, form: Form, place = 'the body'): void {
  const differs = (wanted: unknown) => new Error(`${place} is ${shown(value)} in place of ${shown(wanted)}`);
  if (isMaybe(form)) {
    if (value !== undefined) mustFit(value, form[maybeMark], place);
  } else if (form instanceof RegExp) {
    if (typeof value !== 'string' || !form.test(value)) throw differs(form);
  } else if (typeof form === 'function') {
    if (!form(value)) throw new Error(`${place} is ${shown(value)}, which does not satisfy ${form.toString()}`);
  } else if (Array.isArray(form)) {
    if (!Array.isArray(value) || value.length !== form.length) throw differs(form);
    for (const [at, each] of form.entries()) mustFit(value[at], each, `${place}[${at}]`);
  } else if (isObject(form)) {
    if (!isObject(value)) throw differs(form);
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(form, name)) throw new Error(`${place} has a member ${name} that does not belong there`);
    }
    for (const [name, each] of Object.entries(form as { [name: string]: Form })) {
      mustFit(value[name], each, `${place}.${name}`);
    }
  } else if (value !== form) throw differs(form);
}

/** @throws Error with this sentence where the condition does not hold */
export function must(condition: boolean, says: string): asserts condition {
  if (!condition) throw new Error(says);
}

const shown = (value: unknown): string => inspect(value, { depth: 3, breakLength: Number.POSITIVE_INFINITY });
