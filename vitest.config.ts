import { defineConfig } from 'vitest/config';

// Set by `npm run test:long`.
const long = Boolean(process.env.SLUICE_TEST_LONG);

export default defineConfig({
  test: {
    pool: 'forks',
    // By default one processor less, which of two is half.
    maxWorkers: '100%',
    include: [long ? 'test/long/**/*.test.ts' : 'test/{unit,property,speech}/**/*.test.ts'],
    // ws takes it where it is installed, as here for the benchmarks; users of ours do not have it.
    env: { WS_NO_BUFFER_UTIL: '1' },
    testTimeout: long ? 600_000 : 30_000,
  },
});
