// Everything that is served, as one table. docs/api.md describes the same rows and a test holds the two together.

import type { Route } from './route.ts';
import { appRoutes } from './routes/apps.ts';
import { backupRoutes } from './routes/backups.ts';
import { channelRoutes } from './routes/channels.ts';
import { connectionRoutes } from './routes/connections.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { docsRoutes } from './routes/docs.ts';
import { doctorRoutes } from './routes/doctor.ts';
import { endpointRoutes } from './routes/endpoints.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { intakeRoutes } from './routes/intake.ts';
import { jobRoutes } from './routes/jobs.ts';
import { journalRoutes } from './routes/journal.ts';
import { keyRoutes } from './routes/keys.ts';
import { linkRoutes } from './routes/links.ts';
import { mediaRoutes } from './routes/media.ts';
import { messageRoutes } from './routes/messages.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { organizationRoutes } from './routes/organizations.ts';
import { retentionRoutes } from './routes/retention.ts';
import { sandboxRoutes } from './routes/sandbox.ts';
import { scrubRoutes } from './routes/scrub.ts';
import { userRoutes } from './routes/users.ts';

/** Rows by what they are about; the names are the tags of OpenAPI. */
export const routeGroups = {
  Health: healthRoutes,
  Metrics: metricsRoutes,
  Doctor: doctorRoutes,
  Intake: intakeRoutes,
  Links: linkRoutes,
  Media: mediaRoutes,
  Messages: messageRoutes,
  Events: eventRoutes,
  Deliveries: deliveryRoutes,
  Retention: retentionRoutes,
  Organizations: organizationRoutes,
  Apps: appRoutes,
  Keys: keyRoutes,
  Users: userRoutes,
  Endpoints: endpointRoutes,
  Connections: connectionRoutes,
  Channels: channelRoutes,
  Journal: journalRoutes,
  Jobs: jobRoutes,
  Scrub: scrubRoutes,
  Backups: backupRoutes,
  Sandbox: sandboxRoutes,
  Docs: docsRoutes,
} satisfies Record<string, readonly Route[]>;

export const routes: readonly Route[] = Object.values(routeGroups).flat();
