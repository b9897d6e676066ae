/**
 * What is never cut: a word or a tag, with the marks that stand alone beside it.
 * Not here: how many of them make a chunk (chunker.ts) or a part (sentences.ts).
 */
import { isTag, PieceReader } from './pieces.js';
import { CLOSER, isAbbreviation, MAX_ABBREVIATION_CHARS, TERMINATOR } from './sentence-end.js';

/**
 * Nothing is kept together for longer than this, be it a word without white space, lone marks or white space behind
 * which marks may come: what never ends would be held for ever.
 */
const MAX_ATOM_CHARS = 10_000;

const WHITE = /^\s$/u;
const NEWLINE = /^[\n\v\f\r\u2028\u2029]$/u;
/** What is spoken. A word is what holds one of these; all else are marks. */
const SPOKEN = /^[\p{L}\p{N}\p{S}]$/u;
/** Marks that belong to what follows. */
const OPENING = /^[\p{Ps}\p{Pi}¿¡]$/u;
const FLUSH_TAG = /^<flush\s*\/?>$/iu;

/** Offsets are UTF-16 units of all the text so far; white space at either end is not included. */
export interface Atom {
  start: number;
  end: number;
  /** A sentence ends with it. */
  sentence: boolean;
  /** A line ends after it. */
  line: boolean;
}

/** What stands between two white spaces. */
interface Unit {
  start: number;
  kind: 'word' | 'opening' | 'closing';
  sentence: boolean;
  /** It ends in a <flush>. */
  flush: boolean;
  /** As much of it as is needed to know an abbreviation. */
  head: string;
}

/** Finds atoms in text that is cut anywhere: one is known once the word after it begins. */
export class AtomScanner {
  readonly #pieces = new PieceReader((piece, start) => this.#read(piece, start));
  #found: Atom[] = [];
  /** Whole units; the next may belong to them. */
  #glued: (Atom & { opening: boolean }) | undefined;
  #unit: Unit | undefined;

  /** Offset behind which nothing is given out yet. */
  get position(): number {
    return this.#glued?.start ?? this.#unit?.start ?? this.#pieces.position;
  }

  push(text: string): Atom[] {
    this.#pieces.push(text);
    return this.#takeFound();
  }

  end(): Atom[] {
    this.#pieces.end();
    this.#cut(this.#pieces.position);
    return this.#takeFound();
  }

  #takeFound(): Atom[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #read(piece: string, start: number): void {
    const end = start + piece.length;
    if (end - (this.#glued?.start ?? this.#unit?.start ?? start) > MAX_ATOM_CHARS) this.#cut(start);
    if (WHITE.test(piece)) {
      this.#endUnit(start);
      if (this.#glued && NEWLINE.test(piece)) this.#glued.line = true;
    } else {
      this.#unit ??= this.#beginUnit(start);
      this.#extend(this.#unit, piece);
    }
  }

  #beginUnit(start: number): Unit {
    return { start, kind: 'opening', sentence: this.#glued?.sentence ?? false, flush: false, head: '' };
  }

  #extend(unit: Unit, piece: string): void {
    const tag = isTag(piece);
    if (tag || SPOKEN.test(piece)) this.#becomeWord(unit);
    else if (unit.kind === 'opening' && !OPENING.test(piece)) unit.kind = 'closing';

    unit.flush = tag && FLUSH_TAG.test(piece);
    if (tag) unit.sentence ||= unit.flush;
    else if (TERMINATOR.test(piece)) unit.sentence = true;
    else if (!CLOSER.test(piece)) unit.sentence = false;
    if (unit.head.length <= MAX_ABBREVIATION_CHARS) unit.head += piece;
  }

  #becomeWord(unit: Unit): void {
    if (unit.kind === 'word') return;
    unit.kind = 'word';
    this.#separate();
  }

  /** What begins now does not belong to what was before, unless that was waiting for it. */
  #separate(): void {
    if (this.#glued && !this.#glued.opening) this.#giveOut();
  }

  #giveOut(): void {
    if (!this.#glued) return;
    const { start, end, sentence, line } = this.#glued;
    this.#found.push({ start, end, sentence, line });
    this.#glued = undefined;
  }

  #endUnit(end: number): void {
    const unit = this.#unit;
    if (!unit) return;
    this.#unit = undefined;
    const opening = unit.kind === 'opening';
    if (opening) this.#separate();
    const short = unit.head.length <= MAX_ABBREVIATION_CHARS;
    const sentence = unit.sentence && !(short && isAbbreviation(unit.head));
    const start = this.#glued?.start ?? unit.start;
    // A mark that stands alone in the next line (a list's dash) does not undo the end of the line.
    const line = unit.kind === 'closing' && this.#glued?.line === true;
    this.#glued = { start, end, sentence, line, opening };
    // What is to be said now is not to wait for what may come.
    if (unit.flush) this.#giveOut();
  }

  /** Gives out all there is, whatever may follow. */
  #cut(at: number): void {
    this.#endUnit(at);
    this.#giveOut();
  }
}
