/**
 * What the sessions of a chain say, as one session of the whole source would have said it.
 * Not here: which words are repeats (word-seam.ts), when a session begins and ends (stt-chain.ts).
 */
import { STEP_S } from '../format.js';
import type { CheckedSttOptions } from './stt-setup.js';
import type { SttEvent, Word } from './types.js';
import { WordSeam } from './word-seam.js';
import { decoderDelayS } from './words.js';

export interface ChainOutput {
  /** On the source's clock, in the order that `SttEvent` promises. */
  onEvent(event: SttEvent): void;
  /** A word as soon as its text is known; `stopS` is filled in later. */
  onWordOpened?(word: Word): void;
  /** Seconds of the source that the service has worked through; grows. */
  onProgress?(workedS: number): void;
}

type Step = SttEvent & { type: 'step' };

export class ChainEvents {
  readonly #out: ChainOutput;
  readonly #timestamps: 'source' | 'decoder';
  readonly #seam: WordSeam;
  /** What the service said of itself last. */
  readonly facts: { requestId: string | undefined; model: string; delayInFrames: number; shiftS: number };
  #begun = false;
  #reason: 'limit' | 'lost' | undefined;
  #baseS = 0;
  #replayedS = 0;
  #lastStep: { index: number; totalDurationS: number } | undefined;
  #workedS = 0;
  #lastWordS = 0;
  #openWords = 0;
  /** An end that belongs to a word about which nothing is decided. */
  readonly #heldEnds = new Map<number | undefined, SttEvent>();

  constructor(out: ChainOutput, { model, delayInFrames, timestamps }: CheckedSttOptions) {
    this.#out = out;
    this.#timestamps = timestamps;
    this.facts = { requestId: undefined, model, delayInFrames, shiftS: 0 };
    this.#seam = new WordSeam({
      opened: (word) => this.#give(word),
      closed: (word) => this.#giveEnd(word),
    });
  }

  /** Whether a session has been ready. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Where the words that were given out end, on the clock that they are on. */
  get wordsS(): number {
    return this.#seam.stopS;
  }

  /** Whether the session that was cut had words that the next one must say. */
  get withheld(): boolean {
    return this.#seam.withheld;
  }

  /** Where the session's last word began or ended. */
  get lastWordS(): number {
    return this.#lastWordS;
  }

  /** Whether a word of the session has no end yet. */
  get isInWord(): boolean {
    return this.#openWords > 0;
  }

  /** A session begins at `baseS`; what it repeats is `replayedS` long. */
  begin(reason: 'limit' | 'lost' | undefined, baseS: number, replayedS: number): void {
    this.#reason = reason;
    this.#baseS = baseS;
    this.#replayedS = replayedS;
    this.#openWords = 0;
    this.#heldEnds.clear();
    this.#seam.begin();
  }

  /** Of what the session still says, words that end by `untilS` are given out. */
  closing(untilS: number): void {
    this.#seam.closing(untilS);
  }

  gap(startS: number, stopS: number): void {
    this.#out.onEvent({ type: 'gap', startS, stopS });
  }

  progress(workedS: number): void {
    if (workedS <= this.#workedS) return;
    this.#workedS = workedS;
    this.#out.onProgress?.(workedS);
  }

  opened(word: Word): void {
    this.#openWords++;
    this.#lastWordS = Math.max(this.#lastWordS, word.startS);
    this.#seam.open(word);
  }

  /** An event of the session that runs. */
  take(event: SttEvent): void {
    switch (event.type) {
      case 'ready':
        this.#ready(event);
        break;
      case 'step':
        this.#step(event);
        break;
      case 'endText':
        if (this.#seam.isStraight(event.streamId)) this.#out.onEvent(event);
        else this.#heldEnds.set(event.streamId, event);
        break;
      case 'word':
        this.#openWords--;
        this.#lastWordS = Math.max(this.#lastWordS, event.word.stopS);
        this.#seam.close(event.word);
        this.#heldEnds.delete(event.word.streamId);
        break;
      case 'text': // given out with its word, if that is
      case 'endOfStream': // of the session, not of the source
        break;
      default:
        this.#out.onEvent(event);
    }
  }

  /** The source has been worked through. */
  finish(): void {
    this.#seam.finish();
    this.#out.onEvent({ type: 'endOfStream' });
  }

  #ready(event: SttEvent & { type: 'ready' }): void {
    const { requestId, model, delayInFrames } = event;
    const shiftS = this.#timestamps === 'source' ? decoderDelayS(delayInFrames) : 0;
    Object.assign(this.facts, { requestId, model, delayInFrames, shiftS });
    if (!this.#begun) {
      this.#begun = true;
      this.#out.onEvent(event);
      return;
    }
    this.#out.onEvent({
      type: 'resumed',
      reason: this.#reason ?? 'lost',
      requestId,
      atS: rounded(this.#baseS),
      replayedS: rounded(this.#replayedS),
    });
  }

  /** The first session's as they are; of the others those that go on from there. */
  #step(event: Step): void {
    const last = this.#lastStep;
    const isFirst = this.#reason === undefined;
    const totalDurationS = rounded(this.#baseS + event.totalDurationS);
    if (!isFirst && totalDurationS < (last?.totalDurationS ?? 0) + STEP_S / 2) return;
    const index = isFirst ? event.index : (last?.index ?? -1) + 1;
    this.#lastStep = { index, totalDurationS };
    this.#out.onEvent({ ...event, index, totalDurationS });
  }

  #give(word: Word): void {
    const { text, startS, streamId } = word;
    this.#out.onWordOpened?.(word);
    this.#out.onEvent({ type: 'text', text, startS, ...(streamId === undefined ? {} : { streamId }) });
  }

  #giveEnd(word: Word): void {
    const end = this.#heldEnds.get(word.streamId);
    if (end) {
      this.#heldEnds.delete(word.streamId);
      this.#out.onEvent(end);
    }
    this.#out.onEvent({ type: 'word', word });
  }
}

/** To microseconds: sums of steps are no round numbers. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
