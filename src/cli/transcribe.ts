/**
 * `sluice transcribe`: recordings in, transcripts out.
 * Not here: what inputs mean (inputs.ts), concurrency and isolation (src/batch), progress (progress.ts).
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import {
  type BatchClient,
  type BatchResult,
  formatTranscript,
  isAccountError,
  type TranscriptFormat,
  transcribeBatch,
} from '../batch/index.js';
import type { Gradium, TranscribeOptions, Transcript } from '../gradium/index.js';
import type { WireFormat } from '../index.js';
import { SANDBOX_NOTICE, withClient } from './client.js';
import { InterruptedError, UsageError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Input, inputLabel, resolveInputs, STDIN } from './inputs.js';
import { interruptible } from './interrupt.js';
import {
  formatList,
  INPUT_WIRES,
  languageCode,
  namedLanguage,
  RAW_INPUTS,
  type Transport,
  transportOption,
  wholeNumber,
  wordList,
} from './options.js';
import { checkCollisions, checkFolder, writeStdout, writeWhole } from './output.js';
import { PROGRESS_MODES, Progress, type ProgressMode } from './progress.js';

interface TranscribeFlags {
  output?: string;
  format: TranscriptFormat[];
  language: string;
  concurrency: number;
  keywords?: string[];
  translateTo?: string;
  wire: 'auto' | WireFormat;
  transport: Transport;
  inputFormat?: string;
  sandbox?: true;
  progress: ProgressMode;
}

export function addTranscribe(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('transcribe')
    .summary('recordings to text, JSON or subtitles')
    .description(
      'Transcribes recordings: WAV, Ogg Opus, and what FFmpeg decodes where it is installed (MP3, M4A, FLAC, WebM and more). ' +
        'Results go to standard output, or with -o to one file each.',
    )
    .argument(
      '<inputs...>',
      'files, folders, quoted patterns such as "calls/**/*.wav", or - for standard input',
    )
    .option('-o, --output <dir>', 'write one file per input and format below this folder')
    .addOption(
      new Option('-f, --format <list>', 'txt, json, srt, vtt; several with commas')
        .argParser(formatList)
        .default(['txt'], 'txt'),
    )
    .option('-l, --language <code>', 'en, fr, de, es, pt, or any to have it detected', languageCode, 'any')
    .option(
      '--keywords <list>',
      'words that the recogniser should expect; several with commas, up to 500',
      wordList,
    )
    .option('--translate-to <code>', 'language of the transcript: en, fr, de, es or pt', namedLanguage)
    .option('-c, --concurrency <n>', 'files at the same time', wholeNumber('Concurrency', 1, 10_000), 16)
    .addOption(
      new Option(
        '--wire <format>',
        'what is sent; auto is the cheapest that loses nothing, opus encodes what is not Opus yet',
      )
        .choices(INPUT_WIRES)
        .default('auto'),
    )
    .addOption(transportOption())
    .addOption(
      new Option(
        '--input-format <format>',
        'what files without a header hold (default: they have one)',
      ).choices(Object.keys(RAW_INPUTS)),
    )
    .option('--sandbox', 'use a built-in server instead of the service: no key, no network')
    .addOption(
      new Option('--progress <mode>', 'how progress is shown on standard error')
        .choices(PROGRESS_MODES)
        .default('auto'),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ sluice transcribe call.wav
  $ sluice transcribe calls/ -o transcripts --format txt,srt
  $ sluice transcribe "calls/**/*.wav" --format json | jq -r .text
  $ sluice transcribe voice-messages/*.opus --format json
  $ sluice transcribe studio.wav --wire opus
  $ sluice transcribe standup.wav --keywords Kubernetes,Sluice
  $ sluice transcribe entretien.wav --translate-to en
  $ sluice transcribe leg-a.ulaw --input-format ulaw_8000
  $ sluice speak --sandbox "hello" -o hello.wav && sluice transcribe --sandbox hello.wav`,
    )
    .action(async (args: string[], flags: TranscribeFlags) => done(await transcribe(args, flags)));
}

async function transcribe(args: string[], flags: TranscribeFlags): Promise<ExitCode> {
  const inputs = await resolveInputs(args);
  await checkDestination(inputs, flags);
  const progress = new Progress({ mode: flags.progress });
  return interruptible((signal) =>
    withClient(flags, (client) => {
      if (flags.sandbox) progress.notice(SANDBOX_NOTICE);
      return transcribeAll(inputs, flags, client, progress, signal);
    }),
  );
}

/** What cannot be written as asked is said before anything is paid for. */
async function checkDestination(inputs: Input[], { output, format }: TranscribeFlags): Promise<void> {
  if (inputs.some(({ path }) => path === STDIN) && process.stdin.isTTY) {
    throw new UsageError('standard input is a terminal', 'pipe audio into it, or name a file');
  }
  if (output !== undefined) {
    if (output === '')
      throw new UsageError('-o is an empty string', 'check the variables on the command line');
    if (output === '-') {
      throw new UsageError('-o names a folder, and - is none', 'leave -o out for standard output');
    }
    checkCollisions(inputs);
    return checkFolder(output);
  }
  if (format.length > 1) {
    throw new UsageError(`${format.join(' and ')} cannot share standard output`, 'add -o DIR');
  }
  if (inputs.length > 1 && (format[0] === 'srt' || format[0] === 'vtt')) {
    throw new UsageError(`subtitles of ${inputs.length} inputs cannot share standard output`, 'add -o DIR');
  }
}

async function transcribeAll(
  inputs: Input[],
  flags: TranscribeFlags,
  client: Gradium,
  progress: Progress,
  signal: AbortSignal,
): Promise<ExitCode> {
  const inputOf = new Map(inputs.map((input) => [input.path, input]));
  const sink =
    flags.output === undefined ? stdoutSink(flags, inputs.length, signal) : folderSink(flags.output, flags);
  progress.start(await weigh(inputs));
  try {
    const results = transcribeBatch(inputOf.keys(), {
      ...sttOptions(flags),
      client: batchClient(client),
      concurrency: flags.concurrency,
      signal,
      onProgress: (event) => progress.onBatch({ ...event, source: inputLabel(event.source) }),
    });
    for await (const result of results) {
      const input = inputOf.get(result.source);
      if (input !== undefined) await settle(result, input, sink, progress);
    }
  } catch (error) {
    return stopped(error, progress);
  }
  progress.finish();
  return progress.summary().failed > 0 ? EXIT.someFailed : EXIT.ok;
}

function sttOptions(flags: TranscribeFlags): TranscribeOptions {
  const { language, keywords, translateTo, wire, transport, inputFormat = '' } = flags;
  const format = RAW_INPUTS[inputFormat];
  return {
    language,
    ...(keywords !== undefined && { keywords: { words: keywords } }),
    ...(translateTo !== undefined && { targetLanguage: translateTo }),
    wire,
    transport,
    ...(format !== undefined && { format }),
  };
}

/** The batch ended before its last input: what was finished stays. */
function stopped(error: unknown, progress: Progress): ExitCode {
  progress.stop();
  const code = exitCodeOfStop(error);
  if (code === undefined) throw error;
  progress.error(error);
  progress.finish();
  return code;
}

function exitCodeOfStop(error: unknown): ExitCode | undefined {
  if (error instanceof InterruptedError) return EXIT.interrupted;
  if (isAccountError(error)) return EXIT.account;
  return isDiskFull(error) ? EXIT.someFailed : undefined;
}

/** Puts one transcript where the user wants it. */
type Sink = (input: Input, transcript: Transcript, progress: Progress) => Promise<void>;

function folderSink(folder: string, { format }: TranscribeFlags): Sink {
  return async ({ outputName }, transcript) => {
    for (const name of format) {
      await writeWhole(join(folder, `${outputName}.${name}`), formatTranscript(transcript, name));
    }
  };
}

function stdoutSink({ format }: TranscribeFlags, inputCount: number, signal: AbortSignal): Sink {
  const name = format[0] ?? 'txt';
  let written = 0;
  return (input, transcript, progress) => {
    let text = formatTranscript(transcript, name);
    if (inputCount > 1 && name === 'json') text = `${JSON.stringify(JSON.parse(text))}\n`;
    if (inputCount > 1 && name === 'txt') {
      text = `${written++ > 0 ? '\n' : ''}==> ${inputLabel(input.path)} <==\n${text}`;
    }
    return progress.aside(() => writeStdout(text, signal));
  };
}

async function settle(result: BatchResult, input: Input, sink: Sink, progress: Progress): Promise<void> {
  const name = inputLabel(input.path);
  if (result.status === 'failed') return progress.fileFailed(name, result.error);
  const source = { ...result.transcript.source, name: input.path === STDIN ? name : input.path };
  const transcript = { ...result.transcript, source };
  for (const code of transcript.warnings) progress.warning(name, code);
  try {
    await sink(input, transcript, progress);
  } catch (error) {
    // No further result would get through: stop before more is paid for.
    if (isBrokenPipe(error) || isDiskFull(error) || error instanceof InterruptedError) throw error;
    return progress.fileFailed(name, error);
  }
  progress.fileDone(name, transcript.durationS, transcript.words.length);
}

function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(String((error as NodeJS.ErrnoException | undefined)?.code));
}

function isBrokenPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE';
}

/** The batch deals in paths; `-` becomes standard input here. */
function batchClient({ stt }: Gradium): BatchClient {
  return {
    stt: {
      transcribe: (source, options) => stt.transcribe(source === STDIN ? process.stdin : source, options),
    },
  };
}

/** Sizes of the files, for the estimate of the time left; what cannot be read weighs nothing. */
function weigh(inputs: Input[]): Promise<{ name: string; bytes: number }[]> {
  return Promise.all(
    inputs.map(async ({ path }) => {
      const bytes =
        path === STDIN
          ? 0
          : await stat(path).then(
              ({ size }) => size,
              () => 0,
            );
      return { name: inputLabel(path), bytes };
    }),
  );
}
