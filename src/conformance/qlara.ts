import { fileChecks, refusalChecks } from './qlara/files.ts';
import { libraryChecks } from './qlara/library.ts';
import { messageChecks } from './qlara/messages.ts';
import { webhookChecks } from './qlara/webhook.ts';
import type { Check } from './target.ts';

/** What a server must do for Qlara's clients. The library comes last, because it lets a year go by. */
export const qlaraChecks: readonly Check[] = [
  ...refusalChecks,
  ...webhookChecks,
  ...messageChecks,
  ...fileChecks,
  ...libraryChecks,
];
