// Brings a clone to the point where its commands work: dependencies, addon, dist. Does nothing that is not needed.
// Uses Node's own modules alone, since it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
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
function dropForeignCache(folder, source = root) {
  const cache = join(root, folder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  if (home !== source.replaceAll('\\', '/')) rmSync(join(root, folder), { recursive: true });
}

export function prepareAddon() {
  if (!stale(ADDON, ADDON_STAMP, ['native', 'CMakeLists.txt', INSTALLED])) return;
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

/** Builds a target of CMakeLists.txt in one of its build folders, where it is stale; answers where its program is. */
function prepareTarget({ name, folder, configure, sources, what, always = false }) {
  const program = join(folder, process.platform === 'win32' ? `Release/${name}.exe` : name);
  const targetStamp = `build/.${folder.replace('build/', '')}-${name}-stamp`;
  if (
    always ||
    stale(program, targetStamp, [
      'native/core',
      'native/libopus',
      'native/libopus.cmake',
      'CMakeLists.txt',
      ...sources,
    ])
  ) {
    checkToolchain();
    dropForeignCache(folder);
    console.error(`sluice: building ${what} …`);
    const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };
    run(...configure, quiet);
    run('cmake', ['--build', folder, '--config', 'Release', '--target', name], quiet);
    stamp(targetStamp);
  }
  return join(root, program);
}

const cmake = (folder, options) => [
  'cmake',
  ['-S', '.', '-B', folder, ...options, '-DCMAKE_BUILD_TYPE=Release'],
];

/** Without Node: the core's tests and the benchmark of the resampler, which share the core. */
const CORE = 'build/core';
const core = {
  folder: CORE,
  configure: cmake(CORE, ['-DSLUICE_CORE_TESTS=ON', '-DSLUICE_BENCH=ON']),
};

/** All that runs under sanitizers, the addon as well; they share the core, which takes a minute to build. */
const SANITIZE = 'build/sanitize';
const SANITIZE_OPTIONS = ['SLUICE_SANITIZE=ON', 'SLUICE_CORE_TESTS=ON', 'SLUICE_FUZZ=driver'];
const sanitized = {
  folder: SANITIZE,
  configure: [
    process.execPath,
    [
      'node_modules/cmake-js/bin/cmake-js',
      ...['configure', '--log-level=warn', '--out', SANITIZE],
      ...SANITIZE_OPTIONS.map((option) => `--CD${option}`),
    ],
  ],
};

/** The core's test runner. */
export function prepareCoreTests({ sanitize = false } = {}) {
  return prepareTarget({
    ...(sanitize ? sanitized : core),
    name: 'core_tests',
    sources: ['test/native', 'test/fuzz'],
    what: `the core's tests${sanitize ? ' with sanitizers' : ''}`,
  });
}

/** The fuzz targets for libFuzzer (clang) or our own driver, with sanitizers; answers the folder they are in. */
export function prepareFuzzTargets(engine) {
  const libFuzzer = 'build/fuzz-libfuzzer';
  const options = ['-DSLUICE_FUZZ=libfuzzer', '-DSLUICE_SANITIZE=ON', '-DCMAKE_CXX_COMPILER=clang++'];
  const program = prepareTarget({
    ...(engine === 'libfuzzer' ? { folder: libFuzzer, configure: cmake(libFuzzer, options) } : sanitized),
    name: 'fuzz_targets',
    sources: ['test/fuzz'],
    what: `the fuzz targets (${engine})`,
    always: true, // many programs: CMake knows which are stale
  });
  return dirname(program);
}

/**
 * The addon with sanitizers, and the environment in which Node can load it; undefined where the compiler (clang, MSVC) or
 * the system (macOS) has none that can be loaded beside a Node without.
 */
export function prepareSanitizedAddon() {
  if (process.platform !== 'linux') return undefined;
  const folder = dirname(
    prepareTarget({
      ...sanitized,
      name: 'sluice',
      sources: ['native/bindings'],
      what: 'the addon with sanitizers',
      always: true, // not a program: CMake knows whether it is stale
    }),
  );
  const compiler = /^CMAKE_CXX_COMPILER:\w+=(.*)$/m.exec(
    readFileSync(join(folder, 'CMakeCache.txt'), 'utf8'),
  )[1];
  const libraries = ['libasan.so', 'libstdc++.so'].map((name) =>
    spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim(),
  );
  if (!libraries.every((path) => existsSync(path))) return undefined;
  // Both before Node's own: AddressSanitizer wants to be first, and to see the C++ library's exceptions.
  const env = {
    LD_PRELOAD: libraries.map((path) => realpathSync(path)).join(' '),
    ASAN_OPTIONS: 'detect_leaks=0',
  };
  return { addon: join(folder, 'Release/sluice.node'), env };
}

/** The core's test runner for AArch64, made by that cross compiler. */
export function prepareNeonTests(compiler) {
  const folder = 'build/core-aarch64';
  return prepareTarget({
    name: 'core_tests',
    folder,
    configure: cmake(folder, [
      '-DSLUICE_CORE_TESTS=ON',
      '-DCMAKE_SYSTEM_NAME=Linux',
      '-DCMAKE_SYSTEM_PROCESSOR=aarch64',
      `-DCMAKE_CXX_COMPILER=${compiler}`,
      '-DCMAKE_EXE_LINKER_FLAGS=-static', // an emulator needs no AArch64 libraries then
    ]),
    sources: ['test/native', 'test/fuzz'],
    what: "the core's tests for AArch64",
  });
}

/** The resampler beside the other libraries that are installed. */
export function prepareResampleBench() {
  return prepareTarget({
    ...core,
    name: 'resample_bench',
    sources: ['bench/native'],
    what: "the resampler's benchmark",
    always: true, // only CMake sees a library that was installed since
  });
}

/** @discordjs/opus's own binding, for the benchmarks; answers where it is. */
export function prepareBenchPeers() {
  prepareDependencies();
  checkToolchain();
  const folder = 'build/peers';
  dropForeignCache(folder, join(root, 'bench/peers'));
  console.error('sluice: building the binding of @discordjs/opus …');
  run(
    process.execPath,
    [
      'node_modules/cmake-js/bin/cmake-js',
      'compile',
      '--log-level=warn',
      '-d',
      'bench/peers',
      '--out',
      folder,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return join(root, folder, 'Release/discordjs-opus.node');
}

/** Our C++ files, relative to the project's root. */
export function cppFiles() {
  return [
    'native/core',
    'native/core/simd',
    'native/libopus',
    'native/bindings',
    'test/native',
    'test/fuzz',
    'bench/native',
  ].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => /\.(h|c|cpp)$/.test(name))
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
