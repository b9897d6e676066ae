/**
 * Ogg Opus read packet by packet: bytes in as they come, Opus packets out.
 * Not here: their sound (ogg-opus-decoder.ts, opus.ts); whole files (ogg-opus.ts).
 */
import { type NativeOggOpusReader, type NativeOggParts, native } from '../native/index.js';
import { type OggOpusInfo, oggOpusInfo } from './probe.js';

/** One Opus packet, and which of its samples count. All at 48 kHz. */
export interface OggOpusPacket {
  /** The packet; all that one call gives share one buffer. */
  bytes: Uint8Array<ArrayBuffer>;
  /** What it decodes to, in samples per channel: 120 to 5760. */
  samples: number;
  /** Of them those from `begin` up to `end` count, 0 ≤ begin ≤ end ≤ samples: the others are pre-skip or end trim. */
  begin: number;
  /**
   * See `begin`. Where none count, decode the packet all the same: it shapes those that follow.
   */
  end: number;
  /** Which of `info.links` it belongs to: from 0. */
  link: number;
  /** How many samples of its link count before it. */
  position: number;
  /** Channels that its link decodes to: 1 to 255. Above 2 the packet holds several streams. */
  channels: number;
  /** What its link's header says to amplify by, in dB: −128 to 127.996, in steps of 1/256. */
  gainDb: number;
}

/**
 * Reads the packets of an Ogg Opus file or stream in chunks of any size: `process` for each, `flush` at the end. Pages
 * that are damaged, lost, doubled or of other streams, packets that span pages, chained links: as `readOggOpus` reads
 * them, with the same errors and warnings, in memory that grows with the links of a chain alone. The packets do not depend on where the input
 * was cut: those before an error are handed out, and the call after throws it (`flush` at once).
 *
 * One call gives 1 048 576 packets at most, 5.8 hours of 20 ms: each is an object, and the process ends where V8's heap
 * does. At a chunk with more it throws a RangeError ERR_TOO_LARGE, and the reader is as after `reset`: read the file from
 * its beginning in smaller chunks. None of up to 2 MB holds as many.
 *
 * After a FormatError or UnsupportedError the file is over, and `process` and `flush` throw the same until `reset`.
 * Everything but `close` throws a TypeError ERR_CLOSED after `close`.
 *
 * @see docs/ogg.md, with every decision where the format leaves room
 * @example
 * import { createReadStream } from 'node:fs';
 *
 * using reader = new OggOpusReader();
 * let samples = 0;
 * for await (const chunk of createReadStream('call.opus')) {
 *   for (const packet of reader.process(chunk)) samples += packet.end - packet.begin;
 * }
 * for (const packet of reader.flush()) samples += packet.end - packet.begin;
 * console.log(samples / 48_000, reader.info?.warnings);
 */
export class OggOpusReader {
  readonly #native: NativeOggOpusReader = new native.OggOpusReader();

  /**
   * Takes all of a chunk and gives the packets that end in it, in one native call.
   *
   * @param chunk The next bytes of the file; a Buffer is fine. Behind a `flush` they begin another file.
   * @throws FormatError, UnsupportedError as `readOggOpus`; RangeError ERR_TOO_LARGE when there are more than 1 048 576
   * packets (the reader is as after `reset` then), or no memory for the result; TypeError ERR_INVALID_ARG.
   */
  process(chunk: Uint8Array): OggOpusPacket[] {
    return packets(this.#native.process(chunk));
  }

  /**
   * No byte follows: the packets that come to light behind a page that was cut; mostly none. `info` is of the whole
   * file then.
   *
   * @throws FormatError, UnsupportedError as `readOggOpus`; RangeError ERR_TOO_LARGE when there is no memory for the
   * result.
   */
  flush(): OggOpusPacket[] {
    return packets(this.#native.flush());
  }

  /** What was found so far, of the whole file after `flush`; undefined before the first link's headers are complete. */
  get info(): OggOpusInfo | undefined {
    const facts = this.#native.info();
    return facts && oggOpusInfo(facts);
  }

  /** Forgets the file: as new, for the next one. */
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

const COLUMNS = 9;

function packets(parts: NativeOggParts | undefined): OggOpusPacket[] {
  if (parts === undefined) return [];
  // To read the buffer once and to make the array in its size halves the time that JavaScript takes for each packet.
  const { table } = parts;
  const { buffer } = parts.bytes;
  const found = new Array<OggOpusPacket>(table.length / COLUMNS);
  for (let i = 0, row = 0, at = 0; i < found.length; i++, row += COLUMNS) {
    const size = table[row] as number;
    found[i] = {
      bytes: new Uint8Array(buffer, at, size),
      samples: table[row + 1] as number,
      begin: table[row + 2] as number,
      end: table[row + 3] as number,
      link: table[row + 4] as number,
      position: (table[row + 6] as number) * 2 ** 32 + (table[row + 5] as number),
      channels: table[row + 7] as number,
      gainDb: (((table[row + 8] as number) << 16) >> 16) / 256,
    };
    at += size;
  }
  return found;
}
