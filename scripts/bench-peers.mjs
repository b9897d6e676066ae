// npm run bench:peers: builds the native binding of the npm package @discordjs/opus, which the Opus benchmarks compare
// with. On purpose, and nothing else does: the package's own install script would fetch a binding or Node's headers from
// the net, and the binding aborts the process where ours throws. It stays out of the package's folder, or
// `require('@discordjs/opus')` would begin to work in tests too, until the next `npm ci`. How it is compiled:
// bench/peers/CMakeLists.txt. Runs without the net, once dependencies are installed.
import { prepareBenchPeers } from './prepare.mjs';

console.log(prepareBenchPeers());
