import type { JobState } from '../schema.ts';
import type { Tx } from './transaction.ts';

/** A delivery of the news of a message that nobody has tried yet. */
export type Unsent = { key: number; message_key: number; endpoint_key: number; part: number };

/**
 * Deliveries that still bring the news of some messages, and so whatever is known of their media by then. They are locked:
 * until the commit nobody claims or resumes them, so what is decided about them stays true.
 * @param messages an array of keys of messages, over these values
 */
export async function lockUnsent(tx: Tx, messages: string, values: unknown[]): Promise<Unsent[]> {
  const untried = `deliveries.message_key = ANY (${messages}) AND deliveries.attempts = 0
    AND (deliveries.state = 'pending' OR deliveries.state = 'paused')`;
  const [jobs, deliveries] = await Promise.all([
    tx.rows<{ subject: number; state: JobState }>(
      `SELECT subject, state FROM jobs WHERE kind = 'deliver' AND subject = ANY (array(SELECT deliveries.key FROM deliveries WHERE ${untried}))
       ORDER BY key FOR UPDATE`,
      values,
    ),
    tx.rows<Unsent>(
      `SELECT deliveries.key, deliveries.message_key, deliveries.endpoint_key, deliveries.part
       FROM deliveries JOIN events ON events.key = deliveries.event_key
       WHERE ${untried} AND events.type IN ('message.received', 'message.echoed')
       ORDER BY deliveries.key FOR UPDATE OF deliveries`,
      values,
    ),
  ]);
  const leased = new Set(jobs.flatMap(({ subject, state }) => (state === 'leased' ? [subject] : [])));
  return deliveries.filter(({ key }) => !leased.has(key));
}
