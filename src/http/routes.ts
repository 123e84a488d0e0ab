// Everything that is served, as one table. docs/api.md describes the same rows and a test holds the two together.

import type { Route } from './route.ts';
import { appRoutes } from './routes/apps.ts';
import { channelRoutes } from './routes/channels.ts';
import { connectionRoutes } from './routes/connections.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
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
import { organizationRoutes } from './routes/organizations.ts';
import { sandboxRoutes } from './routes/sandbox.ts';

export const routes: readonly Route[] = [
  ...healthRoutes,
  ...intakeRoutes,
  ...linkRoutes,
  ...mediaRoutes,
  ...messageRoutes,
  ...eventRoutes,
  ...deliveryRoutes,
  ...organizationRoutes,
  ...appRoutes,
  ...keyRoutes,
  ...endpointRoutes,
  ...connectionRoutes,
  ...channelRoutes,
  ...journalRoutes,
  ...jobRoutes,
  ...sandboxRoutes,
];
