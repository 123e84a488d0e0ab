// Connections that take webhooks without a fitting signature, for a while.

import type { Clock } from '../../core/ids.ts';
import type { Connection } from '../../core/model.ts';
import type { Page, Records } from '../../core/records.ts';
import { isOnTrial, trialEnds } from '../../core/trial.ts';
import type { Look } from './doctor.ts';
import { type Finding, fail } from './finding.ts';

export function lookAtTrials(parts: { records: Pick<Records, 'listConnections'>; clock: Clock }): Look {
  return {
    check: 'trial',
    async look() {
      const findings: Finding[] = [];
      let cursor: string | null = null;
      do {
        const page: Page<Connection> = await parts.records.listConnections({ page: { limit: 200, cursor } });
        for (const connection of page.rows) findings.push(...lookAt(connection, parts.clock.now()));
        cursor = page.next;
      } while (cursor !== null);
      return findings;
    },
  };
}

function lookAt({ id, settings }: Connection, now: number): Finding[] {
  const ends = trialEnds(settings);
  if (ends === undefined || !isOnTrial(settings, now)) return [];
  const says = `Anybody can post messages to it, because signatures are not enforced until ${new Date(ends).toISOString()}.`;
  return [
    fail('trial', id, says, `When its webhooks verify: PATCH /api/v1/connections/${id} with "verify": "enforce".`),
  ];
}
