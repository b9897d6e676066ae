// What `npm pack` would publish: everything users need and nothing else.
import { spawnSync } from 'node:child_process';
import { fail, root } from './prepare.mjs';

const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: root,
  encoding: 'utf8',
});
if (packed.status !== 0) fail(`npm pack failed:\n${packed.stderr}`);
const [{ files, size }] = JSON.parse(packed.stdout);
const paths = files.map((file) => file.path);

const needed = [
  'LICENSE',
  'README.md',
  'CMakeLists.txt',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/cli/main.js',
  'native/bindings/addon.cpp',
];
const missing = needed.filter((path) => !paths.includes(path));
if (missing.length > 0) fail(`the package lacks ${missing.join(', ')}`);
const allowed = /^(dist|native)\/|^(LICENSE|README\.md|CMakeLists\.txt|package\.json)$/;
const extra = paths.filter((path) => !allowed.test(path));
if (extra.length > 0) fail(`the package must not hold ${extra.join(', ')}`);
console.log(`${paths.length} files, ${Math.round(size / 1024)} kB packed`);
