/**
 * Bytes of a WAV or of raw samples to mono samples, cut anywhere.
 * Not here: rates, what becomes of the samples (encoding-sender.ts).
 */
import { convertSamples, WavReader } from '../audio/index.js';
import { countFrames, type SentSource, type SourceFound } from './audio-sender.js';
import { frameBytes, type SampleLayout } from './source-layout.js';

export interface MonoSamples {
  /** Full scale 1.0; channels are averaged. */
  process(chunk: Uint8Array): Float32Array<ArrayBuffer>;
  /** No byte follows. @throws FormatError when a WAV ended before its audio began */
  finish(): void;
  readonly found: SourceFound;
  close(): void;
}

export function monoSamples(source: SentSource<SampleLayout>): MonoSamples {
  return source.from.container === 'wav' ? new MonoWav(source) : new MonoRaw(source);
}

class MonoWav implements MonoSamples {
  readonly #channels: number;
  readonly #reader: WavReader<'float32'>;

  constructor({ layout, bytes }: SentSource<SampleLayout>) {
    this.#channels = layout.channels;
    this.#reader = new WavReader({ sample: 'float32', ...(bytes !== undefined && { fileBytes: bytes }) });
  }

  process(chunk: Uint8Array): Float32Array<ArrayBuffer> {
    const samples = this.#reader.process(chunk);
    if (this.#channels === 1) return samples;
    const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
    return mixed(bytes, { encoding: 'f32le', channels: this.#channels });
  }

  finish(): void {
    this.#reader.finish();
  }

  get found(): SourceFound {
    return this.#reader.info ?? { frames: 0, warnings: [] };
  }

  close(): void {
    this.#reader.close();
  }
}

class MonoRaw implements MonoSamples {
  readonly #layout: SampleLayout;
  #sourceBytes = 0;
  /** Of a frame that a cut left unfinished. */
  #carry = new Uint8Array(0);

  constructor({ layout }: SentSource<SampleLayout>) {
    this.#layout = layout;
  }

  process(chunk: Uint8Array): Float32Array<ArrayBuffer> {
    this.#sourceBytes += chunk.length;
    const bytes = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    const whole = bytes.length - (bytes.length % frameBytes(this.#layout));
    this.#carry = bytes.slice(whole);
    return mixed(bytes.subarray(0, whole), this.#layout);
  }

  finish(): void {}

  get found(): SourceFound {
    return countFrames(this.#layout, undefined, this.#sourceBytes);
  }

  close(): void {}
}

function mixed(
  bytes: Uint8Array,
  { encoding, channels }: Pick<SampleLayout, 'encoding' | 'channels'>,
): Float32Array<ArrayBuffer> {
  const { buffer } = convertSamples(bytes, { from: encoding, to: 'f32le', channels, toChannels: 1 });
  return new Float32Array(buffer);
}
