// The sandbox carrier beside a gateway: a simulated WhatsApp and a small receiver, both on loopback, set up in the gateway
// as a real carrier and a real application would be. Other carriers are simulated beside it and set up when something is
// first sent through them. What must outlive a restart is kept in `sandbox.json`.

import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid } from './core/faults.ts';
import type { Clock } from './core/ids.ts';
import { newWebhookSecret } from './core/keys.ts';
import type { SandboxDesk } from './core/sandbox-desk.ts';
import type { Gateway } from './gateway.ts';
import { somebody } from './sandbox/compose/person.ts';
import { accepted } from './sandbox/post.ts';
import { type Receiver, startReceiver } from './sandbox/receiver.ts';
import { type Sandbox, startSandbox } from './sandbox/sandbox.ts';
import { type KeptCarriers, openSimulatedCarriers } from './simulated-carriers.ts';

export type SandboxCarrier = {
  sandbox: Sandbox;
  receiver: Receiver;
  /** `host:port` of both, for the guard. */
  origins: string[];
  /** Sets it up in a gateway, or finds it there again. @returns the intake URL, and whether it was new */
  attach(gateway: Gateway): Promise<{ intakeUrl: string; fresh: boolean }>;
  close(): Promise<void>;
};

/** The sandbox's number. */
export const sandboxNumber = { phoneNumberId: '106540352242922', display: '15550783881' };

type Kept = {
  appSecret: string;
  verifyToken: string;
  accessToken: string;
  webhookSecret: string;
  /** Absent until it was set up. */
  made?: { app: string; connection: string; channel: string; endpoint: string };
  /** The carriers besides WhatsApp. */
  others?: KeptCarriers;
};

/** @param folder the data folder */
export async function openSandboxCarrier(folder: string, clock: Clock): Promise<SandboxCarrier> {
  const file = join(folder, 'sandbox.json');
  const kept = (await readKept(file)) ?? newKept();
  const sandbox = await startSandbox({ clock, folder: join(folder, 'sandbox') });
  const receiver = await startReceiver({ clock, secret: kept.webhookSecret });
  sandbox.addNumber({ ...sandboxNumber, accessToken: kept.accessToken, appSecret: kept.appSecret });
  const carrierHost = new URL(sandbox.origin).host;
  const keep = () => writeFile(file, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
  kept.others ??= {};
  const others = await openSimulatedCarriers(clock, join(folder, 'sandbox'), kept.others, keep);

  return {
    sandbox,
    receiver,
    origins: [carrierHost, new URL(receiver.url).host, ...others.origins],
    async attach(gateway) {
      const known = kept.made;
      const isThere = known !== undefined && (await gateway.records.connection({ id: known.connection })) !== undefined;
      const made = isThere ? known : await setUp(gateway, sandbox, receiver, kept, clock);
      if (isThere) {
        // Both got other ports at this start.
        await gateway.administration.updateConnection(made.connection, { graph_url: sandbox.origin });
        await gateway.administration.updateEndpoint(instance, made.app, made.endpoint, { url: receiver.url });
      } else {
        kept.made = made;
        await keep();
      }
      const intakeUrl = `${gateway.url}/in/${made.connection}`;
      const desks = new Map(await others.attach(gateway, made.app));
      desks.set('whatsapp-cloud', deskOf(sandbox, kept.appSecret, intakeUrl));
      gateway.useSandbox(byCarrier(desks));
      return { intakeUrl, fresh: !isThere };
    },
    async close() {
      await receiver.close();
      await sandbox.close();
      await others.close();
    },
  };
}

const instance = { kind: 'instance' } as const;

async function setUp(
  gateway: Gateway,
  sandbox: Sandbox,
  receiver: Receiver,
  kept: Kept,
  clock: Clock,
): Promise<NonNullable<Kept['made']>> {
  const { administration, records } = gateway;
  const app = await records.createApp({
    now: clock.now(),
    name: 'Sandbox',
    organizationId: null,
    dialect: 'native',
    mediaRetentionSeconds: null,
    linkSeconds: null,
    deliverWithinSeconds: null,
    holdLimitSeconds: null,
    autoDownload: null,
  });
  if (app === undefined) throw new Error('the sandbox app could not be made');
  const connection = await administration.createConnection({
    carrier: 'whatsapp-cloud',
    name: 'Sandbox',
    app_secret: kept.appSecret,
    verify_token: kept.verifyToken,
    graph_url: sandbox.origin,
  });
  const channel = await administration.createChannel(instance, {
    app_id: app.id,
    connection_id: connection.id,
    address: sandboxNumber.phoneNumberId,
    display: `+${sandboxNumber.display}`,
    access_token: kept.accessToken,
  });
  const { endpoint } = await administration.createEndpoint(instance, app.id, {
    url: receiver.url,
    secret: kept.webhookSecret,
  });
  return { app: app.id, connection: connection.id, channel: channel.id, endpoint: endpoint.id };
}

const newKept = (): Kept => ({
  appSecret: randomBytes(16).toString('hex'),
  verifyToken: randomBytes(12).toString('base64url'),
  accessToken: `sandbox-${randomBytes(24).toString('base64url')}`,
  webhookSecret: newWebhookSecret(),
});

async function readKept(file: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${file} cannot be read; remove it to make the sandbox anew`, { cause: error });
  }
}

/** What `POST /api/v1/sandbox/messages` does. */
const byCarrier = (desks: ReadonlyMap<string, SandboxDesk>): SandboxDesk => ({
  async send(message, signal) {
    const desk = desks.get(message.carrier ?? 'whatsapp-cloud');
    if (desk === undefined) throw invalid('query.carrier', `one of ${[...desks.keys()].join(', ')}`);
    if (message.furtherFiles !== undefined && message.carrier !== 'twilio') {
      throw invalid('query.carrier', 'this one sends a file at a time; twilio sends several at once');
    }
    return await desk.send(message, signal);
  },
});

/** A message through WhatsApp. */
function deskOf(sandbox: Sandbox, appSecret: string, intakeUrl: string): SandboxDesk {
  const { compose } = sandbox;
  return {
    async send({ from, name, caption, text, fileName, type, body }, signal) {
      const phone = from?.replace(/^\+/, '');
      if (phone !== undefined && !/^\d{5,20}$/.test(phone))
        throw invalid('query.from', 'a phone number: 5 to 20 digits');
      const person = { ...somebody, ...(phone !== undefined && { phone }), ...(name !== undefined && { name }) };
      const { phoneNumberId } = sandboxNumber;
      if (body === undefined) {
        if (text === undefined) throw invalid('query.text', 'is needed when there is no file');
        const message = compose.message(compose.contents.text(text), { person });
        const bytes = sandbox.escape(compose.body([compose.received(phoneNumberId, [message])]));
        accepted(await sandbox.post(intakeUrl, bytes, { secret: appSecret, signal }));
        return { carrierMessageId: message.id, mediaId: null };
      }
      const file = {
        bytes: body,
        type: type ?? 'application/octet-stream',
        ...(fileName !== undefined && { fileName }),
      };
      const [sent] = await sandbox.send({
        url: intakeUrl,
        phoneNumberId,
        files: [file],
        person,
        signal,
        ...(caption !== undefined && { caption }),
      });
      if (sent === undefined) throw new Error('the sandbox sent nothing');
      accepted(sent.answer);
      return { carrierMessageId: sent.messageId, mediaId: sent.media.id };
    },
  };
}
