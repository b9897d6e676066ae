/**
 * Text cut into parts for one session each.
 * Not here: messages within a session (chunker.ts), what ends a sentence (sentence-end.ts).
 */
import { checkMaxChars, checkString } from './arguments.js';
import { type Atom, AtomScanner } from './atoms.js';

/** How text is cut into parts. */
export interface SplitOptions {
  /** The longest part in UTF-16 units, from 1. A longer word or tag is a part by itself. */
  maxChars: number;
}

/** A part of a longer text. */
export interface TextPart {
  /** Without white space at either end. */
  text: string;
  /** Where it begins in the whole text, in UTF-16 units. */
  start: number;
}

/** How good a place is to stop speaking: the better, the higher. */
const NEVER_MIND = 0;
const SPACE = 1;
const CLAUSE = 2;
const LINE = 3;
const SENTENCE = 4;
const END = 5;

/** What may be parted from what comes after it, and how well. */
interface Piece {
  start: number;
  end: number;
  rank: number;
}

/** Spaces that ask not to be broken at: in 10 000, M. Dupont. */
const NO_BREAK = /^[\u00a0\u202f\ufeff]+$/;
const CLAUSE_END = /[,;:–—，、；：]["'\s\p{Pe}\p{Pf}\p{Pi}]*$/u;
/** As far back from its end as a piece is searched for the end of a clause. */
const CLAUSE_END_CHARS = 8;
/** Chinese and Japanese write no white space: there these marks, and what closes after them, end what may be parted. */
const CJK_END = /[。！？、，；：．][\p{Pe}\p{Pf}\p{Pd}\p{Po}]*/gu;
const CJK_SENTENCE = /^[。！？．]/u;
const WHITE = /^\s$/u;

/**
 * Cuts text that is too long for one speech session into parts, each as long as may be: at the end of a sentence where
 * one ends within `maxChars`, else of a line, else of a clause, else at white space. Never inside a word or a tag, nor
 * between a word and a mark that stands alone beside it. After an abbreviation (Dr., z. B.), an initial or an ordinal
 * (1. Januar) no sentence ends.
 *
 * Chinese and Japanese are cut after their full-width marks as well. Without marks and white space there is nothing to
 * cut at: a word longer than `maxChars` is a part by itself, and one of more than 10 000 characters is cut there.
 *
 * @returns None for white space alone. Between two parts there is white space in `text`, or nothing.
 * @throws TypeError, RangeError ERR_INVALID_ARG
 * @example
 * splitText('He came. She, however, left.', { maxChars: 20 });
 * // [{ text: 'He came.', start: 0 }, { text: 'She, however, left.', start: 9 }]
 */
export function splitText(text: string, options: SplitOptions): TextPart[] {
  checkString('text', text);
  const maxChars = checkMaxChars(options.maxChars);
  const pieces = piecesOf(text);
  const parts: TextPart[] = [];
  for (let first = 0; first < pieces.length; ) {
    const last = bestEnd(pieces, first, maxChars);
    const start = startOf(pieces, first);
    parts.push({ text: text.slice(start, pieces[last]?.end), start });
    first = last + 1;
  }
  return parts;
}

/**
 * The best place at which a part may end; of equals the last. What is looked at beyond it has no place as good, so it
 * is looked at again at most once for each rank.
 */
function bestEnd(pieces: Piece[], first: number, maxChars: number): number {
  const start = startOf(pieces, first);
  let best = first;
  let bestRank = NEVER_MIND;
  for (let i = first; i < pieces.length; i++) {
    const { end, rank } = pieces[i] as Piece;
    if (end - start > maxChars) break;
    if (rank < bestRank) continue;
    best = i;
    bestRank = rank;
  }
  return best;
}

function startOf(pieces: Piece[], index: number): number {
  return (pieces[index] as Piece).start;
}

function piecesOf(text: string): Piece[] {
  const scanner = new AtomScanner();
  const atoms = [...scanner.push(text), ...scanner.end()];
  return atoms.flatMap((atom, i) => {
    const rank = rankOf(text, atom, atoms[i + 1]);
    const inner = cjkPieces(text.slice(atom.start, atom.end), atom.start);
    return [...inner, { start: inner.at(-1)?.end ?? atom.start, end: atom.end, rank }];
  });
}

function rankOf(text: string, atom: Atom, next: Atom | undefined): number {
  if (!next) return END;
  if (atom.sentence) return SENTENCE;
  if (atom.line) return LINE;
  if (CLAUSE_END.test(text.slice(Math.max(atom.start, atom.end - CLAUSE_END_CHARS), atom.end))) return CLAUSE;
  return NO_BREAK.test(text.slice(atom.end, next.start)) ? NEVER_MIND : SPACE;
}

/** All but the last piece of an atom, if it has several. */
function cjkPieces(atom: string, offset: number): Piece[] {
  if (atom.includes('<')) return []; // A tag may hold such marks.
  const pieces: Piece[] = [];
  let start = 0;
  for (const { 0: marks, index } of atom.matchAll(CJK_END)) {
    const end = index + marks.length;
    // Behind white space there are marks that stand alone.
    if (end === atom.length || WHITE.test(atom.charAt(end))) continue;
    pieces.push({
      start: offset + start,
      end: offset + end,
      rank: CJK_SENTENCE.test(marks) ? SENTENCE : CLAUSE,
    });
    start = end;
  }
  return pieces;
}
