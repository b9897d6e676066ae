/**
 * Words joined from `text` and `end_text`, with their times moved to the source's clock.
 * Not here: the messages themselves; what becomes of the words.
 */
import { STEP_S } from '../format.js';
import type { Word } from './types.js';

/** A service that never sends `end_text` must not make the list of open words grow for ever. */
const MAX_OPEN_PER_STREAM = 8;
/** Padding and rounding may put a word a little behind the audio; what lies further out is no time at all. */
const MAX_BEYOND_S = 10;

/**
 * Keeps, per `stream_id`, the words whose end is not known yet.
 *
 * - Text is trimmed; empty text is no word.
 * - Within a stream starts never go back: an earlier start is raised to its predecessor's.
 * - `end_text` ends the latest open word of its stream that began before it.
 * - A word left without an end gets the start of the word after it, or the end of the audio.
 * - Nothing begins before 0, ends before it begins, or lies past the end of the audio, as far as that is known.
 * - A time far past that end counts as not given: a start is its predecessor's, so that it cannot push all the
 *   words after it; an end stays open.
 */
export class WordAssembler {
  readonly #onWord: (word: Word) => void;
  readonly #open = new Map<number | undefined, Word[]>();
  readonly #lastStartS = new Map<number | undefined, number>();
  #shiftS = 0;
  #audioEndS = Number.POSITIVE_INFINITY;

  /** @param onWord called with each word once its end is known, in order within a stream. */
  constructor(onWord: (word: Word) => void) {
    this.#onWord = onWord;
  }

  /** Subtracted from every time that the service sends. */
  set shiftS(shiftS: number) {
    this.#shiftS = shiftS;
  }

  get shiftS(): number {
    return this.#shiftS;
  }

  /** Length of the audio there is so far, on the clock that the words are on. */
  set audioEndS(audioEndS: number) {
    this.#audioEndS = audioEndS;
  }

  /** On the source's clock. Rounded to microseconds: 1.28 − 0.8 is 0.48, not 0.48000000000000004. */
  toSource(serviceS: number): number {
    const sourceS = Math.round((serviceS - this.#shiftS) * 1e6) / 1e6;
    return Math.min(Math.max(0, sourceS), this.#audioEndS);
  }

  /** A `text`; the word it opens, whose `stopS` is its start until its end is known. */
  text(text: string, serviceStartS: number, streamId: number | undefined): Word | undefined {
    const trimmed = text.trim();
    if (trimmed === '') return undefined;
    const lastS = this.#lastStartS.get(streamId) ?? 0;
    const startS = this.#isNoTime(serviceStartS) ? lastS : Math.max(this.toSource(serviceStartS), lastS);
    this.#lastStartS.set(streamId, startS);
    const word: Word = { text: trimmed, startS, stopS: startS };
    if (streamId !== undefined) word.streamId = streamId;
    const open = this.#openOf(streamId);
    open.push(word);
    const [oldest, next] = open;
    if (open.length > MAX_OPEN_PER_STREAM && oldest && next) {
      open.shift();
      this.#close(oldest, next.startS);
    }
    return word;
  }

  /** An `end_text`; its time on the source's clock. */
  endText(serviceStopS: number, streamId: number | undefined): number {
    const stopS = this.toSource(serviceStopS);
    if (this.#isNoTime(serviceStopS)) return stopS;
    const open = this.#openOf(streamId);
    const found = open.findLastIndex((word) => word.startS <= stopS);
    const index = Math.max(0, found);
    const next = open[index + 1];
    const ended = open.splice(0, index + 1);
    ended.forEach((word, i) => {
      const follower = ended[i + 1];
      if (follower) this.#close(word, follower.startS);
      else this.#close(word, Math.min(stopS, next?.startS ?? stopS));
    });
    return stopS;
  }

  /** No more words come: the open ones end with the word after them, or with the audio. */
  finish(): void {
    for (const open of this.#open.values()) {
      open.forEach((word, i) => {
        const endS = Number.isFinite(this.#audioEndS) ? this.#audioEndS : word.startS;
        this.#close(word, open[i + 1]?.startS ?? endS);
      });
    }
    this.#open.clear();
  }

  #isNoTime(serviceS: number): boolean {
    return serviceS - this.#shiftS > this.#audioEndS + MAX_BEYOND_S;
  }

  #openOf(streamId: number | undefined): Word[] {
    const known = this.#open.get(streamId);
    if (known) return known;
    const open: Word[] = [];
    this.#open.set(streamId, open);
    return open;
  }

  #close(word: Word, stopS: number): void {
    word.stopS = Math.max(word.startS, stopS);
    this.#onWord(word);
  }
}

/** The decoder's delay in seconds: how far its clock runs behind the audio's. */
export function decoderDelayS(delayInFrames: number): number {
  return Math.round(delayInFrames * STEP_S * 1e6) / 1e6;
}
