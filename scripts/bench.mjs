// npm run bench [-- FILTER]: each benchmark in a process of its own, one after the other, on the built package.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

const [filter = ''] = process.argv.slice(2);
prepare();
const commit = execFileSync('git', ['describe', '--always', '--dirty'], {
  cwd: root,
  encoding: 'utf8',
}).trim();
console.log(`${cpus()[0]?.model.trim()}, Node ${process.version}, commit ${commit}`);
for (const file of readdirSync(join(root, 'bench/native')).filter((name) => name.includes(filter))) {
  console.log(`\n== bench/native/${file}`);
  run(process.execPath, [join('bench/native', file)]);
}
