// Numbered, forward only. A migration that has been released is never changed; the next one mends it.

import { first } from './0001-first.ts';
import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = [first];
