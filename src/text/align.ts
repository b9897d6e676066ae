/**
 * Where in the text the words are that a service says it spoke.
 * Not here: their times.
 */
import { isTag, PieceReader } from './pieces.js';

/** Offsets in UTF-16 units: the word's letters, without marks around it. */
export interface WordRange {
  charStart: number;
  charEnd: number;
}

/** What stands between white space or tags. */
interface TextWord {
  /** It holds digits or symbols, so the service may well say it in other words. */
  rewritten: boolean;
  /** How many tags are before it. */
  section: number;
}

/** One letter, digit or symbol of the text, folded. */
interface Letter {
  folded: string;
  start: number;
  /** Combining marks included. */
  end: number;
  /** A match may begin here. */
  begins: boolean;
  /** One sign with the letter before it. */
  joined: boolean;
  word: TextWord;
}

/** What is compared; marks are not. Modifier symbols (Sk) are accents and backquotes that stand alone. */
const LETTERS = /[\p{L}\p{N}\p{Sm}\p{Sc}\p{So}%&@#]/gu;
const MARKS = /\p{M}+/gu;
/** Belongs to the letter before it: accents, skin tones, joiners, soft hyphens. */
const TRAILING = /^[\p{M}\p{Lm}\p{Cf}\p{EMod}]$/u;
const JOINER = '\u200d';
const WHITE = /^\s$/u;
/** A digit or a symbol: often spoken in other words than it is written in. */
const REWRITTEN = /^[\p{N}\p{S}%&@#]$/u;
/** Written without white space, so that words begin anywhere; and symbols, which are words by themselves. */
const STANDS_ALONE =
  /^[\p{S}%&@#\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]$/u;

/** How far ahead a word is looked for, in letters: a paragraph. It bounds the work on any text. */
const LOOK_AHEAD_LETTERS = 512;
/** A number is mostly spoken in no more words than this: 1984, $5.30. */
const NUMBER_WORDS = 4;
/** And hardly ever in more than this: 1,234,567.89. */
const LONG_NUMBER_WORDS = 16;

/**
 * Case, accents, compatibility forms and marks folded away; what is left are letters, digits and symbols. Each by
 * itself, since a whole word would end in another sigma. Through upper case, which makes ß ss. Marks of their own go
 * first: to sort a million of them on one letter takes V8 minutes.
 */
function fold(text: string): string {
  const letters = text.replace(MARKS, '').normalize('NFKD').match(LETTERS) ?? [];
  return letters.map((letter) => letter.toUpperCase().toLowerCase()).join('');
}

/**
 * Finds a service's words in the text they were spoken from, each behind the one before. Case, accents, marks and the
 * form of quotes do not matter. Words that the text does not hold (numbers spoken as words) are passed over, and so are
 * tags. Text may be added as it is written.
 */
export class WordLocator {
  readonly #pieces: PieceReader;
  readonly #letters: Letter[] = [];
  #word: TextWord | undefined;
  #section = 0;
  /** A match may begin at the next letter: white space, a tag or a mark is before it. */
  #parted = true;
  /** Behind a joiner. */
  #joinerEnd = -1;
  /** Behind the last word that was found. */
  #next = 0;
  /** Words since then that were not. */
  #misses = 0;

  /** @param base Added to every offset. */
  constructor(text: string, base = 0) {
    this.#pieces = new PieceReader((piece, start) => this.#read(piece, base + start));
    this.append(text);
  }

  /** The text goes on; it may be cut anywhere, but a word is found only as far as it is known. */
  append(text: string): void {
    this.#pieces.push(text);
  }

  /** No text follows: what looked like the beginning of a tag was none. */
  end(): void {
    this.#pieces.end();
  }

  /** @returns Undefined when the text does not hold it, or only further on than can be believed. */
  locate(word: string): WordRange | undefined {
    const wanted = fold(word);
    if (wanted === '') return undefined;
    const at = this.#find(wanted);
    if (at === undefined) {
      this.#misses++;
      return undefined;
    }
    const first = this.#letters[at] as Letter;
    this.#next = this.#matchEnd(wanted, at) as number;
    this.#misses = 0;
    return { charStart: first.start, charEnd: (this.#letters[this.#next - 1] as Letter).end };
  }

  #find(wanted: string): number | undefined {
    let skipped = 0;
    const allowed = this.#allowedSkips();
    const stop = Math.min(this.#letters.length, this.#next + LOOK_AHEAD_LETTERS);
    for (let at = this.#next; at < stop && skipped <= allowed; at++) {
      const { word, begins } = this.#letters[at] as Letter;
      if ((begins || at === this.#next) && this.#isWhole(this.#matchEnd(wanted, at))) return at;
      if (this.#letters[at + 1]?.word !== word && !word.rewritten) skipped++;
    }
    // Part of a compound or a contraction (do|n't), where nothing else will do.
    const part = wanted.length > 1 && this.#matchEnd(wanted, this.#next) !== undefined;
    return part ? this.#next : undefined;
  }

  /**
   * How many words may be skipped; every one is lost. The more words were not found, the more text and speech have come
   * apart, and a passage that is not spoken must be caught up with while the speech goes on. But a number explains why
   * nothing matches, and what is spoken in its place may occur further on by chance ("1984 … four").
   */
  #allowedSkips(): number {
    const atNumber = this.#letters[this.#next]?.word.rewritten && this.#misses <= LONG_NUMBER_WORDS;
    return atNumber ? Math.floor(this.#misses / NUMBER_WORDS) : 1 + 3 * this.#misses;
  }

  /** Index behind the match of all of `wanted` at `at`, which may hold white space but no tag. */
  #matchEnd(wanted: string, at: number): number | undefined {
    const section = this.#letters[at]?.word.section;
    let end = at;
    for (let matched = 0; matched < wanted.length; end++) {
      const letter = this.#letters[end];
      if (!letter || letter.word.section !== section) return undefined;
      if (!wanted.startsWith(letter.folded, matched)) return undefined;
      matched += letter.folded.length;
    }
    while (this.#letters[end]?.joined) end++;
    return end;
  }

  #isWhole(end: number | undefined): boolean {
    return end !== undefined && (this.#letters[end]?.begins ?? true);
  }

  #read(piece: string, start: number): void {
    const tag = isTag(piece);
    const folded = tag ? '' : fold(piece);
    if (tag || WHITE.test(piece)) {
      if (tag) this.#section++;
      this.#word = undefined;
      this.#parted = true;
    } else if (folded !== '') {
      this.#addLetter(piece, folded, start);
    } else if (TRAILING.test(piece)) {
      this.#addTrailing(piece, start);
    } else {
      this.#parted = true;
    }
  }

  #addLetter(piece: string, folded: string, start: number): void {
    this.#word ??= { rewritten: false, section: this.#section };
    this.#word.rewritten ||= REWRITTEN.test(piece);
    const alone = STANDS_ALONE.test(piece);
    const joined = this.#joinerEnd === start;
    const begins = (this.#parted || alone) && !joined;
    this.#letters.push({ folded, start, end: start + piece.length, begins, joined, word: this.#word });
    this.#parted = alone;
  }

  #addTrailing(piece: string, start: number): void {
    const last = this.#letters.at(-1);
    if (last?.end !== start) return;
    last.end = start + piece.length;
    if (piece === JOINER) this.#joinerEnd = last.end;
  }
}
