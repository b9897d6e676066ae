// npm run fuzz [-- TARGET…] [--seconds N] [--seed N] [--builtin]: runs each fuzz target (test/fuzz/*_fuzz.cpp) for N
// seconds, 20 by default, shared among the levels of instructions that this machine can run; then `boundary`, which throws
// random JavaScript values at the addon. Uses clang's libFuzzer where it works, else the built-in driver, which needs no
// more than a C++ compiler (--builtin: in any case).
//
// Begins with the recordings of test/fixtures/audio and of SLUICE_CORPUS, where that is set (a folder), and with what
// earlier runs of libFuzzer found worth keeping. An input that breaks a target is kept in test/fuzz/crashes/TARGET/ and
// is a test of `npm test` from then on.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fail, prepare, prepareFuzzTargets, root } from './prepare.mjs';

const FUZZ = join(root, 'test/fuzz');
const BOUNDARY = 'boundary';
/** Longer inputs are cut: most of what a header can say fits, and shorter ones run faster. */
const MAX_BYTES = 4096;
/** A single input takes milliseconds, under sanitizers on a busy machine a second. */
const TIMEOUT_S = 25;

const targets = [
  ...readdirSync(FUZZ)
    .filter((name) => name.endsWith('_fuzz.cpp'))
    .map((name) => name.replace('_fuzz.cpp', ''))
    .sort(),
  BOUNDARY,
];
const { wanted, seconds, seed, builtin } = readArguments();

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { seconds: { type: 'string' }, seed: { type: 'string' }, builtin: { type: 'boolean' } },
      allowPositionals: true,
    });
    for (const name of positionals) {
      if (!targets.includes(name)) throw new Error(`no target ${name}; there are ${targets.join(', ')}`);
    }
    const seconds = Number(values.seconds ?? 20);
    const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
    if (!(seconds > 0)) throw new Error('--seconds wants a number above 0');
    if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed wants a whole number from 0');
    return { wanted: positionals.length > 0 ? positionals : targets, seconds, seed, builtin: values.builtin };
  } catch (error) {
    return fail(`${error.message}; usage: npm run fuzz -- [TARGET…] [--seconds N] [--seed N] [--builtin]`);
  }
}

/** clang++ with a libFuzzer that links; Debian: clang and libclang-rt-14-dev. */
function hasLibFuzzer() {
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

/** Folders of recordings to begin with; the one that libFuzzer adds to comes first. */
function corpora(target, engine) {
  const corpus = process.env.SLUICE_CORPUS && resolve(process.env.INIT_CWD ?? '.', process.env.SLUICE_CORPUS);
  if (corpus && !existsSync(corpus)) fail(`SLUICE_CORPUS: there is no folder ${corpus}`);
  const own = join(root, 'build/fuzz-corpus', target);
  mkdirSync(own, { recursive: true });
  const recordings = [join(root, 'test/fixtures/audio'), corpus, join(FUZZ, 'crashes', target)];
  return [engine === 'libfuzzer' && own, ...recordings].filter((folder) => folder && existsSync(folder));
}

/** What the fuzzer left behind when it died: libFuzzer a file named after the fault, the driver the input at hand. */
function crashInput(folder, engine) {
  const names = readdirSync(folder);
  const artifact = names.find((name) => engine === 'libfuzzer' && /^(crash|timeout|oom|leak)-/.test(name));
  if (artifact) return readFileSync(join(folder, artifact));
  if (!names.includes('current')) return undefined;
  const memory = readFileSync(join(folder, 'current'));
  return memory.subarray(8, 8 + Number(memory.readBigUInt64LE(0)));
}

function keep(target, input) {
  const folder = join(FUZZ, 'crashes', target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash('sha1').update(input).digest('hex').slice(0, 16));
  writeFileSync(path, input);
  return relative(root, path);
}

/** Runs a target on one level of instructions; false when something broke. */
function fuzz(target, program, engine, level, levelSeconds) {
  console.log(`\n== ${target}, ${level}: ${levelSeconds.toFixed(1)} s, seed ${seed}, ${engine}`);
  const artifacts = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'));
  const args = [
    `-seed=${seed}`,
    `-max_total_time=${engine === 'libfuzzer' ? Math.ceil(levelSeconds) : levelSeconds}`, // it knows whole seconds only
    `-max_len=${MAX_BYTES}`,
    `-timeout=${TIMEOUT_S}`,
    `-artifact_prefix=${artifacts}/`,
    ...(engine === 'libfuzzer' ? ['-rss_limit_mb=2048'] : []),
    ...corpora(target, engine),
  ];
  const env = { ...process.env, SLUICE_SIMD: level };
  const { status, signal, error, stderr } = spawnSync(program, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error) fail(`${program} could not be started: ${error.message}`);
  console.log(status === 0 ? /^done.*$/im.exec(stderr)?.[0] : stderr);
  const input = status === 0 ? undefined : crashInput(artifacts, engine);
  rmSync(artifacts, { recursive: true });
  if (status === 0) return true;
  console.log(`BROKEN ${target} on ${level} (${signal ?? `exit status ${status}`})`);
  if (input === undefined) return false;
  const path = keep(target, input);
  console.log(`The input is ${path}: commit it with the fix, it is a test from now on.`);
  console.log(`To see it again: SLUICE_SIMD=${level} ${relative(root, program)} ${path}`);
  return false;
}

async function fuzzBoundary() {
  console.log(`\n== ${BOUNDARY}: ${seconds} s, seed ${seed}`);
  const addon = process.env.SLUICE_ADDON ?? join(root, 'build/Release/sluice.node');
  const args = [
    join(FUZZ, 'boundary.mjs'),
    addon,
    join(root, 'dist/audio/index.js'),
    ...['--seconds', String(seconds), '--seed', String(seed)],
  ];
  const { status, signal, stdout } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  const again = `node ${args.map((arg) => relative(root, arg) || arg).join(' ')} --trace`;
  if (status !== 0) {
    console.log(`BROKEN ${BOUNDARY} (${signal ?? `exit status ${status}`})\nTo see it again: ${again}`);
    return false;
  }
  const { calls, failures, unexercised } = JSON.parse(stdout);
  console.log(`done: ${calls} calls`);
  for (const failure of failures) console.log(`BROKEN ${failure}`);
  for (const name of unexercised)
    console.log(`BROKEN ${name} never returned: say what it takes in boundary-exports.mjs`);
  return failures.length + unexercised.length === 0;
}

prepare();
const native = wanted.filter((target) => target !== BOUNDARY);
const broken = [];
if (native.length > 0 && process.platform === 'win32') {
  console.log(`NOT RUN: ${native.join(', ')} (no UndefinedBehaviorSanitizer for MSVC)`);
} else if (native.length > 0) {
  const { simdInfo } = await import('../dist/audio/index.js');
  const levels = simdInfo().available;
  const engine = !builtin && hasLibFuzzer() ? 'libfuzzer' : 'driver';
  const folder = prepareFuzzTargets(engine);
  for (const target of native) {
    const program = join(folder, `${target}_fuzz`);
    const isFine = (level) => fuzz(target, program, engine, level, seconds / levels.length);
    if (!levels.map(isFine).every(Boolean)) broken.push(target);
  }
}
if (wanted.includes(BOUNDARY) && !(await fuzzBoundary())) broken.push(BOUNDARY);
if (broken.length > 0) fail(`fuzzing broke ${broken.join(', ')}`);
console.log('\nfuzz: all held');
