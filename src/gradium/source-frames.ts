/**
 * Bytes of a WAV, of Ogg Opus or of raw samples to whole frames of one layout, which can be cut and added to anywhere.
 * Not here: what becomes of the frames; containers that FFmpeg decodes (recording.ts).
 */
import { OggOpusDecoder, WavReader } from '../audio/index.js';
import { countFrames, type SentSource, type SourceFound } from './audio-sender.js';
import { OPUS_RATE_HZ } from './page-messages.js';
import { frameBytes, type SampleLayout } from './source-layout.js';

export interface SourceFrames {
  readonly layout: SampleLayout;
  /** What a chunk brings, in parts of which each is valid until the next is asked for. */
  push(chunk: Uint8Array): Iterable<Uint8Array>;
  /** No chunk follows. @throws FormatError when a container ended before its audio began */
  finish(): Iterable<Uint8Array>;
  /** What was found in the source: so far, and all of it after `finish`. */
  readonly found: SourceFound;
  /** Frees the native memory. */
  close(): void;
}

/** Given to a reader, or handed out, at once: some seconds. */
const PIECE_BYTES = 64 * 1024;

export function openFrames(source: Pick<SentSource, 'from' | 'layout' | 'bytes'>): SourceFrames {
  const { layout, from } = source;
  if (layout.encoding === 'opus') return new OpusFrames();
  return from.container === 'wav' ? new WavFrames(layout, source.bytes) : new RawFrames(layout);
}

class RawFrames implements SourceFrames {
  readonly layout: SampleLayout;
  #sourceBytes = 0;
  /** Of a frame that a cut left unfinished. */
  #carry = Buffer.alloc(0);

  constructor(layout: SampleLayout) {
    this.layout = layout;
  }

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.#sourceBytes += chunk.length;
    const bytes = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    const whole = bytes.length - (bytes.length % frameBytes(this.layout));
    this.#carry = Buffer.from(bytes.subarray(whole));
    const piece = Math.ceil(PIECE_BYTES / frameBytes(this.layout)) * frameBytes(this.layout);
    for (let at = 0; at < whole; at += piece) yield bytes.subarray(at, Math.min(at + piece, whole));
  }

  finish(): Iterable<Uint8Array> {
    return [];
  }

  get found(): SourceFound {
    return countFrames(this.layout, undefined, this.#sourceBytes);
  }

  close(): void {}
}

class WavFrames implements SourceFrames {
  readonly layout: SampleLayout;
  readonly #reader: WavReader<'float32'>;

  constructor({ sampleRateHz, channels }: SampleLayout, bytes: number | undefined) {
    // Exact for all but 32-bit integers and doubles, of which no recogniser hears more.
    this.layout = { encoding: 'f32le', sampleRateHz, channels };
    this.#reader = new WavReader({ sample: 'float32', ...(bytes !== undefined && { fileBytes: bytes }) });
  }

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const { buffer, byteOffset, byteLength } = this.#reader.process(chunk.subarray(at, at + PIECE_BYTES));
      if (byteLength > 0) yield new Uint8Array(buffer, byteOffset, byteLength);
    }
  }

  finish(): Iterable<Uint8Array> {
    this.#reader.finish();
    return [];
  }

  get found(): SourceFound {
    return this.#reader.info ?? { frames: 0, warnings: [] };
  }

  close(): void {
    this.#reader.close();
  }
}

/** In mono: the decoder averages channels. */
class OpusFrames implements SourceFrames {
  readonly layout: SampleLayout = { encoding: 's16le', sampleRateHz: OPUS_RATE_HZ, channels: 1 };
  readonly #decoder = new OggOpusDecoder({ channels: 1, sample: 'int16' });
  /** 1 s. */
  readonly #block = new Int16Array(OPUS_RATE_HZ);

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      this.#decoder.push(chunk.subarray(at, at + PIECE_BYTES));
      yield* this.#decoded();
    }
  }

  *finish(): Generator<Uint8Array> {
    this.#decoder.end();
    yield* this.#decoded();
  }

  get found(): SourceFound {
    return this.#decoder.info ?? { frames: 0, warnings: [] };
  }

  close(): void {
    this.#decoder.close();
  }

  *#decoded(): Generator<Uint8Array> {
    for (;;) {
      const frames = this.#decoder.readInto(this.#block);
      if (frames === 0) return;
      yield new Uint8Array(this.#block.buffer, 0, frames * this.#block.BYTES_PER_ELEMENT);
    }
  }
}

/** Digital silence (ITU-T G.711: the codes of the smallest positive value). */
export function silence(layout: SampleLayout, seconds: number): Buffer {
  const zero = { u8: 0x80, mulaw: 0xff, alaw: 0xd5 } as Record<string, number>;
  const frames = Math.round(seconds * layout.sampleRateHz);
  return Buffer.alloc(frames * frameBytes(layout), zero[layout.encoding] ?? 0);
}
