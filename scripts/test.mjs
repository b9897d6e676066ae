// npm test [-- FILTER] [vitest's options]: installs and builds what is missing or stale, then runs the core's tests, on
// every level of instructions that this machine can run, and vitest. A filter is part of a file's path (vitest) or of a
// test's name (core); what neither knows is a failure.
// npm run test:long: what takes minutes (test/long), and nothing else.
import { NOTHING_RAN, runCoreTests } from './core-tests.mjs';
import { prepare, prepareCoreTests, run } from './prepare.mjs';

const long = process.argv[2] === '--long';
const args = process.argv.slice(long ? 3 : 2);
const filter = args.find((arg) => !arg.startsWith('-'));

/** False when no test of the core holds the filter. */
async function testCore() {
  const statuses = await runCoreTests([prepareCoreTests()], filter);
  if (filter !== undefined && statuses.every((status) => status === NOTHING_RAN)) return false;
  if (statuses.some((status) => status !== 0)) process.exit(1);
  return true;
}

prepare();
const passWithNoTests = !long && (await testCore()) && filter !== undefined ? ['--passWithNoTests'] : [];
run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...passWithNoTests, ...args], {
  env: { SLUICE_TEST_LONG: long ? '1' : '' },
});
