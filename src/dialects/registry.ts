import type { Dialects } from '../core/dialect.ts';
import { chirp } from './chirp/index.ts';
import { native } from './native.ts';
import { onprem } from './onprem/index.ts';
import { pipes } from './pipes/index.ts';
import { qlara } from './qlara/index.ts';
import { waServer } from './wa-server/index.ts';

/** Every dialect by its name. */
export const dialects: Dialects = new Map(
  [native, chirp, onprem, pipes, qlara, waServer].map((dialect) => [dialect.name, dialect]),
);
