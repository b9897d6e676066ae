/**
 * Ogg pages, found in a stream of bytes and handed on as they are.
 * Not here: what is on them (ogg-opus-reader.ts).
 */
import { type NativeOggPageReader, type NativeOggParts, native } from '../native/index.js';

/** A page of an Ogg stream (RFC 3533, 6) that is whole and has the right checksum. */
export interface OggPage {
  /** The whole page, its header included; all that one call gives share one buffer. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Serial number of the stream that it belongs to: 0 to 4 294 967 295. */
  serial: number;
  /**
   * Granule position: of Ogg Opus in samples at 48 kHz, pre-skip included, where the last packet that ends on the page
   * ends. −1: none does. Exact up to 2^53.
   */
  granule: number;
  /** It begins a stream (BOS). */
  first: boolean;
  /** It ends a stream (EOS). */
  last: boolean;
}

/**
 * Finds the pages in an Ogg file or stream, in chunks of any size: `process` for each, `flush` at the end. For passing
 * them on: their bytes one behind the other are the file without what is damaged or no page. Their codec does not matter,
 * and no bytes are an error: where there is no page, none comes. It holds one page at most. The pages do not depend on
 * where the input was cut.
 *
 * One call gives 1 048 576 pages at most: each is an object, and the process ends where V8's heap does. At a chunk with more
 * it throws a RangeError ERR_TOO_LARGE, and the reader is as after `reset`: read the file from its beginning in smaller
 * chunks. None of up to 28 MB holds as many.
 *
 * Everything but `close` throws a TypeError ERR_CLOSED after `close`.
 *
 * @see docs/ogg.md
 * @example
 * import { createReadStream } from 'node:fs';
 *
 * using reader = new OggPageReader();
 * let bytes = 0;
 * for await (const chunk of createReadStream('call.opus')) {
 *   for (const page of reader.process(chunk)) bytes += page.bytes.length;
 * }
 * for (const page of reader.flush()) bytes += page.bytes.length;
 */
export class OggPageReader {
  readonly #native: NativeOggPageReader = new native.OggPageReader();

  /**
   * Takes all of a chunk and gives the pages that end in it.
   *
   * @param chunk The next bytes; a Buffer is fine. Behind a `flush` they begin another file.
   * @throws TypeError ERR_INVALID_ARG; RangeError ERR_TOO_LARGE when there are more than 1 048 576 pages (the reader is as
   * after `reset` then), or no memory for the result.
   */
  process(chunk: Uint8Array): OggPage[] {
    return pages(this.#native.process(chunk));
  }

  /**
   * No byte follows: the pages that come to light behind a header that promised more bytes than there were; mostly none.
   *
   * @throws RangeError ERR_TOO_LARGE when there is no memory for the result.
   */
  flush(): OggPage[] {
    return pages(this.#native.flush());
  }

  /**
   * What lay outside the pages so far, all of it after `flush`: `junk-before-first-page`, `junk-between-pages`,
   * `junk-after-last-page`, `crc-bad`, `truncated`; listed in docs/ogg.md.
   */
  get warnings(): string[] {
    return this.#native.warnings();
  }

  /** Forgets the file: as new, for the next one. */
  reset(): void {
    this.#native.reset();
  }

  /**
   * Frees the native memory. May be called again. What is dropped without it is freed too, but only once the event loop
   * turns: in a loop that makes many, close each.
   */
  close(): void {
    this.#native.close();
  }

  /** `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

const COLUMNS = 6;

function pages(parts: NativeOggParts | undefined): OggPage[] {
  if (parts === undefined) return [];
  const { bytes, table } = parts;
  const found: OggPage[] = [];
  let at = 0;
  for (let row = 0; row < table.length; row += COLUMNS) {
    const size = table[row] as number;
    found.push({
      bytes: new Uint8Array(bytes.buffer, at, size),
      serial: table[row + 1] as number,
      granule: ((table[row + 3] as number) | 0) * 2 ** 32 + (table[row + 2] as number),
      first: table[row + 4] === 1,
      last: table[row + 5] === 1,
    });
    at += size;
  }
  return found;
}
