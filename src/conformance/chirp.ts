import { mediaChecks, retentionCheck } from './chirp/media.ts';
import { messageChecks, playgroundChecks } from './chirp/messages.ts';
import { organizationChecks } from './chirp/organization.ts';
import { webhookChecks } from './chirp/webhooks.ts';
import type { Check } from './target.ts';

/** What a server must do for Chirp's clients. */
export const chirpChecks: readonly Check[] = [
  ...mediaChecks,
  ...webhookChecks,
  ...messageChecks,
  ...playgroundChecks,
  ...organizationChecks,
  retentionCheck,
];
