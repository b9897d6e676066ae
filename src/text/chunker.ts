/**
 * Text cut into messages of one session, whole or as it comes.
 * Not here: what is never cut (atoms.ts), text for several sessions (sentences.ts).
 */
import { checkMaxChars, checkString } from './arguments.js';
import { type Atom, AtomScanner } from './atoms.js';

/** Long enough to be few, short enough that the service can begin on the first. */
const DEFAULT_MAX_CHARS = 300;

/** How text is cut into messages. */
export interface ChunkerOptions {
  /** The longest message in UTF-16 units, default 300. A longer word or tag is a message by itself. */
  maxChars?: number | undefined;
}

/**
 * Cuts text into messages for one speech session. The service puts one space between messages, so they are cut at white
 * space alone; never inside a word or a tag (`<break time="1.5s" />`), never before a mark that stands alone, nor after
 * one that opens. Whole sentences are kept together where they fit, and the white space inside a message as it is.
 *
 * A word longer than `maxChars` is a message by itself; one of more than 10 000 characters is cut there.
 *
 * @returns None for white space alone. Joined by one space they are the text, up to runs of white space.
 * @throws TypeError, RangeError ERR_INVALID_ARG
 * @example
 * chunkText('Is it ready ? It is.', { maxChars: 14 }); // ['Is it ready ?', 'It is.']
 */
export function chunkText(text: string, options: ChunkerOptions = {}): string[] {
  checkString('text', text);
  const filler = new Filler(checkMaxChars(options.maxChars ?? DEFAULT_MAX_CHARS));
  const scanner = new AtomScanner();
  const atoms = [...scanner.push(text), ...scanner.end()];
  const spans = [...atoms.flatMap((atom) => filler.add(atom)), ...filler.takeAll()];
  return spans.map(({ start, end }) => text.slice(start, end));
}

/**
 * Cuts text that is still being written, such as a language model's tokens, into messages by the rules of
 * {@link chunkText}. The pieces are joined as they are: they bring their own spaces, and may be cut anywhere.
 *
 * A sentence or a line is given out once it is certain to be whole: when the word after it begins, since a mark that
 * stands alone would still belong to it. What ends in `<flush>` waits for the white space after it alone, the rest for no
 * more than `maxChars` and one word. What becomes certain at the same time goes into as few messages as hold it.
 *
 * @example
 * const chunker = new TextChunker();
 * chunker.push('Hello the'); // []
 * chunker.push('re. How'); // ['Hello there.']
 * chunker.push(' are you?'); // []
 * chunker.flush(); // ['How are you?']
 */
export class TextChunker {
  readonly #filler: Filler;
  readonly #maxChars: number;
  #scanner = new AtomScanner();
  /** What is not given out yet, and its offset in all the text since the last flush. */
  #text = '';
  #base = 0;

  /** @throws TypeError, RangeError ERR_INVALID_ARG */
  constructor(options: ChunkerOptions = {}) {
    this.#maxChars = checkMaxChars(options.maxChars ?? DEFAULT_MAX_CHARS);
    this.#filler = new Filler(this.#maxChars);
  }

  /**
   * @param piece Goes on where the last one ended.
   * @returns The messages that are certain now.
   * @throws TypeError ERR_INVALID_ARG
   */
  push(piece: string): string[] {
    checkString('piece', piece);
    this.#text += piece;
    const spans = this.#scanner.push(piece).flatMap((atom) => this.#filler.add(atom));
    spans.push(...this.#filler.takeSentences());
    const end = this.#base + this.#text.length;
    // What is still being read does not fit behind it.
    if (end - (this.#filler.start ?? end) > this.#maxChars) spans.push(...this.#filler.takeAll());
    return this.#giveOut(spans);
  }

  /**
   * The text so far is complete: a word that has begun ends here. The chunker then begins anew.
   *
   * @returns All that was held back.
   */
  flush(): string[] {
    const spans = this.#scanner.end().flatMap((atom) => this.#filler.add(atom));
    const chunks = this.#giveOut([...spans, ...this.#filler.takeAll()]);
    this.#scanner = new AtomScanner();
    this.#text = '';
    this.#base = 0;
    return chunks;
  }

  #giveOut(spans: Span[]): string[] {
    const chunks = spans.map(({ start, end }) => this.#text.slice(start - this.#base, end - this.#base));
    const kept = this.#filler.start ?? this.#scanner.position;
    if (kept > this.#base) {
      this.#text = this.#text.slice(kept - this.#base);
      this.#base = kept;
    }
    return chunks;
  }
}

interface Span {
  start: number;
  end: number;
}

/** Fills chunks with atoms. */
class Filler {
  readonly #maxChars: number;
  #atoms: Atom[] = [];
  /** So many of them are whole sentences or lines. */
  #whole = 0;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** Offset of the chunk that is being filled. */
  get start(): number | undefined {
    return this.#atoms[0]?.start;
  }

  /** @returns The chunks that had to make room. */
  add(atom: Atom): Span[] {
    const full: Span[] = [];
    while (this.start !== undefined && atom.end - this.start > this.#maxChars) {
      full.push(...(this.#whole > 0 ? this.takeSentences() : this.takeAll()));
    }
    this.#atoms.push(atom);
    if (atom.sentence || atom.line) this.#whole = this.#atoms.length;
    return full;
  }

  takeSentences(): Span[] {
    return this.#take(this.#whole);
  }

  takeAll(): Span[] {
    return this.#take(this.#atoms.length);
  }

  #take(count: number): Span[] {
    const start = this.start;
    const end = this.#atoms[count - 1]?.end;
    this.#atoms = this.#atoms.slice(count);
    this.#whole = 0;
    return start === undefined || end === undefined ? [] : [{ start, end }];
  }
}
