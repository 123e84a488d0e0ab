import { downloadChecks } from './onprem/downloads.ts';
import { mediaChecks } from './onprem/media.ts';
import { messageChecks } from './onprem/messages.ts';
import { settingsChecks } from './onprem/settings.ts';
import { userChecks } from './onprem/users.ts';
import type { Check } from './target.ts';

/** What a server must do for clients of the On-Premises API. The settings come last: they are put back on the way. */
export const onpremChecks: readonly Check[] = [
  ...userChecks,
  ...mediaChecks,
  ...messageChecks,
  ...downloadChecks,
  ...settingsChecks,
];
