/** The fuzzer that finds nothing: does the built-in driver (test/fuzz/driver.cpp) find what is there? */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onWindows } from '../../on-windows.js';
import { root } from '../audio/helpers.js';

const noDriver = onWindows('the fuzzers, which need POSIX signals');
const folder = mkdtempSync(join(tmpdir(), 'sluice-driver-'));
const program = join(folder, 'planted_fuzz');
const corpus = join(folder, 'corpus');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Breaks when one byte of a corpus entry is changed to 0xFF; hangs on all that are not tiny, when it is told to. */
const PLANTED = `
#include <cstdint>
#include <cstdlib>
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 3 && data[0] == 'B' && data[1] == 0xFF && data[2] == 'G') std::abort();
  while (size > 3 && std::getenv("PLANTED_HANG") != nullptr) {}
  return 0;
}
`;

beforeAll(() => {
  if (noDriver) return;
  writeFileSync(join(folder, 'planted.cpp'), PLANTED);
  const sources = [join(folder, 'planted.cpp'), join(root, 'test/fuzz/driver.cpp')];
  execFileSync(process.env.CXX ?? 'c++', ['-std=c++20', ...sources, '-o', program]);
  mkdirSync(corpus);
  writeFileSync(join(corpus, 'entry'), 'BUG!');
  writeFileSync(join(corpus, 'other'), 'something else, to be spliced');
}, 120_000);

/** How a run ends, and the input at hand when it did. */
function fuzz(args: string[], env: Record<string, string> = {}) {
  const prefix = mkdtempSync(join(folder, 'run-'));
  const { signal, status, stderr } = spawnSync(program, [...args, `-artifact_prefix=${prefix}/`, corpus], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect(readdirSync(prefix)).toEqual(['current']);
  const memory = readFileSync(join(prefix, 'current'));
  return { signal, status, stderr, input: memory.subarray(8, 8 + Number(memory.readBigUInt64LE(0))) };
}

test.skipIf(noDriver)(
  'the driver finds a planted fault, and the same one from the same seed',
  () => {
    const first = fuzz(['-seed=1', '-max_total_time=60']);
    expect(first.signal).toBe('SIGABRT');
    expect(first.input.subarray(0, 3)).toEqual(Buffer.from([0x42, 0xff, 0x47]));
    expect(fuzz(['-seed=1', '-max_total_time=60']).input).toEqual(first.input);

    const path = join(folder, 'found');
    writeFileSync(path, first.input);
    expect(spawnSync(program, [path]).signal).toBe('SIGABRT');
  },
  180_000,
);

test.skipIf(noDriver)(
  'the driver ends an input that takes too long',
  () => {
    const { signal, stderr } = fuzz(['-seed=1', '-max_total_time=60', '-timeout=1'], { PLANTED_HANG: '1' });
    expect(stderr).toContain('took too long');
    expect(signal).toBe('SIGABRT');
  },
  60_000,
);

test.skipIf(noDriver)(
  'the driver ends after its time when nothing breaks',
  () => {
    writeFileSync(join(corpus, 'entry'), 'no such thing');
    const { status, stderr } = fuzz(['-seed=1', '-max_total_time=0.2']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^done: \d+ runs, corpus of 2, seed 1\n$/);
  },
  60_000,
);
