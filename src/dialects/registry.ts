import type { Dialects } from '../core/dialect.ts';
import { native } from './native.ts';

/** Every dialect by its name. */
export const dialects: Dialects = new Map([native].map((dialect) => [dialect.name, dialect]));
