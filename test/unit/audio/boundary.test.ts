/**
 * No JavaScript value crashes the process, and every refusal is a typed error: a fixed zoo in every argument's place
 * (boundary-zoo.mjs), and random values and sequences of calls (test/fuzz/boundary.mjs).
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { addonPath, root } from './helpers.js';
import { transpiledAudio } from './transpile.js';

const audio = transpiledAudio();
afterAll(() => audio.remove());

/** What such a program prints. A crash, an abort or an uncaught error rejects: no exit code 0, no line of JSON. */
async function run(program: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, addonPath, audio.index, ...args], {
    cwd: root,
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout);
}

test('any JavaScript value gives a result or a typed error, never a crash', async () => {
  const zoo = fileURLToPath(new URL('./boundary-zoo.mjs', import.meta.url));
  const { calls, failures } = (await run(zoo)) as { calls: number; failures: string[] };
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(50_000);
}, 240_000);

test('random values at every export, method and accessor give a result or a typed error, never a crash', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31); // part of the command that a failure shows
  const fuzzer = fileURLToPath(new URL('../../fuzz/boundary.mjs', import.meta.url));
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
