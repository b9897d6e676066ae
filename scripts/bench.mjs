// npm run bench [-- FILTER] [--quick] [--json FILE]: each benchmark whose path holds FILTER, in a process of its own, one
// after the other, on the built package. Results go to build/bench/FILTER.json as well; docs/benchmarks.md says how to
// read them. Other options are the benchmarks' own.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fail, prepare, root } from './prepare.mjs';

const OPTIONS = { quick: { type: 'boolean' }, all: { type: 'boolean' }, json: { type: 'string' } };

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
    if (positionals.length > 1) throw new Error('only one FILTER');
    return { ...values, filter: positionals[0] ?? '' };
  } catch (error) {
    return fail(`${error.message}; usage: npm run bench -- [FILTER] [--quick] [--all] [--json FILE]`);
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

const { filter, quick = false, all = false, json } = readArguments();
const paths = benchmarks(filter);
if (paths.length === 0) fail(`no benchmark's path holds '${filter}'; there are ${benchmarks('').join(', ')}`);
const result = resolve(
  process.env.INIT_CWD ?? '.', // npm runs scripts in the project's folder; a path is meant from where the user stands
  json ?? join(root, 'build/bench', `${filter.replaceAll('/', '-') || 'all'}.json`),
);
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
