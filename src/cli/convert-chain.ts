/**
 * What `sluice convert` does with samples: mix, resample, copy to more channels, encode; block by block, so that any
 * length takes the same memory.
 * Not here: where samples come from (convert-source.ts), which codec is wanted (convert.ts).
 */
import type { OggOpusEncoder, Resampler, SampleEncoding, WavPatch, WavWriter } from '../audio/index.js';
import type { Audio, Samples, SourceFormat } from './convert-source.js';

/** How samples are written as they are. */
export type SampleCodec = 's16' | 's24' | 's32' | 'f32' | 'mulaw' | 'alaw';
export type Codec = SampleCodec | 'opus';

/** What is written. */
export type TargetFormat = SampleTarget | OpusTarget;

export interface SampleTarget {
  codec: SampleCodec;
  sampleRateHz: number;
  channels: number;
  /** `raw`: the samples alone. */
  container: 'wav' | 'raw';
  /** Whether a WAV may pass 4 GiB and can be patched then. Without need for it the header is the plain one. */
  rf64: boolean;
}

export interface OpusTarget {
  codec: 'opus';
  /** Of what is encoded; the file's own is 48 kHz. */
  sampleRateHz: number;
  channels: number;
  container: 'ogg';
  /** In bits a second; undefined: the encoder's own choice. */
  bitrate: number | undefined;
}

/** Codecs that hold no more than 16 bits. */
const NARROW: readonly string[] = ['u8', 's16le', 's16be', 's16', 'mulaw', 'alaw'];

/**
 * Whether 16-bit integers lose nothing that the result could hold: the source has no more, and at most one step
 * between it and the result rounds, as decoding Opus does. Otherwise it is float32, which holds 24 bits, and is rounded
 * at the end.
 */
export function isInt16Enough(from: SourceFormat, to: TargetFormat): boolean {
  const isOpus = from.encoding === 'opus';
  const mixes = to.channels < from.channels;
  const steps = Number(isOpus) + Number(to.sampleRateHz !== from.sampleRateHz) + Number(mixes);
  const isNarrow = isOpus || NARROW.includes(from.encoding);
  return isNarrow && (steps === 0 || (steps === 1 && NARROW.includes(to.codec)));
}

/** Makes a container of samples. */
type Writer = WavWriter | OggOpusEncoder<'int16' | 'float32'>;

/** Most samples that a block has anywhere in the chain: a quarter of a megabyte of floats. */
const BLOCK_SAMPLES = 65_536;

export class ConvertChain {
  readonly #audio: Audio;
  readonly #from: SourceFormat;
  readonly #to: TargetFormat;
  readonly #sample: 'int16' | 'float32';
  readonly #blockSamples: number;
  /** Fewer channels come before the resampler, more of them after it: it has less to do. */
  readonly #innerChannels: number;
  readonly #resampler: Resampler<'int16' | 'float32'> | undefined;
  readonly #resampled: Samples;
  /** Undefined: the samples alone are written. */
  readonly #writer: Writer | undefined;
  #bytes = new Uint8Array(0);
  #frames = 0;

  constructor(audio: Audio, from: SourceFormat, to: TargetFormat) {
    this.#audio = audio;
    this.#from = from;
    this.#to = to;
    this.#sample = isInt16Enough(from, to) ? 'int16' : 'float32';
    this.#innerChannels = Math.min(from.channels, to.channels);
    const perFrame = Math.max(from.channels, (to.channels * to.sampleRateHz) / from.sampleRateHz);
    const blockFrames = Math.max(1, Math.floor(BLOCK_SAMPLES / perFrame));
    this.#blockSamples = blockFrames * from.channels;
    if (to.sampleRateHz !== from.sampleRateHz) {
      this.#resampler = new audio.Resampler({
        fromHz: from.sampleRateHz,
        toHz: to.sampleRateHz,
        channels: this.#innerChannels,
        sample: this.#sample,
      });
    }
    this.#resampled = this.#roomForResampled(blockFrames);
    this.#writer = this.#openWriter();
  }

  /** The bytes that whole frames become, in pieces, each good until the next. */
  *process(samples: Samples): Generator<Uint8Array> {
    for (let at = 0; at < samples.length; at += this.#blockSamples) {
      const block = samples.subarray(at, at + this.#blockSamples);
      const mixed = this.#mix(block, this.#from.channels, this.#innerChannels);
      yield this.#encode(this.#resample(mixed));
    }
  }

  /** The end of them: what the resampler holds, and the end of the file. */
  *flush(): Generator<Uint8Array> {
    if (this.#resampler !== undefined) {
      const frames = this.#resampler.flushInto(this.#resampled);
      yield this.#encode(this.#resampled.subarray(0, frames * this.#innerChannels));
    }
    if (this.#writer !== undefined) yield this.#writer.flush();
  }

  /** What makes the file whole where it can be gone back in. */
  patches(): WavPatch[] {
    return this.#writer !== undefined && 'patches' in this.#writer ? this.#writer.patches() : [];
  }

  /** Frames written. */
  get frames(): number {
    return this.#frames;
  }

  close(): void {
    this.#resampler?.close();
    this.#writer?.close();
  }

  #openWriter(): Writer | undefined {
    const [to, sample] = [this.#to, this.#sample];
    const { sampleRateHz, channels } = to;
    if (to.container === 'ogg') {
      const [{ bitrate = 'auto' }, { tags = {} }] = [to, this.#from];
      return new this.#audio.OggOpusEncoder({ sampleRateHz, channels, sample, bitrate, tags });
    }
    if (to.container === 'raw') return undefined;
    return new this.#audio.WavWriter({ sampleRateHz, channels, encoding: to.codec, rf64: to.rf64 });
  }

  #roomForResampled(blockFrames: number): Samples {
    const frames = Math.max(
      this.#resampler?.maxOutputFrames(blockFrames) ?? 0,
      this.#resampler?.maxOutputFrames(0) ?? 0,
    );
    const length = frames * this.#innerChannels;
    return this.#sample === 'int16' ? new Int16Array(length) : new Float32Array(length);
  }

  #resample(samples: Samples): Samples {
    if (this.#resampler === undefined) return samples;
    const frames = this.#resampler.processInto(samples, this.#resampled);
    return this.#resampled.subarray(0, frames * this.#innerChannels);
  }

  /** Mean of the channels towards one, copies of it towards more. */
  #mix(samples: Samples, channels: number, toChannels: number): Samples {
    if (channels === toChannels) return samples;
    const encoding = this.#sampleEncoding();
    const { buffer } = this.#audio.convertSamples(bytesOf(samples), {
      from: encoding,
      to: encoding,
      channels,
      toChannels,
    });
    return this.#sample === 'int16' ? new Int16Array(buffer) : new Float32Array(buffer);
  }

  #encode(inner: Samples): Uint8Array {
    const samples = this.#mix(inner, this.#innerChannels, this.#to.channels);
    const frames = samples.length / this.#to.channels;
    this.#frames += frames;
    if (this.#writer === undefined) return this.#encodeRaw(samples, this.#to.codec as SampleCodec);
    const wanted = this.#writer.maxOutputBytes(frames);
    if (this.#bytes.length < wanted) this.#bytes = new Uint8Array(wanted);
    return this.#bytes.subarray(0, this.#writer.processInto(samples, this.#bytes));
  }

  #encodeRaw(samples: Samples, codec: SampleCodec): Uint8Array {
    const [from, to] = [this.#sampleEncoding(), rawEncoding(codec)];
    return from === to ? bytesOf(samples) : this.#audio.convertSamples(bytesOf(samples), { from, to });
  }

  #sampleEncoding(): SampleEncoding {
    return this.#sample === 'int16' ? 's16le' : 'f32le';
  }
}

/** A codec as the encodings of headerless samples are called. */
export function rawEncoding(codec: SampleCodec): SampleEncoding {
  return codec === 'mulaw' || codec === 'alaw' ? codec : `${codec}le`;
}

function bytesOf(samples: Samples): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}
