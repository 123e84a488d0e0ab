// Claimed jobs with the things they are about, loaded by the queries that readers use, a fixed number for each claim.

import type { JsonObject } from '../../core/json.ts';
import type { CaptureJob, Claimed, DeliveryJob, RemoveJob } from '../../core/records.ts';
import type { Access } from '../schema.ts';
import { fromStored } from '../stored-json.ts';
import { channelsByKeys, connectionsByIds } from '../views/channel.ts';
import { deliveryRows, toDelivery } from '../views/delivery.ts';
import { endpointsByKeys } from '../views/endpoint.ts';
import { eventsByKeys } from '../views/event.ts';
import { mediaByKeys } from '../views/media.ts';
import type { Job } from './claims.ts';

const unique = <Value>(values: Iterable<Value>): Value[] => [...new Set(values)];
const leaseOf = ({ job, attempt, failures }: Job) => ({ job, attempt, failures });

export async function captureJobs(access: Access, { jobs, nextDue }: Claimed<Job>): Promise<Claimed<CaptureJob>> {
  const media = await mediaByKeys(
    access,
    jobs.map((job) => job.subject),
  );
  const channels = await channelsByKeys(access, unique(jobs.map((job) => job.lane)));
  const connections = await connectionsByIds(access, unique(channels.values().map((channel) => channel.connectionId)));
  return {
    nextDue,
    jobs: jobs.flatMap((job) => {
      const subject = media.get(job.subject);
      const channel = channels.get(job.lane);
      const connection = channel && connections.get(channel.connectionId);
      if (subject === undefined || channel === undefined || connection === undefined) return [];
      return [{ ...leaseOf(job), media: subject, channel, connection, memo: fromStored<JsonObject>(job.memo) }];
    }),
  };
}

export async function deliveryJobs(access: Access, { jobs, nextDue }: Claimed<Job>): Promise<Claimed<DeliveryJob>> {
  const deliveries = new Map(
    (
      await deliveryRows(
        access,
        jobs.map((job) => job.subject),
      )
    ).map((row) => [row.key, row]),
  );
  const events = await eventsByKeys(access, unique(deliveries.values().map((row) => row.event_key)));
  const endpoints = await endpointsByKeys(access, unique(deliveries.values().map((row) => row.endpoint_key)));
  return {
    nextDue,
    jobs: jobs.flatMap((job) => {
      const row = deliveries.get(job.subject);
      const event = row && events.get(row.event_key);
      const endpoint = row && endpoints.get(row.endpoint_key);
      if (row === undefined || event === undefined || endpoint === undefined) return [];
      return [{ ...leaseOf(job), delivery: toDelivery(row), event, endpoint }];
    }),
  };
}

export async function removeJobs({ db }: Access, { jobs, nextDue }: Claimed<Job>): Promise<Claimed<RemoveJob>> {
  const keys = jobs.map((job) => job.subject);
  const rows =
    keys.length === 0 ? [] : await db.selectFrom('blobs').select(['key', 'object']).where('key', 'in', keys).execute();
  const objects = new Map(rows.map(({ key, object }) => [key, object]));
  return {
    nextDue,
    jobs: jobs.flatMap((job) => {
      const blob = objects.get(job.subject);
      return blob === undefined ? [] : [{ ...leaseOf(job), blob }];
    }),
  };
}
