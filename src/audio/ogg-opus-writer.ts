/**
 * Ogg Opus written packet by packet: Opus packets in, the bytes of a file or a stream out.
 * Not here: where the packets come from; where the bytes go.
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { type NativeOggOpusWriter, native } from '../native/index.js';
import { describe, lengthOf, requireNumber, requireOptions, roomFor } from './arguments.js';

/** What an {@link OggOpusWriter} puts into the headers, and how large its pages are. */
export interface OggOpusWriterOptions {
  /**
   * Channels that the packets decode to, 1 to 8. Above 2 they are in Vorbis order (RFC 7845, 5.1.1.2), on streams as
   * libopus lays them out (mapping family 1).
   */
  channels: number;
  /**
   * Samples at 48 kHz that a player drops from the start, 0 to 65 535: the encoder's lookahead, 312 for most of what
   * libopus makes. It is counted at 48 kHz whatever the encoder's input rate was.
   */
  preSkip: number;
  /** Rate of what was encoded, in Hz, for information alone: a whole number from 0 (not told) to 4 294 967 295. */
  inputSampleRateHz: number;
  /** What a player amplifies by, in dB, −128 to 127.998; held in steps of 1/256 dB. Default 0. */
  gainDb?: number;
  /**
   * Comments such as `{ TITLE: 'Call 17', ARTIST: ['Ada', 'Grace'] }`. Names are printable ASCII without `=`, values any
   * text without a zero character. Default none.
   */
  tags?: Readonly<Record<string, string | readonly string[]>>;
  /** Serial number of the stream, 0 to 4 294 967 295. Streams of one file need different ones. Default: a random one. */
  serial?: number;
  /**
   * Most sound that a page holds, in milliseconds, 0 to 4000. 0: one packet a page, for low latency. A page comes out
   * once a packet follows that it has no place for. Default 1000.
   */
  pageMs?: number;
}

/** Where a stream of {@link OggOpusWriter} ends. */
export interface OggOpusFinishOptions {
  /**
   * How many samples there are, at 48 kHz and after the pre-skip: ⌈n · 48 000 / rate⌉ for n that were encoded. What the
   * packets hold beyond it is trimmed off, which must be less than the last packet. Default: all.
   */
  samples?: number;
}

const VENDOR = 'sluice-audio';
const MAX_PAGE_MS = 4000;

/**
 * Writes Ogg Opus (RFC 7845) of any length in constant memory: `write` or `writeInto` for each packet of an encoder,
 * `finish` at the end. Headers come with the first packet, on pages of their own.
 *
 * The last page is held back until `finish`, which ends the stream and trims it to the sample. A packet after `finish`
 * begins another link of a chained stream: the same headers, the next serial number. For other headers put what
 * a second writer makes behind the first one's bytes.
 *
 * Until `close` it keeps room for what a call may write, the tags included. Everything but `close` throws a TypeError
 * ERR_CLOSED after `close`.
 *
 * @see docs/ogg.md
 * @example
 * const packets = [Uint8Array.of(0xf8, 1, 2), Uint8Array.of(0xf8, 3, 4)]; // 20 ms each, of an encoder
 * using writer = new OggOpusWriter({ channels: 1, preSkip: 312, inputSampleRateHz: 16_000, tags: { TITLE: 'Call 17' } });
 * const pages = packets.map((packet) => writer.write(packet));
 * const file = Buffer.concat([...pages, writer.finish({ samples: 1500 })]); // 1500 / 48 000 s
 */
export class OggOpusWriter {
  readonly #native: NativeOggOpusWriter;
  /** For packets of up to so many bytes; none yet. */
  #roomFor = -1;
  #room = new Uint8Array(0);

  /**
   * @throws RangeError ERR_INVALID_CHANNELS, ERR_INVALID_RATE, ERR_INVALID_OPTION (one of the others is out of range),
   * ERR_TOO_LARGE (tags above 120 MiB, which readers may refuse: RFC 7845, 6); TypeError ERR_INVALID_ARG.
   */
  constructor(options: OggOpusWriterOptions) {
    requireOptions(options, 'new OggOpusWriter');
    const { channels, preSkip, inputSampleRateHz, gainDb = 0 } = options;
    this.#native = new native.OggOpusWriter(
      channels,
      preSkip,
      inputSampleRateHz,
      Math.round(requireNumber(gainDb, 'gainDb', -128, 127 + 255 / 256) * 256) & 0xffff,
      ...nativeStreamOptions(options),
    );
  }

  /**
   * Takes a packet, whose duration its first bytes tell, and gives the pages that it completed, in an array of their
   * own: often none.
   *
   * @param packet One Opus packet of up to 120 ms; for 3 channels and more, of several streams (RFC 7845, 5.1.1).
   * @throws FormatError ERR_OPUS_BAD_PACKET when it breaks a rule of RFC 6716, 3.4 (nothing is taken then); RangeError
   * ERR_TOO_LARGE when there is no memory for the result; TypeError ERR_INVALID_ARG.
   */
  write(packet: Uint8Array): Uint8Array<ArrayBuffer> {
    const out = this.#roomOf(lengthOf(packet));
    return out.slice(0, this.#native.writeInto(packet, out));
  }

  /**
   * Like `write`, into memory of the caller's: one native call, no allocation.
   *
   * @param out Room for at least `maxOutputBytes(packet.length)` bytes; must not share memory with `packet`.
   * @returns Bytes written to the front of `out`.
   * @throws RangeError ERR_OUTPUT_TOO_SMALL, FormatError ERR_OPUS_BAD_PACKET (nothing is taken then); TypeError
   * ERR_INVALID_ARG.
   */
  writeInto(packet: Uint8Array, out: Uint8Array): number {
    return this.#native.writeInto(packet, out);
  }

  /**
   * Bytes of room that `writeInto` wants for a packet of so many bytes, the same at any moment: headers and a whole page
   * of 65 kB are in it.
   *
   * @param packetBytes A whole number from 0.
   * @throws TypeError, RangeError ERR_INVALID_ARG unless `packetBytes` is a whole number from 0.
   */
  maxOutputBytes(packetBytes: number): number {
    return this.#native.maxOutputBytes(packetBytes);
  }

  /**
   * The end of the stream: its last page. Without any packet, the headers and a silence of 0 samples. Finished again,
   * nothing.
   *
   * @throws RangeError ERR_INVALID_LENGTH when the packets hold fewer samples, or `samples` ends before the last of them
   * (nothing is written, `finish` may be called again); TypeError ERR_INVALID_ARG.
   */
  finish(options: OggOpusFinishOptions = {}): Uint8Array<ArrayBuffer> {
    requireOptions(options, 'finish');
    const { samples } = options;
    const out = this.#roomOf(0);
    return out.slice(0, this.#native.finishInto(samples, out));
  }

  /**
   * Frees the native memory. May be called again. What is dropped without it is freed too, but only once the event loop
   * turns: in a loop that makes many, close each.
   */
  close(): void {
    this.#native.close();
    this.#room = new Uint8Array(0);
    this.#roomFor = -1;
  }

  /** `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Kept from call to call: tags and a page are larger than most of what a call writes. */
  #roomOf(packetBytes: number): Uint8Array<ArrayBuffer> {
    if (packetBytes > this.#roomFor) {
      const bytes = this.#native.maxOutputBytes(packetBytes); // the same for most packets
      if (bytes > this.#room.length) this.#room = roomFor(Uint8Array, bytes);
      this.#roomFor = packetBytes;
    }
    return this.#room;
  }
}

/** Tags, serial number and page length as the addon takes them, with their defaults. */
export function nativeStreamOptions(
  options: Pick<OggOpusWriterOptions, 'tags' | 'serial' | 'pageMs'>,
): [vendor: string, comments: string, serial: number, pageUs: number] {
  const { tags = {}, serial = Math.floor(Math.random() * 2 ** 32), pageMs = 1000 } = options;
  return [VENDOR, comments(tags), serial, Math.round(requireNumber(pageMs, 'pageMs', 0, MAX_PAGE_MS) * 1000)];
}

/** `NAME=value` of each, with a zero character behind it. */
function comments(tags: unknown): string {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags))
    throw argumentTypeError(`tags must be an object of names and texts, got ${describe(tags)}`);
  return Object.entries(tags)
    .flatMap(([name, values]) => [values].flat().map((value) => comment(name, value)))
    .join('');
}

function comment(name: string, value: unknown): string {
  if (typeof value !== 'string')
    throw argumentTypeError(`tags.${name} must be a string or an array of strings, got ${describe(value)}`);
  if (name.includes('=') || name.includes('\0') || value.includes('\0'))
    throw argumentRangeError(
      `tags.${name}: no name may hold '=', and no text a zero character`,
      'ERR_INVALID_OPTION',
    );
  return `${name}=${value}\0`;
}
