/**
 * Ogg Opus taken apart in a stream: bytes in, packets out.
 * Not here: how Ogg is read (audio/ogg-opus-reader.ts); the packets' sound (opus-decoder-stream.ts).
 */
import { type OggOpusInfo, type OggOpusPacket, OggOpusReader } from '../audio/index.js';
import { AudioTransform, type AudioTransformOptions } from './audio-transform.js';
import { type OpusPacketBuffer, packetBuffer } from './opus-packets.js';

/** Some 100 packets of speech: those of one slice come out together. */
const SLICE_BYTES = 8192;

/**
 * Takes the bytes of an Ogg Opus file or stream, gives its packets: an {@link OpusPacketBuffer} each, in object mode, so
 * that prism-media's `opus.Decoder` and @discordjs/voice (`StreamType.Opus`) take them as well as `OpusDecoderStream`.
 *
 * Pages that are damaged, lost or of other streams, packets that span pages, chained links: as `OggOpusReader`, with its
 * errors, which destroy the stream once all packets before them were handed out. The gain of a header is not applied to
 * packets: `info.links` tells it.
 *
 * @see docs/ogg.md, docs/recipes/discord.md
 * @example
 * import { createReadStream } from 'node:fs';
 *
 * const demuxer = createReadStream('call.opus').pipe(new OggOpusDemuxer());
 * let samples = 0;
 * for await (const packet of demuxer) samples += packet.end - packet.begin;
 * console.log(samples / 48_000, demuxer.info?.warnings);
 */
export class OggOpusDemuxer extends AudioTransform {
  readonly #reader = new OggOpusReader();
  /** Kept when the reader is closed. */
  #info: OggOpusInfo | undefined;

  /** @throws TypeError, RangeError ERR_INVALID_ARG, ERR_INVALID_OPTION */
  constructor(options: AudioTransformOptions = {}) {
    super(options, {
      input: { container: 'ogg' },
      output: { container: 'packets' },
      sliceBytes: SLICE_BYTES,
    });
  }

  /** What was found so far, of the whole file at its end; undefined before the first link's headers are complete. */
  get info(): OggOpusInfo | undefined {
    return this.destroyed ? this.#info : this.#reader.info;
  }

  /** The packets. Leaving the loop early destroys the stream. */
  override [Symbol.asyncIterator](): ReturnType<AudioTransform[typeof Symbol.asyncIterator]> &
    AsyncIterator<OpusPacketBuffer> {
    return super[Symbol.asyncIterator]();
  }

  protected override processAudio(bytes: Buffer): void {
    this.#handOut(this.#reader.process(bytes));
  }

  protected override endAudio(): void {
    this.#handOut(this.#reader.flush());
  }

  protected override release(): void {
    this.#info = this.#reader.info;
    this.#reader.close();
  }

  #handOut(packets: OggOpusPacket[]): void {
    for (const packet of packets) {
      const { buffer, byteOffset, length } = packet.bytes;
      this.push(packetBuffer(Buffer.from(buffer, byteOffset, length), packet));
    }
  }
}
