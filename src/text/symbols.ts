/**
 * A text as symbols that can be compared one by one, word boundaries included.
 * Not here: what is looked for in them (phrase-finder.ts, pronunciations.ts).
 */
import { isTag, PieceReader } from './pieces.js';

export interface Symbols {
  /**
   * A code point and whether a word begins or ends with it: what has the symbols of a whole word is a whole word. A run of
   * white space is one space. A tag is `TAG`.
   */
  symbols: Int32Array;
  /** Where each begins in the text, in UTF-16 units; then the length of the text. */
  starts: Int32Array;
}

const FLAG_BITS = 2;
const WORD_BEGINS = 1;
const WORD_ENDS = 2;
const SPACE = 0x20 << FLAG_BITS;
/** Whatever the tag: there is no such code point. */
export const TAG = -1 << FLAG_BITS;

const WHITE = /^\s$/u;
/** What makes a word with its like: letters, digits, their marks, and the joiners of some scripts. */
const WORD = /^[\p{L}\p{N}\p{M}\p{Join_Control}]$/u;

interface Kind {
  symbol: number;
  word: boolean;
}

/** @param fold Upper and lower case are to be alike. Either way there are as many symbols. */
export function readSymbols(text: string, fold: boolean): Symbols {
  const symbols = new Int32Array(text.length);
  const starts = new Int32Array(text.length + 1);
  const kinds = new Map<string, Kind>();
  let count = 0;
  let inWord = false;
  const endWord = (): void => {
    if (inWord) symbols[count - 1] = Number(symbols[count - 1]) | WORD_ENDS;
  };
  const pieces = new PieceReader((piece, start) => {
    const kind = kinds.get(piece) ?? kindOf(piece, fold);
    kinds.set(piece, kind);
    const { symbol, word } = kind;
    if (symbol === SPACE && symbols[count - 1] === SPACE) return;
    if (!word) endWord();
    starts[count] = start;
    symbols[count] = word && !inWord ? symbol | WORD_BEGINS : symbol;
    inWord = word;
    count++;
  });
  pieces.push(text);
  pieces.end();
  endWord();
  starts[count] = text.length;
  return { symbols: symbols.subarray(0, count), starts: starts.subarray(0, count + 1) };
}

function kindOf(piece: string, fold: boolean): Kind {
  if (isTag(piece)) return { symbol: TAG, word: false };
  if (WHITE.test(piece)) return { symbol: SPACE, word: false };
  const char = fold ? foldCase(piece) : piece;
  return { symbol: Number(char.codePointAt(0)) << FLAG_BITS, word: WORD.test(piece) };
}

/**
 * Of one code point one, so that no place shifts: Unicode's simple case folding, up to which of a pair stands for both.
 * By upper case, which makes one of σ and ς, ß and ẞ; SS, which is two, is none of them. The Turkish ı is not i: its upper
 * case is.
 */
export function foldCase(char: string): string {
  if (char === 'ı') return char;
  const upper = char.toUpperCase();
  const lower = (isOne(upper) ? upper : char).toLowerCase();
  return isOne(lower) ? lower : char;
}

function isOne(text: string): boolean {
  return text.length === (Number(text.codePointAt(0)) > 0xffff ? 2 : 1);
}
