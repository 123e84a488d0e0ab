import { inject } from 'vitest';

export type Engine = {
  /** Settings beside those of the data folder. */
  env: Record<string, string>;
  drop(): Promise<void>;
};

/** What a gateway keeps its records in: SQLite in its data folder, or where `MEDIADOCK_TEST_ENGINE` says so a PostgreSQL database of its own. */
export async function testEngine(): Promise<Engine> {
  if (process.env['MEDIADOCK_TEST_ENGINE'] !== 'postgres') return { env: {}, drop: () => Promise.resolve() };
  const { server, template } = inject('postgres');
  const { copyDatabase } = await import('../servers/postgres.ts');
  const database = await copyDatabase(server, template);
  return { env: { MEDIADOCK_DATABASE_URL: database.url }, drop: database.drop };
}
