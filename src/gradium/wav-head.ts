/**
 * The head of a streamed WAV: read until the header says what the audio is, and kept to be sent.
 * Not here: files and buffers, whose headers probeAudio reads.
 */
import { AudioFramer, type WavInfo } from '../audio/index.js';
import { UnsupportedError } from '../errors.js';

/** Bounds what the framer must allow for while it does not know the header. */
const PIECE_BYTES = 4 * 1024;
/** What may lie before the audio of a stream (artwork, notes): it must be kept until the wire format is chosen. */
const MAX_HEAD_BYTES = 8 * 1024 * 1024;

export class WavHead {
  /** Its output is thrown away: the wire format depends on what it finds. */
  readonly #framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm_8000' });
  #out = new Uint8Array(0);
  readonly #kept: Buffer[] = [];
  #bytes = 0;

  /**
   * Takes a copy of `chunk`; what the header says, once it has come.
   * @throws FormatError, UnsupportedError when the bytes are no WAV that can be read
   */
  push(chunk: Uint8Array): WavInfo | undefined {
    this.#kept.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    const outBytes = this.#framer.maxOutputBytes(PIECE_BYTES);
    if (this.#out.length < outBytes) this.#out = new Uint8Array(outBytes);
    for (let at = 0; at < chunk.length && !this.#sawAudio(); at += PIECE_BYTES) {
      this.#framer.processInto(chunk.subarray(at, at + PIECE_BYTES), this.#out);
    }
    const info = this.#framer.sourceInfo;
    if (!info && this.#bytes > MAX_HEAD_BYTES) {
      throw new UnsupportedError(
        `more than ${MAX_HEAD_BYTES} bytes lie before the audio of this WAV stream; save it and give its path`,
        'ERR_UNSUPPORTED_CONTAINER',
        this.#bytes,
      );
    }
    return info;
  }

  /** The stream has ended. @throws FormatError when there was no header */
  finish(): WavInfo {
    this.#framer.flushInto(new Uint8Array(this.#framer.maxFlushBytes));
    // flushInto has thrown when there is no header.
    return this.#framer.sourceInfo as WavInfo;
  }

  /** All that was pushed. */
  bytes(): Buffer {
    return Buffer.concat(this.#kept);
  }

  close(): void {
    this.#framer.close();
    this.#kept.length = 0;
  }

  #sawAudio(): boolean {
    return (this.#framer.sourceInfo?.frames ?? 0) > 0;
  }
}
