/**
 * The command line as a whole: its commands, and how every way out becomes an exit status.
 * Not here: any command's work.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { isAccountError } from '../batch/index.js';
import { addAccount } from './account.js';
import { addConvert } from './convert.js';
import { describeError, InterruptedError, UsageError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { addProbe } from './probe.js';
import { addPronunciations } from './pronunciations.js';
import { addRewrite } from './rewrite.js';
import { addSandbox } from './sandbox.js';
import { addSpeak } from './speak.js';
import { addTranscribe } from './transcribe.js';
import { addVoices } from './voices.js';

/** Carries out one command line (without `node` and the script) and tells the exit status. Never throws. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  try {
    await createProgram((result) => {
      code = result;
    }).parseAsync(args, { from: 'user' });
  } catch (error) {
    code = exitCodeOf(error);
    if (!isSilent(error)) process.stderr.write(describeError(error));
  }
  return code;
}

function createProgram(done: (code: ExitCode) => void): Command {
  const program = new Command('sluice')
    .description('Speech between files and the Gradium speech API: transcribe, speak, convert.')
    .version(packageVersion(), '-V, --version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'sluice: ')) })
    .showHelpAfterError('  next: add --help to see how this command is used')
    .showSuggestionAfterError(true)
    .exitOverride()
    .addHelpText(
      'after',
      `
Environment:
  GRADIUM_API_KEY   the key; get one at https://gradium.ai, or use --sandbox without one
  GRADIUM_BASE_URL  another server, such as one started with "sluice sandbox"
  NO_COLOR          no colours
  SLUICE_DEBUG      stacks with errors
  SLUICE_FFMPEG     path of the program that decodes other containers than WAV and Ogg Opus; else ffmpeg on PATH
  SLUICE_SIMD       another instruction set than the best; "sluice probe --cpu" lists them

Exit status:
  0 all done, 1 some inputs failed, 2 usage, 3 account or key, 130 interrupted

Examples:
  $ sluice transcribe calls/ -o transcripts --format txt,srt
  $ sluice speak --sandbox "hello" -o hello.wav && sluice transcribe --sandbox hello.wav`,
    );
  addTranscribe(program, done);
  addSpeak(program, done);
  addConvert(program, done);
  addProbe(program, done);
  addRewrite(program, done);
  addVoices(program, done);
  addPronunciations(program, done);
  addAccount(program, done);
  addSandbox(program, done);
  return program;
}

/** package.json lies two folders up from src/cli and from dist/cli alike. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof InterruptedError) return EXIT.interrupted;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (isAccountError(error) || code === 'ERR_NO_API_KEY') return EXIT.account;
  if (code === 'EPIPE') return EXIT.ok;
  // The package refused a value that the command line passed on.
  if ((error instanceof TypeError || error instanceof RangeError) && code?.startsWith('ERR_'))
    return EXIT.usage;
  return EXIT.someFailed;
}

/** Commander has told its errors itself; a reader that went away (`| head`) wants to hear nothing more. */
function isSilent(error: unknown): boolean {
  return error instanceof CommanderError || (error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE';
}
