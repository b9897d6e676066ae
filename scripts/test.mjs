// npm test [-- FILTER]: installs and builds what is missing or stale, then runs the core's tests and vitest.
// With a filter, only the tests whose file (vitest) or name (core) holds it.
import { spawnSync } from 'node:child_process';
import { prepare, prepareCoreTests, root, run } from './prepare.mjs';

prepare();
const [filter] = process.argv.slice(2);
const core = spawnSync(prepareCoreTests(), filter === undefined ? [] : [filter], {
  cwd: root,
  stdio: 'inherit',
});
// With a filter that is meant for vitest the core has nothing to run, which is no failure.
if (core.status !== 0 && filter === undefined) process.exit(core.status ?? 1);
run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]);
