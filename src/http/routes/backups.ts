import { z } from 'zod';
import type { BackupNow } from '../../flows/backup.ts';
import { pageOfAnswer } from '../answers.ts';
import { listOf, pageOf, pageQuery } from '../fields.ts';
import { keyed, type Route, type Sent } from '../route.ts';
import { sendBytes } from '../send-bytes.ts';

// Whoever has a backup has everything.
const needs = { permission: 'manage', reach: 'instance' } as const;
const path = '/api/v1/backups';
const faults = ['not_found', 'move_refused'] as const;
const one = z.object({ id: z.string().meta({ description: 'As the beginning of the backup answered it.' }) });
const bytes: Sent = { says: 'The bytes.', types: ['application/octet-stream'] };

const backup = z
  .strictObject({
    id: z.string(),
    state: z.enum(['copying', 'ready', 'failed']).meta({ description: 'copying: its records are being copied.' }),
    copied: z.int().meta({ description: 'Bytes of the records that are copied.' }),
    reason: z.string().nullable().meta({ description: 'Why it failed.' }),
    engine: z.enum(['sqlite', 'postgres']).meta({ description: 'postgres: its own tools copy the records.' }),
    records_bytes: z.int().nullable().meta({ description: 'Of how many.' }),
    objects: z.int().meta({ description: 'About how many objects there are.' }),
    bytes: z.int().meta({ description: 'Their bytes.' }),
    secret_key_id: z.string().meta({ description: 'Tells which secret key opens the sealed credentials.' }),
    started_at: z.iso.datetime(),
  })
  .meta({ id: 'Backup' });

const object = z.strictObject({ object: z.string(), sha256: z.string(), size: z.int() }).meta({ id: 'BackupObject' });

const present = (now: BackupNow, secretKeyId: string): z.input<typeof backup> => ({
  id: now.id,
  state: now.state,
  copied: now.copied,
  reason: now.reason,
  engine: now.recordsInOneFile ? 'sqlite' : 'postgres',
  records_bytes: now.recordsBytes,
  objects: now.objects,
  bytes: now.bytes,
  secret_key_id: secretKeyId,
  started_at: new Date(now.startedAt).toISOString(),
});

export const backupRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path,
    operation: 'beginBackup',
    summary: 'Begins a backup: until its end, or two minutes after the last request for it, no file is removed.',
    needs,
    status: 201,
    answers: backup,
    faults: ['move_refused'],
    handler: async ({ parts }) => present(await parts.backups.begin(), parts.secretKeyId),
  }),

  keyed({
    method: 'GET',
    path: `${path}/:id`,
    operation: 'getBackup',
    summary: 'Tells how far a backup is.',
    needs,
    answers: backup,
    faults,
    params: one,
    handler: ({ params, parts }) => present(parts.backups.look(params.id), parts.secretKeyId),
  }),

  keyed({
    method: 'GET',
    path: `${path}/:id/records`,
    operation: 'getBackupRecords',
    summary: 'Gives the records as they were at one moment: a file of SQLite.',
    needs,
    answers: bytes,
    faults,
    head: false,
    params: one,
    async handler({ params, parts, reply }) {
      return await sendBytes(reply, parts.log, async (signal) => parts.backups.records(params.id, signal));
    },
  }),

  keyed({
    method: 'GET',
    path: `${path}/:id/objects`,
    operation: 'listBackupObjects',
    summary: 'Lists the objects that the records of a backup refer to.',
    needs,
    answers: pageOfAnswer(object),
    faults,
    params: one,
    query: z.strictObject(pageQuery),
    async handler({ params, query, parts }) {
      return listOf(await parts.backups.objects(params.id, pageOf(query)), (row) => row);
    },
  }),

  keyed({
    method: 'GET',
    path: `${path}/:id/objects/:app/:blob`,
    operation: 'getBackupObject',
    summary: 'Gives the bytes of an object.',
    needs,
    answers: bytes,
    faults,
    head: false,
    params: one.extend({ app: z.string(), blob: z.string() }),
    async handler({ params: { id, app, blob }, parts, reply }) {
      return await sendBytes(reply, parts.log, async (signal) => ({
        bytes: await parts.backups.object(id, `${app}/${blob}`, signal),
      }));
    },
  }),

  keyed({
    method: 'DELETE',
    path: `${path}/:id`,
    operation: 'endBackup',
    summary: 'Ends a backup; the removal of files goes on.',
    needs,
    status: 204,
    answers: 'nothing',
    faults,
    params: one,
    async handler({ params, parts }) {
      await parts.backups.end(params.id);
      return undefined;
    },
  }),
];
