/**
 * Text in its smallest pieces, a code point or a tag, from input that is cut anywhere.
 * Not here: which pieces belong together (atoms.ts).
 */

/**
 * The longest tag: some ten times `<break time="1.5s" />`. Without a limit one `<` that no `>` follows would hold back
 * all the text behind it.
 */
const MAX_TAG_CHARS = 256;
/** As in XML: `<3` and `a < b` are no tags. */
const TAG_START = /^[\p{L}/]$/u;
const HIGH_SURROGATE = /^[\ud800-\udbff]$/;

/** @param start Offset in all the text so far, in UTF-16 units. */
export type TakePiece = (piece: string, start: number) => void;

export function isTag(piece: string): boolean {
  return piece.length > 2 && piece.startsWith('<');
}

export class PieceReader {
  readonly #take: TakePiece;
  #at = 0;
  /** Of a pair whose second half may come. */
  #half = '';
  /** What may become a tag. */
  #tag = '';

  constructor(take: TakePiece) {
    this.#take = take;
  }

  /** Offset of what is not yet given out. */
  get position(): number {
    return this.#at;
  }

  push(text: string): void {
    const whole = this.#half + text;
    this.#half = HIGH_SURROGATE.test(whole.slice(-1)) ? whole.slice(-1) : '';
    const complete = this.#half === '' ? whole : whole.slice(0, -1);
    for (const char of complete) this.#read(char);
  }

  /** Gives out what was held back. */
  end(): void {
    this.#spill();
    if (this.#half !== '') this.#give(this.#half);
    this.#half = '';
  }

  #read(char: string): void {
    if (this.#tag !== '') {
      if (this.#continuesTag(char)) {
        this.#tag += char;
        if (char === '>') this.#give(this.#endTag());
        return;
      }
      this.#spill();
    }
    if (char === '<') this.#tag = char;
    else this.#give(char);
  }

  #continuesTag(char: string): boolean {
    if (this.#tag.length === 1) return TAG_START.test(char);
    return char !== '<' && this.#tag.length + char.length <= MAX_TAG_CHARS;
  }

  /** It was no tag. What is in it is read a second time here, and no more: it holds no other `<`. */
  #spill(): void {
    for (const char of this.#endTag()) this.#give(char);
  }

  #endTag(): string {
    const tag = this.#tag;
    this.#tag = '';
    return tag;
  }

  #give(piece: string): void {
    const start = this.#at;
    this.#at += piece.length;
    this.#take(piece, start);
  }
}
