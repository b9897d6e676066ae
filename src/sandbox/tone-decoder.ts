/**
 * Finds words of the acoustic code in 8 kHz mono samples and reads their bytes.
 * Not here: sound that is no tone (activity-meter.ts), the order of results (recogniser.ts).
 *
 * Nothing is compared with an absolute level: tones are known by how much of the energy they hold, and silence
 * by being far below the word beside it. So any gain works.
 *
 *   searching --a pure window--> aligning --> reading --silence, or a symbol that is not pure--> searching
 */
import { SYMBOL_S } from './acoustic-code.js';
import { SampleHistory } from './sample-history.js';
import {
  EnergySums,
  HOP,
  isDualTone,
  meanSquare,
  measure,
  RECOGNISER_HZ,
  SlidingWindow,
  WINDOW,
} from './tone-measure.js';

const SYMBOL = SYMBOL_S * RECOGNISER_HZ; // 320 samples
const TONE = 288; // 36 ms
/** The steady part of a tone: 4 ms off either end keeps ramps, gaps and a misfit of ±4 ms out. */
const INNER_FROM = 32;
const INNER_TO = 256;
/** The middle 3 ms of the 4 ms gap. */
const GAP_FROM = 292;
const GAP_TO = 316;

/** Share of a symbol's energy that its two tones must hold: libopus at 6 kb/s leaves 0.62. */
const SYMBOL_PURITY = 0.5;
/** Weaker tone over stronger, in energy: libopus at 6 kb/s left 0.03 of one in 400. */
const SYMBOL_TWIST = 0.02;
/** Below this share of the word's energy (−7 dB) it is silent: lets words stand out of 10 dB SNR. */
const SILENT_SHARE = 0.2;
/**
 * Energy in the gaps over energy in the tones. Telephone keys sound like our symbols but have no gap every 40 ms:
 * 0.73 and more. libopus at 6 kb/s fills the gaps up to 0.49. Gaps within bytes and between bytes are held to it
 * apart, for a key every 80 ms has every second gap.
 */
const GAP_SHARE = 0.6;

/** The onset lies this far around the start of the first pure window; one that is 80 % in the tone starts 44 before it. */
const ALIGN_BEFORE = 64;
const ALIGN_AFTER = 112;
const ALIGN_STEP = 2;
/** Silence that a word needs before it: 40 ms. */
const QUIET_BEFORE = SYMBOL;
/** And after it: 60 ms. The voice gives 84. */
const END_SILENCE = 1.5 * SYMBOL;
/** Samples after the first pure window's start that aligning looks at: the last candidate's two symbols. */
const ALIGN_SPAN = ALIGN_AFTER + 2 * SYMBOL;

/** 327 s of one word: longer than a session of the service, so that memory is bounded. */
const MAX_WORD_BYTES = 4096;

/** A stretch of tones, in samples since the start. Without text it broke the code: not a word. */
export interface ToneSpan {
  start: number;
  stop: number;
  text?: string;
}

interface Reading {
  start: number;
  /** Silence came before it. Otherwise it is the rest of something: read to its end, but no word. */
  whole: boolean;
  /** Mean square of the word's tones, following slow changes. */
  level: number;
  nibbles: number[];
  /** Of the gaps between bytes, then of those within bytes. */
  gaps: [GapEnergy, GapEnergy];
}

interface GapEnergy {
  inGaps: number;
  /** Of the tones after them. */
  inTones: number;
}

export class ToneDecoder {
  readonly #history = new SampleHistory();
  readonly #found: ToneSpan[] = [];
  readonly #window = new SlidingWindow();
  /** Everything before this position was looked at. */
  #cursor = 0;
  /** Start of the pure window that is being aligned. */
  #candidate: number | undefined;
  #reading: Reading | undefined;
  #lastTone: number | undefined;

  /** Takes samples and returns the spans that ended, in order. */
  push(samples: Float32Array): ToneSpan[] {
    this.#history.append(samples);
    while (this.#advance()) {
      // Each turn looks at one hop, candidate or symbol.
    }
    this.#history.forgetBefore(this.#neededFrom());
    return this.#found.splice(0);
  }

  /** No span that is still to come starts before this position. */
  get settledUntil(): number {
    if (this.#reading !== undefined) return this.#reading.start;
    const window = this.#candidate ?? this.#cursor - WINDOW;
    return Math.max(0, window - ALIGN_BEFORE);
  }

  /** Where the last tone ended that was seen so far: the voice is active up to here. */
  get lastTone(): number | undefined {
    return this.#lastTone;
  }

  /** Two symbols back, for the silence before a word and the gap before a symbol. */
  #neededFrom(): number {
    const reading = this.#reading;
    const at = reading === undefined ? this.settledUntil : reading.start + reading.nibbles.length * SYMBOL;
    return at - 2 * SYMBOL;
  }

  #advance(): boolean {
    if (this.#reading !== undefined) return this.#readSymbol(this.#reading);
    if (this.#candidate !== undefined) return this.#align(this.#candidate);
    return this.#search();
  }

  #search(): boolean {
    const next = this.#cursor + HOP;
    if (next > this.#history.end) return false;
    this.#window.add(this.#history.slice(this.#cursor, next), this.#cursor);
    this.#cursor = next;
    if (this.#window.isDualTone()) {
      this.#lastTone = next;
      this.#candidate = next - WINDOW;
    }
    return true;
  }

  /** Slides two symbols over the energy around a pure window; where they fit best, a word starts. */
  #align(windowStart: number): boolean {
    if (windowStart + ALIGN_SPAN > this.#history.end) return false;
    this.#candidate = undefined;
    const first = windowStart - ALIGN_BEFORE;
    const energy = new EnergySums(
      this.#history.slice(first - QUIET_BEFORE, windowStart + ALIGN_SPAN),
      first - QUIET_BEFORE,
    );
    const start = bestStart(energy, first, windowStart + ALIGN_AFTER);
    const level =
      (energy.sum(start, start + TONE) + energy.sum(start + SYMBOL, start + SYMBOL + TONE)) / (2 * TONE);
    // 1 ms of ringing before a resampled tone is not sound before the word.
    const before = energy.mean(start - QUIET_BEFORE, start - 8);
    const whole = before < SILENT_SHARE * level;
    const gaps: Reading['gaps'] = [
      { inGaps: 0, inTones: 0 },
      { inGaps: 0, inTones: 0 },
    ];
    this.#reading = { start, whole, level, nibbles: [], gaps };
    return true;
  }

  #readSymbol(reading: Reading): boolean {
    const at = reading.start + reading.nibbles.length * SYMBOL;
    if (at + SYMBOL > this.#history.end) return false;
    const slot = this.#history.slice(at, at + SYMBOL);
    if (meanSquare(slot) < SILENT_SHARE * reading.level) return this.#readEnd(reading, at);
    const tones = measure(slot.subarray(INNER_FROM, INNER_TO));
    if (isDualTone(tones, SYMBOL_PURITY, SYMBOL_TWIST) && reading.nibbles.length < 2 * MAX_WORD_BYTES) {
      this.#addSymbol(reading, tones.nibble, slot, at);
    } else {
      this.#finish(reading, at, undefined);
    }
    return true;
  }

  /** The symbol at `at` is silent: a word ends here when the silence lasts. */
  #readEnd(reading: Reading, at: number): boolean {
    if (at + END_SILENCE > this.#history.end) return false;
    const lasts =
      meanSquare(this.#history.slice(at + SYMBOL, at + END_SILENCE)) < SILENT_SHARE * reading.level;
    this.#finish(reading, at, lasts ? readWord(reading) : undefined);
    return true;
  }

  #addSymbol(reading: Reading, nibble: number, slot: Float32Array, at: number): void {
    const tone = meanSquare(slot.subarray(INNER_FROM, INNER_TO));
    if (reading.nibbles.length > 0) {
      const gap = reading.gaps[reading.nibbles.length % 2] as GapEnergy;
      gap.inGaps += meanSquare(this.#history.slice(at - SYMBOL + GAP_FROM, at - SYMBOL + GAP_TO));
      gap.inTones += tone;
    }
    reading.nibbles.push(nibble);
    reading.level += (tone - reading.level) / 8;
    this.#lastTone = at + SYMBOL;
  }

  #finish(reading: Reading, stop: number, text: string | undefined): void {
    if (stop > reading.start) {
      this.#found.push({ start: reading.start, stop, ...(text === undefined ? {} : { text }) });
    }
    this.#reading = undefined;
    // Past the window that led here, even when it held no symbol.
    this.#cursor = Math.max(stop, reading.start + WINDOW);
    this.#window.clear();
  }
}

function bestStart(energy: EnergySums, from: number, to: number): number {
  let best = from;
  let bestFit = Number.NEGATIVE_INFINITY;
  for (let start = from; start <= to; start += ALIGN_STEP) {
    const fit = fitOfTwoSymbols(energy, start);
    if (fit > bestFit) {
      bestFit = fit;
      best = start;
    }
  }
  return best;
}

/** Energy where tones should be, less energy where silence should be. */
function fitOfTwoSymbols(energy: EnergySums, start: number): number {
  const second = start + SYMBOL;
  const inside = energy.sum(start, start + TONE) + energy.sum(second, second + TONE);
  const outside =
    energy.sum(start - TONE, start) +
    energy.sum(start + TONE, second) +
    energy.sum(second + TONE, second + SYMBOL);
  return inside - outside;
}

/** The word behind the symbols, or undefined when they are no word of the code. */
function readWord({ whole, nibbles, gaps }: Reading): string | undefined {
  if (!whole || nibbles.length === 0 || nibbles.length % 2 !== 0) return undefined;
  if (gaps.some(({ inGaps, inTones }) => inGaps > GAP_SHARE * inTones)) return undefined;
  const bytes = new Uint8Array(nibbles.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = ((nibbles[2 * i] as number) << 4) | (nibbles[2 * i + 1] as number);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // The voice never puts white space into a word.
    return /\s/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
