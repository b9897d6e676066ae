/**
 * Text from wherever the caller has it: whole, or one piece at a time.
 * Not here: how it is cut (passages.ts).
 */
import { argumentTypeError } from '../errors.js';
import type { TextSource } from './types.js';

/** @returns Undefined when it comes in pieces. @throws TypeError ERR_INVALID_ARG for anything that is not a TextSource */
export function wholeText(source: TextSource): string | undefined {
  if (typeof source === 'string') return source;
  if (Array.isArray(source)) return source.map((item, i) => checkedText(item, `text[${i}]`)).join(' ');
  if (typeof (source as Partial<AsyncIterable<string>> | null)?.[Symbol.asyncIterator] === 'function') {
    return undefined;
  }
  throw argumentTypeError(
    `text must be a string, an array of strings or an async iterable of strings, got ${source === null ? 'null' : typeof source}`,
  );
}

/** One pass over text in pieces. The source's own errors come through untouched. */
export class TextReader {
  readonly #iterator: AsyncIterator<string>;

  constructor(source: AsyncIterable<string>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** Undefined at the end. @throws TypeError ERR_INVALID_ARG for a piece that is no text */
  async next(): Promise<string | undefined> {
    const { done, value } = await this.#iterator.next();
    return done ? undefined : checkedText(value, 'a piece of the text');
  }

  /** Lets go of the source; safe at any moment, while a `next` is pending too. Never throws. */
  close(): void {
    try {
      this.#iterator.return?.()?.then(undefined, () => {});
    } catch {
      // The iterator's own clean-up failed; the operation has its result already.
    }
  }
}

function checkedText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw argumentTypeError(`${what} must be a string, got ${typeof value}`);
  return value;
}
