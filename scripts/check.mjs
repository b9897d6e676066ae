// npm run check: what CI runs beside the tests, the corpus and the fuzzers (.ci/run). Each step says its name, so a
// failure says where it was.
import { spawnSync } from 'node:child_process';
import { runCoreTests } from './core-tests.mjs';
import { cppFiles, prepare, prepareCoreTests, run } from './prepare.mjs';

function step(name, command, args, options) {
  console.log(`\n== ${name}`);
  run(command, args, options);
}

prepare();
step('lint and format: TypeScript', process.execPath, [
  'node_modules/@biomejs/biome/bin/biome',
  'ci',
  '--error-on-warnings',
  '.',
]);
if (spawnSync('clang-format', ['--version']).status === 0) {
  step('format: C++', 'clang-format', ['--dry-run', '--Werror', ...cppFiles()]);
} else {
  console.log(
    '\n== format: C++\nNOT CHECKED: clang-format is missing (Debian: apt-get install clang-format)',
  );
}
step('types', process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.test.json']);
if (process.platform === 'win32') {
  console.log('\n== core under sanitizers\nNOT CHECKED: no UndefinedBehaviorSanitizer for MSVC');
} else {
  console.log(
    '\n== core under AddressSanitizer and UndefinedBehaviorSanitizer, on every level of instructions',
  );
  const statuses = await runCoreTests([prepareCoreTests({ sanitize: true })]);
  if (statuses.some((status) => status !== 0)) process.exit(1);
}
step('NEON under qemu', process.execPath, ['scripts/neon.mjs']);
// Its speed is not judged here: other programs run on the machine. That it builds and what it compares is right, is.
step("the resampler's benchmark, untimed", process.execPath, [
  'bench/native/resample-peers.mjs',
  '--quick',
  '--untimed',
]);
step('coverage of the protocol', process.execPath, ['scripts/coverage.mjs']);
step('package contents', process.execPath, ['scripts/check-package.mjs']);
console.log('\ncheck: all passed');
