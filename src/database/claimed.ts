// Claimed jobs with the things they are about, loaded by the queries that readers use, a fixed number for each claim.

import type { JsonObject } from '../core/json.ts';
import type { CaptureJob, Claimed, DeliveryJob, RemoveJob } from '../core/records.ts';
import type { Job } from './claiming.ts';
import type { Access } from './schema.ts';
import { fromStored } from './stored-json.ts';
import { channelsByKeys, connectionsOfChannels } from './views/channel.ts';
import { deliveryRows, toDelivery } from './views/delivery.ts';
import { endpointsByKeys } from './views/endpoint.ts';
import { eventsOfDeliveries } from './views/event.ts';
import { mediaByKeys } from './views/media.ts';

const subjectsOf = (jobs: readonly Job[]): number[] => jobs.map((job) => job.subject);
const lanesOf = (jobs: readonly Job[]): number[] => [...new Set(jobs.map((job) => job.lane))];
const claimOf = ({ job, attempt, lane, readyAt, failures }: Job) => ({ job, attempt, lane, readyAt, failures });

export async function captureJobs(access: Access, { jobs, ...rest }: Claimed<Job>): Promise<Claimed<CaptureJob>> {
  const [media, channels, connections] = await Promise.all([
    mediaByKeys(access, subjectsOf(jobs)),
    channelsByKeys(access, lanesOf(jobs)),
    connectionsOfChannels(access, lanesOf(jobs)),
  ]);
  return {
    ...rest,
    jobs: jobs.flatMap((job) => {
      const subject = media.get(job.subject);
      const channel = channels.get(job.lane);
      const connection = channel && connections.get(channel.connectionId);
      if (subject === undefined || channel === undefined || connection === undefined) return [];
      return [{ ...claimOf(job), media: subject, channel, connection, memo: fromStored<JsonObject>(job.memo) }];
    }),
  };
}

export async function deliveryJobs(access: Access, { jobs, ...rest }: Claimed<Job>): Promise<Claimed<DeliveryJob>> {
  const [rows, events, endpoints] = await Promise.all([
    deliveryRows(access, subjectsOf(jobs)),
    eventsOfDeliveries(access, subjectsOf(jobs)),
    endpointsByKeys(access, lanesOf(jobs)),
  ]);
  const deliveries = new Map(rows.map((row) => [row.key, row]));
  return {
    ...rest,
    jobs: jobs.flatMap((job) => {
      const row = deliveries.get(job.subject);
      const event = row && events.get(row.event_key);
      const endpoint = endpoints.get(job.lane);
      if (row === undefined || event === undefined || endpoint === undefined) return [];
      return [{ ...claimOf(job), delivery: toDelivery(row), event, endpoint }];
    }),
  };
}

export async function removeJobs({ db }: Access, { jobs, ...rest }: Claimed<Job>): Promise<Claimed<RemoveJob>> {
  const keys = subjectsOf(jobs);
  const rows =
    keys.length === 0 ? [] : await db.selectFrom('blobs').select(['key', 'object']).where('key', 'in', keys).execute();
  const objects = new Map(rows.map(({ key, object }) => [key, object]));
  return {
    ...rest,
    jobs: jobs.flatMap((job) => {
      const blob = objects.get(job.subject);
      return blob === undefined ? [] : [{ ...claimOf(job), blob }];
    }),
  };
}
