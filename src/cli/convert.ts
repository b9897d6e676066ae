/**
 * `sluice convert`: WAV, headerless samples, G.711 and Ogg Opus to one another, at another rate, width or number of
 * channels.
 * Not here: one conversion from bytes to bytes (convert-run.ts).
 */
import { extname } from 'node:path';
import { type Command, Option } from 'commander';
import { MAX_RATE_HZ, MIN_RATE_HZ } from '../format.js';
import { type Codec, rawEncoding, type SampleCodec, type SampleTarget } from './convert-chain.js';
import { Conversion, type ConvertFlags, InputError, type Wanted } from './convert-run.js';
import { describeError, InterruptedError, UsageError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { inputLabel } from './inputs.js';
import { interruptible } from './interrupt.js';
import { bitsPerSecond, pathName, rawFormat, wholeNumber } from './options.js';
import { checkFile, fillWhole, writeStdout } from './output.js';
import { checkReadable } from './read.js';

const CODECS: readonly Codec[] = ['s16', 's24', 's32', 'f32', 'mulaw', 'alaw', 'opus'];
const STDOUT = '-';

/** What file names say of their contents: a container, or headerless samples, mostly of one codec. */
const EXTENSIONS: Readonly<Record<string, { container: Wanted['container']; codec?: Codec }>> = {
  '.wav': { container: 'wav' },
  '.wave': { container: 'wav' },
  '.raw': { container: 'raw' },
  '.pcm': { container: 'raw' },
  '.s16': { container: 'raw', codec: 's16' },
  '.s24': { container: 'raw', codec: 's24' },
  '.s32': { container: 'raw', codec: 's32' },
  '.f32': { container: 'raw', codec: 'f32' },
  '.ulaw': { container: 'raw', codec: 'mulaw' },
  '.mulaw': { container: 'raw', codec: 'mulaw' },
  '.ul': { container: 'raw', codec: 'mulaw' },
  '.alaw': { container: 'raw', codec: 'alaw' },
  '.al': { container: 'raw', codec: 'alaw' },
  '.opus': { container: 'ogg', codec: 'opus' },
  '.ogg': { container: 'ogg', codec: 'opus' },
  '.oga': { container: 'ogg', codec: 'opus' },
};

export function addConvert(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('convert')
    .summary('change rate, width, channels or container of a recording')
    .description(
      'Reads any WAV, Ogg Opus, what FFmpeg decodes, or headerless samples of a named format, and writes a WAV, Ogg Opus, ' +
        'or headerless samples. What is not asked for stays as it is, except that samples wider than 24 bits are ' +
        'rounded to 24. Files of any length take the same memory.',
    )
    .argument('<in>', 'a recording, one described by --input-format, or - for standard input', pathName)
    .argument('<out>', 'the .wav, .opus, .raw, .ulaw or .alaw to write, or - for standard output', pathName)
    .option(
      '-r, --rate <hz>',
      'sample rate, 1000 to 192000; of Opus the one that is encoded, since its files are always at 48000',
      wholeNumber('The rate', MIN_RATE_HZ, MAX_RATE_HZ),
    )
    .option(
      '-n, --channels <n>',
      '1 mixes to mono; more copies a mono source',
      wholeNumber('Channels', 1, 64),
    )
    .addOption(new Option('--codec <codec>', 'how samples are written').choices(CODECS))
    .option(
      '--bitrate <n>',
      'of Opus, in bits a second, such as 24000 or 24k (default: by rate and channels)',
      bitsPerSecond,
    )
    .option(
      '--input-format <format>',
      'what an input without a header holds: an encoding and a rate, such as pcm_16000, ulaw_8000, s24le_44100',
      rawFormat,
    )
    .option('--input-channels <n>', 'its channels, 1 by default', wholeNumber('Input channels', 1, 65_535))
    .addOption(
      new Option(
        '--output-format <format>',
        'wav, ogg (Opus), or raw for samples without a header (default: by the name)',
      ).choices(['wav', 'ogg', 'raw']),
    )
    .addHelpText(
      'after',
      `
Standard output cannot be gone back in, so the header of a WAV there leaves the length open.

Examples:
  $ sluice convert studio.wav phone.wav --rate 8000 --channels 1 --codec mulaw
  $ sluice convert call.wav call-16k.wav --rate 16000
  $ sluice convert leg-a.ulaw leg-a.wav --input-format ulaw_8000 --codec s16
  $ sluice convert call.wav call.alaw --rate 8000 --channels 1
  $ sluice convert memo.m4a memo.wav --rate 16000
  $ sluice convert call.wav call.opus --bitrate 24k
  $ sluice convert voice-message.ogg message.wav --rate 16000
  $ curl -s https://example.org/in.flac | sluice convert - - --codec s16 > out.wav`,
    )
    .action(async (from: string, to: string, flags: ConvertFlags) => done(await convert(from, to, flags)));
}

async function convert(from: string, to: string, flags: ConvertFlags): Promise<ExitCode> {
  const wanted = wantedOf(to, flags);
  checkInput(flags, wanted);
  if (to === STDOUT && process.stdout.isTTY) {
    throw new UsageError('standard output is a terminal', 'name a file, or pipe the audio on');
  }
  try {
    await checkReadable(from);
  } catch (error) {
    return failed(new InputError('', { cause: error }), from, to);
  }
  if (to !== STDOUT) await checkFile(to);
  return interruptible(async (signal) => {
    const conversion = new Conversion(await import('../audio/index.js'), from, flags, wanted);
    try {
      await (to === STDOUT ? toStdout(conversion, signal) : toFile(to, conversion, signal));
    } catch (error) {
      return failed(error, from, to);
    } finally {
      conversion.close();
    }
    const target = conversion.target;
    if (target?.container === 'raw') {
      process.stderr.write(describeRaw(outputLabel(to), target, conversion.frames));
    }
    return EXIT.ok;
  });
}

function checkInput({ inputFormat, inputChannels, rate }: ConvertFlags, { container }: Wanted): void {
  if (inputChannels !== undefined && inputFormat === undefined) {
    throw new UsageError(
      '--input-channels is for inputs without a header',
      'add --input-format, or leave it out: a WAV says it itself',
    );
  }
  const isOpus = container === 'ogg';
  if (inputFormat === undefined || (rate === undefined && !isOpus)) return;
  const { sampleRateHz } = inputFormat;
  if (sampleRateHz >= MIN_RATE_HZ && sampleRateHz <= MAX_RATE_HZ) return;
  throw new UsageError(
    `${isOpus ? 'Opus' : '--rate'} takes inputs of ${MIN_RATE_HZ} to ${MAX_RATE_HZ} Hz, and --input-format says ${sampleRateHz} Hz`,
    isOpus ? 'check --input-format' : 'leave --rate out, or check --input-format',
  );
}

/** What the options and the output's name ask for. */
function wantedOf(to: string, flags: ConvertFlags): Wanted {
  const wanted = byName(to, flags);
  if (flags.bitrate !== undefined && wanted.container !== 'ogg') {
    throw new UsageError(
      `--bitrate is for Opus, and ${outputLabel(to)} gets other samples`,
      `${to === STDOUT ? 'add --codec opus' : 'name it .opus'}, or leave the option out`,
    );
  }
  return wanted;
}

function byName(to: string, { outputFormat, codec }: ConvertFlags): Wanted {
  const named = to === STDOUT ? undefined : EXTENSIONS[extname(to).toLowerCase()];
  const unnamed = codec === 'opus' ? 'ogg' : to === STDOUT ? 'wav' : undefined;
  const container = outputFormat ?? named?.container ?? unnamed;
  if (container === undefined) {
    throw new UsageError(
      `${to}: the name says no format that can be written`,
      'name it .wav, .opus, .raw, .ulaw or .alaw, or add --output-format',
    );
  }
  // Another container than the name's was asked for: the name counts no more.
  const said = container === named?.container ? named.codec : undefined;
  if (codec !== undefined && clash(codec, container, said)) {
    const who = outputFormat === undefined ? `${to}: the name says` : '--output-format says';
    const next =
      container === 'raw' && codec !== 'opus' ? 'change one of them, or name it .raw' : 'change one of them';
    throw new UsageError(`${who} ${said ?? container} and --codec says ${codec}`, next);
  }
  if (container === 'ogg') return { container };
  const samples = (codec ?? said ?? (container === 'raw' ? 's16' : undefined)) as SampleCodec | undefined;
  return { container, codec: samples, patched: to !== STDOUT };
}

/** Whether a codec is not that of the container, or of the name. */
function clash(codec: Codec, container: Wanted['container'], said: Codec | undefined): boolean {
  return (codec === 'opus') !== (container === 'ogg') || (said !== undefined && said !== codec);
}

async function toStdout(conversion: Conversion, signal: AbortSignal): Promise<void> {
  for await (const bytes of conversion.run(signal)) await writeStdout(bytes, signal);
}

async function toFile(to: string, conversion: Conversion, signal: AbortSignal): Promise<void> {
  await fillWhole(to, async (file) => {
    for await (const bytes of conversion.run(signal)) await file.writeFile(bytes); // goes on where it was
    for (const { offset, bytes } of conversion.patches()) await file.write(bytes, 0, bytes.length, offset);
    signal.throwIfAborted();
  });
}

/** Tells whose failure it was. What has an exit status of its own passes. */
function failed(error: unknown, from: string, to: string): ExitCode {
  const passes = error instanceof UsageError || error instanceof InterruptedError;
  if (passes || (error as NodeJS.ErrnoException).code === 'EPIPE') throw error;
  const [cause, name] =
    error instanceof InputError ? [error.cause, inputLabel(from)] : [error, outputLabel(to)];
  process.stderr.write(describeError(cause, name));
  return EXIT.someFailed;
}

function outputLabel(to: string): string {
  return to === STDOUT ? 'standard output' : inputLabel(to);
}

/** Nothing in a file without a header says what it holds. */
function describeRaw(name: string, { codec, sampleRateHz, channels }: SampleTarget, frames: number): string {
  const more = channels === 1 ? '' : ` --input-channels ${channels}`;
  const encoding = { s16: 'pcm', mulaw: 'ulaw' }[codec as string] ?? rawEncoding(codec); // as the wire formats say
  const format = `--input-format ${encoding}_${sampleRateHz}${more}`;
  return `sluice: ${name}: ${(frames / sampleRateHz).toFixed(2)} s without a header, to be read with ${format}\n`;
}
