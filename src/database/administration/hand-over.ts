import { sql } from 'kysely';
import { type Millis, newId } from '../../core/ids.ts';
import { hears } from '../layout.ts';
import type { Access } from '../schema.ts';
import { insertDeliveries } from './emit.ts';

/**
 * What a webhook would not take waits for a client instead: it goes to the socket of its app and dialect, if there is one that
 * does not have it already.
 * @param dead key of the webhook's delivery
 */
export async function handOver(access: Access, dead: number, now: Millis): Promise<void> {
  const row = await access.db
    .selectFrom('deliveries')
    .innerJoin('events', 'events.key', 'deliveries.event_key')
    .innerJoin('endpoints as webhook', 'webhook.key', 'deliveries.endpoint_key')
    .innerJoin('endpoints as socket', (join) =>
      join.onRef('socket.app_key', '=', 'deliveries.app_key').onRef('socket.dialect', '=', 'webhook.dialect'),
    )
    .select(['deliveries.app_key', 'deliveries.event_key', 'deliveries.message_key', 'deliveries.media_key'])
    .select(['deliveries.part', 'events.type'])
    .select(['socket.key as socket_key', 'socket.dialect', 'socket.events', 'socket.state'])
    .where('deliveries.key', '=', dead)
    .where('socket.transport', '=', sql.lit('socket'))
    .where('socket.state', '<>', sql.lit('deleted'))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('deliveries as known')
            .select('known.key')
            .whereRef('known.event_key', '=', 'deliveries.event_key')
            .whereRef('known.endpoint_key', '=', 'socket.key')
            .whereRef('known.part', '=', 'deliveries.part'),
        ),
      ),
    )
    .executeTakeFirst();
  if (row === undefined) return;
  const { type, socket_key: endpoint_key, dialect, events, state, ...about } = row;
  const policy = access.settings.policies[dialect];
  if (policy?.queue === undefined || !hears({ events, policy }, type)) return;
  const delivery = {
    ...about,
    id: newId('delivery', now),
    endpoint_key,
    state: state === 'active' ? ('pending' as const) : ('paused' as const),
    state_at: now,
    attempts: 0,
    created_at: now,
  };
  await insertDeliveries(access, [delivery], now);
}
