/**
 * Opus decoded in a stream: packets in, samples as bytes out.
 * Not here: the codec (audio/opus.ts); Ogg (ogg-opus-demuxer.ts).
 */

import { requireOptions, requireWord } from '../audio/arguments.js';
import { OpusDecoder, type OpusDecoderOptions } from '../audio/index.js';
import { UnsupportedError } from '../errors.js';
import type { AudioTransformOptions } from './audio-transform.js';
import { DEFAULT_PACKET_SAMPLES, keptOf, linkOf, packetSamples, refuseOgg } from './opus-packets.js';
import { cut, room } from './output-slab.js';
import { Stage } from './stage.js';
import { StageStream } from './stage-stream.js';
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
/** 120 ms. */
const MAX_PACKET_SAMPLES = 5760;
const MAX_GAIN_DB = 127 + 255 / 256;

/**
 * Takes Opus packets, one Buffer or Uint8Array each, from `OggOpusDemuxer`, `OpusEncoderStream`, prism-media or
 * @discordjs/voice; gives interleaved samples as bytes.
 *
 * Where packets say what of them counts ({@link OpusPacketBuffer}), the rest, pre-skip and end trim, is dropped, the gain of
 * their file's header is applied, on top of `gainDb`, and the decoder begins anew with each link: through `OggOpusDemuxer`
 * and this stream come the samples of `OggOpusDecoder`, where the number of channels is the file's. An empty packet stands
 * for a lost one, as long as the packet before it (at first 20 ms): it is decoded from what the packet after it carries of it (`fec` of the encoder), or concealed.
 *
 * Packets that are none destroy the stream with a FormatError ERR_OPUS_BAD_PACKET, other values with a TypeError
 * ERR_INVALID_ARG; packets of more than two channels, without a `layout`, with an UnsupportedError
 * ERR_OPUS_UNSUPPORTED_MAPPING. From Ogg to samples `transcode` is the shorter way.
 *
 * @see docs/recipes/discord.md
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const decoder = new OpusDecoderStream({ sampleRateHz: 16_000 });
 * await pipeline(createReadStream('call.opus'), new OggOpusDemuxer(), decoder, createWriteStream('call.pcm'));
 */
export class OpusDecoderStream extends StageStream {
  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION, ERR_INVALID_ARG; TypeError ERR_INVALID_ARG. */
  constructor(options: OpusDecoderStreamOptions = {}) {
    requireOptions(options, 'new OpusDecoderStream');
    const stage = new PacketDecodeStage(options);
    super(options, { input: { container: 'packets' }, output: stage.format }, stage);
  }
}

/** Packets to samples. */
export class PacketDecodeStage extends Stage {
  override readonly format: { encoding: 's16le' | 'f32le'; sampleRateHz: number; channels: number };
  readonly #options: OpusDecoderStreamOptions;
  readonly #Samples: new (
    memory: ArrayBufferLike,
    offset: number,
    length: number,
  ) => Int16Array | Float32Array;
  readonly #frameBytes: number;
  /** How many samples at 48 kHz there are for each frame. */
  readonly #ratio: number;
  #decoder: OpusDecoder;
  /** That of the link's header. */
  #gainDb = 0;
  #link: number | undefined;
  /** Of the packet before. */
  #frames: number;
  /** Of a lost packet, while it is open whether the next one tells something of it. */
  #lostFrames = 0;

  constructor(options: OpusDecoderStreamOptions) {
    super();
    const { sampleRateHz = OPUS_RATE_HZ, encoding = 's16le' } = options;
    requireWord(encoding, 'encoding', ['s16le', 'f32le']);
    this.#options = options;
    this.#decoder = decoderOf(options, 0);
    this.format = { encoding, sampleRateHz, channels: this.#decoder.channels };
    this.#Samples = encoding === 's16le' ? Int16Array : Float32Array;
    this.#frameBytes = frameBytes(this.format);
    this.#ratio = OPUS_RATE_HZ / sampleRateHz;
    this.#frames = DEFAULT_PACKET_SAMPLES / this.#ratio;
  }

  override process(packet: Buffer): void {
    refuseOgg(packet, 'OpusDecoderStream');
    if (packet.length === 0) this.#lose();
    else this.#decode(packet);
  }

  override end(): void {
    this.#conceal();
  }

  override release(): void {
    this.#decoder.close();
  }

  #decode(packet: Uint8Array): void {
    // What is no packet is refused when it is decoded.
    const frames = Math.min(packetSamples(packet), MAX_PACKET_SAMPLES) / this.#ratio;
    this.#beginLink(packet);
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

  #beginLink(packet: Uint8Array): void {
    const { link, channels = 1, gainDb = 0 } = linkOf(packet);
    if (link === undefined || link === this.#link) return;
    if (channels > 2 && this.#options.layout === undefined) throw surround(channels);
    const isFirst = this.#link === undefined;
    if (!isFirst) this.#conceal();
    this.#link = link;
    if (gainDb !== this.#gainDb) this.#renew(gainDb);
    else if (!isFirst) this.#decoder.reset();
  }

  /** The decoder with the gain of a link. */
  #renew(gainDb: number): void {
    const decoder = decoderOf(this.#options, gainDb);
    this.#decoder.close();
    this.#decoder = decoder;
    this.#gainDb = gainDb;
  }

  /** Of so many frames those from `begin` up to `end`. */
  #give(frames: number, fill: (out: Int16Array | Float32Array) => void, begin = 0, end = frames): void {
    const space = room(frames * this.#frameBytes);
    fill(new this.#Samples(space.buffer, space.byteOffset, frames * this.#decoder.channels));
    if (begin === end) return;
    const samples = cut(space, space.length);
    const whole = begin === 0 && end === frames;
    this.give(whole ? samples : samples.subarray(begin * this.#frameBytes, end * this.#frameBytes));
  }
}

/** @param linkGainDb That of a file's header, −128 to 127.996, on top of the caller's. */
function decoderOf(options: OpusDecoderStreamOptions, linkGainDb: number): OpusDecoder {
  const { sampleRateHz = OPUS_RATE_HZ, gainDb = 0 } = options;
  // Unless there is a sum, what the caller gave, which is checked.
  const sum = linkGainDb === 0 ? gainDb : Math.min(Math.max(gainDb + linkGainDb, -128), MAX_GAIN_DB);
  return new OpusDecoder({ ...options, gainDb: sum, sampleRateHz, sample: 'int16' });
}

function surround(channels: number): UnsupportedError {
  return new UnsupportedError(
    `These Opus packets hold several streams, for ${channels} channels: give the layout of their file's header, or read it by transcode or OggOpusDecoder.`,
    'ERR_OPUS_UNSUPPORTED_MAPPING',
    0,
  );
}
