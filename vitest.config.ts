import { defineConfig } from 'vitest/config';

// Set by `npm run test:long`.
const long = Boolean(process.env.SLUICE_TEST_LONG);

export default defineConfig({
  test: {
    pool: 'forks',
    // By default one processor less, which of two is half.
    maxWorkers: '100%',
    include: [long ? 'test/long/**/*.test.ts' : 'test/{unit,property,speech}/**/*.test.ts'],
    testTimeout: long ? 600_000 : 30_000,
  },
});
