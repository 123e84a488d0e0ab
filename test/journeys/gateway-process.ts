// A gateway in a process of its own, set up by its environment, for tests that measure its memory. Says {url} once it listens, and answers any message with {peakBytes}: the most memory that was ever resident.

import { readConfig } from '../../src/config.ts';
import { startGateway } from '../../src/gateway.ts';

const config = readConfig(process.env, () => '');
const gateway = await startGateway(config);
process.on('message', () => process.send?.({ peakBytes: process.resourceUsage().maxRSS * 1024 }));
process.on('disconnect', () => void gateway.close(0).then(() => process.exit()));
process.send?.({ url: gateway.url });
