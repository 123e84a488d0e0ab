import { downloadChecks, refusalChecks, retentionCheck } from './pipes/download.ts';
import { messageChecks } from './pipes/messages.ts';
import { socketChecks } from './pipes/sockets.ts';
import { webhookChecks } from './pipes/webhooks.ts';
import type { Check } from './target.ts';

/** What a server must do for Pipes.bot's clients. That files end comes last, because it lets two days go by. */
export const pipesChecks: readonly Check[] = [
  ...refusalChecks,
  ...socketChecks,
  ...messageChecks,
  ...webhookChecks,
  ...downloadChecks,
  retentionCheck,
];
