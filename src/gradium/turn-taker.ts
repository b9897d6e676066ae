/**
 * The turns of a live session: which words belong to one, and when it is complete.
 * Not here: how its end is seen (turn-detector.ts), how the last words are asked for (stt-stream.ts).
 */
import { type CheckedTurnOptions, TurnDetector } from './turn-detector.js';
import type { SttEvent, Word } from './types.js';

export type TurnEnd = Extract<SttEvent, { type: 'turnEnd' }>;

export interface TurnActions {
  /** Asks for the words that are still under way; the id of the `flushed` event that follows them. */
  flush(): number;
  onTurnEnd(event: TurnEnd): void;
}

interface Ending {
  atS: number;
  /** Undefined: nothing was asked for. */
  flushId: number | undefined;
  /** What was asked for has come; only the grace is left. */
  answered: boolean;
  grace: NodeJS.Timeout | undefined;
}

/** Sees each event of the session in its order. */
export class TurnTaker {
  readonly #options: CheckedTurnOptions;
  readonly #actions: TurnActions;
  readonly #detector: TurnDetector;
  #words: Word[] = [];
  /** Its last words are still under way. */
  #ending: Ending | undefined;

  constructor(options: CheckedTurnOptions, actions: TurnActions) {
    this.#options = options;
    this.#actions = actions;
    this.#detector = new TurnDetector(options);
  }

  event(event: SttEvent): void {
    switch (event.type) {
      case 'word':
        this.#words.push(event.word);
        // What comes while a turn ends belongs to that one.
        if (!this.#ending) this.#detector.word();
        break;
      case 'step':
        this.#step(event);
        break;
      case 'flushed':
        this.#flushed(Number(event.flushId));
        break;
      case 'endOfStream':
        this.#lastTurn();
        break;
    }
  }

  close(): void {
    clearTimeout(this.#ending?.grace);
    this.#ending = undefined;
    this.#words = [];
  }

  #step({ vad, totalDurationS }: SttEvent & { type: 'step' }): void {
    const ends = this.#detector.step(vad);
    if (!this.#ending) {
      if (ends) this.#end(totalDurationS);
    } else if (this.#ending.answered && this.#detector.speaking) {
      // The words of who speaks again are not of this turn, however much of the grace is left.
      clearTimeout(this.#ending.grace);
      this.#ended(this.#ending);
    }
  }

  #end(atS: number): void {
    const ending: Ending = { atS, flushId: undefined, answered: false, grace: undefined };
    this.#ending = ending;
    if (this.#options.flushBy === 'none') this.#wait(ending);
    else ending.flushId = this.#actions.flush();
  }

  #flushed(id: number): void {
    const ending = this.#ending;
    // Not a number: from a server that does not give our id back.
    if (ending?.flushId === undefined || id < ending.flushId) return;
    ending.flushId = undefined;
    ending.answered = true;
    this.#wait(ending);
  }

  #wait(ending: Ending): void {
    const { graceMs } = this.#options;
    if (graceMs === 0) this.#ended(ending);
    else ending.grace = setTimeout(() => this.#ended(ending), graceMs);
  }

  /** The stream's end ends a turn, too. */
  #lastTurn(): void {
    clearTimeout(this.#ending?.grace);
    this.#ended(this.#ending ?? { atS: this.#words.at(-1)?.stopS ?? 0 });
  }

  /** A turn without a word, a cough, is none. */
  #ended({ atS }: Pick<Ending, 'atS'>): void {
    const words = this.#words;
    this.#ending = undefined;
    this.#words = [];
    if (words.length === 0) return;
    this.#actions.onTurnEnd({ type: 'turnEnd', text: words.map(({ text }) => text).join(' '), words, atS });
  }
}
