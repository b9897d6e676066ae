/**
 * Forms with a file, `multipart/form-data` (RFC 7578), in constant memory.
 * Not here: sending them (upload.ts), reading them.
 */
import { randomBytes } from 'node:crypto';
import { argumentRangeError } from '../errors.js';
import type { ChunkReader } from './source.js';
import type { Upload } from './upload.js';

/** The file of a form. */
export interface FilePart {
  /** Of the field. */
  name: string;
  /** What the other side is told that the file is called. */
  fileName: string;
  /** As many are sent, though the file may grow meanwhile. Undefined: all that come. */
  bytes: number | undefined;
  reader: ChunkReader;
}

/** Servers read a part's header into a buffer of 4 kB and more, and each byte may take three (`%22`). */
export const MAX_FILE_NAME_BYTES = 1024;

/**
 * The fields first, for servers that decide by them before the file has come.
 *
 * @throws RangeError ERR_INVALID_ARG for a file name of more than 1 024 bytes in UTF-8. Reading it throws RangeError
 * ERR_INVALID_LENGTH for a file that became shorter, and the source's own errors
 */
export function multipartForm(
  fields: readonly (readonly [name: string, value: string])[],
  file: FilePart,
): Upload {
  // 192 random bits: within no file, ever (RFC 2046 §5.1.1 allows 70 characters).
  const boundary = `sluice-${randomBytes(24).toString('hex')}`;
  const texts = fields.map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"\r\n\r\n${value}\r\n`,
  );
  const fileName = escaped(checkedFileName(file.fileName));
  const opening =
    `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(file.name)}"; filename="${fileName}"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n';
  const head = Buffer.from(texts.join('') + opening);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: file.bytes === undefined ? undefined : head.length + file.bytes + tail.length,
    reader: new FormReader(head, file, tail),
  };
}

function checkedFileName(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes <= MAX_FILE_NAME_BYTES) return name;
  throw argumentRangeError(
    `the name of a file may take up to ${MAX_FILE_NAME_BYTES} bytes in UTF-8, got ${bytes}: pass a shorter fileName`,
  );
}

/** As browsers do (HTML standard, multipart/form-data encoding algorithm); the rest goes as UTF-8. */
function escaped(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

class FormReader implements ChunkReader {
  readonly #tail: Buffer;
  readonly #file: FilePart;
  #head: Buffer | undefined;
  #taken = 0;
  #ended = false;

  constructor(head: Buffer, file: FilePart, tail: Buffer) {
    this.#head = head;
    this.#file = file;
    this.#tail = tail;
  }

  async next(): Promise<Uint8Array | undefined> {
    const head = this.#head;
    if (head) {
      this.#head = undefined;
      return head;
    }
    if (this.#ended) return undefined;
    const chunk = await this.#nextOfFile();
    if (chunk) return chunk;
    this.#ended = true;
    return this.#tail;
  }

  close(): void {
    this.#file.reader.close();
  }

  async #nextOfFile(): Promise<Uint8Array | undefined> {
    const { bytes = Number.POSITIVE_INFINITY, reader } = this.#file;
    if (this.#taken === bytes) return undefined;
    const chunk = await reader.next();
    if (chunk) {
      const rest = chunk.subarray(0, Math.min(chunk.length, bytes - this.#taken));
      this.#taken += rest.length;
      return rest;
    }
    if (this.#file.bytes === undefined) return undefined;
    throw argumentRangeError(
      `the file became shorter while it was sent: ${this.#taken} of ${bytes} bytes`,
      'ERR_INVALID_LENGTH',
    );
  }
}
