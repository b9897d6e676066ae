// Runs the program of one fuzz target under its engine: clang's libFuzzer, or our own driver (test/fuzz/driver.cpp), which
// takes the same options. Not here: which targets, levels and recordings, and for how long (fuzz.mjs).
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Longer inputs are cut: most of what a header can say fits, and shorter ones run faster. */
const MAX_BYTES = 4096;
/** A single input takes milliseconds, under sanitizers on a busy machine a second. */
const TIMEOUT_S = 25;

/** clang++ with a libFuzzer that links; Debian: clang and libclang-rt-14-dev. */
export function hasLibFuzzer() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'));
  try {
    const source = join(folder, 'probe.cpp');
    writeFileSync(
      source,
      'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }\n',
    );
    const flags = ['-std=c++20', '-fsanitize=fuzzer,address,undefined', source, '-o', join(folder, 'probe')];
    return spawnSync('clang++', flags).status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Runs a target's inputs in `folders`, then for `seconds` what the engine makes of them: a large corpus takes none of that
 * time. libFuzzer adds to the first folder.
 *
 * @param options seed: 1 to 2^32 - 1 (0 is a random one to libFuzzer)
 * @returns { fault, made, log, input }: how it died, or undefined; the number of inputs that it made itself; all that it
 *   printed; the input that it died of, where there is one
 */
export async function runFuzzer({ program, engine, seed, seconds, folders, env }) {
  const artifacts = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'));
  try {
    const own =
      engine === 'libfuzzer'
        ? ['-rss_limit_mb=2048', '-print_final_stats=1']
        : [`-max_total_time=${seconds}`];
    const args = [
      `-seed=${seed}`,
      `-max_len=${MAX_BYTES}`,
      `-timeout=${TIMEOUT_S}`,
      `-artifact_prefix=${artifacts}/`,
      ...own,
      ...folders,
    ];
    const { fault, log } = await ended(
      spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } }),
      engine === 'libfuzzer' ? seconds : undefined,
    );
    return { fault, made: inputsMade(log), log, input: fault && crashInput(artifacts, engine) };
  } finally {
    rmSync(artifacts, { recursive: true });
  }
}

/**
 * libFuzzer counts the reading of its corpus in -max_total_time, and makes no input at all when that takes longer: it is
 * asked to end `seconds` after it says that the corpus is read. The driver keeps time itself.
 */
function ended(child, seconds) {
  let log = '';
  let timer;
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
    if (seconds !== undefined && timer === undefined && /^#\d+\tINITED/m.test(log))
      timer = setTimeout(() => child.kill('SIGUSR1'), 1000 * seconds); // ends after the input at hand, with status 0
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ fault: status === 0 ? undefined : (signal ?? `exit status ${status}`), log });
    });
  });
}

/** All runs but those of the corpus. */
function inputsMade(log) {
  const number = (pattern) => Number(pattern.exec(log)?.[1] ?? 0);
  const runs = number(/^(?:done: |stat::number_of_executed_units: *)(\d+)/m);
  return Math.max(0, runs - number(/(?:corpus of |^#)(\d+)(?:,|\tINITED)/m));
}

/** What it left behind when it died: libFuzzer a file named after the fault, the driver the input at hand. */
function crashInput(folder, engine) {
  const names = readdirSync(folder);
  const artifact = names.find((name) => engine === 'libfuzzer' && /^(crash|timeout|oom|leak)-/.test(name));
  if (artifact) return readFileSync(join(folder, artifact));
  if (!names.includes('current')) return undefined;
  const memory = readFileSync(join(folder, 'current'));
  return memory.subarray(8, 8 + Number(memory.readBigUInt64LE(0)));
}
