// Who calls: the administrator, or a key that was made here.

import type { Mode, Permission, Reach } from './model.ts';

export type Caller = {
  /** Public id of the key; 'admin' for the administrator's. */
  key: string;
  reach: Reach;
  permissions: readonly Permission[];
  mode: Mode;
  dialect: string;
};
