/**
 * Whether the speaker has ended a turn, told from the service's `step`s (wire reference, section 2.2).
 * Not here: what follows from it (turn-taker.ts).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { checkNumber } from './stt-setup.js';
import type { TurnOptions, VadEntry } from './types.js';

export interface CheckedTurnOptions {
  horizonS: number;
  threshold: number;
  hysteresis: number;
  steps: number;
  flushBy: 'flush' | 'silence' | 'none';
  graceMs: number;
}

/** @throws TypeError, RangeError ERR_INVALID_ARG */
export function checkTurnOptions(value: unknown): CheckedTurnOptions {
  if (typeof value !== 'object' || value === null) throw argumentTypeError('turns must be an object');
  const options = value as TurnOptions;
  const { flushBy = 'flush' } = options;
  if (flushBy !== 'flush' && flushBy !== 'silence' && flushBy !== 'none') {
    throw argumentRangeError("turns.flushBy must be 'flush', 'silence' or 'none'");
  }
  const threshold = checkNumber('turns.threshold', options.threshold, 0, 1) ?? 0.7;
  return {
    horizonS: checkNumber('turns.horizonS', options.horizonS, 0, 10) ?? 2,
    threshold,
    hysteresis: checkNumber('turns.hysteresis', options.hysteresis, 0, threshold) ?? Math.min(0.2, threshold),
    steps: checkNumber('turns.steps', options.steps, 1, 125, true) ?? 2,
    flushBy,
    graceMs: checkNumber('turns.graceMs', options.graceMs, 0, 10_000) ?? 0,
  };
}

/**
 * A turn begins when the probability of silence falls below `threshold - hysteresis`, or with a word; it ends with the
 * last of `steps` steps in a row at or above `threshold`.
 */
export class TurnDetector {
  readonly #options: CheckedTurnOptions;
  #speaking = false;
  #quietSteps = 0;

  constructor(options: CheckedTurnOptions) {
    this.#options = options;
  }

  /** Whether somebody speaks, as far as is known. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** Takes the entries of the next step; true when a turn ends with it. */
  step(vad: readonly VadEntry[]): boolean {
    const { threshold, hysteresis, steps } = this.#options;
    const silence = this.#probability(vad);
    if (silence === undefined) return false;
    if (silence < threshold) {
      this.#quietSteps = 0;
      if (silence < threshold - hysteresis) this.#speaking = true;
      return false;
    }
    this.#quietSteps++;
    if (!this.#speaking || this.#quietSteps < steps) return false;
    this.#speaking = false;
    return true;
  }

  /** A word was heard that belongs to no turn yet: somebody must have spoken. */
  word(): void {
    this.#speaking = true;
  }

  /** Of the entry whose horizon is nearest to the one asked for: servers differ in how many they give. */
  #probability(vad: readonly VadEntry[]): number | undefined {
    let nearest: VadEntry | undefined;
    let distance = Number.POSITIVE_INFINITY;
    for (const entry of vad) {
      const apart = Math.abs(entry.horizonS - this.#options.horizonS);
      if (apart >= distance) continue;
      nearest = entry;
      distance = apart;
    }
    return nearest?.inactivityProb;
  }
}
