// npm test [-- FILTER] [vitest's options]: installs and builds what is missing or stale, then runs the core's tests and
// vitest. A filter is part of a file's path (vitest) or of a test's name (core); what neither knows is a failure.
// npm run test:long: what takes minutes (test/long), and nothing else.
import { spawnSync } from 'node:child_process';
import { fail, prepare, prepareCoreTests, root, run } from './prepare.mjs';

/** core_tests when no test's name holds the filter. */
const NOTHING_RAN = 2;

const long = process.argv[2] === '--long';
const args = process.argv.slice(long ? 3 : 2);
const filter = args.find((arg) => !arg.startsWith('-'));

function runCoreTests() {
  const { status, error } = spawnSync(prepareCoreTests(), filter === undefined ? [] : [filter], {
    cwd: root,
    stdio: 'inherit',
  });
  if (error) fail(`the core's tests could not be started: ${error.message}`);
  if (status === NOTHING_RAN && filter !== undefined) return false;
  if (status !== 0) process.exit(status ?? 1);
  return true;
}

prepare();
const passWithNoTests = !long && runCoreTests() && filter !== undefined ? ['--passWithNoTests'] : [];
run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...passWithNoTests, ...args], {
  env: { SLUICE_TEST_LONG: long ? '1' : '' },
});
