/**
 * Opus encoded in a stream: samples as bytes in, packets out.
 * Not here: the codec (audio/opus.ts); Ogg (ogg-opus-muxer.ts).
 */

import { requireOptions, requireWord } from '../audio/arguments.js';
import { OpusEncoder, type OpusEncoderOptions } from '../audio/index.js';
import type { AudioTransform, AudioTransformOptions } from './audio-transform.js';
import { type OpusPacketBuffer, packetBuffer } from './opus-packets.js';
import { cut, room } from './output-slab.js';
import { Stage } from './stage.js';
import { StageStream } from './stage-stream.js';

/** What an {@link OpusEncoderStream} makes, and of what: the options of an `OpusEncoder`. */
export interface OpusEncoderStreamOptions extends Omit<OpusEncoderOptions, 'signal'>, AudioTransformOptions {
  /** What the sound is, as `signal` of `OpusEncoderOptions`; `auto` finds out. Default `auto`. */
  content?: 'auto' | 'voice' | 'music';
  /** How samples lie in the bytes that are written. Default `s16le`. */
  encoding?: 's16le' | 'f32le';
}

const OPUS_RATE_HZ = 48_000;

/**
 * Takes interleaved samples as bytes, cut anywhere; gives Opus packets of `frameMs` (20 by default) each, an
 * {@link OpusPacketBuffer} in object mode: for `OggOpusMuxer`, prism-media's `opus.Decoder`, @discordjs/voice
 * (`StreamType.Opus`: 48 kHz, 2 channels, 20 ms).
 *
 * Nothing is lost at the end: the last packet is filled up with silence, and one more follows where the encoder's lookahead
 * needs it. `begin` and `end` of the packets say which samples are the input's; `OpusDecoderStream` and `OggOpusMuxer` mind
 * them, so that n frames come back as n. No input gives no packets.
 *
 * @see docs/recipes/discord.md
 * @example
 * import { createReadStream } from 'node:fs';
 *
 * const pcm = createReadStream('call.pcm'); // s16le, 48 kHz, stereo
 * const encoder = pcm.pipe(new OpusEncoderStream({ sampleRateHz: 48_000, channels: 2, bitrate: 64_000 }));
 * for await (const packet of encoder) console.log(packet.length, packet.samples / 48_000);
 */
export class OpusEncoderStream extends StageStream {
  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION, ERR_INVALID_ARG; TypeError ERR_INVALID_ARG. */
  constructor(options: OpusEncoderStreamOptions) {
    requireOptions(options, 'new OpusEncoderStream');
    const { sampleRateHz, channels = 1, encoding = 's16le' } = options;
    const stage = new PacketEncodeStage(options);
    super(options, { input: { encoding, sampleRateHz, channels }, output: stage.format }, stage);
  }

  /** The packets. Leaving the loop early destroys the stream. */
  override [Symbol.asyncIterator](): ReturnType<AudioTransform[typeof Symbol.asyncIterator]> &
    AsyncIterator<OpusPacketBuffer> {
    return super[Symbol.asyncIterator]();
  }
}

/** Samples to packets. */
export class PacketEncodeStage extends Stage {
  override readonly format = { container: 'packets' } as const;
  readonly #encoder: OpusEncoder;
  readonly #channels: number;
  /** Of one packet, and the same memory as bytes, of which so many are filled. */
  readonly #samples: Int16Array | Float32Array;
  readonly #bytes: Uint8Array;
  #filled = 0;
  /** Both in samples at 48 kHz. */
  readonly #packetSamples: number;
  readonly #preSkip: number;
  #packets = 0;

  constructor(options: Omit<OpusEncoderStreamOptions, keyof AudioTransformOptions>) {
    super();
    const { sampleRateHz, channels = 1, encoding = 's16le', content = 'auto' } = options;
    requireWord(encoding, 'encoding', ['s16le', 'f32le']);
    this.#encoder = new OpusEncoder({ ...options, signal: content });
    this.#channels = channels;
    const { frameSamples, lookaheadFrames } = this.#encoder;
    this.#samples = encoding === 's16le' ? new Int16Array(frameSamples) : new Float32Array(frameSamples);
    this.#bytes = new Uint8Array(this.#samples.buffer);
    this.#packetSamples = ((frameSamples / channels) * OPUS_RATE_HZ) / sampleRateHz;
    this.#preSkip = (lookaheadFrames * OPUS_RATE_HZ) / sampleRateHz;
  }

  override process(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#bytes.length - this.#filled);
      this.#bytes.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#bytes.length) this.#encode(Infinity);
    }
  }

  override end(): void {
    const packet = this.#packetSamples;
    const end = this.#packets * packet + (this.#filled * packet) / this.#bytes.length;
    if (end === 0) return;
    while (this.#packets * packet < end + this.#preSkip) {
      this.#bytes.fill(0, this.#filled);
      this.#encode(end + this.#preSkip);
    }
  }

  override release(): void {
    this.#encoder.close();
  }

  /** @param end Where in what is decoded the input ends, if it is known. */
  #encode(end: number): void {
    const samples = this.#packetSamples;
    const start = this.#packets++ * samples;
    const within = (at: number): number => Math.min(Math.max(at - start, 0), samples);
    this.#filled = 0;
    const space = room(this.#encoder.maxPacketBytes);
    const packet = cut(space, this.#encoder.encodeInto(this.#samples, space));
    this.give(
      packetBuffer(packet, {
        samples,
        begin: within(this.#preSkip),
        end: within(end),
        link: 0,
        position: Math.max(0, start - this.#preSkip),
        channels: this.#channels,
        gainDb: 0,
      }),
    );
  }
}
