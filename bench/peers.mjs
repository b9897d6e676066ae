// The peers that `npm run bench:peers` builds. Not here: those that are plain npm packages.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const BINDING = fileURLToPath(new URL('../build/peers/Release/discordjs-opus.node', import.meta.url));

/**
 * The class OpusEncoder of @discordjs/opus, which its users get from lib/index.js: that file only looks for the binding.
 * Where it is not built it says so, in one line, and answers undefined.
 */
export function discordjsOpus() {
  if (existsSync(BINDING)) return createRequire(import.meta.url)(BINDING).OpusEncoder;
  console.log('NOT COMPARED with @discordjs/opus, which is not built: npm run bench:peers');
  return undefined;
}
