/**
 * The sandbox's voice: words to 16-bit tones at any rate.
 * Not here: which word sounds when (tts-session.ts), wire encodings (output-encoder.ts).
 */
import { argumentRangeError } from '../errors.js';
import { STEP_S } from '../format.js';
import {
  COLUMN_HZ,
  RAMP_S,
  ROW_HZ,
  SYMBOL_S,
  SYMBOLS_PER_STEP,
  TONE_AMPLITUDE,
  TONE_S,
} from './acoustic-code.js';

export class Voice {
  readonly sampleRateHz: number;
  /** Samples of one 80 ms step. */
  readonly stepSamples: number;
  readonly #symbols: Int16Array[];

  /** @param sampleRateHz 8 000 to 48 000 in which 40 ms is a whole number of samples: a multiple of 25. */
  constructor(sampleRateHz: number) {
    if (sampleRateHz < 8_000 || sampleRateHz > 48_000 || sampleRateHz % 25 !== 0) {
      throw argumentRangeError(
        `The voice speaks at multiples of 25 Hz from 8000 to 48000, not at ${sampleRateHz}.`,
        'ERR_INVALID_RATE',
      );
    }
    this.sampleRateHz = sampleRateHz;
    this.stepSamples = Math.round(STEP_S * sampleRateHz);
    this.#symbols = Array.from({ length: 16 }, (_, nibble) => symbol(nibble, sampleRateHz));
  }

  /** The steps of one word, one per UTF-8 byte. The word holds no white space. */
  *word(text: string): Generator<Int16Array, void> {
    for (const byte of Buffer.from(text, 'utf8')) yield this.#byte(byte);
  }

  /** One silent step. */
  silence(): Int16Array {
    return new Int16Array(this.stepSamples);
  }

  #byte(byte: number): Int16Array {
    const step = new Int16Array(this.stepSamples);
    step.set(this.#symbols[byte >> 4] as Int16Array, 0);
    step.set(this.#symbols[byte & 15] as Int16Array, this.stepSamples / SYMBOLS_PER_STEP);
    return step;
  }
}

function symbol(nibble: number, sampleRateHz: number): Int16Array {
  const row = ROW_HZ[nibble >> 2] as number;
  const column = COLUMN_HZ[nibble & 3] as number;
  const samples = new Int16Array(Math.round(SYMBOL_S * sampleRateHz));
  for (let i = 0; i < samples.length; i++) {
    const t = i / sampleRateHz;
    const tones = Math.sin(2 * Math.PI * row * t) + Math.sin(2 * Math.PI * column * t);
    samples[i] = Math.round(TONE_AMPLITUDE * ramp(t) * tones * 0x7fff);
  }
  return samples;
}

/** Raised-cosine ramps at both ends of a tone, 0 after it. */
function ramp(t: number): number {
  const edge = Math.min(t, TONE_S - t);
  if (edge <= 0) return 0;
  return edge >= RAMP_S ? 1 : 0.5 - 0.5 * Math.cos((Math.PI * edge) / RAMP_S);
}
