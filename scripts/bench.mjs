// npm run bench [-- FILTER] [--quick] [--json FILE]: each benchmark whose path holds FILTER, in a process of its own, one
// after the other, on the built package. Results go to build/bench/FILTER.json as well; docs/benchmarks.md says how to
// read them. Other options are the benchmarks' own. npm run bench -- tables [--json FILE]: the figures of that page as
// Markdown, from the results of `npm run bench -- native`, without running anything.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { markdownTables } from '../bench/tables.mjs';
import { fail, prepare, root } from './prepare.mjs';

const OPTIONS = { quick: { type: 'boolean' }, all: { type: 'boolean' }, json: { type: 'string' } };

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
    if (positionals.length > 1) throw new Error('only one FILTER');
    return { ...values, filter: positionals[0] ?? '' };
  } catch (error) {
    return fail(
      `${error.message}; usage: npm run bench -- [FILTER | tables] [--quick] [--all] [--json FILE]`,
    );
  }
}

function benchmarks(filter) {
  return readdirSync(join(root, 'bench'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(root, 'bench', name)).map((file) => `bench/${name}/${file}`))
    .filter((path) => path.endsWith('.mjs') && path.includes(filter))
    .sort();
}

/** Without git (a tarball of the sources) there is no commit to name. */
function commit() {
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['describe', '--always', '--dirty'], options).trim();
  } catch {
    return 'unknown';
  }
}

/** npm runs scripts in the project's folder; a path is meant from where the user stands. */
function resultsFile(json, name) {
  return resolve(process.env.INIT_CWD ?? '.', json ?? join(root, 'build/bench', `${name}.json`));
}

function printTables(file) {
  if (!existsSync(file)) fail(`${file} is not there; npm run bench -- native makes it`);
  console.log(markdownTables(JSON.parse(readFileSync(file, 'utf8'))));
}

function runBenchmarks({ filter, quick = false, all = false, json }) {
  const paths = benchmarks(filter);
  if (paths.length === 0)
    fail(`no benchmark's path holds '${filter}'; there are ${benchmarks('').join(', ')}`);
  const result = resultsFile(json, filter.replaceAll('/', '-') || 'all');
  prepare();

  const rowsFile = join(root, 'build/bench/rows.jsonl');
  mkdirSync(dirname(rowsFile), { recursive: true });
  mkdirSync(dirname(result), { recursive: true });
  rmSync(rowsFile, { force: true });
  writeFileSync(rowsFile, '');

  const machine = { cpu: cpus()[0]?.model.trim(), node: process.version, commit: commit(), quick };
  console.log(`${machine.cpu}, Node ${machine.node}, commit ${machine.commit}`);
  const failed = [];
  for (const path of paths) {
    console.log(`\n== ${path}`);
    const flags = [quick && '--quick', all && '--all'].filter(Boolean);
    const env = { ...process.env, SLUICE_BENCH_ROWS: rowsFile };
    const { status } = spawnSync(process.execPath, [path, ...flags], { cwd: root, stdio: 'inherit', env });
    if (status !== 0) failed.push(path);
  }

  const rows = readFileSync(rowsFile, 'utf8').split('\n').filter(Boolean).map(JSON.parse);
  rmSync(rowsFile);
  writeFileSync(result, `${JSON.stringify({ ...machine, failed, rows }, null, 1)}\n`);
  console.log(`\n${rows.length} rows in ${result}`);
  if (failed.length > 0) fail(`failed: ${failed.join(', ')}`);
}

const options = readArguments();
if (options.filter === 'tables') printTables(resultsFile(options.json, 'native'));
else runBenchmarks(options);
