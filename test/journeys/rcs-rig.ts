// A gateway with an RCS agent beside the rig's own number, and the simulated RCS in Google's place.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { type RcsFile, rcsContents } from '../../src/sandbox/rcs/events.ts';
import type { RcsFault } from '../../src/sandbox/rcs/fault.ts';
import { type RcsSandbox, startRcsSandbox } from '../../src/sandbox/rcs/sandbox.ts';
import { photo } from './announced.ts';
import { about, adminKey, type Body, type LogLine, messageOf, type Rig, startRig, type Tenant } from './rig.ts';

export const clientToken = 'SJENCPGJESMGUFPY';
export const agentId = 'growing-tree-bank@rbm.goog';

export type RcsRig = {
  rig: Rig;
  google: RcsSandbox;
  tenant: Tenant;
  channelId: string;
  connectionId: string;
  intakeUrl(): string;
  push(event: JsonObject, how?: Parameters<RcsSandbox['push']>[2]): ReturnType<RcsSandbox['push']>;
  /** The message that was delivered, by the id that the sender's phone gave it. */
  heard(messageId: string): Promise<Body>;
  /** Keeps a photo with faults laid out for it, and pushes its message. */
  announce(announcement?: Announcement): Promise<AnnouncedFile>;
  close(): Promise<void>;
};

export type Announcement = {
  faults?: readonly { fault: RcsFault; times?: number }[];
  /** Members of its FileInfo that are to be other than the truth. */
  says?: JsonObject | ((file: RcsFile) => JsonObject);
};

export type AnnouncedFile = {
  file: RcsFile;
  /** Our id of the media. */
  id: string;
  now(): Promise<Body>;
  /** Waits for the nth try, from 1, to end. */
  try(nth: number): Promise<LogLine>;
  tries(): LogLine[];
  /** Waits for the message as it is delivered; gives its media. */
  delivered(): Promise<Body>;
};

export async function startRcsRig(env: Record<string, string> = {}): Promise<RcsRig> {
  const rig = await startRig(env);
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-rcs-'));
  const google = await startRcsSandbox({ clock: rig.clock, agentId, clientToken, folder });
  const tenant = await rig.tenant();
  const made = async (path: string, body: unknown): Promise<string> => {
    const answer = await rig.call('POST', path, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.body.id;
  };
  const connectionId = await made('/api/v1/connections', {
    carrier: 'rcs',
    name: 'Google',
    client_token: clientToken,
    api_url: google.origin,
    media_hosts: [new URL(google.origin).host],
  });
  const channelId = await made('/api/v1/channels', {
    app_id: tenant.appId,
    connection_id: connectionId,
    address: agentId,
    display: 'Growing Tree Bank',
  });
  const intakeUrl = () => `${rig.gateway.url}/in/${connectionId}`;
  const push: RcsRig['push'] = (event, how) => google.push(intakeUrl(), event, how);
  const heard = async (messageId: string) => messageOf(await tenant.receiver.next(about(messageId)));

  return {
    rig,
    google,
    tenant,
    channelId,
    connectionId,
    intakeUrl,
    push,
    heard,
    async announce({ faults = [], says = {} } = {}) {
      const file = await google.keep({ bytes: photo(), type: 'image/png' });
      for (const { fault, times = 1 } of faults) google.fault(file.media.id, fault, times);
      const { messageId, event } = google.events.message(
        rcsContents.file(file, undefined, typeof says === 'function' ? says(file) : says),
      );
      const { status } = await push(event);
      if (status !== 200) throw new Error(`the push was answered with ${status}`);
      const list = await rig.call('GET', '/api/v1/messages?limit=200', undefined, tenant.key);
      const message = list.body.data.find((one: Body) => one.carrier_message_id === messageId);
      const { id } = message.media[0];
      const tries = () => rig.log.lines.filter((line) => line.msg === 'capture' && line['media'] === id);
      return {
        file,
        id,
        tries,
        now: async () => (await rig.call('GET', `/api/v1/media/${id}`, undefined, tenant.key)).body,
        try: (nth) => rig.log.next((line) => tries()[nth - 1] === line),
        delivered: async () => (await heard(messageId)).media[0],
      };
    },
    async close() {
      await rig.close();
      await google.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Claims that nothing which belongs to us went to Google or on from there, and that the log holds neither secret, number nor
 * address of a file.
 */
export function expectNothingOfRcsLeaked({ rig, google, tenant }: RcsRig): void {
  expect(google.requests).not.toHaveLength(0);
  const secrets = [adminKey, clientToken, tenant.key, tenant.secret, tenant.accessToken];
  const asked = JSON.stringify(google.requests);
  const log = JSON.stringify(rig.log.lines);
  for (const secret of secrets) expect(asked).not.toContain(secret);
  for (const { headers } of google.requests) expect(headers).not.toHaveProperty('authorization');
  const addresses = google.requests.map(({ fileId }) => fileId).filter((id) => id !== null);
  for (const hidden of [...secrets, '12223334444', ...new Set(addresses)]) expect(log).not.toContain(hidden);
}
