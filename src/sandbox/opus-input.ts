/**
 * Ogg Opus as it arrives to 8 kHz mono samples: any channels, links of a chain one after the other.
 * Not here: the format and its decisions (src/audio, docs/ogg.md), other formats (input-decoder.ts).
 */
import { FormatError, OggOpusDecoder, UnsupportedError } from '../audio/index.js';
import { Downsampler } from './downsampler.js';
import { ProtocolError } from './protocol.js';

const OPUS_HZ = 48_000;
/** Samples decoded at once, half a second: a few bytes may hold minutes of silence. */
const ROOM_SAMPLES = 24_000;
const CAPTURE_PATTERN = Buffer.from('OggS');

export class OpusInput {
  readonly #decoder = new OggOpusDecoder({ sample: 'float32', channels: 1 });
  readonly #downsampler = new Downsampler(OPUS_HZ);
  readonly #room = new Float32Array(ROOM_SAMPLES);
  /** Bytes so far. */
  #length = 0;

  /** @throws ProtocolError when the bytes are no Ogg Opus */
  *push(bytes: Uint8Array): Generator<Float32Array, void> {
    this.#checkBeginning(bytes);
    this.#length += bytes.length;
    yield* this.#decode(() => this.#decoder.push(bytes));
  }

  /** What is held of the sound so far. More may follow. */
  flush(): Float32Array {
    return this.#downsampler.flush();
  }

  /** @throws ProtocolError when the stream ended inside its headers, or no page of it was whole */
  *finish(): Generator<Float32Array, void> {
    if (this.#length > 0) yield* this.#decode(() => this.#decoder.end());
    yield this.#downsampler.finish();
  }

  close(): void {
    this.#decoder.close();
    this.#downsampler.close();
  }

  /** The decoder looks for a page in any bytes, and gives up at their end only: too late for who sends something else. */
  #checkBeginning(bytes: Uint8Array): void {
    const wanted = CAPTURE_PATTERN.subarray(this.#length, this.#length + bytes.length);
    if (wanted.equals(bytes.subarray(0, wanted.length))) return;
    throw new ProtocolError('audio is not an Ogg Opus stream: it does not begin with OggS');
  }

  *#decode(give: () => void): Generator<Float32Array, void> {
    asProtocolError(give);
    for (;;) {
      const frames = asProtocolError(() => this.#decoder.readInto(this.#room));
      if (frames === 0) return;
      yield this.#downsampler.push(this.#room.subarray(0, frames));
    }
  }
}

function asProtocolError<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const isOfBytes = error instanceof FormatError || error instanceof UnsupportedError;
    throw isOfBytes ? new ProtocolError(`audio is not an Ogg Opus stream: ${error.message}`) : error;
  }
}
