/**
 * Bytes of any input format to 8 kHz mono samples, however they are cut.
 * Not here: what is heard in the samples (recogniser.ts), the WAV header's layout (wav-header.ts), Ogg Opus
 * (opus-input.ts).
 */
import { convertSamples } from '../audio/index.js';
import { type SampleEncoding, sampleBytes, type WireFormat, wireAudio } from '../format.js';
import { Downsampler } from './downsampler.js';
import { OpusInput } from './opus-input.js';
import { ProtocolError } from './protocol.js';
import { WavHeader } from './wav-header.js';

const NO_SAMPLES = new Float32Array(0);
/** Bytes are taken in such pieces, so that one huge message is answered step by step. */
const PIECE_BYTES = 32 * 1024;

/** What decodes one format. */
interface Input {
  push(bytes: Uint8Array): Iterable<Float32Array>;
  flush(): Float32Array;
  finish(): Iterable<Float32Array>;
  close(): void;
}

export class InputDecoder {
  readonly #input: Input;

  constructor(format: WireFormat) {
    this.#input = inputOf(format);
  }

  /** @throws ProtocolError when the bytes are not of the format, or the service would not read them */
  *push(bytes: Uint8Array): Generator<Float32Array, void> {
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
      yield* this.#input.push(bytes.subarray(from, from + PIECE_BYTES));
    }
  }

  /** What the resampler still holds of the audio so far. Audio may go on afterwards. */
  flush(): Float32Array {
    return this.#input.flush();
  }

  /** The rest. @throws ProtocolError when the stream ended inside its header */
  *finish(): Generator<Float32Array, void> {
    yield* this.#input.finish();
  }

  close(): void {
    this.#input.close();
  }
}

function inputOf(format: WireFormat): Input {
  if (format === 'opus') return new OpusInput();
  const raw = wireAudio(format, 'input');
  return raw === undefined ? new WavInput() : new SampleInput(raw.encoding, raw.sampleRateHz, 1);
}

class WavInput implements Input {
  readonly #header = new WavHeader();
  #audio: SampleInput | undefined;
  /** Bytes of audio still to come in the data chunk. */
  #left = 0;

  *push(bytes: Uint8Array): Generator<Float32Array, void> {
    const audio = this.#audio === undefined ? this.#readHeader(bytes) : bytes;
    const wanted = audio.subarray(0, Math.min(audio.length, this.#left));
    this.#left -= wanted.length;
    if (this.#audio !== undefined) yield* this.#audio.push(wanted);
  }

  flush(): Float32Array {
    return this.#audio?.flush() ?? NO_SAMPLES;
  }

  finish(): Float32Array[] {
    if (this.#audio === undefined && this.#header.begun) {
      throw new ProtocolError('the audio ended inside its WAV header');
    }
    return this.#audio?.finish() ?? [];
  }

  close(): void {
    this.#audio?.close();
  }

  /** The audio behind the header, as far as it is there. */
  #readHeader(bytes: Uint8Array): Uint8Array {
    const stream = this.#header.push(bytes);
    if (stream === undefined) return new Uint8Array(0);
    this.#audio = new SampleInput(stream.encoding, stream.sampleRateHz, stream.channels);
    this.#left = stream.dataBytes;
    return stream.rest;
  }
}

/** Interleaved samples of one kind. */
class SampleInput implements Input {
  readonly #encoding: SampleEncoding;
  readonly #channels: number;
  readonly #frameBytes: number;
  readonly #downsampler: Downsampler;
  /** The begun frame at the end of the last piece: messages may end anywhere. */
  #carry: Uint8Array = new Uint8Array(0);

  constructor(encoding: SampleEncoding, sampleRateHz: number, channels: number) {
    this.#encoding = encoding;
    this.#channels = channels;
    this.#frameBytes = sampleBytes(encoding) * channels;
    this.#downsampler = new Downsampler(sampleRateHz);
  }

  push(bytes: Uint8Array): Float32Array[] {
    const joined = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    const whole = joined.length - (joined.length % this.#frameBytes);
    this.#carry = new Uint8Array(joined.subarray(whole)); // a copy: the message itself may be huge
    return whole === 0 ? [] : [this.#downsampler.push(this.#toMono(joined.subarray(0, whole)))];
  }

  flush(): Float32Array {
    return this.#downsampler.flush();
  }

  finish(): Float32Array[] {
    return [this.#downsampler.finish()];
  }

  close(): void {
    this.#downsampler.close();
  }

  #toMono(bytes: Uint8Array): Float32Array {
    const mono = convertSamples(bytes, {
      from: this.#encoding,
      to: 'f32le',
      channels: this.#channels,
      toChannels: 1,
    });
    // Copied when it lies askew in a pool.
    const aligned = mono.byteOffset % 4 === 0 ? mono : new Uint8Array(mono);
    return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  }
}
