/**
 * One stretch of 8 kHz mono samples to words: tones by their text, all else that sounds as `[speech]`.
 * Not here: stretches that follow each other and VAD steps (recogniser.ts).
 */
import { ActivityMeter, BLOCK } from './activity-meter.js';
import { ToneDecoder, type ToneSpan } from './tone-decoder.js';
import { ALIGN_SPAN } from './tone-grid.js';
import { RECOGNISER_HZ } from './tone-measure.js';

/** What stands for sound that holds no text of ours. The sandbox never makes text up. */
export const SPEECH = '[speech]';

/** A word and its place, in samples. */
export interface HeardWord {
  text: string;
  start: number;
  stop: number;
}

const MS = RECOGNISER_HZ / 1000;
/** Shorter pauses lie inside speech. */
const PAUSE = 300 * MS;
/** Less sound than this is a click. */
const LEAST_SPEECH = 90 * MS;
/** Ringing of codecs and filters around a word belongs to the word. */
const WORD_MARGIN = 30 * MS;
/** Enough silence after the end for every tone to be judged: for aligning it, and for the end of its word. */
const END_SILENCE = ALIGN_SPAN + 100 * MS;

interface Region {
  start: number;
  stop: number;
  /** Active samples in it, pauses left out. */
  active: number;
}

export class Listener {
  readonly #tones = new ToneDecoder();
  readonly #meter = new ActivityMeter();
  readonly #spans: ToneSpan[] = [];
  /** Activity of the blocks from #block on. At most one word's length of them waits for its end. */
  #activity: boolean[] = [];
  #block = 0;
  /** Blocks that start before this belong to a span that was dealt with. */
  #takenUntil = 0;
  #region: Region | undefined;
  #words: HeardWord[] = [];
  #length = 0;

  /** Takes samples and returns the words that are certain by now, in order of time. */
  push(samples: Float32Array): HeardWord[] {
    this.#length += samples.length;
    this.#spans.push(...this.#tones.push(samples));
    this.#activity.push(...this.#meter.push(samples));
    this.#settle(this.#tones.settledUntil - WORD_MARGIN);
    return this.#takeWords();
  }

  /** The remaining words, as if silence followed. */
  finish(): HeardWord[] {
    this.#spans.push(...this.#tones.push(new Float32Array(END_SILENCE)));
    this.#activity.push(...this.#meter.finish());
    this.#settle(Number.POSITIVE_INFINITY);
    for (const span of this.#spans.splice(0)) this.#addSpan(span);
    this.#closeRegion();
    return this.#takeWords();
  }

  /** Where voice was last heard, in samples; known without delay. */
  get lastVoice(): number | undefined {
    const { lastActive } = this.#meter;
    const { lastTone } = this.#tones;
    if (lastTone === undefined) return lastActive;
    return Math.max(lastTone, lastActive ?? 0);
  }

  /** Deals with the blocks that end before this limit and whose activity is known. */
  #settle(limit: number): void {
    let done = 0;
    while (done < this.#activity.length && (this.#block + 1) * BLOCK <= limit) {
      const start = this.#block * BLOCK;
      this.#addSpansAt(start + BLOCK);
      this.#addBlock(start, this.#activity[done] as boolean);
      this.#block++;
      done++;
    }
    this.#activity.splice(0, done);
  }

  #addSpansAt(position: number): void {
    while (this.#spans[0] !== undefined && this.#spans[0].start - WORD_MARGIN < position) {
      this.#addSpan(this.#spans.shift() as ToneSpan);
    }
  }

  #addSpan(span: ToneSpan): void {
    // A word whose first or last milliseconds are cut off still has a place for them on its grid.
    const start = Math.max(0, span.start);
    const stop = Math.min(span.stop, this.#length);
    const { text } = span;
    if (text === undefined) {
      this.#extendRegion(start, stop);
      this.#takenUntil = stop;
      return;
    }
    this.#closeRegion();
    this.#words.push({ text, start, stop });
    this.#takenUntil = stop + WORD_MARGIN;
  }

  #addBlock(start: number, active: boolean): void {
    if (start < this.#takenUntil) return;
    if (active) this.#extendRegion(start, start + BLOCK);
    else if (this.#region !== undefined && start + BLOCK - this.#region.stop >= PAUSE) this.#closeRegion();
  }

  #extendRegion(start: number, stop: number): void {
    this.#region ??= { start, stop, active: 0 };
    this.#region.stop = stop;
    this.#region.active += stop - start;
  }

  #closeRegion(): void {
    const region = this.#region;
    this.#region = undefined;
    if (region === undefined || region.active < LEAST_SPEECH) return;
    this.#words.push({ text: SPEECH, start: region.start, stop: region.stop });
  }

  #takeWords(): HeardWord[] {
    const words = this.#words;
    this.#words = [];
    return words;
  }
}
