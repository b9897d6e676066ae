/**
 * `sluice convert`: WAV to WAV at another rate, width, law or number of channels.
 * Not here: the signal work (src/audio).
 */
import { extname } from 'node:path';
import { type Command, Option } from 'commander';
import type { AudioInfo } from '../audio/index.js';
import { MAX_RATE_HZ, MIN_RATE_HZ } from '../format.js';
import { describeError, describeWarning, UsageError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { inputLabel, STDIN } from './inputs.js';
import { interruptible } from './interrupt.js';
import { wholeNumber } from './options.js';
import { checkFile, writeStdout, writeWhole } from './output.js';
import { readWhole } from './read.js';

const CODECS = ['s16', 's24', 's32', 'f32', 'mulaw', 'alaw'] as const;
type Codec = (typeof CODECS)[number];

interface ConvertFlags {
  rate?: number;
  channels?: number;
  codec?: Codec;
}

type Audio = typeof import('../audio/index.js');

/** Interleaved samples and what they are. */
interface Signal<T extends Int16Array | Float32Array> {
  samples: T;
  sampleRateHz: number;
  channels: number;
}

export function addConvert(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('convert')
    .summary('change rate, width or channels of a WAV')
    .description('Reads any WAV and writes a WAV; what is not asked for stays as it is.')
    .argument('<in>', 'a WAV file, or - for standard input')
    .argument('<out>', 'the WAV to write, or - for standard output')
    .option(
      '-r, --rate <hz>',
      'sample rate, 1000 to 192000',
      wholeNumber('The rate', MIN_RATE_HZ, MAX_RATE_HZ),
    )
    .option(
      '-n, --channels <n>',
      '1 mixes to mono; more copies a mono source',
      wholeNumber('Channels', 1, 64),
    )
    .addOption(new Option('--codec <codec>', 'how samples are written').choices(CODECS))
    .addHelpText(
      'after',
      `
Examples:
  $ sluice convert studio.wav phone.wav --rate 8000 --channels 1 --codec mulaw
  $ sluice convert call.wav call-16k.wav --rate 16000
  $ sox in.flac -t wav - | sluice convert - - --codec s16 > out.wav`,
    )
    .action(async (from: string, to: string, flags: ConvertFlags) => done(await convert(from, to, flags)));
}

async function convert(from: string, to: string, flags: ConvertFlags): Promise<ExitCode> {
  if (to !== STDIN && !/^\.(wav|wave)$/i.test(extname(to))) {
    throw new UsageError(`${to}: only WAV can be written`, 'name it .wav');
  }
  if (to === STDIN && process.stdout.isTTY) {
    throw new UsageError('standard output is a terminal', 'name a file, or pipe the audio on');
  }
  if (to !== STDIN) await checkFile(to);
  return interruptible(async (signal) => {
    const wav = await convertOne(from, flags, signal);
    if (wav === undefined) return EXIT.someFailed;
    signal.throwIfAborted();
    await (to === STDIN ? writeStdout(wav) : writeWhole(to, wav));
    return EXIT.ok;
  });
}

/** The converted file; undefined after its failure was told. */
async function convertOne(
  from: string,
  flags: ConvertFlags,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const audio = await import('../audio/index.js');
  try {
    const bytes = await readWhole(from, signal);
    const info = audio.probeAudio(bytes);
    checkChannels(info, flags);
    checkRate(audio, bytes, info, flags);
    for (const code of info.warnings) process.stderr.write(describeWarning(inputLabel(from), code));
    return isExactInInt16(info, flags)
      ? convertInt16(audio, bytes, info, flags)
      : convertFloat32(audio, bytes, info, flags);
  } catch (error) {
    if (signal.aborted) throw signal.reason; // readFile has an AbortError of its own
    if (error instanceof UsageError) throw error;
    process.stderr.write(describeError(error, inputLabel(from)));
    return undefined;
  }
}

function checkChannels(info: AudioInfo, { channels }: ConvertFlags): void {
  if (channels === undefined || channels === 1 || info.channels === 1 || channels === info.channels) return;
  throw new UsageError(
    `${info.channels} channels cannot become ${channels}`,
    'use --channels 1 to mix them, or leave the option out',
  );
}

/** A rate out of range is the caller's mistake to the resampler, the file's to the framer, which says where it is. */
function checkRate(audio: Audio, bytes: Uint8Array, info: AudioInfo, { rate }: ConvertFlags): void {
  const { sampleRateHz, dataOffset } = info;
  if (rate === undefined || rate === sampleRateHz) return;
  if (sampleRateHz >= MIN_RATE_HZ && sampleRateHz <= MAX_RATE_HZ) return;
  const framer = new audio.AudioFramer({ from: { container: 'wav' }, to: 'pcm_24000' });
  try {
    framer.processInto(bytes.subarray(0, dataOffset), new Uint8Array(framer.maxOutputBytes(dataOffset)));
  } finally {
    framer.close();
  }
}

const INT16_ENCODINGS = ['u8', 's16le', 's16be', 'mulaw', 'alaw'];

/** At the same rate these samples pass as they are, bit for bit; a mix is exact only if 16 bits are wanted. */
function isExactInInt16(info: AudioInfo, { rate, channels, codec }: ConvertFlags): boolean {
  if (!INT16_ENCODINGS.includes(info.encoding)) return false;
  if (rate !== undefined && rate !== info.sampleRateHz) return false;
  const mixes = channels !== undefined && channels < info.channels;
  return !mixes || (codec ?? defaultCodec(info)) === 's16';
}

function convertInt16(audio: Audio, bytes: Uint8Array, info: AudioInfo, flags: ConvertFlags): Uint8Array {
  const source: Signal<Int16Array> = audio.readWav(bytes, { sample: 'int16' }) as Signal<Int16Array>;
  const { samples, ...format } = mix(audio, source, 's16le', flags.channels);
  return audio.writeWav(samples, { ...format, encoding: flags.codec ?? defaultCodec(info) });
}

/** float32 holds every integer of 24 bits; of wider samples the 24 highest bits. One rounding, at the end. */
function convertFloat32(audio: Audio, bytes: Uint8Array, info: AudioInfo, flags: ConvertFlags): Uint8Array {
  const source = audio.readWav(bytes, { sample: 'float32' }) as Signal<Float32Array>;
  const toHz = flags.rate ?? source.sampleRateHz;
  const fewer = Math.min(source.channels, flags.channels ?? source.channels);
  const mixed = mix(audio, source, 'f32le', fewer);
  const samples =
    toHz === source.sampleRateHz
      ? mixed.samples
      : audio.resample(mixed.samples, { fromHz: source.sampleRateHz, toHz, channels: mixed.channels });
  const out = mix(audio, { samples, sampleRateHz: toHz, channels: mixed.channels }, 'f32le', flags.channels);
  return audio.writeWav(out.samples, {
    sampleRateHz: toHz,
    channels: out.channels,
    encoding: flags.codec ?? defaultCodec(info),
  });
}

/** Mean of the channels towards one, copies of it towards more. */
function mix<T extends Int16Array | Float32Array>(
  audio: Audio,
  signal: Signal<T>,
  encoding: 's16le' | 'f32le',
  toChannels: number = signal.channels,
): Signal<T> {
  const { samples, sampleRateHz, channels } = signal;
  if (toChannels === channels) return { samples, sampleRateHz, channels };
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const mixed = audio.convertSamples(bytes, { from: encoding, to: encoding, channels, toChannels }).slice();
  const View = samples.constructor as new (buffer: ArrayBufferLike) => T;
  return { samples: new View(mixed.buffer), sampleRateHz, channels: toChannels };
}

/** The source's own kind; what cannot be written as it is becomes the next wider. */
function defaultCodec({ encoding }: AudioInfo): Codec {
  if (encoding === 'mulaw' || encoding === 'alaw') return encoding;
  if (encoding === 'u8' || encoding.startsWith('s16')) return 's16';
  if (encoding.startsWith('s24')) return 's24';
  return encoding.startsWith('s32') ? 's32' : 'f32';
}
