// npm run fuzz [-- TARGET…] [--seconds N] [--seed N] [--builtin]: runs each fuzz target (test/fuzz/*_fuzz.cpp) for N
// seconds, 20 by default, shared among the levels of instructions that this machine can run; then `boundary`, which throws
// random JavaScript values at the addon, built with sanitizers where Node can load that. Uses clang's libFuzzer where it
// works, else the built-in driver, which needs no more than a C++ compiler (--builtin: in any case).
//
// Begins with the recordings of test/fixtures/audio and of SLUICE_CORPUS, where that is set (a folder), and with what
// earlier runs of libFuzzer found worth keeping, in build/fuzz-corpus; reading them is not part of the time. That folder
// grows, so a seed repeats the inputs of the driver and the calls of `boundary`, but not what libFuzzer did.
//
// An input that breaks a target is kept in test/fuzz/crashes/TARGET/; `npm test` replays it from then on, `npm run check`
// under sanitizers, which alone may see an error of memory.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hasLibFuzzer, runFuzzer } from './fuzz-engine.mjs';
import { fail, prepare, prepareFuzzTargets, prepareSanitizedAddon, root } from './prepare.mjs';

const FUZZ = join(root, 'test/fuzz');
const BOUNDARY = 'boundary';
/** Each level has a seed of its own, counted from this one, and each must fit 32 bits. */
const MAX_SEED = 2 ** 31;
/** What boundary.mjs takes at most beside its time: for exports that have not yet succeeded, for promises, for loading. */
const BOUNDARY_PATIENCE_S = 120;

const targets = [
  ...readdirSync(FUZZ)
    .filter((name) => name.endsWith('_fuzz.cpp'))
    .map((name) => name.replace('_fuzz.cpp', ''))
    .sort(),
  BOUNDARY,
];
const { wanted, seconds, seed, builtin } = readArguments();
const given = givenCorpus();

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
    const seed = Number(values.seed ?? Math.ceil(Math.random() * MAX_SEED));
    if (!(seconds > 0)) throw new Error('--seconds wants a number above 0');
    if (!Number.isSafeInteger(seed) || seed < 1 || seed > MAX_SEED)
      throw new Error(`--seed wants a whole number from 1 to ${MAX_SEED}`);
    return { wanted: positionals.length > 0 ? positionals : targets, seconds, seed, builtin: values.builtin };
  } catch (error) {
    return fail(`${error.message}; usage: npm run fuzz -- [TARGET…] [--seconds N] [--seed N] [--builtin]`);
  }
}

/** The user's recordings, from where the user stands; undefined without. */
function givenCorpus() {
  const given = process.env.SLUICE_CORPUS;
  if (!given) return undefined;
  const folder = resolve(process.env.INIT_CWD ?? '.', given);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    fail(`SLUICE_CORPUS: there is no folder ${folder}`);
  return folder;
}

/** Folders of recordings to begin with; the one that libFuzzer adds to comes first. */
function corpora(target, engine) {
  const own = join(root, 'build/fuzz-corpus', target);
  mkdirSync(own, { recursive: true });
  // To a target of Ogg or Opus a WAV is bytes like any other, and the long ones take it seconds on every level.
  const fixtures = join(root, 'test/fixtures/audio', /^(ogg|opus)/.test(target) ? 'ogg' : '');
  const recordings = [fixtures, given, join(FUZZ, 'crashes', target)];
  return [engine === 'libfuzzer' && own, ...recordings].filter((folder) => folder && existsSync(folder));
}

function keep(target, input) {
  const folder = join(FUZZ, 'crashes', target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash('sha1').update(input).digest('hex').slice(0, 16));
  writeFileSync(path, input);
  return relative(root, path);
}

/** Runs a target on one level of instructions; answers what is wrong, if anything is. */
async function fuzz({ target, program, engine, folders, level, levelSeed, levelSeconds }) {
  const env = { SLUICE_SIMD: level };
  const run = { program, engine, seed: levelSeed, seconds: levelSeconds, folders, env };
  const { fault, made, log, input } = await runFuzzer(run);
  const title = `\n== ${target}, ${level}: ${levelSeconds.toFixed(1)} s, seed ${levelSeed}, ${engine}`;
  if (fault === undefined) {
    console.log(`${title}\n${made > 0 ? `held for ${made} new inputs` : 'NOT FUZZED: too little time'}`);
    return made > 0 ? undefined : `${target} on ${level} was not fuzzed`;
  }
  console.log(`${title}\n${log}\nBROKEN ${target} on ${level} (${fault})`);
  if (input !== undefined) {
    const path = keep(target, input);
    console.log(`The input is ${path}: commit it with the fix, it is a test from now on.`);
    console.log(`To see it again: SLUICE_SIMD=${level} ${relative(root, program)} ${path}`);
  }
  return `${target} broke on ${level}`;
}

/** Every target on every level, as many at a time as there are processors; answers what is wrong. */
async function fuzzAll(targets) {
  const { simdInfo } = await import('../dist/audio/index.js');
  const levels = simdInfo().available;
  const engine = !builtin && hasLibFuzzer() ? 'libfuzzer' : 'driver';
  const folder = prepareFuzzTargets(engine);
  const jobs = targets.flatMap((target) =>
    levels.map((level, i) => ({
      target,
      program: join(folder, `${target}_fuzz`),
      engine,
      folders: corpora(target, engine),
      level,
      levelSeed: seed + i,
      levelSeconds: seconds / levels.length,
    })),
  );
  const faults = [];
  const queue = jobs.values(); // one for all workers
  const worker = async () => {
    for (const job of queue) faults.push(await fuzz(job));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return faults.filter((fault) => fault !== undefined);
}

/** The addon that the calls are to reach: SLUICE_ADDON, else the one with sanitizers, else the ordinary one. */
function boundaryAddon() {
  if (process.env.SLUICE_ADDON)
    return { addon: resolve(process.env.INIT_CWD ?? '.', process.env.SLUICE_ADDON) };
  const sanitized = prepareSanitizedAddon();
  if (sanitized !== undefined) return sanitized;
  console.log('\nNOT SANITIZED: boundary (that takes Linux and a compiler with a shared libasan: g++)');
  return { addon: join(root, 'build/Release/sluice.node') };
}

function fuzzBoundary() {
  const { addon, env = {} } = boundaryAddon();
  console.log(`\n== ${BOUNDARY}: ${seconds} s, seed ${seed}${env.LD_PRELOAD ? ', under sanitizers' : ''}`);
  const paths = [join(FUZZ, 'boundary.mjs'), addon, join(root, 'dist/audio/index.js')];
  const args = [
    ...paths.map((path) => relative(root, path)),
    '--seconds',
    String(seconds),
    '--seed',
    String(seed),
  ];
  const { status, signal, error, stdout } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 1000 * (seconds + BOUNDARY_PATIENCE_S),
    killSignal: 'SIGKILL',
  });
  if (status !== 0) {
    const fault =
      error?.code === 'ETIMEDOUT' ? 'a call never came back' : (signal ?? `exit status ${status}`);
    const variables = Object.entries(env).map(([name, value]) => `${name}='${value}' `);
    const again = `${variables.join('')}node ${args.join(' ')} --trace`;
    console.log(`BROKEN ${BOUNDARY} (${fault})\nTo see it again: ${again}`);
    return [`${BOUNDARY} broke`];
  }
  const { calls, failures, unexercised } = JSON.parse(stdout);
  console.log(`done: ${calls} calls`);
  for (const failure of failures) console.log(`BROKEN ${failure}`);
  for (const name of unexercised)
    console.log(`BROKEN ${name} never returned: say what it takes in boundary-exports.mjs`);
  return failures.length + unexercised.length > 0 ? [`${BOUNDARY} broke`] : [];
}

prepare();
const native = wanted.filter((target) => target !== BOUNDARY);
const faults = [];
if (native.length > 0 && process.platform === 'win32') {
  console.log(`NOT RUN: ${native.join(', ')} (no UndefinedBehaviorSanitizer for MSVC)`);
} else if (native.length > 0) {
  faults.push(...(await fuzzAll(native)));
}
if (wanted.includes(BOUNDARY)) faults.push(...fuzzBoundary());
if (faults.length > 0) fail(faults.join(', '));
console.log('\nfuzz: all held');
