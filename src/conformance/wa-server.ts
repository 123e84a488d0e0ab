import type { Check } from './target.ts';
import { deviceChecks } from './wa-server/devices.ts';
import { mediaChecks, retentionCheck } from './wa-server/media.ts';
import { messageChecks } from './wa-server/messages.ts';

/** What a server must do for wa-server's clients. The receiver is the webhook of the app that the key belongs to. */
export const waServerChecks: readonly Check[] = [...mediaChecks, ...deviceChecks, ...messageChecks, retentionCheck];
