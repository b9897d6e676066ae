/**
 * Measures at 8 kHz: how much of some samples is which two tones, and how much energy they have.
 * Not here: where words begin and end (tone-decoder.ts).
 */
import { COLUMN_HZ, ROW_HZ, symbolMs } from './acoustic-code.js';

/** The rate that everything is recognised at: the highest tone is 1633 Hz. */
export const RECOGNISER_HZ = 8_000;

export const HOP = 20; // 2.5 ms
const WINDOW_HOPS = 11;
export const WINDOW = HOP * WINDOW_HOPS; // 27.5 ms: fits inside the shortest tone

/** Share of a window's energy in its two tones: 0.99 at 20 dB SNR, 0.1 in noise, half where two symbols meet. */
const WINDOW_PURITY = 0.8;
/** Weaker tone over stronger, in energy: −10 dB. */
const WINDOW_TWIST = 0.1;
/** Mean square under which nothing is looked at: −90 dBFS, one 16-bit step. */
const DIGITAL_SILENCE = 1e-9;

export interface Measured {
  nibble: number;
  /** Share of the energy that the loudest row and column hold. */
  pure: number;
  /** Energy of the weaker of them over that of the stronger. */
  twist: number;
}

export function isDualTone({ pure, twist }: Measured, leastPure: number, leastTwist: number): boolean {
  return pure >= leastPure && twist >= leastTwist;
}

const TONES_HZ = [...ROW_HZ, ...COLUMN_HZ];

/** Samples of a symbol at the slowest tempo. */
export const LONGEST_SYMBOL = (symbolMs(4) * RECOGNISER_HZ) / 1000;

/** One row per tone: its cosine, and minus its sine, at the first samples of a stretch. Long enough for a symbol. */
const TABLE = TONES_HZ.map((hz) => {
  const phase = (i: number): number => (2 * Math.PI * hz * i) / RECOGNISER_HZ;
  return {
    cos: Float64Array.from({ length: LONGEST_SYMBOL }, (_, i) => Math.cos(phase(i))),
    sin: Float64Array.from({ length: LONGEST_SYMBOL }, (_, i) => -Math.sin(phase(i))),
  };
});

/** e^(−iφ) at each sample of a period of 1 Hz. */
const TURN_COS = Float64Array.from({ length: RECOGNISER_HZ }, (_, i) => Math.cos(turnPhase(i)));
const TURN_SIN = Float64Array.from({ length: RECOGNISER_HZ }, (_, i) => Math.sin(turnPhase(i)));

function turnPhase(samples: number): number {
  return (-2 * Math.PI * samples) / RECOGNISER_HZ;
}

/** Σ sample · e^(−iωk), k counting from the first of these samples. */
function correlate(samples: Float32Array, tone: number): { re: number; im: number } {
  const { cos, sin } = TABLE[tone] as { cos: Float64Array; sin: Float64Array };
  let re = 0;
  let im = 0;
  for (let k = 0; k < samples.length; k++) {
    const sample = samples[k] as number;
    re += sample * (cos[k] as number);
    im += sample * (sin[k] as number);
  }
  return { re, im };
}

/** The last 11 hops' correlations with the eight tones. */
export class SlidingWindow {
  readonly #re = TONES_HZ.map(() => new Float64Array(WINDOW_HOPS));
  readonly #im = TONES_HZ.map(() => new Float64Array(WINDOW_HOPS));
  readonly #energy = new Float64Array(WINDOW_HOPS);
  readonly #powers = TONES_HZ.map(() => 0);
  #hops = 0;

  clear(): void {
    this.#hops = 0;
  }

  /** @param position of the hop's first sample: correlations of different hops add up only in one phase. */
  add(hop: Float32Array, position: number): void {
    const slot = this.#hops++ % WINDOW_HOPS;
    const energy = meanSquare(hop) * HOP;
    this.#energy[slot] = energy;
    for (let tone = 0; tone < TONES_HZ.length; tone++) this.#addTone(hop, position, tone, slot, energy === 0);
  }

  #addTone(hop: Float32Array, position: number, tone: number, slot: number, silent: boolean): void {
    const res = this.#re[tone] as Float64Array;
    const ims = this.#im[tone] as Float64Array;
    if (silent) {
      res[slot] = 0;
      ims[slot] = 0;
      return;
    }
    const { re, im } = correlate(hop, tone);
    // Turned by the phase that the tone has at the hop's start; whole Hz repeat every second.
    const turn = ((TONES_HZ[tone] as number) * position) % RECOGNISER_HZ;
    const cos = TURN_COS[turn] as number;
    const sin = TURN_SIN[turn] as number;
    res[slot] = re * cos - im * sin;
    ims[slot] = re * sin + im * cos;
  }

  /** Whether one row and one column fill the whole window. */
  isDualTone(): boolean {
    if (this.#hops < WINDOW_HOPS) return false;
    const energy = sumOf(this.#energy);
    if (energy < DIGITAL_SILENCE * WINDOW) return false;
    for (let tone = 0; tone < TONES_HZ.length; tone++) {
      const re = sumOf(this.#re[tone] as Float64Array);
      const im = sumOf(this.#im[tone] as Float64Array);
      this.#powers[tone] = re * re + im * im;
    }
    return isDualTone(judge(this.#powers, energy, WINDOW), WINDOW_PURITY, WINDOW_TWIST);
  }
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum;
}

/** @param samples at most one symbol's */
export function measure(samples: Float32Array): Measured {
  const powers = TONES_HZ.map((_, tone) => {
    const { re, im } = correlate(samples, tone);
    return re * re + im * im;
  });
  return judge(powers, meanSquare(samples) * samples.length, samples.length);
}

/** A sine of amplitude a in n samples has |X|² = (a n / 2)² and energy a² n / 2, so 2 |X|² / n is its energy. */
function judge(powers: readonly number[], energy: number, samples: number): Measured {
  const row = loudest(powers, 0);
  const column = loudest(powers, 4);
  const rowPower = powers[row] as number;
  const columnPower = powers[column] as number;
  return {
    nibble: row * 4 + (column - 4),
    pure: (2 * (rowPower + columnPower)) / (samples * energy),
    twist: Math.min(rowPower, columnPower) / Math.max(rowPower, columnPower),
  };
}

function loudest(powers: readonly number[], first: number): number {
  let best = first;
  for (let tone = first + 1; tone < first + 4; tone++) {
    if ((powers[tone] as number) > (powers[best] as number)) best = tone;
  }
  return best;
}

/** Sums of squares over any range of a stretch in constant time. */
export class EnergySums {
  readonly #sums: Float64Array;
  #origin = 0;
  #count = 0;

  /** @param length of the longest stretch */
  constructor(length: number) {
    this.#sums = new Float64Array(length + 1);
  }

  /** One past the last sample of the stretch. */
  get end(): number {
    return this.#origin + this.#count;
  }

  /** An empty stretch, in place of the one so far. */
  begin(origin: number): void {
    this.#origin = origin;
    this.#count = 0;
  }

  /** What follows in the stretch. */
  add(samples: Float32Array): void {
    const sums = this.#sums;
    let sum = sums[this.#count] as number; // the first stays 0
    for (let i = 0; i < samples.length; i++) {
      sum += (samples[i] as number) ** 2;
      sums[this.#count + i + 1] = sum;
    }
    this.#count += samples.length;
  }

  sum(from: number, to: number): number {
    return (this.#sums[to - this.#origin] as number) - (this.#sums[from - this.#origin] as number);
  }

  mean(from: number, to: number): number {
    return this.sum(from, to) / (to - from);
  }
}

export function meanSquare(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] as number) ** 2;
  return samples.length === 0 ? 0 : sum / samples.length;
}
