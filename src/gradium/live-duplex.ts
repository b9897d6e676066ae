/**
 * What the three live sessions have in common as streams: wrong chunks end them, nothing comes out after their end.
 * Not here: what they do with the chunks.
 */
import { Duplex, type DuplexOptions } from 'node:stream';
import { isWritable, refuse } from '../streams/byte-input.js';
import type { DuplexEvents, Listen } from '../streams/events.js';

/** The base of SttStream, TtsStream and S2sStream, which emit `Events`. */
export abstract class LiveDuplex<Events extends DuplexEvents> extends Duplex {
  /** As an EventEmitter has it, with what this stream emits. */
  declare on: Listen<Events, this>;
  /** As an EventEmitter has it, with what this stream emits. */
  declare once: Listen<Events, this>;
  /** As an EventEmitter has it, with what this stream emits. */
  declare off: Listen<Events, this>;
  /** As an EventEmitter has it, with what this stream emits. */
  declare addListener: Listen<Events, this>;
  readonly #takesText: boolean;

  /** @param takesText Strings are written as well as bytes. */
  constructor(options: DuplexOptions, takesText = false) {
    super({ ...options, decodeStrings: false });
    this.#takesText = takesText;
    // Errors are for whoever reads or writes; nobody doing so must not end the process.
    this.on('error', () => {});
  }

  /**
   * What the stream does not take destroys it: thrown from here, the error would pass by whoever joined the streams.
   *
   * @param chunk A Buffer or another Uint8Array; text too, of a stream that takes it.
   * @returns Whether the stream takes more for now; else wait for `drain`.
   */
  override write(chunk: unknown, callback?: (error: Error | null | undefined) => void): boolean;
  /** The same; the encoding does not matter. */
  override write(
    chunk: unknown,
    encoding: BufferEncoding,
    callback?: (error: Error | null | undefined) => void,
  ): boolean;
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (isWritable(chunk) || (this.#takesText && typeof chunk === 'string'))
      return super.write(chunk, encoding as BufferEncoding, callback as () => void);
    const takes = this.#takesText ? 'text: strings, or UTF-8 bytes' : undefined;
    return refuse(this, chunk, [encoding, callback], takes);
  }

  /** Nothing comes out of a stream that was destroyed. */
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    return !this.destroyed && super.push(chunk, encoding);
  }

  /** Nothing: Node's own would still give what waits, where reading was under way. */
  override read(size?: number): ReturnType<Duplex['read']> {
    return this.destroyed ? null : super.read(size);
  }

  /** Closes the connection if it is still open. */
  override async [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
    if (!this.closed) await new Promise<void>((resolve) => this.once('close', () => resolve()));
  }
}
