/**
 * Where a word's symbols lie: its tempo, and its start, from the energy around a pure window.
 * Not here: finding pure windows and reading symbols (tone-decoder.ts).
 */
import { GAP_MS, symbolMs, TEMPOS, type Tempo } from './acoustic-code.js';
import { type EnergySums, HOP, RECOGNISER_HZ, WINDOW } from './tone-measure.js';

const MS = RECOGNISER_HZ / 1000;
const GAP = GAP_MS * MS;

/** The places of one symbol, in samples from its start. */
export interface Grid {
  readonly symbol: number;
  readonly tone: number;
  /** The steady part of the tone: 4 ms off either end keeps ramps, gaps and a misfit of ±4 ms out. */
  readonly innerFrom: number;
  readonly innerTo: number;
  /** The middle 3 ms of the 4 ms gap. */
  readonly gapFrom: number;
  readonly gapTo: number;
}

function gridOf(tempo: Tempo): Grid {
  const symbol = symbolMs(tempo) * MS;
  const tone = symbol - GAP;
  return {
    symbol,
    tone,
    innerFrom: GAP,
    innerTo: tone - GAP,
    gapFrom: tone + MS / 2,
    gapTo: symbol - MS / 2,
  };
}

const NORMAL = gridOf(0);
const OTHERS = TEMPOS.filter((tempo) => tempo !== 0).map(gridOf);

/** The onset lies this far around the start of the first pure window; one that is 80 % in the tone starts 44 before it. */
export const ALIGN_BEFORE = 64;
const ALIGN_AFTER = 112;
const ALIGN_STEP = 2;
/** Samples after the first pure window's start that aligning looks at: 0.4 s, eight symbols of the slowest tempo. */
export const ALIGN_SPAN = ALIGN_AFTER + 3072;
/** Both ends of a tone have less than half of its power for this long: 1.75 ms of a raised-cosine ramp. */
const HALF_RAMP = 14;
/** Another tempo must fit by this much better than the normal one. */
const TEMPO_MARGIN = 1.04;
/** For choosing a tempo, starts this far around the onset are tried: 2 ms, each half of one. */
const TRY_AROUND = 16;
const TRY_STEP = 4;

export interface Place {
  /** Not before ALIGN_BEFORE before the pure window. */
  start: number;
  grid: Grid;
}

interface Fit extends Place {
  fit: number;
}

/**
 * Where a word probably lies, and where it lies if it cannot be read there: one of them is of the normal tempo.
 *
 * @param energy from ALIGN_BEFORE + one longest symbol before the pure window to ALIGN_SPAN after its start
 */
export function align(energy: EnergySums, windowStart: number): [Place, Place] {
  const half = energy.mean(windowStart + 3 * HOP, windowStart + WINDOW - 3 * HOP) / 2;
  const onset = onsetIn(energy, windowStart, half);
  const fits = (grid: Grid): Fit => bestFit(energy, onset, windowStart + ALIGN_SPAN, grid, half);
  const other = OTHERS.map(fits).reduce((best, next) => (next.fit > best.fit ? next : best));
  const normal = { start: bestStart(energy, windowStart, NORMAL), grid: NORMAL };
  return other.fit > TEMPO_MARGIN * fits(NORMAL).fit ? [other, normal] : [normal, other];
}

function bestFit(energy: EnergySums, onset: number, until: number, grid: Grid, half: number): Fit {
  let best = { start: onset, grid, fit: 0 };
  for (let by = -TRY_AROUND; by <= TRY_AROUND; by += TRY_STEP) {
    const start = onset + by;
    const fit = fitOfTones(energy, start, until, grid, half);
    if (fit > best.fit) best = { start, grid, fit };
  }
  return best;
}

/** Where least of the sound lies before it, and least of the silence behind it. */
function onsetIn(energy: EnergySums, windowStart: number, half: number): number {
  const from = windowStart - ALIGN_BEFORE + HALF_RAMP + TRY_AROUND;
  let best = from;
  let least = Number.POSITIVE_INFINITY;
  for (let at = from; at <= windowStart + ALIGN_AFTER; at += ALIGN_STEP) {
    const excess = energy.sum(from, at) - half * (at - from);
    if (excess < least) {
      least = excess;
      best = at;
    }
  }
  return best - HALF_RAMP;
}

/**
 * Energy over half of the level wherever a tone should be, until one is silent: most when all that is louder than half
 * of the level lies in tones, and all that is not lies between them.
 */
function fitOfTones(
  energy: EnergySums,
  start: number,
  until: number,
  { symbol, tone }: Grid,
  half: number,
): number {
  let fit = 0;
  for (let at = start + HALF_RAMP; at < until; at += symbol) {
    const to = Math.min(at + tone - 2 * HALF_RAMP, until);
    const gain = energy.sum(at, to) - half * (to - at);
    if (gain < 0) break;
    fit += gain;
  }
  return fit;
}

function bestStart(energy: EnergySums, windowStart: number, grid: Grid): number {
  const [from, to] = [windowStart - ALIGN_BEFORE, windowStart + ALIGN_AFTER];
  let best = from;
  let bestFit = Number.NEGATIVE_INFINITY;
  for (let start = from; start <= to; start += ALIGN_STEP) {
    const fit = fitOfTwoSymbols(energy, start, grid);
    if (fit > bestFit) {
      bestFit = fit;
      best = start;
    }
  }
  return best;
}

/** Energy where tones should be, less energy where silence should be. */
function fitOfTwoSymbols(energy: EnergySums, start: number, { symbol, tone }: Grid): number {
  const second = start + symbol;
  const inside = energy.sum(start, start + tone) + energy.sum(second, second + tone);
  const outside =
    energy.sum(start - tone, start) +
    energy.sum(start + tone, second) +
    energy.sum(second + tone, second + symbol);
  return inside - outside;
}
