// What an administrator sets up, as a table: each row becomes `create`, `ls`, `get`, `update` and `rm`.

import { eventTypes } from '../core/model.ts';
import {
  appColumns,
  channelColumns,
  connectionColumns,
  endpointColumns,
  keyColumns,
  organizationColumns,
} from './columns.ts';
import { type Field, id, list, listOrAll, pairs, secret, secrets, text, url, whole, yesOrNo } from './fields.ts';
import type { Filter } from './lists.ts';
import type { Column } from './table.ts';

export type Resource = {
  name: string;
  one: string;
  about: string;
  /** Under what it lives: an app (--app-id), an app or an organization, or nothing. */
  of: 'app' | 'app_or_organization' | 'instance';
  columns: readonly Column[];
  filters: readonly Filter[];
  fields: readonly Field[];
  /** What goes with it when it is removed. */
  removal: string;
  /** Options of an example of `create` and of `update`. */
  creation: string;
  change: string;
};

const name: Field = { member: 'name', kind: text, says: 'what people call it', needed: true };
const secretSays = 'or @file, or - for standard input';
const optionalName: Field = { member: 'name', kind: text, says: 'what people call it' };
const whatsapp = ['whatsapp-cloud'];
const rcs = ['rcs'];
const twilio = ['twilio'];
const dialect: Field = { member: 'dialect', kind: text, says: 'wire format spoken with the application' };

export const resources: readonly Resource[] = [
  {
    name: 'organizations',
    one: 'organization',
    about: 'owners of apps',
    of: 'instance',
    columns: organizationColumns,
    filters: [],
    fields: [name, { member: 'media_retention_days', kind: whole, says: 'days that files are kept, or none' }],
    removal: 'with all its apps and what is in them',
    creation: '--name "Example Insurance" --media-retention-days 30',
    change: '--media-retention-days none',
  },
  {
    name: 'apps',
    one: 'app',
    about: 'applications: the wall around channels, messages, media and endpoints',
    of: 'instance',
    columns: appColumns,
    filters: [],
    fields: [
      name,
      { member: 'organization_id', kind: id, says: 'whose it is', only: 'create' },
      { ...dialect, says: 'wire format of new keys and endpoints' },
      { member: 'media_retention_seconds', kind: whole, says: 'how long files are kept, or none' },
      { member: 'link_seconds', kind: whole, says: 'life of a link, or none' },
      { member: 'deliver_within_seconds', kind: whole, says: 'how long a message waits for its files, or none' },
      { member: 'hold_limit_seconds', kind: whole, says: 'likewise in dialects that need the files, or none' },
    ],
    removal: 'with its media, channels, endpoints and keys',
    creation: '--name claims --link-seconds 600',
    change: '--name "claims (old)"',
  },
  {
    name: 'keys',
    one: 'key',
    about: 'keys of an app, or of an organization',
    of: 'app_or_organization',
    columns: keyColumns,
    filters: [],
    fields: [
      optionalName,
      { member: 'permissions', kind: list('list'), says: 'read, send and manage, with commas between' },
      { ...dialect, only: 'create' },
      { member: 'mode', kind: text, says: 'what it is for', choices: ['live', 'test'], only: 'create' },
    ],
    removal: 'it opens nothing any more',
    creation: '--name backend --permissions read,send',
    change: '--permissions read',
  },
  {
    name: 'connections',
    one: 'connection',
    about: 'accounts at carriers, each with its intake URL',
    of: 'instance',
    columns: connectionColumns,
    filters: [],
    fields: [
      {
        member: 'carrier',
        kind: text,
        says: 'which one',
        choices: [...whatsapp, ...rcs, ...twilio],
        needed: true,
        only: 'create',
      },
      name,
      {
        member: 'verify',
        kind: text,
        says: 'report: on trial, webhooks without a right signature are taken, too, for 72 hours',
        choices: ['enforce', 'report'],
      },
      {
        member: 'app_secret',
        kind: secrets,
        says: `verifies webhooks, ${secretSays}; give two while rotating`,
        needed: true,
        carriers: whatsapp,
      },
      {
        member: 'verify_token',
        kind: secrets,
        says: `answers the handshake, ${secretSays}`,
        needed: true,
        carriers: whatsapp,
      },
      { member: 'graph_url', kind: url, says: 'the API, without version', carriers: whatsapp },
      { member: 'graph_version', kind: text, says: 'its version, such as v24.0', carriers: whatsapp },
      {
        member: 'client_token',
        kind: secrets,
        says: `verifies pushes and answers the handshake, ${secretSays}; give two while rotating`,
        needed: true,
        carriers: rcs,
      },
      { member: 'agent_id', kind: text, says: 'the agent of pushes that name none', carriers: rcs },
      {
        member: 'account_sid',
        kind: text,
        says: 'the account: AC and 32 digits',
        needed: true,
        carriers: twilio,
      },
      {
        member: 'auth_token',
        kind: secrets,
        says: `verifies webhooks, ${secretSays}; give two while rotating`,
        needed: true,
        carriers: twilio,
      },
      { member: 'api_key_sid', kind: text, says: 'a key that fetches in place of the token', carriers: twilio },
      { member: 'api_key_secret', kind: secret, says: `its secret, ${secretSays}`, carriers: twilio },
      { member: 'channel_by', kind: text, says: 'number or messaging_service', carriers: twilio },
      {
        member: 'delete_after_capture',
        kind: yesOrNo,
        says: 'whether the copy of a stored file is deleted there',
        carriers: twilio,
      },
      {
        member: 'reconcile_hours',
        kind: whole,
        says: 'how far back the first look for missed messages goes; 0: never look',
        carriers: twilio,
      },
      { member: 'api_url', kind: url, says: 'origin of the API', carriers: [...rcs, ...twilio] },
      {
        member: 'media_hosts',
        kind: list('hosts'),
        says: 'hosts of files: further ones that may see the token, or for rcs all that there are',
        carriers: [...whatsapp, ...rcs],
      },
    ],
    removal: 'only when it has no channels left',
    creation: '--carrier whatsapp-cloud --name Meta --app-secret @app-secret.txt --verify-token @verify-token.txt',
    change: '--app-secret @new.txt --app-secret @old.txt',
  },
  {
    name: 'channels',
    one: 'channel',
    about: 'addresses of an app at a carrier, such as a phone number',
    of: 'instance',
    columns: channelColumns,
    filters: [{ member: 'app_id', placeholder: 'id', says: 'only those of this app' }],
    fields: [
      { member: 'app_id', kind: id, says: 'whose it is', needed: true, only: 'create' },
      { member: 'connection_id', kind: id, says: 'the account at the carrier', needed: true, only: 'create' },
      {
        member: 'address',
        kind: text,
        says: "the carrier's id of it: phone number id, agent id, Twilio's To",
        needed: true,
        only: 'create',
      },
      { member: 'display', kind: text, says: 'what people call it: the number with +' },
      {
        member: 'device',
        kind: text,
        says: 'a device that a client of the app made and that waits for its line',
        only: 'create',
      },
      { member: 'access_token', kind: secret, says: `fetches files at whatsapp-cloud, which needs it, ${secretSays}` },
    ],
    removal: 'its media is gone for every reader at once',
    creation:
      '--app-id app_… --connection-id con_… --address 106540352242922 --display +15550001111 --access-token @token.txt',
    change: '--access-token @token.txt',
  },
  {
    name: 'endpoints',
    one: 'endpoint',
    about: 'where an app hears of its messages',
    of: 'app',
    columns: endpointColumns,
    filters: [],
    fields: [
      { member: 'url', flag: '--webhook-url', kind: url, says: 'where webhooks are posted', needed: true },
      dialect,
      {
        member: 'headers',
        flag: '--header',
        kind: pairs,
        says: 'added to each webhook; may be repeated; value or @file',
      },
      { member: 'events', kind: listOrAll('types'), says: `types it hears, or all: ${eventTypes.join(', ')}` },
      {
        member: 'secret',
        kind: secret,
        says: `signs webhooks; made if not given; text, ${secretSays}`,
        only: 'create',
      },
      {
        member: 'state',
        kind: text,
        says: 'paused: its deliveries wait',
        choices: ['active', 'paused'],
        only: 'update',
      },
    ],
    removal: 'its open deliveries die with it',
    creation: '--webhook-url https://app.example.com/hooks --header Authorization=@header.txt',
    change: '--state active',
  },
];
