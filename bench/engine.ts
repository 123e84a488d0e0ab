// Where the gateway under test keeps its records. Every gateway gets a database of its own.

export type Engine = {
  name: 'sqlite' | 'postgres';
  /** An empty database: what a gateway's environment says of it, and how it is given back. */
  database(): Promise<{ env: Record<string, string>; drop(): Promise<void> }>;
  close(): Promise<void>;
};

/** A file in the data folder. */
export const sqliteEngine: Engine = {
  name: 'sqlite',
  database: async () => ({ env: {}, drop: async () => {} }),
  close: async () => {},
};

/** Databases on a server; without its URL on one that is started here, with the durability that it has by itself. */
export async function postgresEngine(url: string | undefined): Promise<Engine> {
  const { createDatabase, startPostgres } = await import('../test/servers/postgres.ts');
  const server = url === undefined ? await startPostgres() : { url, stop: async () => {} };
  let databases = 0;
  return {
    name: 'postgres',
    async database() {
      const made = await createDatabase(server.url, `bench_${process.pid}_${++databases}`);
      return { env: { MEDIADOCK_DATABASE_URL: made.url }, drop: made.drop };
    },
    close: () => server.stop(),
  };
}
