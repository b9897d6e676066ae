/**
 * Bytes, cut anywhere, to lines (NDJSON).
 * Not here: what is in the lines.
 */

const NEWLINE = 0x0a;
const RETURN = 0x0d;

export class LineSplitter {
  readonly #maxBytes: number;
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** @param maxBytes the longest line, line end included */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in `bytes`, without their ends, LF or CRLF; undefined: one is too long. */
  process(bytes: Buffer): Buffer[] | undefined {
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const line = this.#line(bytes.subarray(from, end + 1));
      if (!line) return undefined;
      lines.push(withoutEnd(line));
      from = end + 1;
    }
    return this.#hold(bytes.subarray(from)) ? lines : undefined;
  }

  /** The last line, if it had no end. */
  flush(): Buffer[] {
    const rest = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return rest.length > 0 ? [withoutEnd(rest)] : [];
  }

  #line(last: Buffer): Buffer | undefined {
    if (!this.#hold(last)) return undefined;
    const line = this.#held.length === 1 ? last : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return line;
  }

  #hold(part: Buffer): boolean {
    this.#heldBytes += part.length;
    if (part.length > 0) this.#held.push(part);
    return this.#heldBytes <= this.#maxBytes;
  }
}

function withoutEnd(line: Buffer): Buffer {
  let end = line.length;
  if (line[end - 1] === NEWLINE) end--;
  if (line[end - 1] === RETURN) end--;
  return line.subarray(0, end);
}
