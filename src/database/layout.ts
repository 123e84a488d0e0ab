// Who hears an event, in how many requests, and when: decided here for every engine.

import type { DialectPolicy } from '../core/dialect-policy.ts';
import type { Millis } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { EventType, MediaKind } from '../core/model.ts';
import type { RecordsSettings } from '../core/records.ts';
import type { MediaState } from '../core/states.ts';
import type { Tables } from './schema.ts';
import { fromStored } from './stored-json.ts';

/** Version of the events that this code states. */
export const eventVersion = 1;

type Listener = Pick<Tables['endpoints'], 'dialect' | 'events' | 'transport' | 'settings' | 'state'>;

/**
 * The endpoints whose dialect has words for an event of this type and that asked for it. A socket hears nothing while a webhook
 * of its dialect is active, unless it is set to hear beside it.
 * @param endpoints live ones of one app
 */
export function hearing<Endpoint extends Listener>(
  endpoints: readonly Endpoint[],
  type: EventType,
  policies: RecordsSettings['policies'],
): (Endpoint & { policy: DialectPolicy })[] {
  const active = endpoints.filter(({ transport, state }) => transport === 'webhook' && state === 'active');
  const served = new Set(active.map(({ dialect }) => dialect));
  return endpoints.flatMap((endpoint) => {
    const policy = policies[endpoint.dialect];
    if (policy === undefined || !hears({ ...endpoint, policy }, type)) return [];
    const stepsBack = endpoint.transport === 'socket' && served.has(endpoint.dialect) && !isParallel(endpoint);
    return stepsBack ? [] : [{ ...endpoint, policy }];
  });
}

/** Whether an endpoint's dialect has words for an event of this type and it asked for it. */
export function hears({ events, policy }: { events: string | null; policy: DialectPolicy }, type: EventType): boolean {
  if (!policy.speaks.includes(type)) return false;
  const wanted = fromStored<EventType[]>(events);
  return wanted === null || wanted.includes(type);
}

const isParallel = ({ settings }: Pick<Listener, 'settings'>): boolean =>
  fromStored<JsonObject>(settings)?.['parallel'] === true;

/** How many requests an event about a message makes. */
export const partsOf = (policy: DialectPolicy, media: number): number =>
  policy.parts === 'media' ? Math.max(1, media) : 1;

/** The request of a message's event that tells of one media. */
export const partFor = (policy: DialectPolicy, media: { part: number }): number =>
  policy.parts === 'media' ? media.part : 0;

/** Whether an endpoint hears what became of a media as the answer to those who asked, and needs no other news of it. */
export const isAnswered = (endpoint: Parameters<typeof hears>[0], { askers }: { askers: number }): boolean =>
  askers > 0 && hears(endpoint, 'media.answered');

/**
 * How an attachment begins: one of a kind that its app does not want on arrival stays with its carrier until somebody asks.
 * @param autoDownload the kinds that are fetched on arrival, a JSON list; null: all
 */
export function firstState(
  { available, kind, voice }: { available: boolean; kind: MediaKind; voice: boolean },
  autoDownload: string | null,
): Extract<MediaState, 'pending' | 'remote' | 'unavailable'> {
  if (!available) return 'unavailable';
  const kinds = fromStored<string[]>(autoDownload);
  return kinds === null || kinds.includes(voice ? 'voice' : kind) ? 'pending' : 'remote';
}

type Limits = { deliver_within_seconds: number | null; hold_limit_seconds: number | null };

/** When an event about a message is due, some of whose media are still pending or not. */
export function dueAt(
  policy: DialectPolicy,
  app: Limits,
  settings: RecordsSettings,
  receivedAt: Millis,
  pending: boolean,
): Millis {
  if (!pending || policy.hold === 'none') return receivedAt;
  const seconds =
    policy.hold === 'deliver_within'
      ? (app.deliver_within_seconds ?? settings.deliverWithinSeconds)
      : (app.hold_limit_seconds ?? settings.holdLimitSeconds);
  return receivedAt + seconds * 1000;
}
