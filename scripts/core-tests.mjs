// The core's tests on every level of instructions that a machine, or an emulator of one, can run.
// Not here: building them (prepare.mjs).
import { execFile, execFileSync } from 'node:child_process';
import { root } from './prepare.mjs';

/** Exit status of core_tests when no test's name holds the filter. */
export const NOTHING_RAN = 2;

function runOn(level, [program, ...args]) {
  const options = { cwd: root, env: { ...process.env, SLUICE_SIMD: level }, maxBuffer: 2 ** 26 };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      const crashed = error && typeof error.code !== 'number' ? `core, ${level}: ${error.message}\n` : '';
      const status = crashed ? 1 : (error?.code ?? 0);
      resolve({ status, output: stdout + stderr + crashed });
    });
  });
}

/**
 * Runs them on all levels at once (each is one thread), the best first, and prints what each says.
 *
 * @param runner the command: core_tests, or an emulator and core_tests
 * @param filter names of tests hold it; undefined for all
 * @returns the exit statuses
 */
export async function runCoreTests(runner, filter) {
  const [program, ...args] = [...runner, '--simd-levels'];
  const levels = execFileSync(program, args, { encoding: 'utf8' }).trim().split(/\r?\n/).reverse();
  const command = filter === undefined ? runner : [...runner, filter];
  const results = await Promise.all(levels.map((level) => runOn(level, command)));
  for (const { output } of results) process.stdout.write(output);
  return results.map(({ status }) => status);
}
