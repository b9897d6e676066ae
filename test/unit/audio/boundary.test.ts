/**
 * No JavaScript value crashes the process, and every refusal is a typed error: a fixed zoo in every argument's place
 * (boundary-zoo.mjs), and random values and sequences of calls (test/fuzz/boundary.mjs).
 */
import { execFile } from 'node:child_process';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { addonPath, root } from './helpers.js';
import { transpiledAudio } from './transpile.js';

const audio = transpiledAudio();
afterAll(() => audio.remove());

/** What such a program prints. A crash, an abort or an uncaught error rejects: no exit code 0, no line of JSON. */
async function run(program: string, ...args: string[]): Promise<unknown> {
  return JSON.parse((await start([program, addonPath, audio.index, ...args])).stdout);
}

const start = (args: string[]) =>
  promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 2 ** 26 });
const fuzzer = fileURLToPath(new URL('../../fuzz/boundary.mjs', import.meta.url));

test('any JavaScript value gives a result or a typed error, never a crash', async () => {
  const zoo = fileURLToPath(new URL('./boundary-zoo.mjs', import.meta.url));
  const { calls, failures } = (await run(zoo)) as { calls: number; failures: string[] };
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(50_000);
}, 240_000);

test('random values at every export, method and accessor give a result or a typed error, never a crash', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31); // part of the command that a failure shows
  const { calls, failures, unexercised } = (await run(fuzzer, '--seconds', '5', '--seed', String(seed))) as {
    calls: number;
    failures: string[];
    unexercised: string[];
  };
  expect({ seed, failures }).toEqual({ seed, failures: [] });
  // What an export takes is said in test/fuzz/boundary-exports.mjs.
  expect({ seed, unexercised }).toEqual({ seed, unexercised: [] });
  expect(calls).toBeGreaterThan(1000);
}, 120_000);

// As a failure's "To see it again" has them: paths from the project's folder, and a trace of what led there.
test('the fuzzer of the boundary makes the same calls from the same seed, traced or not', async () => {
  const paths = [fuzzer, addonPath, audio.index].map((path) => relative(root, path));
  const again = (...more: string[]) => start([...paths, '--seed', '7', '--calls', '5000', ...more]);
  const [plain, traced] = await Promise.all([again(), again('--trace')]);
  expect(JSON.parse(plain.stdout)).toMatchObject({ seed: 7, calls: 5000, failures: [] });
  expect(traced.stdout).toBe(plain.stdout);
  const lines = traced.stderr.split('\n').filter((line) => /^\d+ /.test(line));
  expect(lines).toHaveLength(5000);
}, 120_000);
