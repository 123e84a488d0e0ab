// A gateway with a simulated Twilio beside it: one account, one connection, and an app for each tenant.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import { type ComposedMessage, startTwilioSandbox, type TwilioSandbox } from '../../src/sandbox/twilio/sandbox.ts';
import { about, type Body, type LogLine, messageOf, type Rig, startRig } from './rig.ts';

export const accountSid = `AC${'a1'.repeat(16)}`;
export const authToken = 'twilio-auth-token-of-tests';

export type TwilioTenant = {
  appId: string;
  key: string;
  channelId: string;
  address: string;
  secret: string;
  receiver: Receiver;
};

export type TwilioRig = {
  rig: Rig;
  twilio: TwilioSandbox;
  connectionId: string;
  intakeUrl(): string;
  tenant(address: string): Promise<TwilioTenant>;
  /** A message that is taken; gives it with what the application heard. */
  hear(
    tenant: TwilioTenant,
    message: Partial<Parameters<TwilioSandbox['take']>[0]>,
  ): Promise<ComposedMessage & { heard: Body }>;
  heard(tenant: TwilioTenant, composed: ComposedMessage): Promise<Body>;
  /** The log of the tries for a file, once there are so many. */
  tries(carrierMediaId: string, times: number): Promise<LogLine[]>;
  close(): Promise<void>;
};

export const from = '+15017122661';

/** @param env settings of the gateway, by their names; @param settings of the connection */
export async function startTwilioRig(
  env: Record<string, string> = {},
  settings: Record<string, unknown> = {},
): Promise<TwilioRig> {
  const rig = await startRig(env);
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-twilio-'));
  const twilio = await startTwilioSandbox({ clock: rig.clock, accountSid, authTokens: [authToken], folder });
  const made = async (path: string, body: unknown): Promise<Body> => {
    const answer = await rig.call('POST', path, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const connection = await made('/api/v1/connections', {
    carrier: 'twilio',
    name: 'Twilio',
    account_sid: accountSid,
    auth_token: authToken,
    api_url: twilio.origin,
    reconcile_hours: 0,
    ...settings,
  });
  const intakeUrl = () => `${rig.gateway.url}/in/${connection.id}`;
  const receivers: Receiver[] = [];

  const heard: TwilioRig['heard'] = async (tenant, { message }) => {
    const delivered = await tenant.receiver.next(about(message.sid));
    expect(delivered.verified).toBe(true);
    return messageOf(delivered);
  };

  return {
    rig,
    twilio,
    connectionId: connection.id,
    intakeUrl,
    heard,
    async tenant(address) {
      const number = receivers.length + 1;
      const app = await made('/api/v1/apps', { name: `Twilio ${number}` });
      const { key } = await made(`/api/v1/apps/${app.id}/keys`, {
        name: 'all',
        permissions: ['read', 'send', 'manage'],
      });
      const channel = await made('/api/v1/channels', { app_id: app.id, connection_id: connection.id, address });
      const secret = `whsec_${Buffer.alloc(32, 100 + number).toString('base64')}`;
      const receiver = await startReceiver({ clock: rig.clock, secret });
      receivers.push(receiver);
      await made(`/api/v1/apps/${app.id}/endpoints`, { url: receiver.url, secret });
      return { appId: app.id, key, channelId: channel.id, address, secret, receiver };
    },
    async hear(tenant, message) {
      const sent = await twilio.send(intakeUrl(), { from, to: tenant.address, ...message });
      expect(sent.answer).toMatchObject({ status: 200, error: null });
      return { ...sent, heard: await heard(tenant, sent) };
    },
    async tries(carrierMediaId, times) {
      const { body } = await rig.call('GET', '/api/v1/media?limit=200');
      const { id } = body.data.find((media: Body) => media.carrier_media_id === carrierMediaId);
      const lines = () => rig.log.lines.filter(({ msg, media }) => msg === 'capture' && media === id);
      await rig.log.next((line) => lines()[times - 1] === line);
      return lines();
    },
    async close() {
      await rig.close();
      await Promise.all(receivers.map((receiver) => receiver.close()));
      await twilio.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
