/**
 * Sample-rate conversion, of a whole buffer and as a stream.
 * Not here: the filters themselves (native/core/resampler.h).
 */
import { type NativeResampler, native, type OwnSamples, type ResamplerQuality } from '../native/index.js';
import { lengthOf, requireOptions, requireWord, roomFor } from './arguments.js';
import { type AbortOptions, offLoop } from './off-loop.js';

/** Rates, channels and quality of a rate conversion. */
export interface ResampleOptions {
  /** Rate of the input: a whole number from 1 000 to 192 000. */
  fromHz: number;
  /** Rate of the output: a whole number from 1 000 to 192 000. */
  toHz: number;
  /** Interleaved channels, 1 to 64. Default 1. */
  channels?: number;
  /** What to spend on it. Default `default`; see {@link ResamplerQuality} for what each costs. */
  quality?: ResamplerQuality;
}

/**
 * Converts a whole buffer to another rate. Output frame k lies at input time k · fromHz / toHz, without delay, and
 * there are exactly ceil(n · toHz / fromHz) frames for n frames of input.
 *
 * @param samples Int16Array, or Float32Array with full scale 1.0 (not clipped); whole frames, interleaved.
 * @returns New samples of the same type, interleaved too. int16 is rounded to nearest even and saturates.
 * @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_LENGTH (no whole number of frames),
 * ERR_TOO_LARGE (no memory for the result).
 * @throws TypeError ERR_INVALID_ARG; RangeError ERR_INVALID_ARG for an unknown `quality`.
 * @see docs/resampler.md
 * @example
 * const at8k = new Int16Array(8000);
 * const at24k = resample(at8k, { fromHz: 8000, toHz: 24000 });
 */
export function resample(samples: Int16Array, options: ResampleOptions): Int16Array<ArrayBuffer>;
/** The same for samples in float32. */
export function resample(samples: Float32Array, options: ResampleOptions): Float32Array<ArrayBuffer>;
/** The same where the kind of samples is known at run time only. */
export function resample(
  samples: Int16Array | Float32Array,
  options: ResampleOptions,
): Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
export function resample(samples: Int16Array | Float32Array, options: ResampleOptions): OwnSamples {
  requireOptions(options, 'resample');
  const { fromHz, toHz, channels = 1, quality = 'default' } = options;
  return native.resample(samples, fromHz, toHz, channels, quality);
}

/**
 * `resample` off the event loop: the same result and the same errors, as a rejection.
 *
 * Inputs whose work is not worth a thread are converted before the call returns. While the promise is pending the
 * samples must stay as they are: what is written to them may or may not count, and when their memory is transferred or
 * resized the promise may reject with a TypeError ERR_INVALID_ARG.
 *
 * @param samples Int16Array, or Float32Array with full scale 1.0 (not clipped); whole frames, interleaved.
 * @returns A promise of new samples of the same type. It rejects with `signal.reason` at an abort, at once.
 * @throws As `resample`, all of it as rejections.
 * @see docs/resampler.md
 * @example
 * const hour = new Int16Array(3600 * 8000);
 * const at24k = await resampleAsync(hour, { fromHz: 8000, toHz: 24000, signal: AbortSignal.timeout(5000) });
 */
export function resampleAsync(
  samples: Int16Array,
  options: ResampleOptions & AbortOptions,
): Promise<Int16Array<ArrayBuffer>>;
/** The same for samples in float32. */
export function resampleAsync(
  samples: Float32Array,
  options: ResampleOptions & AbortOptions,
): Promise<Float32Array<ArrayBuffer>>;
/** The same where the kind of samples is known at run time only. */
export function resampleAsync(
  samples: Int16Array | Float32Array,
  options: ResampleOptions & AbortOptions,
): Promise<Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>>;
export async function resampleAsync(
  samples: Int16Array | Float32Array,
  options: ResampleOptions & AbortOptions,
): Promise<OwnSamples> {
  requireOptions(options, 'resampleAsync');
  const { fromHz, toHz, channels = 1, quality = 'default', signal } = options;
  return offLoop(signal, (...callbacks) =>
    native.resample(samples, fromHz, toHz, channels, quality, ...callbacks),
  );
}

/** Samples as JavaScript holds them: full scale is 32 768 for `int16` and 1.0 for `float32`. */
export type SampleType = 'int16' | 'float32';
/** The array of a {@link SampleType}, on any buffer: Float32Array for `float32`, else Int16Array. */
export type SampleArray<
  S extends SampleType,
  B extends ArrayBufferLike = ArrayBufferLike,
> = S extends 'float32' ? Float32Array<B> : Int16Array<B>;

/** {@link ResampleOptions}, and the kind of samples. */
export interface ResamplerOptions<S extends SampleType = SampleType> extends ResampleOptions {
  /** What `process` takes and gives. Default `int16`. */
  sample?: S;
}

/**
 * A stream of audio on its way to another rate: `process` or `processInto` for each chunk, `flush` at the end.
 * The output does not depend on where the input was cut.
 *
 * Everything but `close` throws a TypeError ERR_CLOSED after `close`.
 *
 * @example
 * using resampler = new Resampler({ fromHz: 44100, toHz: 24000 });
 * const parts = [new Int16Array(441), new Int16Array(882)].map((chunk) => resampler.process(chunk));
 * parts.push(resampler.flush()); // 720 frames in all
 */
export class Resampler<S extends SampleType = 'int16'> {
  readonly #native: NativeResampler;
  readonly #channels: number;
  readonly #sample: SampleType;

  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS; TypeError or RangeError ERR_INVALID_ARG. */
  constructor(options: ResamplerOptions<S> & ('int16' extends S ? unknown : { sample: S })) {
    requireOptions(options, 'new Resampler');
    const { fromHz, toHz, channels = 1, quality = 'default', sample = 'int16' } = options;
    this.#sample = requireWord<SampleType>(sample, 'sample', ['int16', 'float32']);
    this.#channels = channels;
    this.#native = new native.Resampler(fromHz, toHz, channels, quality, this.#sample === 'float32');
  }

  /**
   * Takes a chunk (whole frames, interleaved) and gives the output that is ready, in an array of its own; it may be
   * empty.
   *
   * @throws RangeError ERR_INVALID_LENGTH when `chunk` is no whole number of frames, ERR_TOO_LARGE when there is no memory
   * for the result; TypeError ERR_INVALID_ARG.
   */
  process(chunk: SampleArray<S>): SampleArray<S, ArrayBuffer> {
    const out = this.#room(Math.ceil(lengthOf(chunk) / this.#channels));
    return this.#exact(out, this.#native.processInto(chunk, out));
  }

  /**
   * Like `process`, into memory of the caller's: one native call, no allocation.
   *
   * @param chunk Whole frames, interleaved.
   * @param out Room for at least `maxOutputFrames(chunk frames)` frames; must not share memory with `chunk`.
   * @returns Frames written to the front of `out`.
   * @throws RangeError ERR_OUTPUT_TOO_SMALL (nothing is taken then), ERR_INVALID_LENGTH; TypeError ERR_INVALID_ARG.
   */
  processInto(chunk: SampleArray<S>, out: SampleArray<S>): number {
    return this.#native.processInto(chunk, out);
  }

  /**
   * Frames (not samples) of room that `processInto` wants for so many frames of input; with 0, what `flushInto` wants.
   * The same at any moment.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG unless `inputFrames` is a whole number from 0.
   */
  maxOutputFrames(inputFrames: number): number {
    return this.#native.maxOutputFrames(inputFrames);
  }

  /** The tail: brings the total to ceil(n · toHz / fromHz) frames. The resampler is as new after it. */
  flush(): SampleArray<S, ArrayBuffer> {
    const out = this.#room(0);
    return this.#exact(out, this.#native.flushInto(out));
  }

  /**
   * Like `flush`, into memory of the caller's.
   *
   * @param out Room for at least `maxOutputFrames(0)` frames.
   * @returns Frames written to the front of `out`.
   * @throws RangeError ERR_OUTPUT_TOO_SMALL; TypeError ERR_INVALID_ARG.
   */
  flushInto(out: SampleArray<S>): number {
    return this.#native.flushInto(out);
  }

  /** Forgets the past: as new, for the next stream. */
  reset(): void {
    this.#native.reset();
  }

  /**
   * Input frames held back: an output frame comes out this many input frames after its own instant. 0 when the rates
   * are equal. Divide by `fromHz` for seconds.
   */
  get latencyFrames(): number {
    return this.#native.latencyFrames();
  }

  /**
   * Frees the native memory. May be called again. What is dropped without it is freed too, but only once the event loop
   * turns: in a loop that makes many, close each.
   */
  close(): void {
    this.#native.close();
  }

  /** `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #room(inputFrames: number): SampleArray<S, ArrayBuffer> {
    const ArrayType = this.#sample === 'float32' ? Float32Array : Int16Array;
    const length = this.#native.maxOutputFrames(inputFrames) * this.#channels;
    return roomFor<SampleArray<SampleType, ArrayBuffer>>(ArrayType, length) as SampleArray<S, ArrayBuffer>;
  }

  #exact(out: SampleArray<S, ArrayBuffer>, frames: number): SampleArray<S, ArrayBuffer> {
    return out.slice(0, frames * this.#channels) as SampleArray<S, ArrayBuffer>;
  }
}
