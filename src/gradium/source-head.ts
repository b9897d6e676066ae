/**
 * The head of a streamed WAV or Ogg Opus: read until it says what the audio is, and kept to be sent.
 * Not here: files and buffers, which are looked at as a whole (recording.ts).
 */
import { AudioFramer, type AudioInfo, type WavInfo } from '../audio/index.js';
import { UnsupportedError } from '../errors.js';
import type { AudioFormat } from '../format.js';
import { oggFacts } from './ogg-facts.js';
import { OpusPages } from './opus-pages.js';

/** What may lie before the audio of a stream (artwork, notes): it must be kept until the wire format is chosen. */
const MAX_HEAD_BYTES = 8 * 1024 * 1024;

interface HeadParser {
  process(chunk: Uint8Array): void;
  /** The stream has ended. @throws FormatError when there was no header */
  finish(): void;
  readonly info: AudioInfo | undefined;
  close(): void;
}

/** A live stream of Ogg with no OpusHead in its first bytes is over: it may have no end that would tell. */
const MAX_LIVE_OGG_BYTES = 16 * 1024;

export class SourceHead {
  readonly #parser: HeadParser;
  readonly #kept: Buffer[] = [];
  #length = 0;
  /** Whether the head may still turn out to be one. */
  #hopeful: boolean;

  /** @param live nobody knows when, or whether, the stream ends */
  constructor({ container }: AudioFormat, live = false) {
    this.#parser = container === 'ogg' ? new OggHead() : new WavHead();
    this.#hopeful = container !== 'ogg' || !live;
  }

  /**
   * Takes a copy of `chunk`; what the header says, once it has come.
   * @throws FormatError, UnsupportedError when the bytes cannot be read
   */
  push(chunk: Uint8Array): AudioInfo | undefined {
    this.#kept.push(Buffer.from(chunk));
    this.#length += chunk.length;
    this.#parser.process(chunk);
    const { info } = this.#parser;
    if (!info && !this.#hopeful && this.#length > MAX_LIVE_OGG_BYTES) {
      this.#hopeful = beginsOpus(this.bytes());
      if (!this.#hopeful) this.#parser.finish(); // throws what is wrong with it
    }
    if (!info && this.isLong) {
      throw new UnsupportedError(
        `more than ${MAX_HEAD_BYTES} bytes lie before the audio of this stream; save it and give its path`,
        'ERR_UNSUPPORTED_CONTAINER',
        this.#length,
      );
    }
    return info;
  }

  /** As much is kept as may be. */
  get isLong(): boolean {
    return this.#length > MAX_HEAD_BYTES;
  }

  /** The stream has ended. @throws FormatError when there was no header */
  finish(): AudioInfo {
    this.#parser.finish();
    // finish has thrown when there is no header.
    return this.#parser.info as AudioInfo;
  }

  /** All that was pushed. */
  bytes(): Buffer {
    return Buffer.concat(this.#kept);
  }

  close(): void {
    this.#parser.close();
    this.#kept.length = 0;
  }
}

function beginsOpus(bytes: Uint8Array): boolean {
  const pages = new OpusPages();
  const found = pages.process(bytes).length > 0;
  pages.close();
  return found;
}

/** Bounds what the framer must allow for while it does not know the header. */
const PIECE_BYTES = 4 * 1024;

class WavHead implements HeadParser {
  /** Its output is thrown away: the wire format depends on what it finds. */
  readonly #framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm_8000' });
  #out = new Uint8Array(0);

  process(chunk: Uint8Array): void {
    const outBytes = this.#framer.maxOutputBytes(PIECE_BYTES);
    if (this.#out.length < outBytes) this.#out = new Uint8Array(outBytes);
    for (let at = 0; at < chunk.length && !this.#sawAudio(); at += PIECE_BYTES) {
      this.#framer.processInto(chunk.subarray(at, at + PIECE_BYTES), this.#out);
    }
  }

  finish(): void {
    this.#framer.flushInto(new Uint8Array(this.#framer.maxFlushBytes));
  }

  get info(): WavInfo | undefined {
    return this.#framer.sourceInfo;
  }

  close(): void {
    this.#framer.close();
  }

  #sawAudio(): boolean {
    return (this.#framer.sourceInfo?.frames ?? 0) > 0;
  }
}

class OggHead implements HeadParser {
  readonly #facts = oggFacts();

  process(chunk: Uint8Array): void {
    this.#facts.process(chunk);
  }

  finish(): void {
    this.#facts.flush();
  }

  get info(): AudioInfo | undefined {
    return this.#facts.info;
  }

  close(): void {
    this.#facts.close();
  }
}
