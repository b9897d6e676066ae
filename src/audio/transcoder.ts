/**
 * One native pass from source bytes to raw bytes of another encoding, rate and number of channels.
 * Not here: the same as a Node stream (src/streams); messages for the speech service (framer.ts).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import type { AudioFormat, RawAudioFormat } from '../format.js';
import { type NativeTranscoder, native, type ResamplerQuality } from '../native/index.js';
import { requireOptions, requireWord } from './arguments.js';
import { type WavInfo, wavInfo } from './probe.js';

/** What a {@link Transcoder} reads and what it makes of it. */
export interface TranscoderOptions {
  /** What the bytes are: a WAV or raw samples. Ogg Opus is decoded by `OggOpusDecoder`, which resamples itself. */
  from: AudioFormat;
  /** What comes out: any encoding, 1 000 to 192 000 Hz, at most 64 channels. */
  to: RawAudioFormat;
  /**
   * `mix` (default): `to.channels` of them, 1 where it is left out; 1 is the mean of all, one channel is copied to any
   * number, the same number stays as it is. `keep`: as many as the source has, and `to.channels` must be left out.
   */
  channels?: 'mix' | 'keep';
  /** What to spend where the rate changes. Default `default`; see {@link ResamplerQuality} for what each costs. */
  quality?: ResamplerQuality;
  /**
   * Size of a WAV source in bytes, where it is known beforehand. It settles some broken headers as `readWav` and
   * `probeAudio` do, which know it. It is that of the first source: `reset` forgets it.
   */
  sourceBytes?: number;
}

/**
 * Turns source bytes (WAV, RF64, raw samples of any encoding, G.711) into raw samples of any other encoding, rate and
 * number of channels: parses, converts, mixes, resamples and encodes in one native call per chunk. Where source and target
 * agree the samples pass untouched. The output does not depend on where the input was cut, and has
 * ceil(n · to.sampleRateHz / source rate) frames for n frames.
 *
 * Where the rate changes, floats are limited to +24 dBFS and a NaN is silence; else they pass as they are.
 * After a FormatError or UnsupportedError the stream is over, and `processInto` and `flushInto` throw the same until
 * `reset`. Everything but `close` throws a TypeError ERR_CLOSED after `close`.
 *
 * @see docs/wav.md and docs/resampler.md, with what each step guarantees
 * @example
 * using transcoder = new Transcoder({
 *   from: { encoding: 'mulaw', sampleRateHz: 8000 },
 *   to: { encoding: 's16le', sampleRateHz: 24_000 },
 * });
 * const chunk = new Uint8Array(160).fill(0xff); // 20 ms of a telephone line
 * const out = new Uint8Array(transcoder.maxOutputBytes(chunk.length));
 * const samples = out.subarray(0, transcoder.processInto(chunk, out));
 */
export class Transcoder {
  readonly #native: NativeTranscoder;
  readonly #encoding: RawAudioFormat['encoding'];
  readonly #sampleRateHz: number;
  /** Whether `maxOutputBytes` is one law for the transcoder's life: the header of a WAV changes it. */
  readonly #isRaw: boolean;
  #askedBytes = Number.NaN; // of maxOutputBytes, and its answer: streams ask for equal chunks, a call each
  #room = 0;

  /** @throws TypeError or RangeError ERR_INVALID_ARG; RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS. */
  constructor(options: TranscoderOptions) {
    requireOptions(options, 'new Transcoder');
    const { from, to, channels = 'mix', quality = 'default', sourceBytes } = options;
    const source = sourceOf(from);
    const target = targetOf(to, requireWord(channels, 'channels', ['mix', 'keep']));
    this.#encoding = target.encoding;
    this.#sampleRateHz = target.sampleRateHz;
    this.#isRaw = source.kind === 'raw';
    this.#native = new native.Transcoder(
      source.kind,
      source.encoding,
      source.sampleRateHz,
      source.channels,
      target.encoding,
      target.sampleRateHz,
      target.channels,
      quality,
      sourceBytes,
    );
  }

  /**
   * Takes all of `chunk` and writes the frames that are ready: one native call, no allocation.
   *
   * @param chunk The next bytes of the source, cut anywhere; a Buffer is fine.
   * @param out Room for `maxOutputBytes(chunk.length)` bytes; must not share memory with `chunk`.
   * @returns Bytes written to the front of `out`: always whole frames.
   * @throws FormatError from the WAV header; UnsupportedError too: ERR_WAV_UNSUPPORTED_RATE,
   * ERR_WAV_UNSUPPORTED_CHANNELS where the file's cannot become the target's.
   * @throws RangeError ERR_OUTPUT_TOO_SMALL (nothing is taken then); TypeError ERR_INVALID_ARG.
   */
  processInto(chunk: Uint8Array, out: Uint8Array): number {
    return this.#native.processInto(chunk, out);
  }

  /**
   * Room that `processInto` wants for so many bytes of input: the same at any moment, so ask once. Only before a WAV's
   * header is known it is larger, since it bounds every possible header: feed the first kilobytes by themselves.
   *
   * @param inputBytes A whole number from 0.
   * @returns Bytes.
   * @throws TypeError ERR_INVALID_ARG for anything but a number; RangeError ERR_INVALID_ARG for one that is not whole,
   * below 0 or above 2^36.
   */
  maxOutputBytes(inputBytes: number): number {
    if (inputBytes === this.#askedBytes) return this.#room;
    const room = this.#native.maxOutputBytes(inputBytes);
    if (this.#isRaw) [this.#askedBytes, this.#room] = [inputBytes, room];
    return room;
  }

  /**
   * The end of the source: what the resampler still holds. Part of a frame at the end is dropped; `leftoverBytes` tells of
   * it. What is processed after it begins a new source.
   *
   * @param out Room for `maxFlushBytes` bytes.
   * @returns Bytes written: `maxFlushBytes` of them.
   * @throws FormatError when a WAV ended before its audio began; RangeError ERR_OUTPUT_TOO_SMALL; TypeError
   * ERR_INVALID_ARG.
   */
  flushInto(out: Uint8Array): number {
    return this.#native.flushInto(out);
  }

  /** Room that `flushInto` wants, in bytes, as things stand. */
  get maxFlushBytes(): number {
    return this.#native.flushBytes();
  }

  /** Frames of the target handed out so far; after `flushInto` those of the whole source. */
  get frames(): number {
    return this.#native.frames();
  }

  /**
   * What comes out, with its channels; undefined as long as they are to be those of a WAV whose header is not known yet.
   * After `flushInto` it stays that of the finished source.
   */
  get outputFormat(): Required<RawAudioFormat> | undefined {
    const channels = this.#native.channels();
    if (channels === 0) return undefined;
    return { container: 'raw', encoding: this.#encoding, sampleRateHz: this.#sampleRateHz, channels };
  }

  /** Bytes of an unfinished frame at the source's end, which `flushInto` dropped. */
  get leftoverBytes(): number {
    return this.#native.leftoverBytes();
  }

  /**
   * What a WAV source's header said, once it is known; undefined for other sources. `frames`, `missingFrames` and
   * `warnings` are those so far: read it again after `flushInto` for the whole file's.
   */
  get info(): WavInfo | undefined {
    const facts = this.#native.info();
    return facts && wavInfo(facts);
  }

  /** As new, for the next source with the same options. */
  reset(): void {
    this.#native.reset();
  }

  /**
   * Frees the native memory. May be called again. What is dropped without it is freed too, but only once the event loop
   * turns: in a loop that makes many, close each.
   */
  close(): void {
    this.#askedBytes = Number.NaN;
    this.#native.close();
  }

  /** `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

interface NativeSource {
  kind: 'wav' | 'raw';
  encoding?: RawAudioFormat['encoding'];
  sampleRateHz?: number;
  channels?: number;
}

function sourceOf(from: AudioFormat): NativeSource {
  requireOptions(from, "Transcoder's from");
  const { container = 'raw' } = from;
  requireWord(container, 'from.container', ['raw', 'wav', 'ogg']);
  if (from.container === 'ogg') {
    throw argumentTypeError(
      "from: { container: 'ogg' } is not transcoded: decode it with OggOpusDecoder, and give its samples as raw",
    );
  }
  if (from.container === 'wav') return { kind: 'wav' };
  const { encoding, sampleRateHz, channels = 1 } = from;
  return { kind: 'raw', encoding, sampleRateHz, channels };
}

function targetOf(to: RawAudioFormat, policy: 'mix' | 'keep'): Required<Omit<RawAudioFormat, 'container'>> {
  requireOptions(to, "Transcoder's to");
  const { container = 'raw', encoding, sampleRateHz, channels } = to;
  if (container !== 'raw') {
    requireWord<string>(container, 'to.container', ['raw', 'wav', 'ogg']);
    throw argumentTypeError(
      'to is raw samples: WavWriter and OggOpusEncoder make files of them; leave out to.container',
    );
  }
  if (policy === 'mix') return { encoding, sampleRateHz, channels: requireChannels(channels) };
  if (channels !== undefined)
    throw argumentTypeError("channels: 'keep' takes those of the source; leave out to.channels, or mix");
  return { encoding, sampleRateHz, channels: 0 };
}

/** Numbers only: the addon refuses the rest, and takes 0, which means `keep` to it. */
function requireChannels(channels = 1): number {
  if (typeof channels !== 'number' || (Number.isInteger(channels) && channels >= 1 && channels <= 64))
    return channels;
  throw argumentRangeError(
    `to.channels must be a whole number from 1 to 64, got ${channels}`,
    'ERR_INVALID_CHANNELS',
  );
}
