// The carrier of the torture, in a process of its own so that its downloads do not wait for the load.

import { type CarrierName, carriers } from './carriers/registry.ts';
import type { Wanted } from './carriers/torture-carrier.ts';
import { answering } from './child.ts';

const open = carriers[process.env['TORTURE_CARRIER'] as CarrierName];
const carrier = await open(process.env['TORTURE_FOLDER'] ?? '');

answering(
  { connection: carrier.connection, mostFiles: carrier.mostFiles },
  {
    newChannel: carrier.newChannel,
    webhooks: ([intakeUrl, address, wanted]: [string, string, Wanted[]]) =>
      carrier.webhooks(intakeUrl, address, wanted),
    cutOnce: carrier.cutOnce,
    calm: carrier.calm,
  },
);
