/**
 * `sluice sandbox`: the local server, for other programs to talk to.
 * Not here: the server (src/sandbox).
 */
import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { EXIT, type ExitCode } from './exit-codes.js';
import { interruptible } from './interrupt.js';
import { wholeNumber } from './options.js';
import { writeStdout } from './output.js';

interface SandboxFlags {
  port: number;
  host: string;
  clock: 'decoder' | 'audio';
  fault?: string[];
}

export function addSandbox(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('sandbox')
    .summary('a local server that speaks the protocol')
    .description(
      'Runs a local stand-in for the service until it is interrupted: no key, no network, no cost.',
    )
    .option(
      '-p, --port <n>',
      'port to listen on; 0 takes any free one',
      wholeNumber('The port', 0, 65_535),
      0,
    )
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .addOption(
      new Option('--clock <clock>', 'word times as observed of the service, or as documented')
        .choices(['decoder', 'audio'])
        .default('decoder'),
    )
    .option('--fault <spec...>', 'what goes wrong, in this order; see below')
    .addHelpText(
      'after',
      `
Faults, as kind:name=value,name=value – each befalls every session unless times=N ends it:
  refuse:status=503,retry-after=2   the connection is answered with an HTTP status
  delay:ms=500                      ready comes late
  drop:after=3                      the connection breaks after so many messages
  error:code=1011,after=3           an error message, then a close
  close:code=1011,after=3           a close without an error message
  malformed:after=3                 a message that is no JSON
  stall:after=3                     nothing comes any more

Examples:
  $ sluice sandbox --port 8765
  $ sluice sandbox --fault refuse:status=429,times=2 --fault drop:after=5,times=1`,
    )
    .action(async (flags: SandboxFlags) => done(await sandbox(flags)));
}

async function sandbox({ port, host, clock, fault = [] }: SandboxFlags): Promise<ExitCode> {
  const { parseFault, startSandbox } = await import('../sandbox/index.js');
  return interruptible(async (signal) => {
    const faults = fault.map(parseFault);
    const log = (line: string) => process.stderr.write(`${line}\n`);
    const server = await startSandbox({ port, host, clock, faults, log });
    try {
      await writeStdout(
        `${server.url}\n\nexport GRADIUM_BASE_URL=${server.url}\nexport GRADIUM_API_KEY=anything\n`,
      );
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await server.close();
    }
    return EXIT.ok;
  });
}
