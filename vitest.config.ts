import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
    // Journeys wait for conditions with their own limits; this is only the last net.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Real servers and real worker threads: two files at a time is what two cores carry.
    maxWorkers: 2,
  },
});
