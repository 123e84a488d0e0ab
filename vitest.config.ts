import { configDefaults, defineConfig } from 'vitest/config';

// What needs a PostgreSQL server, which is started once for a run. Journeys know no engine: the main ones run on both in
// every run, and all of them on PostgreSQL with `npm run test:postgres`.
const onPostgres = ['test/contracts/records-postgres*.test.ts', 'src/database/postgres/**/*.test.ts'];
const journeys =
  process.env['MEDIADOCK_TEST_ENGINE'] === 'postgres'
    ? ['test/journeys/*.test.ts']
    : ['main-path', 'batch', 'faults', 'delivery', 'rcs', 'rcs-faults', 'twilio', 'trial'].map(
        (name) => `test/journeys/${name}.test.ts`,
      );

// They start processes of their own, on SQLite: what they hold is what one node alone can promise.
const processes = ['crash', 'poison', 'large-files'].map((name) => `test/journeys/${name}.test.ts`);

export default defineConfig({
  test: {
    // Journeys wait for conditions with their own limits; this is only the last net.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Like every other wait for a condition; a slow machine is no failure.
    expect: { poll: { timeout: 10_000 } },
    // Real servers and real worker threads: two files at a time is what two cores carry.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'main',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...onPostgres],
        },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: [...onPostgres, ...journeys],
          exclude: [...configDefaults.exclude, ...processes],
          env: { MEDIADOCK_TEST_ENGINE: 'postgres' },
          globalSetup: 'test/servers/setup.ts',
        },
      },
    ],
  },
});
