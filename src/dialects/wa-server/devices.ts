// Devices are channels. One that a client makes has no line yet: it is a document under its name, which is how names are
// unique, with the id that its channel will have when the operator makes it. The document stays afterwards, for the name. A
// device that is destroyed before it had a line leaves a document under its id, so that the id stays used up.

import type { Caller } from '../../core/caller.ts';
import type { Desk } from '../../core/desk.ts';
import type { Dialect } from '../../core/dialect.ts';
import { Fault, invalid } from '../../core/faults.ts';
import type { Id, Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Channel, Document } from '../../core/model.ts';
import { networkOf } from '../network-of.ts';
import { idsOfUuid, isUuid, uuidOf } from '../uuid.ts';
import { numberOf } from './jids.ts';
import { iso } from './message.ts';

export type Device = {
  id: string;
  /** What a client called it; null: the operator made its channel, which has a display. */
  name: string | null;
  createdAt: Millis;
  channel: Channel | null;
};

const nameKind = 'device';
const usedUpKind = 'destroyed-device';

/** How the operator's command finds a device that waits for its line. Nothing of a reserved id lies behind its UUID. */
export const reserves: NonNullable<Dialect['reserves']> = {
  kind: nameKind,
  nameIn: (value) => idIn({ value }),
  idOf: (uuid) => idsOfUuid('channel', uuid)?.from,
  objection: ({ carrier, address }) =>
    networkOf({ carrier, channelAddress: address, context: null }) === 'whatsapp'
      ? undefined
      : 'a device of wa-server is a number at WhatsApp, and this line is none; leave it out for RCS, SMS and services',
};

/** How many may wait for their channels; more are a client that makes them in a loop. */
export const mostDevices = 100;

export async function allDevices(desk: Desk, caller: Caller): Promise<Device[]> {
  const [channels, documents] = await Promise.all([desk.channels(caller), namesOf(desk, caller)]);
  const names = new Map(documents.map((document) => [idIn(document), document]));
  const devices = channels.map((channel) => bind(channel, names.get(uuidOf(channel.id))));
  for (const { id } of devices) names.delete(id);
  for (const [id, document] of names) {
    const span = idsOfUuid('channel', id);
    // The operator destroyed its channel: the name is free.
    if (span !== undefined && (await desk.channel(caller, span)).is === 'gone')
      await desk.removeDocument(caller, nameKind, document.name);
    else devices.push(waitingDevice(document));
  }
  return devices;
}

/** A device of the app, or that there was one; undefined: neither. @throws Fault invalid_request when the id is no UUID */
export async function deviceNamed(desk: Desk, caller: Caller, uuid: string): Promise<Device | 'destroyed' | undefined> {
  if (!isUuid(uuid)) throw invalid('path.device_id', 'is not a UUID');
  const id = uuid.toLowerCase();
  const span = idsOfUuid('channel', id);
  if (span === undefined) return undefined;
  const found = await desk.channel(caller, span);
  if (found.is === 'foreign') return undefined;
  if (found.is === 'gone') return 'destroyed';
  const document = (await namesOf(desk, caller)).find((one) => idIn(one) === id);
  if (found.is === 'own') return bind(found.thing, document);
  if (document !== undefined) return waitingDevice(document);
  return (await desk.document(caller, usedUpKind, id)) && 'destroyed';
}

/** @throws Fault name_taken */
export async function makeDevice(desk: Desk, caller: Caller, name: string, now: Millis): Promise<Device | 'too_many'> {
  const known = await allDevices(desk, caller);
  if (known.some((device) => nameOf(device) === name)) throw new Fault('name_taken');
  if (known.filter(({ channel }) => channel === null).length >= mostDevices) return 'too_many';
  const id = uuidOf(desk.reserveChannel());
  if (!(await desk.putDocument(caller, nameKind, name, { device_id: id }, 'create'))) throw new Fault('name_taken');
  return { id, name, createdAt: now, channel: null };
}

/**
 * Ends a device for good; its files are gone when this resolves, its name is free, its id is not.
 * @returns false: somebody else did it at the same time
 */
export async function destroyDevice(desk: Desk, caller: Caller, { id, name, channel }: Device): Promise<boolean> {
  const isFirst =
    channel === null
      ? await desk.putDocument(caller, usedUpKind, id, {}, 'create')
      : await desk.removeChannel(caller, channel.id);
  if (name !== null) await desk.removeDocument(caller, nameKind, name);
  return isFirst;
}

export function presentDevice(device: Device, appId: Id<'app'>): JsonObject {
  const { id, createdAt, channel } = device;
  return {
    device_id: id,
    app_id: uuidOf(appId),
    device_name: nameOf(device),
    status: channel?.state === 'active' ? 'connected' : 'disconnected',
    ...(channel === null ? { wa_number: null, wa_device_jid: null } : numberOf(channel)),
    linked_at: channel && iso(channel.createdAt),
    // Lines are made by the operator: there is no code to scan.
    qr_expires_at: null,
    created_at: iso(createdAt),
  };
}

const nameOf = ({ name, channel }: Device): string => name ?? channel?.display ?? '';

const bind = (channel: Channel, document: Document | undefined): Device => ({
  id: uuidOf(channel.id),
  name: document?.name ?? null,
  createdAt: document?.createdAt ?? channel.createdAt,
  channel,
});

const waitingDevice = (document: Document): Device => ({
  id: idIn(document),
  name: document.name,
  createdAt: document.createdAt,
  channel: null,
});

const idIn = ({ value }: Pick<Document, 'value'>): string => String(value['device_id']);

async function namesOf(desk: Desk, caller: Caller): Promise<Document[]> {
  const names: Document[] = [];
  let cursor: string | null = null;
  do {
    const { rows, next } = await desk.documents(caller, nameKind, { limit: 200, cursor });
    names.push(...rows);
    cursor = next;
  } while (cursor !== null);
  return names;
}
