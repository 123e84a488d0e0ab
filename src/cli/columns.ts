// The columns of each table, most important first: a narrow terminal shows the first of them.

import { isObject, type JsonObject } from '../core/json.ts';
import { listIn, nothing, sizeOf, textOf, timeOf } from './readable.ts';
import type { Column } from './table.ts';

const column = (head: string, member: string): Column => ({ head, of: (row) => textOf(row[member]) });
const flexible = (head: string, member: string): Column => ({ ...column(head, member), flexible: true });
const number = (head: string, member: string): Column => ({ ...column(head, member), right: true });
const time = (head: string, member: string): Column => ({ head: `${head} (UTC)`, of: (row) => timeOf(row[member]) });
const within = (outer: string, member: string) => (row: JsonObject) => {
  const inside = row[outer];
  return textOf(isObject(inside) ? (inside[member] as JsonObject[string] | undefined) : undefined);
};
const id = column('ID', 'id');
const name = flexible('NAME', 'name');
const state = column('STATE', 'state');
const reason = flexible('REASON', 'reason');
const created = time('CREATED', 'created_at');
const app = column('APP', 'app_id');

export const mediaColumns: Column[] = [
  id,
  column('KIND', 'kind'),
  state,
  { head: 'SIZE', of: (row) => sizeOf(row['size'] ?? row['declared_size']), right: true },
  flexible('FILE NAME', 'file_name'),
  time('RECEIVED', 'received_at'),
  reason,
  flexible('TYPE', 'type'),
  column('MESSAGE', 'message_id'),
  app,
];

/** What will go: media, each with the rule that decides. */
export const planColumns: Column[] = [
  id,
  time('GOES', 'expires_at'),
  column('BY RULE OF', 'rule'),
  column('KIND', 'kind'),
  { head: 'SIZE', of: (row) => sizeOf(row['size']), right: true },
  flexible('FILE NAME', 'file_name'),
  time('RECEIVED', 'received_at'),
  app,
];

export const messageColumns: Column[] = [
  id,
  column('KIND', 'kind'),
  { head: 'FROM', of: within('contact', 'phone') },
  { head: 'MEDIA', of: (row) => `${listIn(row, 'media').length}`, right: true },
  flexible('TEXT', 'text'),
  time('SENT', 'sent_at'),
  { head: 'NAME', of: within('contact', 'name'), flexible: true },
  { head: 'TO', of: within('channel', 'display') },
  app,
];

export const eventColumns: Column[] = [
  id,
  column('TYPE', 'type'),
  time('AT', 'timestamp'),
  { head: 'ABOUT', of: (row) => aboutIn(row) },
  app,
];

/** The id of what an event is about. */
export const aboutIn = (event: JsonObject): string =>
  ['media', 'message', 'channel', 'endpoint'].map((about) => inData(event, about)).find((found) => found !== nothing) ??
  nothing;

const inData = (row: JsonObject, about: string): string => {
  const data = row['data'];
  return isObject(data) ? within(about, 'id')(data as JsonObject) : nothing;
};

export const deliveryColumns: Column[] = [
  id,
  state,
  number('TRIES', 'attempts'),
  column('EVENT', 'event_type'),
  reason,
  time('DUE', 'due_at'),
  time('CREATED', 'created_at'),
  column('ENDPOINT', 'endpoint_id'),
  column('MEDIA', 'media_id'),
];

export const attemptColumns: Column[] = [
  number('NO', 'number'),
  time('AT', 'at'),
  number('STATUS', 'status'),
  { head: 'TOOK', of: (row) => `${textOf(row['duration_ms'])} ms`, right: true },
  column('FAULT', 'fault'),
  flexible('ERROR', 'error'),
  flexible('ANSWER', 'reply'),
  number('BYTES', 'body_length'),
];

export const jobColumns: Column[] = [id, column('KIND', 'kind'), number('LAPSES', 'lapses'), reason, created, app];

export const journalColumns: Column[] = [
  id,
  number('MESSAGES', 'messages'),
  number('UNROUTED', 'unrouted'),
  number('UNPARSED', 'unparsed'),
  { head: 'PROBLEMS', of: (row) => textOf(row['problems']), flexible: true },
  time('RECEIVED', 'received_at'),
  number('DOUBLES', 'duplicates'),
  number('STATUSES', 'statuses'),
  { head: 'SIZE', of: (row) => sizeOf(row['bytes']), right: true },
  column('CONNECTION', 'connection_id'),
];

export const organizationColumns: Column[] = [id, name, number('KEEPS (DAYS)', 'media_retention_days'), created];
export const appColumns: Column[] = [
  id,
  name,
  column('DIALECT', 'dialect'),
  created,
  column('ORGANIZATION', 'organization_id'),
  number('KEEPS (S)', 'media_retention_seconds'),
];
export const keyColumns: Column[] = [
  id,
  name,
  column('PERMISSIONS', 'permissions'),
  column('MODE', 'mode'),
  column('DIALECT', 'dialect'),
  time('ENDS', 'ends_at'),
  created,
];
export const connectionColumns: Column[] = [
  id,
  name,
  column('CARRIER', 'carrier'),
  created,
  column('INTAKE URL', 'intake_url'),
];
export const channelColumns: Column[] = [
  id,
  state,
  flexible('DISPLAY', 'display'),
  flexible('ADDRESS', 'address'),
  reason,
  created,
  app,
  column('CONNECTION', 'connection_id'),
];
export const endpointColumns: Column[] = [
  id,
  state,
  flexible('URL', 'url'),
  reason,
  column('DIALECT', 'dialect'),
  { head: 'EVENTS', of: (row) => (row['events'] === null ? 'all' : textOf(row['events'])), flexible: true },
  created,
];
