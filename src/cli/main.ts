#!/usr/bin/env node
/**
 * The command `sluice`.
 * Not here: the command line (program.ts).
 */
import { EXIT } from './exit-codes.js';
import { run } from './program.js';

// A reader that goes away (`sluice … | head`) is noticed where we write, not as an uncaught event.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const code = await run(process.argv.slice(2));
// What is written is on its way out before the exit; a handle left open must not keep a finished command alive. Who
// has asked for a stop does not wait for a reader that may have stopped too.
if (code !== EXIT.interrupted) {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((done) => stream.write('', () => done()));
}
process.exit(code);
