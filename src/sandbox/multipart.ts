/**
 * Bodies of multipart/form-data (RFC 7578, RFC 2046 §5.1) piece by piece: whatever their length, what is kept of them is a
 * boundary and one part's header.
 * Not here: what the parts mean (rest-form.ts).
 *
 *   [preamble CRLF] "--" boundary CRLF  { header-lines CRLF CRLF content CRLF "--" boundary CRLF }*  … "--" [epilogue]
 */

/** The body is no multipart/form-data. */
export class MultipartError extends Error {}

export interface PartHead {
  /** Of the form's field. */
  name: string;
  /** Of the file; undefined: a plain field. */
  filename: string | undefined;
}

/** Takes the content of one part, in pieces whose cuts mean nothing. May throw: nothing more is given out then. */
export type PartSink = (bytes: Uint8Array) => void;

/** RFC 2046 §5.1.1 */
const MAX_BOUNDARY_CHARS = 70;
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_PARTS = 100;
const CRLF = '\r\n';

type State = 'content' | 'delimiter' | 'header' | 'end';

export class MultipartParser {
  readonly #delimiter: Buffer;
  readonly #onPart: (head: PartHead) => PartSink;
  /** What cannot be judged yet. The line break before the first boundary is not in the body, where no preamble is. */
  #pending: Buffer = Buffer.from(CRLF);
  #state: State = 'content';
  /** Until the first part: the preamble's, which is dropped. */
  #sink: PartSink = () => {};
  #parts = 0;

  /**
   * @param contentType the request's header
   * @param onPart called for each part, before its content
   * @throws MultipartError when the header names no boundary
   */
  constructor(contentType: string, onPart: (head: PartHead) => PartSink) {
    const boundary = parameters(contentType).get('boundary') ?? '';
    if (boundary === '' || boundary.length > MAX_BOUNDARY_CHARS) {
      throw new MultipartError('Content-Type has no boundary of 1 to 70 characters');
    }
    this.#delimiter = Buffer.from(`${CRLF}--${boundary}`, 'latin1');
    this.#onPart = onPart;
  }

  /** @throws MultipartError */
  push(bytes: Uint8Array): void {
    if (this.#state === 'end') return; // the epilogue means nothing
    this.#pending = this.#pending.length === 0 ? asBuffer(bytes) : Buffer.concat([this.#pending, bytes]);
    while (this.#step()) {}
  }

  /** @throws MultipartError when the body ended before its last boundary */
  finish(): void {
    if (this.#state !== 'end') throw new MultipartError('the body ends before its last boundary');
  }

  /** Whether there is more to do with what is here. */
  #step(): boolean {
    switch (this.#state) {
      case 'content':
        return this.#readContent();
      case 'delimiter':
        return this.#readDelimiter();
      case 'header':
        return this.#readHeader();
      case 'end':
        this.#pending = Buffer.alloc(0);
        return false;
    }
  }

  #readContent(): boolean {
    const at = this.#pending.indexOf(this.#delimiter);
    // The end of what is here may be the beginning of a delimiter.
    const length = at < 0 ? Math.max(0, this.#pending.length - this.#delimiter.length + 1) : at;
    if (length > 0) this.#sink(this.#pending.subarray(0, length));
    this.#keepFrom(at < 0 ? length : at + this.#delimiter.length);
    if (at >= 0) this.#state = 'delimiter';
    return at >= 0;
  }

  /** What is behind a boundary on its line: `--` where it is the last, white space that means nothing. */
  #readDelimiter(): boolean {
    if (this.#pending.length < 2) return false;
    if (this.#pending.toString('latin1', 0, 2) === '--') {
      this.#state = 'end';
      return true;
    }
    const end = this.#pending.indexOf(CRLF);
    const padding = this.#pending.toString('latin1', 0, end < 0 ? this.#pending.length : end);
    if (!/^[ \t]*\r?$/u.test(padding)) throw new MultipartError('a boundary is not alone on its line');
    if (end < 0 || end > MAX_HEADER_BYTES) return this.#wait('the line of a boundary');
    if (++this.#parts > MAX_PARTS) throw new MultipartError(`there are more than ${MAX_PARTS} parts`);
    this.#keepFrom(end); // its line break may be the first of the two behind a header without lines
    this.#state = 'header';
    return true;
  }

  #readHeader(): boolean {
    const end = this.#pending.indexOf(CRLF + CRLF);
    if (end < 0 || end > MAX_HEADER_BYTES) return this.#wait('the header of a part');
    this.#sink = this.#onPart(headOf(this.#pending.toString('utf8', 0, end)));
    this.#keepFrom(end + 2 * CRLF.length);
    this.#state = 'content';
    return true;
  }

  /** For more to come: always false. */
  #wait(what: string): false {
    if (this.#pending.length >= MAX_HEADER_BYTES + 2 * CRLF.length) {
      throw new MultipartError(`${what} is longer than ${MAX_HEADER_BYTES} bytes`);
    }
    return false;
  }

  #keepFrom(offset: number): void {
    this.#pending = this.#pending.subarray(offset);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @throws MultipartError when it is no part of a form */
function headOf(header: string): PartHead {
  const line = /\r\ncontent-disposition:[ \t]*(form-data(?:[ \t]*;[^\r\n]*)?)(?:\r\n|$)/iu.exec(header);
  const disposition = parameters(line?.[1] ?? '');
  const name = disposition.get('name');
  if (name === undefined)
    throw new MultipartError('a part has no Content-Disposition: form-data with a name');
  const plain = disposition.get('filename');
  return {
    name: unescaped(name),
    filename: extended(disposition.get('filename*')) ?? (plain && unescaped(plain)),
  };
}

/** `value; name=token; name="quoted"`: the parameters of a header (RFC 9110 §5.6.6), the first of each name. */
function parameters(header: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, token] of header.matchAll(PARAMETER)) {
    const value = quoted?.replace(/\\(["\\])/gu, '$1') ?? token ?? '';
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), value);
  }
  return found;
}

const PARAMETER = /;[ \t]*([^\s;="]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/gu;

/** What the HTML standard escapes in names of fields and files. */
function unescaped(text: string): string {
  return text.replace(/%(?:22|0D|0A)/giu, decodeURIComponent);
}

/** `UTF-8''percent-encoded` (RFC 8187), which aiohttp sends. Undefined: there is none, or it is not that. */
function extended(value: string | undefined): string | undefined {
  const encoded = /^utf-8'[^']*'(.*)$/iu.exec(value ?? '')?.[1];
  try {
    return encoded && decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
