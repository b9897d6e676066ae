/**
 * The fuzzer that finds nothing: does the built-in driver (test/fuzz/driver.cpp) find what is there, and does `npm run fuzz`
 * leave time to look for it?
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasLibFuzzer, runFuzzer } from '../../../scripts/fuzz-engine.mjs';
import { onWindows } from '../../on-windows.js';
import { root } from '../audio/helpers.js';

const noDriver = onWindows('the fuzzers, which need POSIX signals');
const noLibFuzzer = noDriver || !hasLibFuzzer();
if (noLibFuzzer) console.warn('NOT RUN: libFuzzer (Debian: apt-get install clang libclang-rt-14-dev)');
const folder = mkdtempSync(join(tmpdir(), 'sluice-driver-'));
const program = join(folder, 'planted_fuzz');
const libFuzzerProgram = join(folder, 'planted_libfuzzer');
const corpus = join(folder, 'corpus');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Breaks when one byte of a corpus entry is changed to 0xFF; hangs on all that are not tiny, or takes 10 ms, when it is told
 * to.
 */
const PLANTED = `
#include <unistd.h>
#include <cstdint>
#include <cstdlib>
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (std::getenv("PLANTED_SLOW") != nullptr) return usleep(10000);
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
  if (!noLibFuzzer) {
    const flags = ['-std=c++20', '-fsanitize=fuzzer', join(folder, 'planted.cpp'), '-o', libFuzzerProgram];
    execFileSync('clang++', flags);
  }
  mkdirSync(corpus);
  writeFileSync(join(corpus, 'entry'), 'BUG!');
  writeFileSync(join(corpus, 'other'), 'something else, to be spliced');
}, 120_000);

/** How a run ends, and the input at hand when it did. */
function fuzz(args: string[], env: Record<string, string> = {}, recordings = corpus) {
  const prefix = mkdtempSync(join(folder, 'run-'));
  const { signal, status, stderr } = spawnSync(
    program,
    [...args, `-artifact_prefix=${prefix}/`, recordings],
    {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    },
  );
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

test.skipIf(noDriver)(
  'the driver reads no more of a recording than it uses',
  () => {
    const recordings = mkdtempSync(join(folder, 'huge-'));
    writeFileSync(join(recordings, 'huge'), '');
    truncateSync(join(recordings, 'huge'), 2 ** 36); // all of it a hole
    const { status, stderr } = fuzz(['-seed=1', '-max_total_time=0.1'], {}, recordings);
    expect(stderr).toContain('corpus of 1');
    expect(status).toBe(0);
  },
  60_000,
);

for (const { engine, skipped, program: planted } of [
  { engine: 'driver', skipped: noDriver, program },
  { engine: 'libfuzzer', skipped: noLibFuzzer, program: libFuzzerProgram },
]) {
  test.skipIf(skipped)(
    `runFuzzer gives ${engine} its time when the corpus alone takes longer`,
    async () => {
      const slow = mkdtempSync(join(folder, 'slow-'));
      const own = mkdtempSync(join(folder, 'own-'));
      for (let i = 0; i < 200; i++) writeFileSync(join(slow, String(i)), `recording ${i}`); // 2 s
      const run = { program: planted, engine, seed: 1, seconds: 0.5, folders: [own, slow] };
      const { fault, made } = await runFuzzer({ ...run, env: { PLANTED_SLOW: '1' } });
      expect(fault).toBeUndefined();
      expect(made).toBeGreaterThan(0);
    },
    60_000,
  );
}

test.skipIf(noLibFuzzer)(
  'runFuzzer hands over what libFuzzer died of',
  async () => {
    const own = mkdtempSync(join(folder, 'own-'));
    const found = mkdtempSync(join(folder, 'found-'));
    writeFileSync(join(found, 'entry'), Buffer.from([0x42, 0xff, 0x47, 0x21]));
    const run = {
      program: libFuzzerProgram,
      engine: 'libfuzzer',
      seed: 1,
      seconds: 60,
      folders: [own, found],
    };
    const { fault, input } = await runFuzzer({ ...run, env: {} });
    expect(fault).toBeDefined();
    expect(input).toEqual(Buffer.from([0x42, 0xff, 0x47, 0x21]));
  },
  60_000,
);

test.each([
  {
    what: 'a SLUICE_CORPUS that is a file',
    args: [],
    env: { SLUICE_CORPUS: 'package.json' },
    says: /no folder/,
  },
  { what: 'seed 0, which is a random one to libFuzzer', args: ['--seed', '0'], env: {}, says: /from 1 to/ },
])('npm run fuzz refuses $what', ({ args, env, says }) => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/fuzz.mjs'), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect(stderr).toMatch(says);
  expect(status).toBe(1);
});
