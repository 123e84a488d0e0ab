// The desk that dialects' façades work at, put together. Each part holds one kind of thing, within the caller's reach.

import type { Desk } from '../../core/desk.ts';
import { appDesk } from './app.ts';
import { channelDesk } from './channels.ts';
import { conversationDesk } from './conversations.ts';
import { documentDesk } from './documents.ts';
import { endpointDesk } from './endpoints.ts';
import { fileDesk } from './files.ts';
import { organizationDesk } from './organization.ts';
import type { DeskParts } from './parts.ts';
import { playgroundDesk } from './playground.ts';
import { userDesk } from './users.ts';

export type { DeskParts };

export const dialectDesk = (parts: DeskParts): Desk => ({
  links: parts.links,
  ...fileDesk(parts),
  ...appDesk(parts),
  ...endpointDesk(parts),
  ...channelDesk(parts),
  ...conversationDesk(parts),
  ...documentDesk(parts),
  ...organizationDesk(parts),
  ...userDesk(parts),
  ...playgroundDesk(parts),
});
