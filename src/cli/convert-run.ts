/**
 * One conversion of `sluice convert`: an input's bytes to the output's, of any length, in constant memory.
 * Not here: samples from bytes (convert-source.ts), the work on them (convert-chain.ts), where the bytes go (convert.ts).
 */
import type { FfmpegReader, WavPatch } from '../audio/index.js';
import { sampleBytes } from '../format.js';
import {
  type Codec,
  ConvertChain,
  isInt16Enough,
  rawEncoding,
  type SampleCodec,
  type SampleTarget,
  type TargetFormat,
} from './convert-chain.js';
import { OpusSource } from './convert-opus.js';
import {
  type Audio,
  type RawFormat,
  RawSource,
  type Samples,
  type Source,
  type SourceFormat,
  type SourceOptions,
  WavSource,
} from './convert-source.js';
import { describeWarning, UsageError } from './errors.js';
import { inputLabel } from './inputs.js';
import { MAX_BITRATE, MIN_BITRATE } from './options.js';
import { openChunks, openRecording, type RecordingChunks, recordingWarnings } from './read.js';

/** The options of the command. */
export interface ConvertFlags {
  inputFormat?: Pick<RawFormat, 'encoding' | 'sampleRateHz'>;
  inputChannels?: number;
  outputFormat?: TargetFormat['container'];
  rate?: number;
  channels?: number;
  codec?: Codec;
  bitrate?: number;
}

/** What the options and the name of the output ask for. */
export type Wanted =
  | { container: 'ogg' }
  | {
      container: 'wav' | 'raw';
      /** Undefined: the source decides. */
      codec: SampleCodec | undefined;
      /** The header can be written again at the end. */
      patched: boolean;
    };

/** `raw`: samples without a header. */
type Chunks = Omit<RecordingChunks, 'container'> & { container: RecordingChunks['container'] | 'raw' };

/** The input is at fault, not the output. */
export class InputError extends Error {}

export class Conversion {
  readonly #audio: Audio;
  readonly #from: string;
  readonly #flags: ConvertFlags;
  readonly #wanted: Wanted;
  #source: Source | undefined;
  #chain: ConvertChain | undefined;
  #fileBytes: number | undefined;
  #decoder: FfmpegReader | undefined;
  #hasBytes = false;
  /** What is written; undefined until the input's header has come. */
  target: TargetFormat | undefined;

  constructor(audio: Audio, from: string, flags: ConvertFlags, wanted: Wanted) {
    this.#audio = audio;
    this.#from = from;
    this.#flags = flags;
    this.#wanted = wanted;
  }

  /**
   * The bytes of the result, in pieces, each good until the next.
   * @throws InputError when the input is at fault
   */
  async *run(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#run(signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof UsageError ? error : new InputError('', { cause: this.#withNextStep(error) });
    }
  }

  /** What makes the file whole, once all is done, where it can be gone back in. */
  patches(): WavPatch[] {
    return this.#chain?.patches() ?? [];
  }

  /** Frames written. */
  get frames(): number {
    return this.#chain?.frames ?? 0;
  }

  close(): void {
    this.#source?.close();
    this.#decoder?.close();
    this.#chain?.close();
  }

  async *#run(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { chunks, fileBytes, decoder, container } = await this.#chunks(signal);
    // Of Ogg Opus the size says nothing about the length.
    this.#fileBytes = container === 'ogg' ? undefined : fileBytes;
    this.#decoder = decoder;
    const source = this.#open(container);
    for await (const chunk of chunks) {
      this.#hasBytes ||= chunk.length > 0;
      yield* this.#convert(source, source.process(chunk));
    }
    yield* this.#convert(source, source.flush());
    const warnings = recordingWarnings(source.warnings(), decoder);
    for (const code of warnings) process.stderr.write(describeWarning(inputLabel(this.#from), code));
    // flush() has thrown when there is no header.
    yield* this.#chainFor(source.format as SourceFormat).flush();
  }

  *#convert(source: Source, pieces: Iterable<Samples>): Generator<Uint8Array> {
    for (const samples of pieces)
      if (source.format !== undefined) yield* this.#chainFor(source.format).process(samples);
  }

  async #chunks(signal: AbortSignal): Promise<Chunks> {
    const hasHeader = this.#flags.inputFormat === undefined;
    if (hasHeader) return openRecording(this.#audio, this.#from, signal);
    return { ...(await openChunks(this.#from, signal)), container: 'raw' };
  }

  /** Bytes that begin as nothing we know may be samples alone; half a header, or no bytes, are not. */
  #withNextStep(error: unknown): unknown {
    const { code, byteOffset } = error as { code?: string; byteOffset?: number };
    if (code !== 'ERR_WAV_NOT_WAV' || byteOffset !== 0 || !this.#hasBytes) return error;
    return Object.assign(error as Error, {
      next: 'samples without a header need --input-format, such as pcm_16000 or ulaw_8000',
    });
  }

  #open(container: Chunks['container']): Source {
    const isInt16 = (format: SourceFormat) => isInt16Enough(format, this.#targetFor(format));
    const resampled = this.#flags.rate !== undefined || this.#wanted.container === 'ogg';
    this.#source = this.#openAs(container, { isInt16, fileBytes: this.#fileBytes, resampled });
    return this.#source;
  }

  #openAs(container: Chunks['container'], options: SourceOptions): Source {
    const { inputFormat, inputChannels: channels = 1 } = this.#flags;
    if (inputFormat !== undefined) return new RawSource(this.#audio, { ...inputFormat, channels }, options);
    return container === 'ogg' ? new OpusSource(this.#audio, options) : new WavSource(this.#audio, options);
  }

  #chainFor(format: SourceFormat): ConvertChain {
    if (this.#chain === undefined) {
      checkChannels(format, this.#flags);
      this.target = this.#targetFor(format);
      checkResampled(format, this.target);
      checkOpus(this.target);
      this.#chain = new ConvertChain(this.#audio, format, this.target);
    }
    return this.#chain;
  }

  #targetFor(format: SourceFormat): TargetFormat {
    const { rate: sampleRateHz = format.sampleRateHz, channels = format.channels, bitrate } = this.#flags;
    if (this.#wanted.container === 'ogg')
      return { container: 'ogg', codec: 'opus', sampleRateHz, channels, bitrate };
    const { container, codec = this.#defaultCodec(format), patched } = this.#wanted;
    const target = { container, codec, sampleRateHz, channels };
    return { ...target, rf64: patched && mayPass4GiB(format, target, this.#fileBytes) };
  }

  /** FFmpeg gives 32-bit floats, whatever the recording holds. */
  #defaultCodec(format: SourceFormat): SampleCodec {
    if (this.#decoder === undefined) return defaultCodec(format);
    return this.#decoder.container.lossless ? 's24' : 's16';
  }
}

/** As many as the resampler takes. */
const MAX_RESAMPLED_CHANNELS = 64;

function checkChannels(format: SourceFormat, { channels }: ConvertFlags): void {
  if (channels === undefined || channels === 1 || format.channels === 1 || channels === format.channels)
    return;
  throw new UsageError(
    `${format.channels} channels cannot become ${channels}`,
    'use --channels 1 to mix them, or leave the option out',
  );
}

function checkResampled(format: SourceFormat, target: TargetFormat): void {
  const channels = Math.min(format.channels, target.channels);
  if (target.sampleRateHz === format.sampleRateHz || channels <= MAX_RESAMPLED_CHANNELS) return;
  throw new UsageError(
    `--rate takes up to ${MAX_RESAMPLED_CHANNELS} channels, and here are ${channels}`,
    'add --channels 1 to mix them, or leave the rate as it is',
  );
}

/** As many as mapping family 1 has (RFC 7845, 5.1.1.2). */
const MAX_OPUS_CHANNELS = 8;

function checkOpus(target: TargetFormat): void {
  if (target.container !== 'ogg') return;
  const { channels, bitrate } = target;
  if (channels > MAX_OPUS_CHANNELS) {
    throw new UsageError(
      `Opus takes up to ${MAX_OPUS_CHANNELS} channels, and here are ${channels}`,
      'add --channels 1 to mix them',
    );
  }
  if (bitrate === undefined) return;
  if (bitrate < MIN_BITRATE * channels || bitrate > MAX_BITRATE * channels) {
    throw new UsageError(
      `--bitrate takes ${MIN_BITRATE} to ${MAX_BITRATE} bits a second for each channel, and here are ${channels}`,
      'ask for more or fewer bits, or leave the option out',
    );
  }
}

/** The source's own kind; what cannot be written as it is becomes the next wider. */
function defaultCodec({ encoding }: SourceFormat): SampleCodec {
  if (encoding === 'mulaw' || encoding === 'alaw') return encoding;
  if (encoding === 'u8' || encoding === 'opus' || encoding.startsWith('s16')) return 's16';
  if (encoding.startsWith('s24')) return 's24';
  return encoding.startsWith('s32') ? 's32' : 'f32';
}

const FOUR_GIB = 2 ** 32;

/** True also where the input's length is not known. */
function mayPass4GiB(
  from: SourceFormat,
  to: Omit<SampleTarget, 'rf64'>,
  fileBytes: number | undefined,
): boolean {
  if (fileBytes === undefined || from.encoding === 'opus') return true;
  const frames = fileBytes / (sampleBytes(from.encoding) * from.channels);
  const bytes =
    (frames * to.sampleRateHz * to.channels * sampleBytes(rawEncoding(to.codec))) / from.sampleRateHz;
  return bytes > FOUR_GIB - 2 ** 17; // the header, and a frame that is rounded up
}
