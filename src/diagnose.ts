// The doctor of a gateway, wired.

import { createHmac } from 'node:crypto';
import type { Config } from './config.ts';
import type { BlobStore } from './core/blob-store.ts';
import type { Carriers } from './core/carrier.ts';
import type { Clock } from './core/ids.ts';
import type { Records } from './core/records.ts';
import type { Requester } from './core/requester.ts';
import { deriveKey, type Sealer } from './core/sealing.ts';
import type { Accounts } from './flows/accounts.ts';
import { type Doctor, doctor } from './flows/doctor/doctor.ts';
import { lookAtChannels } from './flows/doctor/look-at-channels.ts';
import { lookAtDatabase } from './flows/doctor/look-at-database.ts';
import { lookAtDisk } from './flows/doctor/look-at-disk.ts';
import { lookAtReach } from './flows/doctor/look-at-reach.ts';
import { lookAtRedirects, type RedirectSeen } from './flows/doctor/look-at-redirects.ts';
import { lookAtTrials } from './flows/doctor/look-at-trials.ts';
import type { HeadRoom } from './flows/head-room.ts';
import { judgeSettings } from './judge-settings.ts';
import { guardedRequester } from './outgoing/guarded-requester.ts';

export function diagnostician(parts: {
  config: Config;
  records: Records;
  blobs: BlobStore;
  room: HeadRoom;
  carriers: Carriers;
  accounts: Accounts;
  sealer: Sealer;
  requester: Requester;
  clock: Clock;
  secretKey: Uint8Array;
  userAgent: string;
  publicUrl(): string;
  redirects(): readonly RedirectSeen[];
}): Doctor {
  const { config, records } = parts;
  const proofKey = deriveKey(parts.secretKey, 'proof of reach');
  const prove = (nonce: string) => createHmac('sha256', proofKey).update(nonce).digest('hex');
  const requesterTo = (url: string) => {
    const { hostname, port, protocol } = new URL(url);
    return guardedRequester({
      allowedRanges: config.allowPrivateNetworks,
      // The operator chose this address, so it may be a private one; the requests of strangers never come this way.
      allowedOrigins: [`${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`],
      userAgent: parts.userAgent,
      connectTimeoutMs: config.connectTimeoutSeconds * 1000,
    });
  };
  return doctor({
    clock: parts.clock,
    prove,
    looks: [
      { check: 'settings', look: async () => judgeSettings(config, parts.publicUrl()) },
      lookAtDisk(parts),
      lookAtDatabase(records),
      lookAtReach({ publicUrl: parts.publicUrl, prove, requesterTo }),
      lookAtChannels(parts),
      lookAtRedirects(parts.redirects),
      lookAtTrials(parts),
    ],
  });
}
