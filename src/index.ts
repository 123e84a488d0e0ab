// The package as a library: a gateway inside another program, and the types to talk about it.

export { type Config, readConfig } from './config.ts';
export type { Clock, Id, Millis } from './core/ids.ts';
export type * from './core/model.ts';
export { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
