// npm run format: writes the house format into every source file.
import { spawnSync } from 'node:child_process';
import { cppFiles, prepareDependencies, run } from './prepare.mjs';

prepareDependencies();
run(process.execPath, ['node_modules/@biomejs/biome/bin/biome', 'check', '--write', '.']);
if (spawnSync('clang-format', ['--version']).status === 0) run('clang-format', ['-i', ...cppFiles()]);
else console.log('NOT FORMATTED: C++, since clang-format is missing (Debian: apt-get install clang-format)');
