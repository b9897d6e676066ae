/** How loud it is, while it passes. Not here: what was said, or by whom; the speech service hears that. */
import { requireNumber, requireOptions } from '../audio/arguments.js';
import { convertSamplesInto, stepLevels } from '../audio/index.js';
import { argumentRangeError } from '../errors.js';
import { STEP_MS } from '../format.js';
import { AudioTransform, type AudioTransformOptions } from './audio-transform.js';
import type { AudioTransformEvents, Listen } from './events.js';
import { frameBytes, type RawStreamFormat, requireRawFormat } from './stream-format.js';

/** What a {@link Loudness} measures, and what it takes for silence. */
export interface LoudnessOptions extends AudioTransformOptions {
  /** The samples that pass. Their rate must be known. */
  format: RawStreamFormat;
  /** Milliseconds that are measured together, 1 to 10 000, rounded to whole frames: at most 2^24 samples. Default 80. */
  stepMs?: number;
  /** Steps below it are silent: dB relative to full scale, −120 to 0. Default −50. */
  silenceDb?: number;
  /** Milliseconds of silent steps, one after the other, that are silence, 1 to 600 000. Default 500. */
  silenceMs?: number;
}

/** What the event `level` carries. */
export interface LoudnessLevel {
  /** When the step began, in milliseconds of audio from the start of the stream. */
  startMs: number;
  /** RMS of all channels, −120 to 0 dB relative to full scale (a full-scale square wave is 0 dB). */
  levelDb: number;
}

/** What the events `silence` and `speech` carry. */
export interface LoudnessChange {
  /** When it began, in milliseconds of audio from the start of the stream. */
  startMs: number;
}

/** Of all channels, in a step: ten seconds of eight channels at 192 kHz. They take twice as many bytes. */
const MAX_STEP_SAMPLES = 2 ** 24;

interface LoudnessEvents extends AudioTransformEvents {
  level: [level: LoudnessLevel];
  silence: [change: LoudnessChange];
  speech: [change: LoudnessChange];
}

/**
 * Passes raw samples on as they are and tells how loud they are: by `level` for each step; by `speech` when the first
 * step is loud, at the start or after silence; by `silence` when it has been silent for `silenceMs`. The events come
 * before the bytes they are about, and do not depend on where the input was cut. A stream begins silent, without an event.
 *
 * @see docs/streams.md
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const loudness = new Loudness({ format: { encoding: 'mulaw', sampleRateHz: 8000 } });
 * loudness.on('speech', ({ startMs }) => console.log(`somebody speaks from ${startMs} ms on`));
 * await pipeline(createReadStream('call.ulaw'), loudness, createWriteStream('copy.ulaw'));
 */
export class Loudness extends AudioTransform {
  /** As an EventEmitter has it, with `level`, `silence` and `speech`. */
  declare on: Listen<LoudnessEvents, this>;
  /** As an EventEmitter has it, with `level`, `silence` and `speech`. */
  declare once: Listen<LoudnessEvents, this>;
  /** As an EventEmitter has it, with `level`, `silence` and `speech`. */
  declare off: Listen<LoudnessEvents, this>;
  /** As an EventEmitter has it, with `level`, `silence` and `speech`. */
  declare addListener: Listen<LoudnessEvents, this>;
  readonly #conversion: Parameters<typeof convertSamplesInto>[2];
  readonly #rateHz: number;
  readonly #frameBytes: number;
  readonly #stepFrames: number;
  readonly #silenceDb: number;
  readonly #silenceMs: number;
  /** The step in the making: its samples, the same memory as bytes, and its frames so far. */
  readonly #samples: Int16Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #frames = 0;
  /** Frames of the steps before it. */
  #done = 0;
  #speaking = false;
  /** Where the silent steps began that end in the last step; undefined when that was loud. */
  #quietSince: number | undefined;

  /** @throws TypeError or RangeError ERR_INVALID_ARG; RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION. */
  constructor(options: LoudnessOptions) {
    requireOptions(options, 'new Loudness');
    const format = requireRawFormat(options.format, 'Loudness', 'required');
    const stepMs = requireNumber(options.stepMs ?? STEP_MS, 'stepMs', 1, 10_000);
    const silenceDb = requireNumber(options.silenceDb ?? -50, 'silenceDb', -120, 0);
    const silenceMs = requireNumber(options.silenceMs ?? 500, 'silenceMs', 1, 600_000);
    const { encoding, sampleRateHz = 0, channels = 1 } = format;
    const stepFrames = framesOfStep(stepMs, sampleRateHz, channels);
    super(options, { input: format, output: format });
    this.#conversion = { from: encoding, to: 's16le', channels, toChannels: channels };
    this.#rateHz = sampleRateHz;
    this.#frameBytes = frameBytes(format);
    this.#stepFrames = stepFrames;
    this.#silenceDb = silenceDb;
    this.#silenceMs = silenceMs;
    this.#samples = new Int16Array(stepFrames * channels);
    this.#bytes = new Uint8Array(this.#samples.buffer);
  }

  protected override processAudio(bytes: Buffer): void {
    // Whoever hears of a level may destroy the stream: that is the last they hear.
    for (let at = 0; at < bytes.length && !this.destroyed; ) {
      const wanted = (this.#stepFrames - this.#frames) * this.#frameBytes;
      at += this.#collect(bytes.subarray(at, at + wanted));
      if (this.#frames === this.#stepFrames) this.#tell();
    }
    this.push(bytes);
  }

  #collect(bytes: Buffer): number {
    const held = this.#bytes.subarray((this.#frames * this.#bytes.length) / this.#stepFrames);
    convertSamplesInto(bytes, held, this.#conversion);
    this.#frames += bytes.length / this.#frameBytes;
    return bytes.length;
  }

  /** The last step may be shorter. */
  protected override endAudio(): void {
    if (this.#frames > 0) this.#tell();
  }

  #tell(): void {
    const samples = this.#samples.subarray(0, (this.#samples.length / this.#stepFrames) * this.#frames);
    const levelDb = stepLevels(samples, samples.length)[0] as number;
    const startMs = this.#msOf(this.#done);
    this.#done += this.#frames;
    this.#frames = 0;
    this.emit('level', { startMs, levelDb } satisfies LoudnessLevel);
    if (this.destroyed) return;
    if (levelDb >= this.#silenceDb) this.#loud(startMs);
    else this.#quiet(startMs);
  }

  #loud(startMs: number): void {
    this.#quietSince = undefined;
    if (this.#speaking) return;
    this.#speaking = true;
    this.emit('speech', { startMs } satisfies LoudnessChange);
  }

  #quiet(startMs: number): void {
    this.#quietSince ??= startMs;
    if (!this.#speaking || this.#msOf(this.#done) - this.#quietSince < this.#silenceMs) return;
    this.#speaking = false;
    this.emit('silence', { startMs: this.#quietSince } satisfies LoudnessChange);
  }

  #msOf(frames: number): number {
    return (frames * 1000) / this.#rateHz;
  }
}

/** @throws RangeError ERR_INVALID_OPTION for more samples than are measured at once. */
function framesOfStep(stepMs: number, sampleRateHz: number, channels: number): number {
  const frames = Math.max(1, Math.round((stepMs * sampleRateHz) / 1000));
  if (frames * channels <= MAX_STEP_SAMPLES) return frames;
  throw argumentRangeError(
    `stepMs ${stepMs} makes steps of ${frames * channels} samples, of ${channels} channels; at most ${MAX_STEP_SAMPLES} are measured at once`,
    'ERR_INVALID_OPTION',
  );
}
