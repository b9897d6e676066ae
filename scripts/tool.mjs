// node scripts/tool.mjs PACKAGE/FILE ARGS…: runs a development tool of node_modules, which is installed first if need be.
import { join } from 'node:path';
import { prepareDependencies, run } from './prepare.mjs';

const [tool, ...args] = process.argv.slice(2);
prepareDependencies();
run(process.execPath, [join('node_modules', tool), ...args]);
