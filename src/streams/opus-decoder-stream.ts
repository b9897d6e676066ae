/**
 * Opus decoded in a stream: packets in, samples as bytes out.
 * Not here: the codec (audio/opus.ts); Ogg (ogg-opus-demuxer.ts).
 */

import { requireOptions, requireWord } from '../audio/arguments.js';
import { OpusDecoder, type OpusDecoderOptions } from '../audio/index.js';
import { AudioTransform, type AudioTransformOptions } from './audio-transform.js';
import { DEFAULT_PACKET_SAMPLES, keptOf, linkOf, refuseOgg } from './opus-packets.js';
import { cut, room } from './output-slab.js';
import { frameBytes } from './stream-format.js';

/** What an {@link OpusDecoderStream} gives: the options of an `OpusDecoder`. */
export interface OpusDecoderStreamOptions
  extends Omit<OpusDecoderOptions, 'sample' | 'sampleRateHz'>,
    AudioTransformOptions {
  /** Rate of the samples, whatever the encoder's was: 8000, 12 000, 16 000, 24 000 or 48 000. Default 48 000. */
  sampleRateHz?: number;
  /** How samples lie in the bytes that come out. Default `s16le`. */
  encoding?: 's16le' | 'f32le';
}

const OPUS_RATE_HZ = 48_000;

/**
 * Takes Opus packets, one Buffer or Uint8Array each, from `OggOpusDemuxer`, `OpusEncoderStream`, prism-media or
 * @discordjs/voice; gives interleaved samples as bytes.
 *
 * Where packets say what of them counts ({@link OpusPacketBuffer}), the rest, pre-skip and end trim, is dropped, and the
 * decoder begins anew with each link. An empty packet stands for a lost one, as long as the packet before it (at first
 * 20 ms): it is decoded from what the packet after it carries of it (`fec` of the encoder), or concealed.
 *
 * Packets that are none destroy the stream with a FormatError ERR_OPUS_BAD_PACKET, other values with a TypeError
 * ERR_INVALID_ARG. For the sound of a whole Ogg file, its gain applied, `OggOpusDecoder` is the shorter way.
 *
 * @see docs/recipes/discord.md
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const decoder = new OpusDecoderStream({ sampleRateHz: 16_000 });
 * await pipeline(createReadStream('call.opus'), new OggOpusDemuxer(), decoder, createWriteStream('call.pcm'));
 */
export class OpusDecoderStream extends AudioTransform {
  readonly #decoder: OpusDecoder;
  readonly #Samples: new (
    memory: ArrayBufferLike,
    offset: number,
    length: number,
  ) => Int16Array | Float32Array;
  readonly #frameBytes: number;
  /** How many samples at 48 kHz there are for each frame. */
  readonly #ratio: number;
  /** Of the packet before. */
  #frames: number;
  /** Of a lost packet, while it is open whether the next one tells something of it. */
  #lostFrames = 0;
  #link: number | undefined;

  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION, ERR_INVALID_ARG; TypeError ERR_INVALID_ARG. */
  constructor(options: OpusDecoderStreamOptions = {}) {
    requireOptions(options, 'new OpusDecoderStream');
    const { sampleRateHz = OPUS_RATE_HZ, encoding = 's16le' } = options;
    requireWord(encoding, 'encoding', ['s16le', 'f32le']);
    const decoder = new OpusDecoder({ ...options, sampleRateHz, sample: 'int16' });
    const output = { encoding, sampleRateHz, channels: decoder.channels };
    super(options, { input: { container: 'packets' }, output });
    this.#decoder = decoder;
    this.#Samples = encoding === 's16le' ? Int16Array : Float32Array;
    this.#frameBytes = frameBytes(output);
    this.#ratio = OPUS_RATE_HZ / sampleRateHz;
    this.#frames = DEFAULT_PACKET_SAMPLES / this.#ratio;
  }

  protected override processAudio(packet: Buffer): void {
    refuseOgg(packet, 'OpusDecoderStream');
    if (packet.length === 0) this.#lose();
    else this.#decode(packet);
  }

  protected override endAudio(): void {
    this.#conceal();
  }

  protected override release(): void {
    this.#decoder.close();
  }

  #decode(packet: Uint8Array): void {
    const frames = this.#decoder.packetFrames(packet);
    this.#beginLink(linkOf(packet));
    const lost = this.#lostFrames;
    this.#lostFrames = 0;
    if (lost > 0) this.#give(lost, (out) => this.#decoder.decodeFecInto(packet, lost, out));
    this.#frames = frames;
    const { begin, end } = keptOf(packet, frames * this.#ratio);
    const decode = (out: Int16Array | Float32Array) => this.#decoder.decodeInto(packet, out);
    this.#give(frames, decode, Math.ceil(begin / this.#ratio), Math.ceil(end / this.#ratio));
  }

  /** Only the last of many can be told by the packet that follows. */
  #lose(): void {
    this.#conceal();
    this.#lostFrames = this.#frames;
  }

  #conceal(): void {
    const lost = this.#lostFrames;
    this.#lostFrames = 0;
    if (lost > 0) this.#give(lost, (out) => this.#decoder.concealInto(lost, out));
  }

  #beginLink(link: number | undefined): void {
    if (link === undefined || link === this.#link) return;
    if (this.#link !== undefined) {
      this.#conceal();
      this.#decoder.reset();
    }
    this.#link = link;
  }

  /** Of so many frames those from `begin` up to `end`. */
  #give(frames: number, fill: (out: Int16Array | Float32Array) => void, begin = 0, end = frames): void {
    const space = room(frames * this.#frameBytes);
    fill(new this.#Samples(space.buffer, space.byteOffset, frames * this.#decoder.channels));
    if (begin === end) return;
    this.push(cut(space, space.length).subarray(begin * this.#frameBytes, end * this.#frameBytes));
  }
}
