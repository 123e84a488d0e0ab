// Bodies as the vendors' pages show them, kept as JSON in which a text from `^` to `$` is a pattern, and `a whole
// number above 0` stands for one.

import { readFileSync } from 'node:fs';
import type { Form } from '../../src/conformance/form.ts';

export type Golden = { readonly [name: string]: Form };

const isSize = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0;

/** @param file such as `chirp/golden/events.json` */
export function golden(file: string): Golden {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  return JSON.parse(text, (_, value: unknown) => {
    if (value === 'a whole number above 0') return isSize;
    return typeof value === 'string' && /^\^.*\$$/s.test(value) ? new RegExp(value) : value;
  }) as Golden;
}
