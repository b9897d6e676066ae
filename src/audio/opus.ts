/**
 * The Opus codec: samples to packets and back.
 * Not here: Ogg files (ogg-opus-writer.ts and its neighbours), rates that Opus does not take (resample.ts).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import {
  type NativeOpusDecoder,
  type NativeOpusEncoder,
  type NativeOpusEncoderOptions,
  type NativeOpusPackets,
  native,
  type OwnSamples,
} from '../native/index.js';
import { describe, lengthOf, requireOptions, requireWord, roomFor } from './arguments.js';
import { type AbortOptions, offLoop } from './off-loop.js';
import type { SampleArray, SampleType } from './resample.js';

/** Milliseconds of sound that a packet may hold. */
export type OpusFrameMs = 2.5 | 5 | 10 | 20 | 40 | 60 | 80 | 100 | 120;

/** Which decoded channel goes where (RFC 7845, 5.1.1), as the OpusHead of a file says. */
export interface OpusLayout {
  /** Opus streams in a packet, 1 to 255. */
  streams: number;
  /** How many of them, from the first, are stereo: 0 to `streams`. They are decoded to two channels each. */
  coupled: number;
  /** For each output channel, up to 255 of them, the decoded channel that goes there, or 255 for silence. */
  mapping: Uint8Array;
}

/** What an {@link OpusEncoder} makes, and of what. */
export interface OpusEncoderOptions {
  /** Rate of the samples: 8000, 12 000, 16 000, 24 000 or 48 000. Others are to be resampled first. */
  sampleRateHz: number;
  /**
   * Interleaved channels, 1 to 8. Above 2 they are in Vorbis order (RFC 7845, 5.1.1.2), and a packet holds several
   * streams (mapping family 1; see `layout`). Default 1.
   */
  channels?: number;
  /** Sound in a packet, in milliseconds. Longer packets cost fewer bits and more delay. Default 20. */
  frameMs?: OpusFrameMs;
  /**
   * `voip`: intelligible speech (the lowest frequencies are filtered out). `audio`: close to the input. `lowdelay`: the
   * lookahead is 2.5 ms, not 6.5 ms, without the speech codec. Default `voip`.
   */
  application?: 'voip' | 'audio' | 'lowdelay';
  /**
   * Bits in a second, all channels together: a whole number from 500 to 300 000 for each channel; `auto`: by rate and
   * channels; `max`: as many as packets hold (510 kb/s at 20 ms). Default `auto`.
   */
  bitrate?: number | 'auto' | 'max';
  /**
   * `vbr`: what the sound needs, `bitrate` on average. `cvbr`: the same, but hardly more than that in any second. `cbr`:
   * packets of equal size. Default `cvbr`.
   */
  bitrateMode?: 'vbr' | 'cvbr' | 'cbr';
  /** Effort, from 0 (least time) to 10 (best sound). Default 9. */
  complexity?: number;
  /** What the sound is; `auto` finds out. Default `auto`. */
  signal?: 'auto' | 'voice' | 'music';
  /**
   * Packets of speech also carry the packet before them, coarsely, for `OpusDecoder.decodeFec`. It takes effect with
   * `packetLossPercent` above 0 and a bitrate that has room for it (for 16 kHz speech, from about 20 kb/s). Default false.
   */
  fec?: boolean;
  /** Silence becomes packets of one or two bytes, which need not be sent. Default false. */
  dtx?: boolean;
  /** Packets in a hundred that will be lost: 0 to 100. The more, the more robust packets are. Default 0. */
  packetLossPercent?: number;
}

/** Packets, as {@link OpusDecoder} takes many at once. */
export interface OpusPackets {
  /** One behind the other. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of each. */
  sizes: Uint32Array<ArrayBuffer>;
}

const FRAME_MS: readonly unknown[] = [2.5, 5, 10, 20, 40, 60, 80, 100, 120] satisfies OpusFrameMs[];
// As the addon takes them (native/core/opus_codec.h).
const BITRATE_AUTO = 0;
const BITRATE_MAX = 0xffffffff;

/**
 * Encodes sound to Opus packets (RFC 6716), each from exactly `frameSamples` samples: `encode` or `encodeInto` for one,
 * `encodeFramesInto` for many in one native call, `encodeFramesAsync` for many off the event loop. At the end of a
 * recording fill the last packet up with zeros, and let zeros of at least `lookaheadFrames` follow, or its last sound will
 * not come out.
 *
 * After `close` everything but `close` and `layout` throws a TypeError ERR_CLOSED; while a promise of `encodeFramesAsync` is
 * pending, what encodes and `reset` throw ERR_BUSY.
 *
 * @example
 * using encoder = new OpusEncoder({ sampleRateHz: 16_000, bitrate: 24_000 });
 * const speech = new Int16Array(encoder.frameSamples); // 320 of them: 20 ms
 * const packet = encoder.encode(speech); // about 60 bytes
 */
export class OpusEncoder {
  /** How a decoder is to take the packets apart: for {@link OpusDecoder} and the OpusHead of a file. */
  readonly layout: OpusLayout;
  readonly #native: NativeOpusEncoder;
  readonly #room: Uint8Array<ArrayBuffer>;

  /**
   * @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION (another option is out of range); TypeError
   * or RangeError ERR_INVALID_ARG.
   */
  constructor(options: OpusEncoderOptions) {
    requireOptions(options, 'new OpusEncoder');
    const { signal = 'auto' } = options;
    this.#native = new native.OpusEncoder(...nativeEncoderOptions(options, signal, 'voip'));
    this.layout = this.#native.layout();
    this.#room = new Uint8Array(this.#native.maxPacketBytes());
  }

  /**
   * Encodes one packet, in an array of its own.
   *
   * @param samples `frameSamples` of them, interleaved: Int16Array, or Float32Array with full scale 1.0 (beyond ±10 they
   * are clipped, NaN counts as 0).
   * @throws RangeError ERR_INVALID_LENGTH when it is any other number of samples (nothing is taken then); TypeError
   * ERR_INVALID_ARG.
   */
  encode(samples: Int16Array | Float32Array): Uint8Array<ArrayBuffer> {
    return this.#room.slice(0, this.#native.encodeInto(samples, this.#room));
  }

  /**
   * Like `encode`, into memory of the caller's: one native call, no allocation.
   *
   * @param samples As for `encode`.
   * @param out Room for at least `maxPacketBytes` bytes; must not share memory with `samples`. The packet does not depend
   * on how much there is.
   * @returns Bytes written to the front of `out`.
   * @throws RangeError ERR_INVALID_LENGTH, ERR_OUTPUT_TOO_SMALL (nothing is taken then); TypeError, RangeError
   * ERR_INVALID_ARG.
   */
  encodeInto(samples: Int16Array | Float32Array, out: Uint8Array): number {
    return this.#native.encodeInto(samples, out);
  }

  /**
   * Encodes many packets in one native call: as `encodeInto` for each, one behind the other.
   *
   * @param samples n · `frameSamples` of them, n from 0.
   * @param out Room for at least n · `maxPacketBytes` bytes.
   * @param sizes Room for n sizes: bytes of each packet. None of the three may share memory with another.
   * @returns Bytes written to the front of `out`: the sum of the sizes.
   * @throws RangeError ERR_INVALID_LENGTH when it is no whole number of packets, ERR_OUTPUT_TOO_SMALL (nothing is taken
   * then); TypeError, RangeError ERR_INVALID_ARG.
   */
  encodeFramesInto(samples: Int16Array | Float32Array, out: Uint8Array, sizes: Uint32Array): number {
    return this.#native.encodeFramesInto(samples, out, sizes);
  }

  /**
   * Encodes many packets off the event loop: the same packets as `encodeFramesInto` gives.
   *
   * While the promise is pending the encoder is at work: what encodes and `reset` throw a TypeError ERR_BUSY, and another
   * `encodeFramesAsync` rejects with it; what never changes may be asked (`layout`, `frameSamples`, `maxPacketBytes`,
   * `lookaheadFrames`), and `close` does no harm to the promise. The samples must stay as they are: what is written to them
   * may or may not count, and when their memory is transferred or resized the promise may reject with a TypeError
   * ERR_INVALID_ARG. After an abort, or a failure in mid-work such as that, the encoder is as after `reset`.
   *
   * @param samples n · `frameSamples` of them, n from 0, as for `encode`.
   * @returns A promise of n packets. It rejects with `signal.reason` at an abort, at once.
   * @throws RangeError ERR_INVALID_LENGTH when it is no whole number of packets (nothing is taken then), ERR_TOO_LARGE;
   * TypeError ERR_INVALID_ARG, ERR_BUSY; all as rejections.
   * @see docs/resampler.md for what all functions off the event loop have in common
   * @example
   * using encoder = new OpusEncoder({ sampleRateHz: 16_000 });
   * const speech = new Int16Array(60 * 16_000); // a minute
   * const { bytes, sizes } = await encoder.encodeFramesAsync(speech, { signal: AbortSignal.timeout(5000) });
   */
  async encodeFramesAsync(
    samples: Int16Array | Float32Array,
    options: AbortOptions = {},
  ): Promise<OpusPackets> {
    requireOptions(options, 'encodeFramesAsync');
    return offLoop<NativeOpusPackets>(options.signal, (...callbacks) =>
      this.#native.encodeFrames(samples, ...callbacks),
    );
  }

  /** Samples, of all channels, that make a packet. */
  get frameSamples(): number {
    return this.#native.frameSamples();
  }

  /** Room, in bytes, that any packet fits in: 1279 for 20 ms of one or two channels. */
  get maxPacketBytes(): number {
    return this.#native.maxPacketBytes();
  }

  /**
   * Frames, at `sampleRateHz`, by which decoded sound is late: to be dropped from its start. Times 48 000 / `sampleRateHz`
   * it is the pre-skip of an Ogg file, 312, or 120 for `lowdelay`.
   */
  get lookaheadFrames(): number {
    return this.#native.lookaheadFrames();
  }

  /** Forgets the past: as new, for the next recording. The same samples give the same packets. */
  reset(): void {
    this.#native.reset();
  }

  /**
   * Frees the native memory. May be called again. What is dropped without it is freed too, but only once the event loop
   * turns: in a loop that makes many, close each.
   */
  close(): void {
    this.#native.close();
  }

  /** `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** What an {@link OpusDecoder} gives. */
export interface OpusDecoderOptions<S extends SampleType = SampleType> {
  /** Rate of the samples, whatever the encoder's was: 8000, 12 000, 16 000, 24 000 or 48 000. */
  sampleRateHz: number;
  /** Interleaved channels, 1 or 2, whatever the encoder's were. Default 1. Use `layout` for more. */
  channels?: 1 | 2;
  /** In place of `channels`: that of a file, or `OpusEncoder.layout`. */
  layout?: OpusLayout;
  /** What the sound is amplified by, in dB, −128 to 127.996, in steps of 1/256 dB. Default 0. */
  gainDb?: number;
  /** What `decode` and its like give. Default `int16`. */
  sample?: S;
}

const MAX_GAIN_DB = 127 + 255 / 256;

/**
 * Decodes Opus packets (RFC 6716): `decode` or `decodeInto` for each, `decodePacketsInto` for many in one native call,
 * `decodePacketsAsync` for many off the event loop, `conceal` in place of a lost one, or `decodeFec` where the packet after
 * it is there.
 *
 * int16 is clipped softly; float32 has full scale 1.0 and may go beyond it. The first samples are the encoder's lookahead
 * (the pre-skip of a file), which this class does not drop.
 *
 * After `close` everything but `close` and `channels` throws a TypeError ERR_CLOSED; while a promise of `decodePacketsAsync`
 * is pending, what decodes or conceals and `reset` throw ERR_BUSY.
 *
 * @example
 * using encoder = new OpusEncoder({ sampleRateHz: 16_000 });
 * using decoder = new OpusDecoder({ sampleRateHz: 48_000 });
 * const samples = decoder.decode(encoder.encode(new Int16Array(320))); // 960 of them
 * const lost = decoder.conceal(960); // the next 20 ms never came
 */
export class OpusDecoder<S extends SampleType = 'int16'> {
  /** Interleaved channels of the output: 1 to 255. */
  readonly channels: number;
  readonly #native: NativeOpusDecoder;
  readonly #sample: SampleType;

  /**
   * @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION (a layout that contradicts itself, a gain
   * out of range); TypeError or RangeError ERR_INVALID_ARG.
   */
  constructor(options: OpusDecoderOptions<S> & ('int16' extends S ? unknown : { sample: S })) {
    requireOptions(options, 'new OpusDecoder');
    const { sampleRateHz, channels = 1, gainDb = 0, sample = 'int16' } = options;
    const { layout = plainLayout(channels) } = options;
    this.#sample = requireWord<SampleType>(sample, 'sample', ['int16', 'float32']);
    requireOptions(layout, 'layout of new OpusDecoder');
    const { streams, coupled, mapping } = layout;
    this.#native = new native.OpusDecoder(sampleRateHz, streams, coupled, mapping, gainQ8(gainDb));
    this.channels = lengthOf(mapping);
  }

  /**
   * Decodes one packet: all of its samples, interleaved, in an array of their own.
   *
   * @throws FormatError ERR_OPUS_BAD_PACKET when it is empty or breaks a rule of RFC 6716, 3.4 (the decoder is as before);
   * TypeError ERR_INVALID_ARG.
   */
  decode(packet: Uint8Array): SampleArray<S, ArrayBuffer> {
    const out = this.#room(this.#native.packetFrames(packet));
    this.#native.decodeInto(packet, out);
    return out;
  }

  /**
   * Like `decode`, into memory of the caller's: one native call, no allocation.
   *
   * @param out Room for at least `packetFrames(packet)` frames, 5760 at 48 kHz for any packet: an Int16Array or a
   * Float32Array, whatever `sample` says; must not share memory with `packet`.
   * @returns Frames (not samples) written to the front of `out`.
   * @throws FormatError ERR_OPUS_BAD_PACKET, RangeError ERR_OUTPUT_TOO_SMALL (nothing is taken then); TypeError, RangeError
   * ERR_INVALID_ARG.
   */
  decodeInto(packet: Uint8Array, out: Int16Array | Float32Array): number {
    return this.#native.decodeInto(packet, out);
  }

  /**
   * Decodes many packets in one native call: as `decodeInto` for each. All are checked before the first is decoded.
   *
   * @param bytes The packets, one behind the other.
   * @param sizes Bytes of each; their sum is `bytes.length`.
   * @param out Room for the frames of all; must not share memory with the others.
   * @returns Frames (not samples) written to the front of `out`.
   * @throws FormatError ERR_OPUS_BAD_PACKET, whose `byteOffset` is where in `bytes` the bad packet begins; RangeError
   * ERR_INVALID_LENGTH when the sizes do not add up, ERR_OUTPUT_TOO_SMALL (nothing is taken in any of these cases);
   * TypeError, RangeError ERR_INVALID_ARG.
   */
  decodePacketsInto(bytes: Uint8Array, sizes: Uint32Array, out: Int16Array | Float32Array): number {
    return this.#native.decodePacketsInto(bytes, sizes, out);
  }

  /**
   * Decodes many packets off the event loop: the same samples as `decodePacketsInto` gives, in an array of their own. All are
   * checked, before anything else is done.
   *
   * While the promise is pending the decoder is at work: what decodes or conceals and `reset` throw a TypeError ERR_BUSY, and
   * another `decodePacketsAsync` rejects with it; `channels` and `packetFrames` may be asked, and `close` does no harm to the
   * promise. The packets must stay as they are: when they are written to, or their memory is transferred or resized, the
   * promise may reject with a TypeError ERR_INVALID_ARG; the sizes are copied. After an abort, or a failure in mid-work such
   * as that, the decoder is as after `reset`.
   *
   * @param bytes The packets, one behind the other.
   * @param sizes Bytes of each; their sum is `bytes.length`.
   * @returns A promise of all samples, interleaved. It rejects with `signal.reason` at an abort, at once.
   * @throws FormatError ERR_OPUS_BAD_PACKET, whose `byteOffset` is where in `bytes` the bad packet begins; RangeError
   * ERR_INVALID_LENGTH when the sizes do not add up (nothing is taken in either case), ERR_TOO_LARGE; TypeError
   * ERR_INVALID_ARG, ERR_BUSY; all as rejections.
   * @see docs/resampler.md for what all functions off the event loop have in common
   * @example
   * using encoder = new OpusEncoder({ sampleRateHz: 16_000 });
   * using decoder = new OpusDecoder({ sampleRateHz: 48_000 });
   * const { bytes, sizes } = await encoder.encodeFramesAsync(new Int16Array(60 * 16_000));
   * const samples = await decoder.decodePacketsAsync(bytes, sizes); // 60 · 48 000 of them
   */
  async decodePacketsAsync(
    bytes: Uint8Array,
    sizes: Uint32Array,
    options: AbortOptions = {},
  ): Promise<SampleArray<S, ArrayBuffer>> {
    requireOptions(options, 'decodePacketsAsync');
    const float32 = this.#sample === 'float32';
    const samples = await offLoop<OwnSamples>(options.signal, (...callbacks) =>
      this.#native.decodePackets(bytes, sizes, float32, ...callbacks),
    );
    return samples as SampleArray<S, ArrayBuffer>;
  }

  /**
   * Something like the sound before it, in place of sound that was lost; it fades away after some 60 ms.
   *
   * @param frames How many are missing, at `sampleRateHz`: a multiple of 2.5 ms, above 0.
   * @returns That many frames.
   * @throws RangeError ERR_INVALID_LENGTH for any other length, ERR_TOO_LARGE when there is no memory for it; TypeError
   * ERR_INVALID_ARG.
   */
  conceal(frames: number): SampleArray<S, ArrayBuffer> {
    const out = this.#room(roomOfLoss(frames));
    this.#native.concealInto(frames, out);
    return out;
  }

  /**
   * Like `conceal`, into memory of the caller's.
   *
   * @param out Room for at least that many frames.
   * @returns `frames`.
   * @throws RangeError ERR_INVALID_LENGTH, ERR_OUTPUT_TOO_SMALL; TypeError ERR_INVALID_ARG.
   */
  concealInto(frames: number, out: Int16Array | Float32Array): number {
    return this.#native.concealInto(frames, out);
  }

  /**
   * Like `conceal`, for a loss after which `packet` came: the end of the lost sound is decoded from what the packet
   * carries of it (`OpusEncoderOptions.fec`), the rest is concealed. Call `decode(packet)` next. Where the packet carries
   * nothing, all is concealed.
   *
   * @param frames As for `conceal`.
   * @throws FormatError ERR_OPUS_BAD_PACKET (nothing is taken then); as `conceal`.
   */
  decodeFec(packet: Uint8Array, frames: number): SampleArray<S, ArrayBuffer> {
    const out = this.#room(roomOfLoss(frames));
    this.#native.decodeFecInto(packet, frames, out);
    return out;
  }

  /**
   * Like `decodeFec`, into memory of the caller's.
   *
   * @param out Room for at least `frames` frames; must not share memory with `packet`.
   * @returns `frames`.
   * @throws FormatError ERR_OPUS_BAD_PACKET; RangeError ERR_INVALID_LENGTH, ERR_OUTPUT_TOO_SMALL; TypeError, RangeError
   * ERR_INVALID_ARG.
   */
  decodeFecInto(packet: Uint8Array, frames: number, out: Int16Array | Float32Array): number {
    return this.#native.decodeFecInto(packet, frames, out);
  }

  /**
   * Frames that a packet decodes to at `sampleRateHz`. Does not decode it.
   *
   * @throws FormatError ERR_OPUS_BAD_PACKET; TypeError ERR_INVALID_ARG.
   */
  packetFrames(packet: Uint8Array): number {
    return this.#native.packetFrames(packet);
  }

  /** Forgets the past: as new, for the next stream. */
  reset(): void {
    this.#native.reset();
  }

  /**
   * Frees the native memory. May be called again. What is dropped without it is freed too, but only once the event loop
   * turns: in a loop that makes many, close each.
   */
  close(): void {
    this.#native.close();
  }

  /** `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #room(frames: number): SampleArray<S, ArrayBuffer> {
    const ArrayType = this.#sample === 'float32' ? Float32Array : Int16Array;
    const length = frames * this.channels;
    return roomFor<SampleArray<SampleType, ArrayBuffer>>(ArrayType, length) as SampleArray<S, ArrayBuffer>;
  }
}

/** The options as the addon takes them, with their defaults; `signal` apart, which others call `content`. */
export function nativeEncoderOptions(
  options: Omit<OpusEncoderOptions, 'signal'>,
  signal: OpusEncoderOptions['signal'] & string,
  defaultApplication: 'voip' | 'audio',
): NativeOpusEncoderOptions {
  const { sampleRateHz, channels = 1, frameMs = 20, application = defaultApplication } = options;
  const { bitrate = 'auto', bitrateMode = 'cvbr', complexity = 9 } = options;
  const { fec = false, dtx = false, packetLossPercent = 0 } = options;
  return [
    sampleRateHz,
    channels,
    frameUs(frameMs),
    application,
    nativeBitrate(bitrate),
    bitrateMode,
    complexity,
    signal,
    fec,
    dtx,
    packetLossPercent,
  ];
}

function frameUs(frameMs: unknown): number {
  if (FRAME_MS.includes(frameMs)) return (frameMs as OpusFrameMs) * 1000;
  const message = `frameMs must be one of ${FRAME_MS.join(', ')}, got ${describe(frameMs)}`;
  throw typeof frameMs === 'number'
    ? argumentRangeError(message, 'ERR_INVALID_OPTION')
    : argumentTypeError(message);
}

function nativeBitrate(bitrate: unknown): number {
  if (bitrate === 'auto') return BITRATE_AUTO;
  if (bitrate === 'max') return BITRATE_MAX;
  const message = `bitrate must be a whole number of bits in a second, 'auto' or 'max', got ${describe(bitrate)}`;
  if (typeof bitrate !== 'number') throw argumentTypeError(message);
  if (bitrate === BITRATE_AUTO || bitrate === BITRATE_MAX)
    throw argumentRangeError(message, 'ERR_INVALID_OPTION');
  return bitrate;
}

function plainLayout(channels: unknown): OpusLayout {
  if (channels === 1) return { streams: 1, coupled: 0, mapping: Uint8Array.of(0) };
  if (channels === 2) return { streams: 1, coupled: 1, mapping: Uint8Array.of(0, 1) };
  const message = `channels must be 1 or 2 (give a layout for more), got ${describe(channels)}`;
  throw typeof channels === 'number'
    ? argumentRangeError(message, 'ERR_INVALID_CHANNELS')
    : argumentTypeError(message);
}

/** As OpusHead holds it: 16 bits, in steps of 1/256 dB. */
function gainQ8(gainDb: unknown): number {
  const message = `gainDb must be a number from -128 to ${MAX_GAIN_DB.toFixed(3)}, got ${describe(gainDb)}`;
  if (typeof gainDb !== 'number') throw argumentTypeError(message);
  if (!(gainDb >= -128 && gainDb <= MAX_GAIN_DB)) throw argumentRangeError(message, 'ERR_INVALID_OPTION');
  return Math.round(gainDb * 256) & 0xffff;
}

/** Of a length that the addon will refuse, none. */
function roomOfLoss(frames: unknown): number {
  return typeof frames === 'number' && Number.isInteger(frames) && frames > 0 ? frames : 0;
}
