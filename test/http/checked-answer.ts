// Every JSON answer that a test sees is held against the schema that its route declares, and every problem document against
// theirs: what OpenAPI tells cannot drift from what is sent.

import { z } from 'zod';
import { event } from '../../src/http/event-answers.ts';
import { problem } from '../../src/http/problems.ts';
import type { Route } from '../../src/http/route.ts';
import { routes } from '../../src/http/routes.ts';

const patterns = routes.map((route) => {
  const text = route.path.replaceAll(/[.]/g, '\\.').replaceAll(/:\w+/g, '[^/]+').replace('*', '.*');
  // A fixed path before one with a place in it, as the router has it.
  return { route, places: (route.path.match(/[:*]/g) ?? []).length, pattern: new RegExp(`^${text}$`) };
});

function routeOf(method: string, path: string): Route | undefined {
  const fits = patterns
    .filter(({ route, pattern }) => route.method === method && pattern.test(path))
    .sort((a, b) => a.places - b.places);
  return fits[0]?.route;
}

/** @throws Error when the answer is not what the route of this path declares */
export function checkAnswer(
  method: string,
  target: string,
  answer: { status: number; type: string | null; json: unknown },
): void {
  const path = target.split('?', 1)[0] ?? '';
  const route = routeOf(method, path);
  const about = `${method} ${path} ${answer.status}`;
  if (method === 'HEAD') return;
  if (/^application\/problem\+json/.test(answer.type ?? '')) fits(problem, answer.json, about);
  else if (route !== undefined && /^application\/json/.test(answer.type ?? '')) {
    if (route.answers === 'nothing') throw new Error(`${about} answers where it says that it answers nothing`);
    if (route.answers instanceof z.ZodType) fits(route.answers, answer.json, about);
  }
}

/** Holds the body of a native webhook against the schema of its event. */
export const checkEvent = (json: unknown): void => fits(event, json, 'a webhook');

function fits(schema: z.ZodType, json: unknown, about: string): void {
  const { error } = schema.safeParse(json);
  if (error !== undefined)
    throw new Error(`${about} does not have the form that its schema tells:\n${z.prettifyError(error)}`);
}
