// Brings a clone to the point where its commands work: dependencies, addon, dist. Does nothing that is not needed.
// Uses Node's own modules alone, since it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const ADDON_STAMP = 'build/.addon-stamp';
const DIST_STAMP = 'build/.dist-stamp';
const ADDON = 'build/Release/sluice.node';
const CLI = 'dist/cli/main.js';
const INSTALLED = 'node_modules/.package-lock.json';

/** Runs a command in the project's root with its output shown; ends the process when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    // npm is a .cmd file on Windows, which only a shell can start.
    shell: process.platform === 'win32',
    ...options,
    env: { CMAKE_BUILD_PARALLEL_LEVEL: String(availableParallelism()), ...process.env, ...options.env },
  });
  if (result.error) fail(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

export function fail(message) {
  console.error(`sluice: ${message}`);
  process.exit(1);
}

function newest(path) {
  const full = join(root, path);
  if (!existsSync(full)) return 0;
  const stat = statSync(full);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(full).reduce((time, name) => Math.max(time, newest(join(path, name))), stat.mtimeMs);
}

/** Whether something must be made: its product is gone, or a source is newer than the stamp of the last time. */
function stale(product, stampPath, sources) {
  return !existsSync(join(root, product)) || newest(stampPath) <= Math.max(...sources.map(newest));
}

function stamp(path) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), '');
}

function works(command) {
  const result = spawnSync(command, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' });
  return result.status === 0 ? result.stdout : undefined;
}

const TOOLCHAIN_HINT = {
  linux:
    'Debian/Ubuntu: sudo apt-get install g++ cmake make   Fedora: sudo dnf install gcc-c++ cmake make   Alpine: apk add g++ cmake make',
  darwin: 'xcode-select --install && brew install cmake',
  win32:
    'winget install Kitware.CMake Microsoft.VisualStudio.2022.BuildTools (with the "Desktop development with C++" workload)',
};

/** One clear line when the tools to compile the addon are not there. */
function checkToolchain() {
  const hint =
    TOOLCHAIN_HINT[process.platform] ?? 'install a C++20 compiler, CMake 3.21 or newer, and make or ninja';
  const cmake = works('cmake');
  if (cmake === undefined) fail(`CMake is missing. ${hint}`);
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(cmake) ?? [];
  if (Number(major) * 1000 + Number(minor) < 3021)
    fail(`CMake ${major}.${minor} is too old; 3.21 or newer is needed. ${hint}`);
  if (process.platform === 'win32') return; // CMake finds Visual Studio by itself and says so when it does not
  const compilers = [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean);
  if (!compilers.some(works)) fail(`A C++20 compiler is missing. ${hint}`);
  if (!['ninja', 'make'].some(works)) fail(`make (or ninja) is missing. ${hint}`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node ${process.versions.node} is too old; 20.19 or newer is needed.`);
}

export function prepareDependencies() {
  checkNode();
  if (!stale(INSTALLED, INSTALLED, ['package-lock.json'])) return;
  console.error('sluice: installing dependencies …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  // A lock file from the future (another machine's clock) must not install again every time.
  const now = new Date(Math.max(Date.now(), newest('package-lock.json') + 1));
  utimesSync(join(root, INSTALLED), now, now);
}

/** CMake keeps absolute paths: a build folder that came along when the clone was moved cannot be used. */
function dropForeignCache(folder) {
  const cache = join(root, folder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  if (home !== root.replaceAll('\\', '/')) rmSync(join(root, folder), { recursive: true });
}

export function prepareAddon() {
  if (!stale(ADDON, ADDON_STAMP, ['native/core', 'native/bindings', 'CMakeLists.txt', INSTALLED])) return;
  checkToolchain();
  dropForeignCache('build');
  console.error('sluice: building the addon …');
  run(process.execPath, ['node_modules/cmake-js/bin/cmake-js', 'compile', '--log-level=warn'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  stamp(ADDON_STAMP);
}

export function prepareDist() {
  if (!stale(CLI, DIST_STAMP, ['src', 'tsconfig.json', INSTALLED])) return;
  console.error('sluice: compiling TypeScript …');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.']);
  chmodSync(join(root, CLI), 0o755); // for a command that `npm link` made
  stamp(DIST_STAMP);
}

/** Builds a program of the core, without Node, in a folder of its own; answers where it is. */
function prepareCoreProgram({ name, folder, options, sources, what, always = false }) {
  const program = join(folder, process.platform === 'win32' ? `Release/${name}.exe` : name);
  const programStamp = `build/.${folder.replace('build/', '')}-stamp`;
  if (always || stale(program, programStamp, ['native/core', 'CMakeLists.txt', ...sources])) {
    checkToolchain();
    dropForeignCache(folder);
    console.error(`sluice: building ${what} …`);
    const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };
    run('cmake', ['-S', '.', '-B', folder, ...options, '-DCMAKE_BUILD_TYPE=Release'], quiet);
    run('cmake', ['--build', folder, '--config', 'Release', '--target', name], quiet);
    stamp(programStamp);
  }
  return join(root, program);
}

/** The core's test runner; with sanitizers in a folder of its own. */
export function prepareCoreTests({ sanitize = false } = {}) {
  return prepareCoreProgram({
    name: 'core_tests',
    folder: sanitize ? 'build/core-sanitize' : 'build/core',
    options: ['-DSLUICE_CORE_TESTS=ON', `-DSLUICE_SANITIZE=${sanitize ? 'ON' : 'OFF'}`],
    sources: ['test/native', 'test/fuzz'],
    what: `the core's tests${sanitize ? ' with sanitizers' : ''}`,
  });
}

/** The fuzz targets for libFuzzer (clang) or our own driver, with sanitizers; answers the folder they are in. */
export function prepareFuzzTargets(engine) {
  const program = prepareCoreProgram({
    name: 'fuzz_targets',
    folder: `build/fuzz-${engine}`,
    options: [
      `-DSLUICE_FUZZ=${engine}`,
      '-DSLUICE_SANITIZE=ON',
      ...(engine === 'libfuzzer' ? ['-DCMAKE_CXX_COMPILER=clang++'] : []),
    ],
    sources: ['test/fuzz'],
    what: `the fuzz targets (${engine})`,
    always: true, // many programs: CMake knows which are stale
  });
  return dirname(program);
}

/** The core's test runner for AArch64, made by that cross compiler. */
export function prepareNeonTests(compiler) {
  return prepareCoreProgram({
    name: 'core_tests',
    folder: 'build/core-aarch64',
    options: [
      '-DSLUICE_CORE_TESTS=ON',
      '-DCMAKE_SYSTEM_NAME=Linux',
      '-DCMAKE_SYSTEM_PROCESSOR=aarch64',
      `-DCMAKE_CXX_COMPILER=${compiler}`,
      '-DCMAKE_EXE_LINKER_FLAGS=-static', // an emulator needs no AArch64 libraries then
    ],
    sources: ['test/native', 'test/fuzz'],
    what: "the core's tests for AArch64",
  });
}

/** The resampler beside the other libraries that are installed. */
export function prepareResampleBench() {
  return prepareCoreProgram({
    name: 'resample_bench',
    folder: 'build/core-bench',
    options: ['-DSLUICE_BENCH=ON'],
    sources: ['bench/native'],
    what: "the resampler's benchmark",
    always: true, // only CMake sees a library that was installed since
  });
}

/** Our C++ files, relative to the project's root. */
export function cppFiles() {
  return [
    'native/core',
    'native/core/simd',
    'native/bindings',
    'test/native',
    'test/fuzz',
    'bench/native',
  ].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => /\.(h|cpp)$/.test(name))
      .map((name) => join(folder, name)),
  );
}

/** All that a command of the built package needs. */
export function prepare() {
  prepareDependencies();
  prepareAddon();
  prepareDist();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepare();
