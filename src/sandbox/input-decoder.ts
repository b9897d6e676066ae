/**
 * Bytes of any input format to 8 kHz mono samples, however they are cut.
 * Not here: what is heard in the samples (recogniser.ts), the WAV header's layout (wav-header.ts).
 */
import { convertSamples, Resampler } from '../audio/index.js';
import { type SampleEncoding, sampleBytes, type WireFormat, wireAudio } from '../format.js';
import { ProtocolError } from './protocol.js';
import { RECOGNISER_HZ } from './tone-measure.js';
import { WavHeader } from './wav-header.js';

const NO_SAMPLES = new Float32Array(0);
/** Bytes are taken in such pieces, so that one huge message is answered step by step. */
const PIECE_BYTES = 32 * 1024;

export class InputDecoder {
  readonly #header: WavHeader | undefined;
  #reader: SampleReader | undefined;
  /** Bytes of audio still to come in a WAV's data chunk. */
  #left = Number.POSITIVE_INFINITY;

  constructor(format: WireFormat) {
    const raw = wireAudio(format, 'input');
    if (raw === undefined) this.#header = new WavHeader();
    else this.#reader = new SampleReader(raw.encoding, raw.sampleRateHz, 1);
  }

  /** @throws ProtocolError when the bytes are no WAV that the service reads */
  *push(bytes: Uint8Array): Generator<Float32Array, void> {
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
      yield this.#pushPiece(bytes.subarray(from, from + PIECE_BYTES));
    }
  }

  /** What the resampler still holds of the audio so far. Audio may go on afterwards. */
  flush(): Float32Array {
    return this.#reader?.flush() ?? NO_SAMPLES;
  }

  /** @throws ProtocolError when the stream ended inside its header */
  finish(): Float32Array {
    if (this.#reader === undefined && this.#header?.begun) {
      throw new ProtocolError('the audio ended inside its WAV header');
    }
    return this.#reader?.finish() ?? NO_SAMPLES;
  }

  close(): void {
    this.#reader?.close();
  }

  #pushPiece(bytes: Uint8Array): Float32Array {
    const audio = this.#reader === undefined ? this.#readHeader(bytes) : bytes;
    if (audio === undefined || this.#reader === undefined) return NO_SAMPLES;
    const wanted = audio.subarray(0, Math.min(audio.length, this.#left));
    this.#left -= wanted.length;
    return this.#reader.push(wanted);
  }

  #readHeader(bytes: Uint8Array): Uint8Array | undefined {
    const stream = this.#header?.push(bytes);
    if (stream === undefined) return undefined;
    this.#reader = new SampleReader(stream.encoding, stream.sampleRateHz, stream.channels);
    this.#left = stream.dataBytes;
    return stream.rest;
  }
}

/** Interleaved samples of one kind, to 8 kHz mono. */
class SampleReader {
  readonly #encoding: SampleEncoding;
  readonly #channels: number;
  readonly #frameBytes: number;
  readonly #sampleRateHz: number;
  #framesIn = 0;
  #samplesOut = 0;
  readonly #resampler: Resampler<'float32'> | undefined;
  /** The begun frame at the end of the last piece: messages may end anywhere. */
  #carry: Uint8Array = new Uint8Array(0);

  constructor(encoding: SampleEncoding, sampleRateHz: number, channels: number) {
    this.#encoding = encoding;
    this.#channels = channels;
    this.#frameBytes = sampleBytes(encoding) * channels;
    this.#sampleRateHz = sampleRateHz;
    if (sampleRateHz !== RECOGNISER_HZ) {
      this.#resampler = new Resampler({
        fromHz: sampleRateHz,
        toHz: RECOGNISER_HZ,
        quality: 'fast',
        sample: 'float32',
      });
    }
  }

  push(bytes: Uint8Array): Float32Array {
    const joined = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    const whole = joined.length - (joined.length % this.#frameBytes);
    this.#carry = new Uint8Array(joined.subarray(whole)); // a copy: the message itself may be huge
    if (whole === 0) return NO_SAMPLES;
    const mono = this.#toMono(joined.subarray(0, whole));
    const samples = this.#resampler?.process(mono) ?? mono;
    this.#framesIn += mono.length;
    this.#samplesOut += samples.length;
    return samples;
  }

  /** The rest of the audio so far, whose last sample may be a part of one: it is left to what follows. */
  flush(): Float32Array {
    return this.#drain(Math.floor(this.#samplesDue));
  }

  finish(): Float32Array {
    return this.#drain(Math.ceil(this.#samplesDue));
  }

  /** Length of the audio so far, in 8 kHz samples. */
  get #samplesDue(): number {
    return (this.#framesIn * RECOGNISER_HZ) / this.#sampleRateHz;
  }

  /** The resampler rounds up at each flush. Cut (or filled) to this length of the stream, that does not add up. */
  #drain(streamLength: number): Float32Array {
    if (this.#resampler === undefined) return NO_SAMPLES;
    const rest = new Float32Array(Math.max(0, streamLength - this.#samplesOut));
    rest.set(this.#resampler.flush().subarray(0, rest.length));
    this.#samplesOut += rest.length;
    return rest;
  }

  close(): void {
    this.#resampler?.close();
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
