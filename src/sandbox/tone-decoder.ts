/**
 * Finds words of the acoustic code in 8 kHz mono samples and reads their bytes.
 * Not here: sound that is no tone (activity-meter.ts), the order of results (recogniser.ts).
 *
 * Nothing is compared with an absolute level: tones are known by how much of the energy they hold, and silence
 * by being far below the word beside it. So any gain works.
 *
 *   searching --a pure window--> aligning --> reading --silence, or a symbol that is not pure--> searching
 *                                                `- no word: once more, at a second tempo
 */
import { SampleHistory } from './sample-history.js';
import { ALIGN_BEFORE, ALIGN_SPAN, align, type Grid, type Place } from './tone-grid.js';
import {
  EnergySums,
  HOP,
  isDualTone,
  LONGEST_SYMBOL,
  meanSquare,
  measure,
  SlidingWindow,
  WINDOW,
} from './tone-measure.js';

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

/** 10 ms: longer than a gap. */
const BLOCK = 80;
/** Symbols of silence that a word needs after it: 48 to 72 ms. The voice gives 68 to 100 ms, 84 before a break. */
const END_SILENCE = 1.5;
/** At a second tempo, where a misfit may have cut off the word's end, more: 56 to 84 ms. */
const RETRY_END_SILENCE = 1.75;
/** Silence that a word needs before it: 40 ms. */
const QUIET_BEFORE = 320;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** 327 s of one word: longer than a session of the service, so that memory is bounded. */
const MAX_WORD_BYTES = 4096;
/** Symbols, 2 to 3 s of them, after which a word is not read again at another tempo: memory is bounded. */
const MAX_RETRY_SYMBOLS = 64;

/** A stretch of tones, in samples since the start. Without text it broke the code: not a word. */
export interface ToneSpan {
  start: number;
  stop: number;
  text?: string;
}

interface Reading {
  start: number;
  grid: Grid;
  /** Where to read when there is no word here. */
  otherwise: Place | undefined;
  /** Symbols of silence after it. */
  endSilence: number;
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
  /** Around the pure window that is being aligned. */
  readonly #energy = new EnergySums(ALIGN_BEFORE + LONGEST_SYMBOL + ALIGN_SPAN);
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
    const reading = this.#reading;
    if (reading !== undefined) return Math.min(reading.start, reading.otherwise?.start ?? reading.start);
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
    const canGoOn = reading !== undefined && reading.otherwise === undefined;
    const at = canGoOn ? placeOfNext(reading) : this.settledUntil;
    return at - 2 * LONGEST_SYMBOL;
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
      this.#energy.begin(next - WINDOW - ALIGN_BEFORE - LONGEST_SYMBOL);
    }
    return true;
  }

  /** A word starts where tones and gaps fit best around a pure window. */
  #align(windowStart: number): boolean {
    const until = windowStart + ALIGN_SPAN;
    const energy = this.#energy;
    energy.add(this.#history.slice(energy.end, Math.min(until, this.#history.end)));
    this.#followSound(windowStart);
    if (energy.end < until) return false;
    this.#candidate = undefined;
    const [first, second] = align(energy, windowStart);
    this.#read(first, second);
    return true;
  }

  /** @param otherwise where to read when no word is found here */
  #read({ start, grid }: Place, otherwise?: Place): void {
    const { symbol, tone } = grid;
    const energy = this.#energy;
    const level =
      (energy.sum(start, start + tone) + energy.sum(start + symbol, start + symbol + tone)) / (2 * tone);
    // 1 ms of ringing before a resampled tone is not sound before the word.
    const before = energy.mean(start - QUIET_BEFORE, start - 8);
    const whole = before < SILENT_SHARE * level;
    // No word whatever it reads: at once to where it would end up. Else it is read again from every place within it.
    if (!whole && otherwise !== undefined) {
      this.#read(otherwise);
      return;
    }
    const gaps: Reading['gaps'] = [
      { inGaps: 0, inTones: 0 },
      { inGaps: 0, inTones: 0 },
    ];
    const endSilence = otherwise ? END_SILENCE : RETRY_END_SILENCE;
    this.#reading = { start, grid, otherwise, endSilence, whole, level, nibbles: [], gaps };
  }

  /** Until its tones can be read, a word sounds on wherever it is loud. */
  #followSound(windowStart: number): void {
    const energy = this.#energy;
    const loud = SILENT_SHARE * energy.mean(windowStart, windowStart + WINDOW);
    for (; this.#cursor + BLOCK <= energy.end; this.#cursor += BLOCK) {
      if (energy.mean(this.#cursor, this.#cursor + BLOCK) >= loud) this.#lastTone = this.#cursor + BLOCK;
    }
  }

  #readSymbol(reading: Reading): boolean {
    const { symbol, innerFrom, innerTo } = reading.grid;
    const at = placeOfNext(reading);
    if (at + symbol > this.#history.end) return false;
    const slot = this.#history.slice(at, at + symbol);
    if (meanSquare(slot) < SILENT_SHARE * reading.level) return this.#readEnd(reading, at);
    const tones = measure(slot.subarray(innerFrom, innerTo));
    if (isDualTone(tones, SYMBOL_PURITY, SYMBOL_TWIST) && reading.nibbles.length < 2 * MAX_WORD_BYTES) {
      this.#addSymbol(reading, tones.nibble, slot, at);
    } else {
      this.#finish(reading, at, undefined);
    }
    return true;
  }

  /** The symbol at `at` is silent: a word ends here when the silence lasts. */
  #readEnd(reading: Reading, at: number): boolean {
    const { symbol } = reading.grid;
    const until = at + reading.endSilence * symbol;
    if (until > this.#history.end) return false;
    const lasts = meanSquare(this.#history.slice(at + symbol, until)) < SILENT_SHARE * reading.level;
    this.#finish(reading, at, lasts ? readWord(reading) : undefined);
    return true;
  }

  #addSymbol(reading: Reading, nibble: number, slot: Float32Array, at: number): void {
    const { symbol, innerFrom, innerTo, gapFrom, gapTo } = reading.grid;
    const tone = meanSquare(slot.subarray(innerFrom, innerTo));
    if (reading.nibbles.length > 0) {
      const gap = reading.gaps[reading.nibbles.length % 2] as GapEnergy;
      gap.inGaps += meanSquare(this.#history.slice(at - symbol + gapFrom, at - symbol + gapTo));
      gap.inTones += tone;
    }
    reading.nibbles.push(nibble);
    if (reading.nibbles.length === MAX_RETRY_SYMBOLS) reading.otherwise = undefined;
    reading.level += (tone - reading.level) / 8;
    this.#lastTone = at + symbol;
  }

  #finish(reading: Reading, stop: number, text: string | undefined): void {
    if (text === undefined && reading.otherwise !== undefined) {
      this.#read(reading.otherwise);
      return;
    }
    if (stop > reading.start) {
      this.#found.push({ start: reading.start, stop, ...(text === undefined ? {} : { text }) });
    }
    this.#reading = undefined;
    // Past the window that led here, even when it held no symbol.
    this.#cursor = Math.max(stop, reading.start + WINDOW);
    this.#window.clear();
  }
}

function placeOfNext({ start, grid, nibbles }: Reading): number {
  return start + nibbles.length * grid.symbol;
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
    const text = UTF8.decode(bytes);
    // The voice never puts white space into a word.
    return /\s/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
