/**
 * Ogg Opus taken apart in a stream: bytes in, packets out.
 * Not here: how Ogg is read (audio/ogg-opus-reader.ts); the packets' sound (opus-decoder-stream.ts).
 */
import { type OggOpusInfo, type OggOpusPacket, OggOpusReader } from '../audio/index.js';
import type { AudioTransform, AudioTransformOptions } from './audio-transform.js';
import { type OpusPacketBuffer, packetBuffer } from './opus-packets.js';
import { Stage } from './stage.js';
import { StageStream } from './stage-stream.js';

/** Some 100 packets of speech: those of one slice come out together. */
export const DEMUX_SLICE_BYTES = 8192;

/**
 * Takes the bytes of an Ogg Opus file or stream, gives its packets: an {@link OpusPacketBuffer} each, in object mode, so
 * that prism-media's `opus.Decoder` and @discordjs/voice (`StreamType.Opus`) take them as well as `OpusDecoderStream`.
 *
 * Pages that are damaged, lost or of other streams, packets that span pages, chained links: as `OggOpusReader`, with its
 * errors, which destroy the stream; packets that nobody has read by then are gone, as with any stream. The gain of a
 * header is not in the packets' bytes: each packet tells it as `gainDb`, `OpusDecoderStream` applies it, `OggOpusMuxer` writes it.
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
export class OggOpusDemuxer extends StageStream {
  /** @throws TypeError, RangeError ERR_INVALID_ARG, ERR_INVALID_OPTION */
  constructor(options: AudioTransformOptions = {}) {
    const traits = { input: OGG, output: PACKETS, sliceBytes: DEMUX_SLICE_BYTES };
    super(options, traits, new DemuxStage());
  }

  /** What was found so far, of the whole file at its end; undefined before the first link's headers are complete. */
  get info(): OggOpusInfo | undefined {
    return this.sourceInfo as OggOpusInfo | undefined;
  }

  /** The packets. Leaving the loop early destroys the stream. */
  override [Symbol.asyncIterator](): ReturnType<AudioTransform[typeof Symbol.asyncIterator]> &
    AsyncIterator<OpusPacketBuffer> {
    return super[Symbol.asyncIterator]();
  }
}

const OGG = { container: 'ogg' } as const;
const PACKETS = { container: 'packets' } as const;

/** The bytes of Ogg Opus to packets. */
export class DemuxStage extends Stage {
  override readonly format = PACKETS;
  readonly #reader = new OggOpusReader();

  override get info(): OggOpusInfo | undefined {
    return this.#reader.info;
  }

  override process(bytes: Buffer): void {
    this.#handOut(this.#reader.process(bytes));
  }

  override end(): void {
    this.#handOut(this.#reader.flush());
  }

  override release(): void {
    this.#reader.close();
  }

  #handOut(packets: OggOpusPacket[]): void {
    for (const packet of packets) {
      const { buffer, byteOffset, length } = packet.bytes;
      this.give(packetBuffer(Buffer.from(buffer, byteOffset, length), packet));
    }
  }
}
