/**
 * The sandbox's voice: words and silences on a line of time, to 16-bit tones at any rate and tempo.
 * Not here: which word sounds when (tts-session.ts), messages (speaker.ts), wire encodings (output-encoder.ts).
 */
import { argumentRangeError } from '../errors.js';
import {
  COLUMN_HZ,
  GAP_MS,
  RAMP_S,
  ROW_HZ,
  stepMs,
  symbolMs,
  type Tempo,
  TONE_AMPLITUDE,
} from './acoustic-code.js';

export class Voice {
  readonly sampleRateHz: number;
  readonly stepMs: number;
  readonly #symbols: Int16Array[];
  /** A whole number: how long everything said so far is. */
  #nowMs = 0;

  /** @param sampleRateHz 8 000 to 48 000 in which 40 ms is a whole number of samples: a multiple of 25. */
  constructor(sampleRateHz: number, tempo: Tempo = 0) {
    if (sampleRateHz < 8_000 || sampleRateHz > 48_000 || sampleRateHz % 25 !== 0) {
      throw argumentRangeError(
        `The voice speaks at multiples of 25 Hz from 8000 to 48000, not at ${sampleRateHz}.`,
        'ERR_INVALID_RATE',
      );
    }
    this.sampleRateHz = sampleRateHz;
    this.stepMs = stepMs(tempo);
    const toneS = (symbolMs(tempo) - GAP_MS) / 1000;
    this.#symbols = Array.from({ length: 16 }, (_, nibble) => symbol(nibble, toneS, sampleRateHz));
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** The steps of one word, one per UTF-8 byte. The word holds no white space. */
  *word(text: string): Generator<Int16Array, void> {
    for (const byte of Buffer.from(text, 'utf8')) yield this.#byte(byte);
  }

  /** @param ms a whole number; one step if not given */
  silence(ms = this.stepMs): Int16Array {
    const from = this.#position(this.#nowMs);
    this.#nowMs += ms;
    return new Int16Array(this.#position(this.#nowMs) - from);
  }

  #byte(byte: number): Int16Array {
    const low = this.#position(this.#nowMs + this.stepMs / 2) - this.#position(this.#nowMs);
    const step = this.silence();
    step.set(this.#symbols[byte >> 4] as Int16Array, 0);
    step.set(this.#symbols[byte & 15] as Int16Array, low);
    return step;
  }

  /** Each symbol begins at the sample nearest to its time, so that what 22 050 Hz rounds off does not add up. */
  #position(ms: number): number {
    return Math.round((ms * this.sampleRateHz) / 1000);
  }
}

/** One tone. The silence after it is what it leaves of its place. */
function symbol(nibble: number, toneS: number, sampleRateHz: number): Int16Array {
  const row = ROW_HZ[nibble >> 2] as number;
  const column = COLUMN_HZ[nibble & 3] as number;
  const samples = new Int16Array(Math.ceil(toneS * sampleRateHz));
  for (let i = 0; i < samples.length; i++) {
    const t = i / sampleRateHz;
    const tones = Math.sin(2 * Math.PI * row * t) + Math.sin(2 * Math.PI * column * t);
    samples[i] = Math.round(TONE_AMPLITUDE * ramp(t, toneS) * tones * 0x7fff);
  }
  return samples;
}

/** Raised-cosine ramps at both ends of a tone. */
function ramp(t: number, toneS: number): number {
  const edge = Math.min(t, toneS - t);
  if (edge <= 0) return 0;
  return edge >= RAMP_S ? 1 : 0.5 - 0.5 * Math.cos((Math.PI * edge) / RAMP_S);
}
