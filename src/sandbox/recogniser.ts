/**
 * A stream of 8 kHz mono samples to events: words with times, and one VAD step per 80 ms.
 * Not here: how words are found (listener.ts), the decoder's clock and messages (asr-session.ts).
 */
import { STEP_S } from '../format.js';
import { Listener } from './listener.js';
import { RECOGNISER_HZ } from './tone-measure.js';

export interface VadEntry {
  horizonS: number;
  /** 0 to 1: how likely the speaker is silent that far from now. */
  inactivityProb: number;
}

/** Times in seconds of the audio. */
export type RecogniserEvent =
  | { type: 'word'; text: string; startS: number; stopS: number }
  | { type: 'step'; index: number; vad: VadEntry[] };

const STEP = Math.round(STEP_S * RECOGNISER_HZ);

/** Clients look for the 2 s horizon at index 2. `tauS`: trailing silence after which silence is 63 % certain. */
const HORIZONS = [
  { horizonS: 0.5, tauS: 0.25 },
  { horizonS: 1, tauS: 0.35 },
  { horizonS: 2, tauS: 0.5 },
  { horizonS: 3, tauS: 0.6 },
] as const;

/** Events depend on the samples and on where flush was called, never on how push was cut. */
export class Recogniser {
  readonly #step = new Float32Array(STEP);
  #filled = 0;
  /** Samples of #step that the listener has had already, because of a flush. */
  #heard = 0;
  #steps = 0;
  #listener = new Listener();
  #blocker = new DcBlocker();
  /** Where the listener's stretch begins, in samples. */
  #base = 0;
  #lastVoice = 0;
  #samples = 0;

  /** Seconds that were worked on so far. */
  get audioS(): number {
    return this.#samples / RECOGNISER_HZ;
  }

  *push(samples: Float32Array): Generator<RecogniserEvent, void> {
    for (let from = 0; from < samples.length; ) {
      const part = samples.subarray(from, from + STEP - this.#filled);
      this.#step.set(part, this.#filled);
      this.#filled += part.length;
      this.#samples += part.length;
      from += part.length;
      if (this.#filled === STEP) yield* this.#closeStep();
    }
  }

  /** Decides everything heard so far, as if the audio ended here; a word that still sounds is cut in two. */
  *flush(): Generator<RecogniserEvent, void> {
    yield* this.#listen();
    for (const word of this.#listener.finish()) yield this.#wordEvent(word);
    this.#base = this.#steps * STEP + this.#filled;
    this.#listener = new Listener();
    this.#blocker = new DcBlocker();
  }

  /** The rest: remaining words, then the step that was only partly filled. */
  *finish(): Generator<RecogniserEvent, void> {
    yield* this.flush();
    if (this.#filled > 0) yield this.#stepEvent();
  }

  *#closeStep(): Generator<RecogniserEvent, void> {
    yield* this.#listen();
    yield this.#stepEvent();
    this.#filled = 0;
    this.#heard = 0;
  }

  *#listen(): Generator<RecogniserEvent, void> {
    const samples = this.#blocker.process(this.#step.subarray(this.#heard, this.#filled));
    this.#heard = this.#filled;
    for (const word of this.#listener.push(samples)) yield this.#wordEvent(word);
    const { lastVoice } = this.#listener;
    if (lastVoice !== undefined) this.#lastVoice = this.#base + lastVoice;
  }

  #wordEvent({ text, start, stop }: { text: string; start: number; stop: number }): RecogniserEvent {
    const startS = (this.#base + start) / RECOGNISER_HZ;
    return { type: 'word', text, startS, stopS: (this.#base + stop) / RECOGNISER_HZ };
  }

  #stepEvent(): RecogniserEvent {
    const index = this.#steps++;
    const silenceS = Math.max(0, (this.#steps * STEP - this.#lastVoice) / RECOGNISER_HZ);
    const vad = HORIZONS.map(({ horizonS, tauS }) => ({
      horizonS,
      inactivityProb: Math.round((1 - Math.exp(-silenceS / tauS)) * 1e4) / 1e4,
    }));
    return { type: 'step', index, vad };
  }
}

/** First-order high-pass at 65 Hz: a constant offset is no sound. */
class DcBlocker {
  #lastIn: number | undefined;
  #lastOut = 0;

  process(samples: Float32Array): Float32Array {
    const out = new Float32Array(samples.length);
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i] as number;
      // Starting from the first sample, an offset makes no click.
      this.#lastOut = sample - (this.#lastIn ?? sample) + 0.95 * this.#lastOut;
      this.#lastIn = sample;
      out[i] = this.#lastOut;
    }
    return out;
  }
}
