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
  strict?: true;
  key?: string[];
  selfHosted?: 'stt' | 'tts' | 's2s';
  concurrency?: number;
  sessionLimit: number;
  maxChars?: number;
  credits?: number;
  state?: string;
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
    .option('--strict', 'what the documents say, and no more')
    .option('--key <key...>', 'the keys that are good; else any is')
    .addOption(
      new Option('--self-hosted <route>', 'what a WebSocket at the base URL itself does').choices([
        'stt',
        'tts',
        's2s',
      ]),
    )
    .option(
      '--concurrency <n>',
      'sessions at once; one too many is answered by 429',
      wholeNumber('The concurrency', 1, 1_000_000),
    )
    .option(
      '--session-limit <seconds>',
      'how long a session may be; 0 is no limit',
      wholeNumber('The session limit', 0, 86_400),
      300,
    )
    .option(
      '--max-chars <n>',
      'characters that a session speaks; the free tier has 1500',
      wholeNumber('The number of characters', 1, 1_000_000_000),
    )
    .option(
      '--credits <n>',
      'credits that speech takes from (default: 1000000000)',
      wholeNumber('The number of credits', 0, 1_000_000_000_000),
    )
    .option('--state <file>', 'where voices, dictionaries and usage outlive a restart')
    .option('--fault <spec...>', 'what goes wrong, in this order; see below')
    .addHelpText(
      'after',
      `
Faults, as kind:name=value,name=value – each befalls every session unless times=N ends it:
  refuse:status=503,retry-after=2   the connection is answered with an HTTP status
  delay:ms=500                      ready comes late
  slow:ms=50                        every message comes late
  drop:after=3                      the connection breaks after so many messages
  error:code=1011,after=3           an error message, then a close
  close:code=1011,after=3           a close without an error message
  malformed:after=3                 a message that is no JSON
  binary:after=3                    bytes that are no text in place of a message
  stall:after=3                     nothing comes any more
refuse takes form=detail, list, error, text or html as well, for the body that says so;
and with any of them:
  request=3                         session (refuse: connection) number 3 alone, or times=N from there
  route=stt                         one route alone: stt, tts or s2s; or rest, which is spared otherwise, and
                                    knows refuse, delay, drop, stall (after=0 or 1), malformed and binary

Examples:
  $ sluice sandbox --port 8765
  $ sluice sandbox --fault refuse:status=429,times=2 --fault drop:after=5,times=1
  $ sluice sandbox --state sandbox.state --fault refuse:status=422,form=list,route=rest,times=1
  $ sluice sandbox --strict --concurrency 2 --fault slow:ms=200,route=tts`,
    )
    .action(async (flags: SandboxFlags) => done(await sandbox(flags)));
}

async function sandbox(flags: SandboxFlags): Promise<ExitCode> {
  const { parseFault, startSandbox } = await import('../sandbox/index.js');
  return interruptible(async (signal) => {
    const {
      port,
      host,
      clock,
      strict,
      key,
      selfHosted,
      concurrency,
      maxChars,
      credits,
      state,
      fault = [],
    } = flags;
    const server = await startSandbox({
      port,
      host,
      clock,
      mode: strict ? 'strict' : 'lenient',
      ...(key && { keys: key }),
      ...(selfHosted && { selfHosted }),
      ...(concurrency && { concurrency }),
      ...(maxChars && { maxCharsPerSession: maxChars }),
      ...(credits !== undefined && { credits }),
      ...(state !== undefined && { state }),
      sessionLimitS: flags.sessionLimit,
      faults: fault.map(parseFault),
      log: (line) => process.stderr.write(`${line}\n`),
    });
    try {
      await writeStdout(greeting(server.url, key === undefined));
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await server.close();
    }
    return EXIT.ok;
  });
}

/** The URL, and what a shell may be told. A key that has to be right is known to who gave it, and not shown. */
function greeting(url: string, anyKey: boolean): string {
  const key = anyKey ? 'export GRADIUM_API_KEY=anything\n' : '';
  return `${url}\n\nexport GRADIUM_BASE_URL=${url}\n${key}`;
}
