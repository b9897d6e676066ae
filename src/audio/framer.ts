/**
 * The fused hot path towards the speech service: source bytes in, complete text messages out, one native call per
 * chunk. Not here: which wire format to choose (plan.ts); sockets.
 */
import { argumentTypeError } from '../errors.js';
import {
  type AudioFormat,
  type RawAudioFormat,
  WIRE_FORMATS,
  type WireAudio,
  type WireFormat,
  wireAudio,
} from '../format.js';
import { type NativeAudioFramer, native } from '../native/index.js';
import { describe, requireOptions, requireWord } from './arguments.js';
import { type WavInfo, wavInfo } from './probe.js';

/** What an {@link AudioFramer} reads and what it writes. */
export interface AudioFramerOptions {
  /** What the bytes are: a WAV or raw samples. Ogg Opus is decoded by `OggOpusDecoder`, and its samples framed. */
  from: AudioFormat;
  /**
   * What the service gets. A `wav` (from a WAV source) is passed through, cut into messages. Not `opus`, whose messages
   * hold whole pages: those of `OggPageReader`, or what `OggOpusEncoder` gives.
   */
  to: WireFormat;
  /** 80 ms steps in each message, 1 to 125. Default 1. */
  stepsPerMessage?: number;
  /** `client_req_id` of every message, for several sessions on one socket; escaped once. At most 1 024 bytes of JSON. */
  clientReqId?: string;
  /**
   * Size of a WAV source in bytes, where it is known beforehand. It settles some broken headers as `readWav` and
   * `probeAudio` do, which know it. It is that of the first source: `reset` forgets it.
   */
  sourceBytes?: number;
}

/** `wav` has no rate of its own here: a step of its bytes is as long as one of 24 kHz samples. */
const OPAQUE_WIRE: WireAudio = { encoding: 's16le', sampleRateHz: 24_000 };

/**
 * Turns source bytes (WAV, raw samples of any encoding, G.711) into `{"type":"audio","audio":"…"}` messages: parses,
 * converts, mixes to mono, resamples, encodes. Where source and wire agree the samples pass untouched.
 * The messages do not depend on where the input was cut.
 *
 * All messages but the last have the same length, `messageBytes`, so the output is a run of equal messages.
 * Everything but `close` throws a TypeError ERR_CLOSED after `close`.
 *
 * @see wire reference, sections 2.2 (`audio`) and 2.5
 * @example
 * using framer = new AudioFramer({ from: { encoding: 'mulaw', sampleRateHz: 8000 }, to: 'pcm_24000' });
 * const chunk = new Uint8Array(160).fill(0xff); // 20 ms of a telephone line
 * const out = new Uint8Array(framer.maxOutputBytes(chunk.length));
 * const messages = out.subarray(0, framer.processInto(chunk, out));
 */
export class AudioFramer {
  readonly #native: NativeAudioFramer;

  /** @throws TypeError or RangeError ERR_INVALID_ARG, ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_LENGTH. */
  constructor(options: AudioFramerOptions) {
    requireOptions(options, 'new AudioFramer');
    const { from, to, stepsPerMessage = 1, clientReqId, sourceBytes } = options;
    const wireName = requireWord(to, 'to', WIRE_FORMATS);
    const source = sourceOf(from, wireName);
    const { encoding, sampleRateHz } = wireAudio(wireName, 'input') ?? OPAQUE_WIRE;
    this.#native = new native.AudioFramer(
      source.kind,
      source.encoding,
      source.sampleRateHz,
      source.channels,
      encoding,
      sampleRateHz,
      stepsPerMessage,
      jsonString(clientReqId),
      sourceBytes,
    );
  }

  /**
   * Takes all of `chunk` and writes the messages that are complete: one native call, no allocation.
   *
   * @param out Room for `maxOutputBytes(chunk.length)` bytes; must not share memory with `chunk`.
   * @returns Bytes written: a whole number of messages, so a multiple of `messageBytes`.
   * @throws FormatError, UnsupportedError from the WAV header: the stream is over then, and this and `flushInto` throw the
   * same until `reset`.
   * @throws RangeError ERR_OUTPUT_TOO_SMALL (nothing is taken then); TypeError ERR_INVALID_ARG.
   */
  processInto(chunk: Uint8Array, out: Uint8Array): number {
    return this.#native.processInto(chunk, out);
  }

  /**
   * Room that `processInto` wants for so many bytes of input: the same at any moment, so ask once. Only before a WAV's
   * header is known it is larger, since it bounds every possible header: feed the first kilobytes by themselves.
   *
   * @param inputBytes A whole number from 0.
   * @returns Bytes.
   * @throws TypeError ERR_INVALID_ARG for anything but a number; RangeError ERR_INVALID_ARG for one that is not whole,
   * below 0 or above 2^36.
   */
  maxOutputBytes(inputBytes: number): number {
    return this.#native.maxOutputBytes(inputBytes);
  }

  /**
   * The end of the source: the resampler's tail and the last, shorter message. What is processed after it begins a
   * new source.
   *
   * @param out Room for `maxFlushBytes` bytes.
   * @returns Bytes written: whole messages, of which only the last may be shorter than `messageBytes`.
   * @throws FormatError when a WAV ended before its audio began; RangeError ERR_OUTPUT_TOO_SMALL; TypeError
   * ERR_INVALID_ARG.
   */
  flushInto(out: Uint8Array): number {
    return this.#native.flushInto(out);
  }

  /** Room that `flushInto` wants, in bytes, as things stand. */
  get maxFlushBytes(): number {
    return this.#native.maxFlushBytes();
  }

  /** Length of every message but the last, in bytes. */
  get messageBytes(): number {
    return this.#native.messageBytes();
  }

  /** Frames (mono, so samples too) handed out in messages so far, at the wire's rate; 0 for `wav`. */
  get wireFrames(): number {
    return this.#native.wireFrames();
  }

  /** Bytes of an unfinished frame at the source's end, which `flushInto` dropped. */
  get leftoverBytes(): number {
    return this.#native.leftoverBytes();
  }

  /**
   * What a WAV source's header said, once it is known; undefined for other sources. `frames`, `missingFrames` and
   * `warnings` are those so far: read it again after `flushInto` for the whole file's.
   */
  get sourceInfo(): WavInfo | undefined {
    const facts = this.#native.sourceInfo();
    return facts && wavInfo(facts);
  }

  /** As new, for the next source with the same options. */
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

interface NativeSource {
  kind: 'wav' | 'raw' | 'opaque';
  encoding?: RawAudioFormat['encoding'];
  sampleRateHz?: number;
  channels?: number;
}

function sourceOf(from: AudioFormat, to: WireFormat): NativeSource {
  if (to === 'opus') {
    throw argumentTypeError(
      "to: 'opus' is not framed: its messages hold whole pages, which OggPageReader finds and OggOpusEncoder makes",
    );
  }
  requireOptions(from, "AudioFramer's from");
  const { container = 'raw' } = from;
  requireWord(container, 'from.container', ['raw', 'wav', 'ogg']);
  if (from.container === 'ogg') {
    throw argumentTypeError(
      "from: { container: 'ogg' } is not framed: decode it with OggOpusDecoder and frame its samples, or send its pages",
    );
  }
  if (to === 'wav' && container !== 'wav')
    throw argumentTypeError("to: 'wav' passes a WAV source through; from must be { container: 'wav' }");
  if (to === 'wav') return { kind: 'opaque' };
  if (from.container === 'wav') return { kind: 'wav' };
  const { encoding, sampleRateHz, channels = 1 } = from;
  return { kind: 'raw', encoding, sampleRateHz, channels };
}

function jsonString(clientReqId: string | undefined): string {
  if (clientReqId === undefined) return '';
  if (typeof clientReqId !== 'string')
    throw argumentTypeError(`clientReqId must be a string, got ${describe(clientReqId)}`);
  return JSON.stringify(clientReqId);
}
