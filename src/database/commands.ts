// Every command of the port, where it runs, and the ones that all engines share. An engine adds its own hot commands.

import type { Records } from '../core/records.ts';
import * as apps from './administration/apps.ts';
import { doomOrphans } from './administration/blobs.ts';
import * as channels from './administration/channels.ts';
import * as connections from './administration/connections.ts';
import * as deliveryOrders from './administration/deliveries.ts';
import * as documents from './administration/documents.ts';
import * as endpoints from './administration/endpoints.ts';
import * as idempotency from './administration/idempotency.ts';
import * as jobs from './administration/jobs.ts';
import * as keys from './administration/keys.ts';
import { loseBlob } from './administration/lost-blobs.ts';
import * as mediaOrders from './administration/media.ts';
import * as organizations from './administration/organizations.ts';
import * as queues from './administration/queues.ts';
import { replayEvents } from './administration/replay.ts';
import { createUpload } from './administration/uploads.ts';
import * as users from './administration/users.ts';
import { backlog } from './reads/backlog.ts';
import { listBlobs, storage } from './reads/blobs.ts';
import * as deliveries from './reads/deliveries.ts';
import { isErased } from './reads/erased.ts';
import { eventsEnd, listEvents } from './reads/events.ts';
import { listExpiring } from './reads/expiring.ts';
import { idWithin } from './reads/ids.ts';
import * as journal from './reads/journal.ts';
import * as media from './reads/media.ts';
import * as messages from './reads/messages.ts';
import { unknownObjects } from './reads/unknown-objects.ts';
import type { Access } from './schema.ts';

export type CommandName = Exclude<keyof Records, 'ping' | 'close'>;

/** Whether a command only reads. Reads never wait for a commit, and a commit never waits for them. */
export const sides = {
  accept: 'write',
  claimCaptures: 'write',
  claimDeliveries: 'write',
  claimRemovals: 'write',
  openLane: 'write',
  trimQueue: 'write',
  releaseQueue: 'write',
  renew: 'write',
  release: 'write',
  settleCaptures: 'write',
  settleDeliveries: 'write',
  settleRemovals: 'write',
  sweep: 'write',
  durability: 'write',
  doomOrphans: 'write',
  unknownObjects: 'read',
  media: 'read',
  mediaForLink: 'read',
  listMedia: 'read',
  retryMedia: 'write',
  askMedia: 'write',
  deleteMedia: 'write',
  createUpload: 'write',
  listExpiring: 'read',
  listBlobs: 'read',
  loseBlob: 'write',
  message: 'read',
  listMessages: 'read',
  listEvents: 'read',
  eventsEnd: 'read',
  delivery: 'read',
  listDeliveries: 'read',
  listAttempts: 'read',
  replayDelivery: 'write',
  replayDead: 'write',
  replayEvents: 'write',
  journalEntry: 'read',
  listJournal: 'read',
  backlog: 'read',
  listResting: 'read',
  resumeJobs: 'write',
  storage: 'read',
  beginIdempotent: 'write',
  endIdempotent: 'write',
  isErased: 'read',
  createOrganization: 'write',
  organization: 'read',
  listOrganizations: 'read',
  updateOrganization: 'write',
  deleteOrganization: 'write',
  createApp: 'write',
  app: 'read',
  listApps: 'read',
  updateApp: 'write',
  deleteApp: 'write',
  createKey: 'write',
  keyByHash: 'read',
  key: 'read',
  listKeys: 'read',
  updateKey: 'write',
  rotateKey: 'write',
  deleteKey: 'write',
  createConnection: 'write',
  connection: 'read',
  listConnections: 'read',
  updateConnection: 'write',
  deleteConnection: 'write',
  createChannel: 'write',
  channel: 'read',
  listChannels: 'read',
  updateChannel: 'write',
  deleteChannel: 'write',
  createEndpoint: 'write',
  endpoint: 'read',
  listEndpoints: 'read',
  updateEndpoint: 'write',
  deleteEndpoint: 'write',
  idWithin: 'read',
  document: 'read',
  listDocuments: 'read',
  putDocument: 'write',
  removeDocument: 'write',
  createUser: 'write',
  userByName: 'read',
  listUsers: 'read',
  updateUser: 'write',
  deleteUser: 'write',
} as const satisfies Record<CommandName, 'read' | 'write'>;

type On<Side extends 'read' | 'write'> = {
  [Name in CommandName]: (typeof sides)[Name] extends Side ? Name : never;
}[CommandName];
export type ReadName = On<'read'>;
export type WriteName = On<'write'>;

/** Commands of the port as functions of their request. */
export type Commands<Name extends CommandName> = {
  [Command in Name]: (request: Parameters<Records[Command]>[0]) => ReturnType<Records[Command]>;
};

type Shared<Request, Result> = (access: Access, request: Request) => Promise<Result>;
const bound =
  (access: Access) =>
  <Request, Result>(run: Shared<Request, Result>) =>
  (request: Request): Promise<Result> =>
    run(access, request);

/** All that only reads. */
export function readsOn(access: Access): Commands<ReadName> {
  const on = bound(access);
  return {
    media: on(media.media),
    mediaForLink: on(media.mediaForLink),
    listMedia: on(media.listMedia),
    listExpiring: on(listExpiring),
    listBlobs: on(listBlobs),
    message: on(messages.message),
    listMessages: on(messages.listMessages),
    listEvents: on(listEvents),
    eventsEnd: on(eventsEnd),
    delivery: on(deliveries.delivery),
    listDeliveries: on(deliveries.listDeliveries),
    listAttempts: on(deliveries.listAttempts),
    journalEntry: on(journal.journalEntry),
    listJournal: on(journal.listJournal),
    backlog: on(backlog),
    listResting: on(jobs.listResting),
    storage: on(storage),
    isErased: on(isErased),
    organization: on(organizations.organization),
    listOrganizations: on(organizations.listOrganizations),
    app: on(apps.app),
    listApps: on(apps.listApps),
    keyByHash: on(keys.keyByHash),
    key: on(keys.key),
    listKeys: on(keys.listKeys),
    connection: on(connections.connection),
    listConnections: on(connections.listConnections),
    channel: on(channels.channel),
    listChannels: on(channels.listChannels),
    unknownObjects: on(unknownObjects),
    endpoint: on(endpoints.endpoint),
    listEndpoints: on(endpoints.listEndpoints),
    idWithin: on(idWithin),
    document: on(documents.document),
    listDocuments: on(documents.listDocuments),
    userByName: on(users.userByName),
    listUsers: on(users.listUsers),
  };
}

export type HotName =
  | 'accept'
  | 'claimCaptures'
  | 'claimDeliveries'
  | 'claimRemovals'
  | 'openLane'
  | 'renew'
  | 'release'
  | 'settleCaptures'
  | 'settleDeliveries'
  | 'settleRemovals'
  | 'sweep'
  | 'durability';

/** What operators and applications order; each call belongs in one commit. */
export function ordersOn(access: Access): Commands<Exclude<WriteName, HotName>> {
  const on = bound(access);
  return {
    trimQueue: on(queues.trimQueue),
    releaseQueue: on(queues.releaseQueue),
    doomOrphans: on(doomOrphans),
    resumeJobs: on(jobs.resumeJobs),
    retryMedia: on(mediaOrders.retryMedia),
    askMedia: on(mediaOrders.askMedia),
    deleteMedia: on(mediaOrders.deleteMedia),
    createUpload: on(createUpload),
    loseBlob: on(loseBlob),
    replayDelivery: on(deliveryOrders.replayDelivery),
    replayDead: on(deliveryOrders.replayDead),
    replayEvents: on(replayEvents),
    beginIdempotent: on(idempotency.beginIdempotent),
    endIdempotent: on(idempotency.endIdempotent),
    createOrganization: on(organizations.createOrganization),
    updateOrganization: on(organizations.updateOrganization),
    deleteOrganization: on(organizations.deleteOrganization),
    createApp: on(apps.createApp),
    updateApp: on(apps.updateApp),
    deleteApp: on(apps.deleteApp),
    createKey: on(keys.createKey),
    updateKey: on(keys.updateKey),
    rotateKey: on(keys.rotateKey),
    deleteKey: on(keys.deleteKey),
    createConnection: on(connections.createConnection),
    updateConnection: on(connections.updateConnection),
    deleteConnection: on(connections.deleteConnection),
    createChannel: on(channels.createChannel),
    updateChannel: on(channels.updateChannel),
    deleteChannel: on(channels.deleteChannel),
    createEndpoint: on(endpoints.createEndpoint),
    updateEndpoint: on(endpoints.updateEndpoint),
    deleteEndpoint: on(endpoints.deleteEndpoint),
    putDocument: on(documents.putDocument),
    removeDocument: on(documents.removeDocument),
    createUser: on(users.createUser),
    updateUser: on(users.updateUser),
    deleteUser: on(users.deleteUser),
  };
}
