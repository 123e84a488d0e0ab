// Fills the records of a data folder with history through their own commands: each message was received with a file, which
// was captured, and its news delivered. No bytes are written; nobody asks for them.

import { readConfig } from '../../src/config.ts';
import { type Id, newId } from '../../src/core/ids.ts';
import type { AcceptUnit, CaptureJob, ClaimRequest, DeliveryJob, Records } from '../../src/core/records.ts';
import { dialects } from '../../src/dialects/registry.ts';
import { makeLog } from '../../src/log.ts';
import { openRecords } from '../../src/open-records.ts';
import { carrierNumbers } from '../carrier-numbers.ts';
import { serveParent } from '../serve-parent.ts';

const people = 50_000;
const units = 32;
const messagesOfUnit = 8;
const places = 256;
let messages = 0;
let files = 0;

function unitOf(connectionId: Id<'connection'>): AcceptUnit {
  const now = Date.now();
  return {
    connectionId,
    receivedAt: now,
    headers: {},
    body: Buffer.alloc(1000, 'a webhook '),
    statuses: 0,
    notices: 0,
    unparsed: [],
    verified: true,
    messages: Array.from({ length: messagesOfUnit }, () => {
      messages += 1;
      const id = `wamid.${Math.random().toString(36).slice(2)}${messages}`;
      return {
        is: 'message',
        address: carrierNumbers[messages % carrierNumbers.length]?.phoneNumberId ?? '',
        dedupeKey: id,
        carrierMessageId: id,
        direction: 'inbound',
        origin: 'live',
        kind: 'image',
        text: 'The front left side after the collision.',
        identities: [{ kind: 'phone', value: String(390_000_000_000 + (messages % people)) }],
        name: 'Mario Rossi',
        groupId: null,
        context: null,
        content: null,
        raw: null,
        errors: [],
        sentAt: now,
        media: [
          {
            kind: 'image',
            carrierMediaId: String(messages),
            caption: null,
            fileName: null,
            voice: false,
            animated: false,
            thumbnailOf: null,
            declaredType: 'image/jpeg',
            declaredSha256: null,
            declaredSize: null,
            source: {},
            deadline: now + 7 * 86_400_000,
            unavailable: null,
          },
        ],
      };
    }),
  };
}

const claimOf = (): ClaimRequest => ({
  now: Date.now(),
  free: places,
  perLane: places,
  perFailingLane: places,
  leaseMs: 60_000,
});

const captured = ({ job, attempt, media }: CaptureJob) => ({
  job,
  attempt,
  at: Date.now(),
  channel: null,
  result: {
    to: 'stored' as const,
    file: {
      blob: `${media.appId}/${newId('blob', Date.now())}`,
      size: 250_000,
      sha256: (++files).toString(16).padStart(64, '0'),
      servedType: 'image/jpeg',
      sniffedType: 'image/jpeg',
      type: 'image/jpeg',
      fileName: null,
      integrity: 'unchecked' as const,
    },
  },
});

const delivered = ({ job, attempt }: DeliveryJob) => ({
  job,
  attempt,
  at: Date.now(),
  result: { to: 'delivered' as const },
  log: {
    at: Date.now(),
    durationMs: 5,
    status: 200,
    fault: 'none' as const,
    error: null,
    bodySha256: '0'.repeat(64),
    bodyLength: 2000,
    reply: '',
  },
});

/** Works off what the accepted messages have queued. */
async function workOff(records: Records): Promise<void> {
  for (;;) {
    const { jobs } = await records.claimCaptures(claimOf());
    if (jobs.length === 0) break;
    await records.settleCaptures(jobs.map(captured));
  }
  for (;;) {
    const { jobs } = await records.claimDeliveries(claimOf());
    if (jobs.length === 0) break;
    await records.settleDeliveries(jobs.map(delivered));
  }
}

const commands = {
  /**
   * Fills the records of a gateway that is stopped and has one connection.
   * @param env says where they are, if not in the folder
   * @returns the messages that are there now
   */
  async fill({ folder, env, count }: { folder: string; env: Record<string, string>; count: number }): Promise<number> {
    const config = readConfig({ MEDIADOCK_DATA_DIR: folder, ...env }, () => '');
    const records = await openRecords(config, folder, {
      dialects,
      clock: { now: () => Date.now() },
      log: makeLog('warn'),
    });
    try {
      const { rows } = await records.listConnections({ page: { limit: 1, cursor: null } });
      const connection = rows[0];
      if (connection === undefined) throw new Error('there is no connection yet');
      while (messages < count) {
        await Promise.all(Array.from({ length: units }, () => records.accept([unitOf(connection.id)])));
        await workOff(records);
      }
    } finally {
      await records.close();
    }
    return messages;
  },
};
export type FillCommands = typeof commands;

serveParent(commands, () => {});
