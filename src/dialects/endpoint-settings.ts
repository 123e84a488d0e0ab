// A dialect's own settings of an endpoint, as a table of readers: what an operator gives is laid over what is in force.

import { invalid } from '../core/faults.ts';
import type { Json, JsonObject } from '../core/json.ts';

/** Gives what is wrong with a value, as a sentence without a subject; undefined: nothing. */
export type SettingReader = (value: Json) => string | undefined;

export const flag: SettingReader = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');

export const oneOf =
  (...names: string[]): SettingReader =>
  (value) =>
    typeof value === 'string' && names.includes(value) ? undefined : `must be one of: ${names.join(', ')}`;

/** Of every dialect. `standard_webhooks`: whether requests carry the headers of Standard Webhooks, too; they do unless it is false. */
const everywhere: Readonly<Record<string, SettingReader>> = { standard_webhooks: flag };

/** A dialect's `readSettings`. Settings that were never given are not in it: their default is where they are used. */
export function settingsReader(
  own: Readonly<Record<string, SettingReader>>,
): (given: JsonObject, before: JsonObject) => JsonObject {
  const known = { ...everywhere, ...own };
  return (given, before) => {
    for (const [name, value] of Object.entries(given)) {
      const objection = Object.hasOwn(known, name) ? known[name]?.(value) : 'is not known here';
      if (objection !== undefined) throw invalid(`body.settings.${name}`, objection);
    }
    return { ...before, ...given };
  };
}
