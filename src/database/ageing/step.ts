import type { Millis } from '../../core/ids.ts';
import type { Access } from '../schema.ts';

/** One step of ageing. @returns how many rows it changed, at most `limit` */
export type Step = (access: Access, now: Millis, limit: number) => Promise<number>;
