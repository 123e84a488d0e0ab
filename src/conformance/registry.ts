import { chirpChecks } from './chirp.ts';
import { onpremChecks } from './onprem.ts';
import { pipesChecks } from './pipes.ts';
import { qlaraChecks } from './qlara.ts';
import type { Check } from './target.ts';
import { waServerChecks } from './wa-server.ts';

/** What a server must do, by the name of the dialect that it speaks. */
export const suites: ReadonlyMap<string, readonly Check[]> = new Map([
  ['chirp', chirpChecks],
  ['pipes', pipesChecks],
  ['onprem', onpremChecks],
  ['qlara', qlaraChecks],
  ['wa-server', waServerChecks],
]);
