// The core and its tests, built for AArch64 and run by an emulator: what NEON's kernels do, on a machine without NEON.
// Says so where the cross compiler or the emulator is missing. Part of `npm run check`.
import { spawnSync } from 'node:child_process';
import { runCoreTests } from './core-tests.mjs';
import { prepareNeonTests } from './prepare.mjs';

const COMPILER = 'aarch64-linux-gnu-g++';
const EMULATOR = 'qemu-aarch64';

const missing = [COMPILER, EMULATOR].filter((tool) => spawnSync(tool, ['--version']).status !== 0);
if (process.arch === 'arm64') {
  console.log('not needed: npm test runs on NEON here');
} else if (missing.length > 0) {
  console.log(
    `NOT CHECKED: no ${missing.join(', no ')} (Debian: apt-get install g++-aarch64-linux-gnu qemu-user)`,
  );
} else {
  const statuses = await runCoreTests([EMULATOR, prepareNeonTests(COMPILER)]);
  if (statuses.some((status) => status !== 0)) process.exit(1);
}
