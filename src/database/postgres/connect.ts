// Connections. They hold no state from one transaction to the next (no settings, no locks, no LISTEN) that anything depends
// on, so a pooler in transaction mode may stand between; and statements are pipelined, so what is sent together
// costs one round trip.

import { type ClientConfig, Pool, type PoolConfig, types } from 'pg';

const int8 = 20;
const bytea = 17;
const limits = { connectionTimeoutMillis: 5000, query_timeout: 60_000 } as const;

/** Values as every engine gives them: whole numbers as numbers (all stay below 2^53), bytes as plain Uint8Array. */
const parsers: NonNullable<ClientConfig['types']> = {
  getTypeParser(oid, format) {
    if (oid === int8 && format !== 'binary') return Number;
    if (oid === bytea && format !== 'binary') return bytesOf;
    return types.getTypeParser(oid, format);
  },
};

/** Hexadecimal output, the server's default since 9.0. */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length - 2) / 2);
  Buffer.from(bytes.buffer).write(text.slice(2), 'hex');
  return bytes;
}

/** How to reach a server; every wait has a limit, a silent peer is noticed. */
export const connectionTo = (url: string): ClientConfig => ({
  connectionString: url,
  ...limits,
  keepAlive: true,
  types: parsers,
  fallback_application_name: 'mediadock',
});

/** @param onError hears of connections that broke while idle; without a listener that would end the process */
export function openPool(url: string, size: number, onError: (error: Error) => void): Pool {
  const config: PoolConfig = {
    ...connectionTo(url),
    pipeline: true,
    max: size,
    idleTimeoutMillis: 30_000,
    // Old connections go, so that those of a server that was added get their share.
    maxLifetimeSeconds: 1800,
  };
  const pool = new Pool(config);
  pool.on('error', onError);
  // Also the ones that are in use: their query hears the error by itself.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
