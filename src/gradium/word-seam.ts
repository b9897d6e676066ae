/**
 * Words of sessions that follow each other on the same audio, joined: none lost, none given out twice.
 * Not here: sessions (stt-chain.ts), how a session joins its own words (words.ts).
 */
import { normalForm } from '../text/normal-form.js';
import type { Word } from './types.js';

/** A word heard again is found within so much of where it began before. */
const SAME_WORD_S = 0.4;
/** Two recognitions of one word begin this close together, whatever they make of its text. */
const SAME_PLACE_S = 0.16;
/** Given-out words are remembered so long: no session begins further back. */
const REMEMBERED_S = 30;
/** … and no more of them than so many, which nobody says in that time. */
const MAX_REMEMBERED = 200;

export interface SeamHandlers {
  /** A word is given out: its text is final, its end may not be known yet. */
  opened(word: Word): void;
  /** The end of a word that was given out. */
  closed(word: Word): void;
}

/**
 * Sessions hear the audio one after the other, each from a little before the place up to which words are known. So the
 * first words of a session may be repeats, and the last ones of a session whose audio was cut may be halves.
 *
 * - A word is a repeat when it is the next of the words given out before, or another one of them, by its text (case,
 *   punctuation and Unicode form aside) and within 0.4 s of its place; each stands for one repeat, in order, so a word
 *   said four times is given out four times. After the last of them everything is new, whatever its time says.
 * - Before that, a word whose middle lies before the end of the words given out (`stopS`: while the last one has no end,
 *   before its beginning at least) was heard there in another way, or is the tail of one that the session did not hear
 *   whole: it is dropped. What begins behind that end is new.
 * - After `closing(untilS)` words are given out once their end is known, and not if they end behind `untilS`: the next
 *   session hears them whole.
 * - A word whose text was given out already and whose end is not known, or not trusted, waits for the next session's:
 *   the same word, or any at the same place, which then brings nothing but the end.
 *
 * Exact where recognitions of one word begin less than d ≤ 0.4 s apart, the same word is not said again within 2d, and
 * what is left of a word is not taken for that word. Then the nearest is the one. Heard d off, a row of one word every
 * 2d could be the row itself or the row from its second word on and one that is new: nothing tells which.
 *
 * All of it by stream of the service (`streamId`).
 */
export class WordSeam {
  readonly #out: SeamHandlers;
  readonly #streams = new Map<number | undefined, StreamSeam>();
  #untilS = Number.POSITIVE_INFINITY;
  #withheld = 0;

  constructor(out: SeamHandlers) {
    this.#out = out;
  }

  /** A session begins. */
  begin(): void {
    this.#untilS = Number.POSITIVE_INFINITY;
    this.#withheld = 0;
    for (const stream of this.#streams.values()) stream.begin();
  }

  /** The session's audio is cut: of what it still says, words up to `untilS` are trusted. */
  closing(untilS: number): void {
    this.#untilS = untilS;
  }

  open(word: Word): void {
    this.#of(word).open(word, this.#untilS);
  }

  close(word: Word): void {
    if (!this.#of(word).close(word, this.#untilS)) this.#withheld++;
  }

  /** Nothing follows: what waits for its end has the one that is known. */
  finish(): void {
    for (const stream of this.#streams.values()) stream.settle(Number.POSITIVE_INFINITY);
  }

  /** Whether words of this stream pass as they come. */
  isStraight(streamId: number | undefined): boolean {
    const stream = this.#streams.get(streamId);
    return this.#untilS === Number.POSITIVE_INFINITY && (stream === undefined || stream.isStraight);
  }

  /** Whether the session had words that were not trusted. */
  get withheld(): boolean {
    return this.#withheld > 0;
  }

  /** Where the words given out end; of several streams, of the one that is behind. 0: there are none. */
  get stopS(): number {
    let stopS = Number.POSITIVE_INFINITY;
    for (const stream of this.#streams.values()) stopS = Math.min(stopS, stream.stopS);
    return this.#streams.size === 0 ? 0 : stopS;
  }

  #of({ streamId }: Word): StreamSeam {
    const known = this.#streams.get(streamId);
    if (known) return known;
    const stream = new StreamSeam(this.#out);
    this.#streams.set(streamId, stream);
    return stream;
  }
}

interface Given {
  word: Word;
  folded: string;
  closed: boolean;
}

class StreamSeam {
  readonly #out: SeamHandlers;
  /** The last words given out, in order. */
  readonly #given: Given[] = [];
  #stopS = 0;
  /** Which of them the session has said again. */
  #matched = -1;
  /** Whether all that comes is new. */
  #fresh = true;
  /** Of this session: those that were given out, as themselves or as the end of an earlier one. */
  readonly #open = new Map<Word, Given>();
  /** Given out, without an end, and this session has none for them. */
  readonly #endless = new Set<Given>();
  /** Of this session: those to decide about once their end is known. */
  #held: Word[] = [];
  /** Of this session: those that were dropped and have no end yet. */
  readonly #dropped = new Set<Word>();

  constructor(out: SeamHandlers) {
    this.#out = out;
  }

  begin(): void {
    for (const given of this.#open.values()) this.#endless.add(given);
    this.#open.clear();
    this.#dropped.clear();
    this.#held = [];
    this.#matched = -1;
    this.#fresh = this.#given.length === 0;
    // Of several without an end all but the last have one: where the next begins.
    this.#given.forEach((given, i) => {
      const next = this.#given[i + 1];
      if (next) this.#settleOne(given, next.word.startS);
    });
  }

  /** Where the last word ends, or begins while that is not known. */
  get stopS(): number {
    return Math.max(this.#stopS, this.#given.at(-1)?.word.startS ?? 0);
  }

  get isStraight(): boolean {
    return this.#fresh && this.#held.length === 0 && this.#dropped.size === 0 && this.#endless.size === 0;
  }

  open(word: Word, untilS: number): void {
    if (untilS === Number.POSITIVE_INFINITY) this.#decideHeld(word.startS);
    if (!this.#fresh && this.#isRepeat(word)) {
      if (!this.#open.has(word)) this.#dropped.add(word);
      return;
    }
    if (!this.#fresh && word.startS >= this.stopS) this.#fresh = true;
    if (this.#fresh && untilS === Number.POSITIVE_INFINITY) this.#give(word);
    else this.#held.push(word);
  }

  /** False: it is not trusted. */
  close(word: Word, untilS: number): boolean {
    if (this.#dropped.delete(word)) return true;
    const trusted = word.stopS <= untilS;
    const given = this.#open.get(word);
    if (given) {
      this.#open.delete(word);
      // Untrusted it stays open, with this end in case that no better one comes.
      given.word.stopS = Math.max(given.word.startS, word.stopS);
      if (trusted) this.#close(given);
      else this.#endless.add(given);
      return trusted;
    }
    this.#held.splice(this.#held.indexOf(word), 1);
    if (!this.#isNew(word, word.stopS)) return true;
    if (!trusted) return false;
    this.#close(this.#give(word));
    this.#open.delete(word);
    return true;
  }

  /** Ends what still waits for its end, no later than where the next word begins. */
  settle(nextS: number): void {
    for (const given of this.#endless) this.#settleOne(given, nextS);
  }

  #settleOne(given: Given, nextS: number): void {
    if (given.closed) return;
    const { word } = given;
    // An end that was not trusted is better than none.
    const stopS = word.stopS > word.startS ? Math.min(word.stopS, nextS) : nextS;
    if (Number.isFinite(stopS)) word.stopS = Math.max(word.startS, stopS);
    this.#close(given);
  }

  /** A word that still waits for its end began before `nextS`, where the next one does. */
  #decideHeld(nextS: number): void {
    const held = this.#held;
    this.#held = [];
    for (const word of held) {
      if (this.#isNew(word, nextS)) this.#give(word);
      else this.#dropped.add(word);
    }
  }

  #isNew(word: Word, stopS: number): boolean {
    if (!this.#fresh && (word.startS + stopS) / 2 < this.stopS) return false;
    this.#fresh = true;
    return true;
  }

  #give(word: Word): Given {
    this.settle(word.startS);
    const given = { word, folded: folded(word.text), closed: false };
    this.#given.push(given);
    this.#open.set(word, given);
    this.#forget(word.startS - REMEMBERED_S);
    this.#out.opened(word);
    return given;
  }

  #forget(beforeS: number): void {
    while (this.#given.length > MAX_REMEMBERED || (this.#given[0] as Given).word.startS < beforeS) {
      this.#given.shift();
    }
  }

  #close(given: Given): void {
    given.closed = true;
    this.#endless.delete(given);
    this.#stopS = Math.max(this.#stopS, given.word.stopS);
    this.#out.closed(given.word);
  }

  #isRepeat(word: Word): boolean {
    const at = this.#find(word);
    const given = this.#given[at];
    if (!given) return false;
    this.#matched = at;
    this.#fresh = at === this.#given.length - 1;
    if (!given.closed) {
      this.#endless.delete(given);
      this.#open.set(word, given);
    }
    return true;
  }

  /** Which of the words given out it is, −1: none. The one whose turn it is goes before a nearer one. */
  #find(word: Word): number {
    const text = folded(word.text);
    const isSame = (i: number) => {
      const given = this.#given[i];
      return given?.folded === text && Math.abs(given.word.startS - word.startS) < SAME_WORD_S;
    };
    if (this.#matched >= 0 && isSame(this.#matched + 1)) return this.#matched + 1;
    let found = -1;
    let leastS = Number.POSITIVE_INFINITY;
    for (let i = this.#matched + 1; i < this.#given.length; i++) {
      const { word: given, closed } = this.#given[i] as Given;
      const apartS = Math.abs(given.startS - word.startS);
      if (apartS < leastS && (isSame(i) || (!closed && apartS < SAME_PLACE_S))) {
        found = i;
        leastS = apartS;
      }
    }
    return found;
  }
}

/** Two recognitions differ in case and punctuation. What is nothing but punctuation is itself. */
function folded(text: string): string {
  const bare = normalForm(text, 'NFC')
    .toLowerCase()
    .replace(/[\p{P}\p{S}\s]+/gu, '');
  return bare === '' ? text : bare;
}
