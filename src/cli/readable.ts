// Values as people read them.

import { isObject, type Json, type JsonObject } from '../core/json.ts';

/** Stands where there is no value. */
export const nothing = '–';

export const textOf = (value: Json | undefined): string => {
  if (value === null || value === undefined || value === '') return nothing;
  if (Array.isArray(value) && value.length === 0) return nothing;
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** A time of the API (ISO 8601 in UTC) to the second. */
export const timeOf = (value: Json | undefined): string =>
  typeof value === 'string' ? value.slice(0, 19).replace('T', ' ') : nothing;

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

export function sizeOf(value: Json | undefined): string {
  if (typeof value !== 'number') return nothing;
  let shown = value;
  let unit = 0;
  for (; Math.round(shown) >= 1000 && unit < units.length - 1; unit++) shown /= 1000;
  return `${unit === 0 || shown >= 99.95 ? Math.round(shown) : shown.toFixed(1)} ${units[unit]}`;
}

/** `1 file`, `2 files`. */
export const countOf = (many: number, noun: string): string => `${many} ${noun}${many === 1 ? '' : 's'}`;

export function durationOf(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** The members of a thing, those of objects within under dotted names. */
export function factsIn(thing: JsonObject, within = ''): [string, string][] {
  return Object.entries(thing).flatMap(([name, value]): [string, string][] =>
    isObject(value) && Object.keys(value).length > 0
      ? factsIn(value as JsonObject, `${within}${name}.`)
      : [[`${within}${name}`, textOf(value)]],
  );
}

export const listIn = (answer: JsonObject, name = 'data'): JsonObject[] => {
  const list = answer[name];
  return Array.isArray(list) ? list.filter((item): item is JsonObject => isObject(item)) : [];
};
