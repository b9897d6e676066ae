/**
 * Ogg Opus put together in a stream: packets in, bytes out.
 * Not here: how Ogg is written (audio/ogg-opus-writer.ts); where packets come from (opus-encoder-stream.ts).
 */

import { requireOptions } from '../audio/arguments.js';
import { OggOpusWriter, type OggOpusWriterOptions } from '../audio/index.js';
import type { AudioTransformOptions } from './audio-transform.js';
import {
  keptOf,
  type LinkFacts,
  linkOf,
  type OpusPacketBuffer,
  packetBuffer,
  packetSamples,
  placeholder,
  refuseOgg,
} from './opus-packets.js';
import { Stage } from './stage.js';
import { StageStream } from './stage-stream.js';

/** What an {@link OggOpusMuxer} writes into the headers, and how large its pages are. */
export interface OggOpusMuxerOptions
  extends Pick<OggOpusWriterOptions, 'tags' | 'serial' | 'pageMs'>,
    AudioTransformOptions {
  /**
   * Channels that players decode the packets to, 1 to 8. Default: what the packets say, where they are an
   * {@link OpusPacketBuffer}; else 2, to which packets of one channel decode as well.
   */
  channels?: number;
  /** What a player amplifies by, in dB, −128 to 127.998. Default: what the packets say, or 0. */
  gainDb?: number;
  /**
   * Samples at 48 kHz that a player drops from the start, 0 to 65 535. Default: what the first packets say, where they are
   * an {@link OpusPacketBuffer}; else 312, the lookahead of libopus.
   */
  preSkip?: number;
  /** Rate of what was encoded, in Hz, for information alone: a whole number from 0 (not told). Default 48 000. */
  inputSampleRateHz?: number;
}

const OPUS_RATE_HZ = 48_000;
/** The lookahead of libopus, in samples at that rate. */
const USUAL_PRE_SKIP = 312;
const MAX_PRE_SKIP = 65_535;
/** Of packets that do not say. */
const USUAL_CHANNELS = 2;
const NO_PACKET = new Uint8Array(0);
/** Of a packet of 20 ms. */
const USUAL_BEGINNING = Uint8Array.of(0xf8, 0);
/** More than 20 ms of speech take at 128 kb/s. */
const USUAL_PACKET_BYTES = 320;

/**
 * Takes Opus packets, one Buffer or Uint8Array each, gives the bytes of an Ogg Opus file or stream. Packets may come from
 * `OpusEncoderStream`, `OggOpusDemuxer`, prism-media's `opus.Encoder` or a voice connection of @discordjs/voice.
 *
 * Where packets say what of them counts ({@link OpusPacketBuffer}) the file is as exact: pre-skip, end, gain, and a link
 * for each link. An empty packet stands for a lost one, as long as the packet before it (at first 20 ms): a player conceals
 * it. Of more than two channels none may be lost.
 *
 * The bytes of a page come out once a packet follows that it has no place for: `pageMs` (1000 by default) is the latency.
 * No packets become a file of 0 samples.
 *
 * Packets that are none destroy the stream with a FormatError ERR_OPUS_BAD_PACKET, other values with a TypeError
 * ERR_INVALID_ARG.
 *
 * @see docs/ogg.md, docs/recipes/discord.md
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const pcm = createReadStream('call.pcm'); // s16le, 48 kHz, stereo
 * const encoder = new OpusEncoderStream({ sampleRateHz: 48_000, channels: 2 });
 * await pipeline(pcm, encoder, new OggOpusMuxer(), createWriteStream('call.opus'));
 */
export class OggOpusMuxer extends StageStream {
  /**
   * @throws RangeError ERR_INVALID_CHANNELS, ERR_INVALID_RATE, ERR_INVALID_OPTION, ERR_TOO_LARGE; TypeError, RangeError
   * ERR_INVALID_ARG: as `OggOpusWriter`.
   */
  constructor(options: OggOpusMuxerOptions = {}) {
    requireOptions(options, 'new OggOpusMuxer');
    const stage = new MuxStage(options);
    super(options, { input: { container: 'packets' }, output: stage.format }, stage);
  }
}

/** What a link's headers hold. */
type LinkOptions = OggOpusMuxerOptions & { channels: number };

/** Packets to the bytes of Ogg Opus. */
export class MuxStage extends Stage {
  override readonly format = { container: 'ogg' } as const;
  readonly #options: OggOpusMuxerOptions;
  readonly #headers: ((said: LinkFacts) => OggOpusMuxerOptions) | undefined;
  #link: Link | undefined;
  #linkId: number | undefined;
  #links = 0;
  /** Packets of which nothing counts: a pre-skip that goes on, or what lies behind the end and is left out. */
  #held: Uint8Array[] = [];
  #heldSamples = 0;
  /** Of the packet before, how long it is and how many channels it has: its memory is its writer's again. */
  readonly #before = USUAL_BEGINNING.slice();
  #channelsBefore: number | undefined;

  /** @param headers What else is known of a link of which packets say something, where `options` say nothing. */
  constructor(options: OggOpusMuxerOptions, headers?: (said: LinkFacts) => OggOpusMuxerOptions) {
    super();
    // Mistakes show here, not at the first packet.
    const { channels = USUAL_CHANNELS, preSkip = USUAL_PRE_SKIP } = options;
    new Link({ ...options, channels }, preSkip).writer.close();
    this.#options = options;
    this.#headers = headers;
  }

  override process(given: Buffer): void {
    refuseOgg(given, 'OggOpusMuxer');
    const packet = given.length > 0 || this.#isSurround ? given : placeholder(this.#before);
    this.#follow(linkOf(given).link);
    this.#remember(packet);
    if (!this.#hold(packet)) this.#writeHeld(keptOf(packet, packetSamples(packet)).begin, packet);
  }

  override end(): void {
    this.#finishLink();
  }

  override release(): void {
    this.#link?.writer.close();
  }

  /** Where no placeholder stands for a lost packet. */
  get #isSurround(): boolean {
    return (this.#options.channels ?? this.#channelsBefore ?? USUAL_CHANNELS) > 2;
  }

  #remember(packet: Uint8Array): void {
    this.#before[0] = packet[0] ?? 0;
    this.#before[1] = packet[1] ?? 0;
    this.#channelsBefore = linkOf(packet).channels;
  }

  /** A packet that does not say which link it belongs to goes on with the one before it. */
  #follow(linkId: number | undefined): void {
    if (linkId === undefined) return;
    if (this.#linkId !== undefined && linkId !== this.#linkId) this.#finishLink();
    this.#linkId = linkId;
  }

  /** No more of them than a pre-skip can be long. */
  #hold(packet: Uint8Array): boolean {
    const samples = packetSamples(packet);
    const { begin, end } = keptOf(packet, samples);
    if (begin < end || samples === 0 || this.#heldSamples + samples > MAX_PRE_SKIP) return false;
    this.#held.push(packetBuffer(Buffer.from(packet), packet as OpusPacketBuffer));
    this.#heldSamples += samples;
    return true;
  }

  #writeHeld(begin: number, packet?: Uint8Array): void {
    const told = this.#linkId === undefined ? USUAL_PRE_SKIP : this.#heldSamples + begin;
    const { preSkip = told } = this.#options;
    this.#link ??= this.#newLink(
      Math.min(preSkip, MAX_PRE_SKIP),
      linkOf(this.#held[0] ?? packet ?? NO_PACKET),
    );
    for (const each of this.#held) this.#give(this.#link.write(each));
    if (packet) this.#give(this.#link.write(packet));
    this.#dropHeld();
  }

  #newLink(preSkip: number, said: LinkFacts): Link {
    const { channels = said.channels ?? USUAL_CHANNELS, gainDb = said.gainDb ?? 0 } = this.#options;
    return new Link({ ...this.#headers?.(said), ...this.#options, channels, gainDb }, preSkip, this.#links++);
  }

  #finishLink(): void {
    if (!this.#link) this.#writeHeld(0);
    this.#give(this.#link?.finish());
    this.#link = undefined;
    this.#dropHeld();
    this.#before.set(USUAL_BEGINNING);
    this.#channelsBefore = undefined;
  }

  #dropHeld(): void {
    if (this.#held.length === 0) return;
    this.#held = [];
    this.#heldSamples = 0;
  }

  #give(pages: Uint8Array<ArrayBuffer> | undefined): void {
    if (pages && pages.length > 0) this.give(Buffer.from(pages.buffer, pages.byteOffset, pages.length));
  }
}

/** One stream of a file, of which most have one. */
class Link {
  readonly writer: OggOpusWriter;
  readonly #preSkip: number;
  /** For packets of up to so many bytes; none yet. */
  #roomFor = -1;
  #room = new Uint8Array(0);
  #samples = 0;
  /** Of the last packet, what lies behind the end. */
  #tail = 0;

  /** @param index of the link: each has the next serial number */
  constructor(options: LinkOptions, preSkip: number, index = 0) {
    const facts = { inputSampleRateHz: OPUS_RATE_HZ, ...options, preSkip };
    // The first as it was given: the writer checks it.
    if (index > 0 && options.serial !== undefined) facts.serial = (options.serial + index) % 2 ** 32;
    this.writer = new OggOpusWriter(facts);
    this.#preSkip = preSkip;
  }

  /** The pages that the packet completed: mostly none. */
  write(packet: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    if (packet.length > this.#roomFor) this.#makeRoom(packet.length);
    const written = this.writer.writeInto(packet, this.#room);
    const samples = packetSamples(packet);
    this.#samples += samples;
    this.#tail = samples - keptOf(packet, samples).end;
    return written === 0 ? undefined : this.#room.slice(0, written);
  }

  /** For a packet of that size, or a usual one. */
  #makeRoom(packetBytes: number): void {
    this.#roomFor = Math.max(packetBytes, USUAL_PACKET_BYTES);
    this.#room = new Uint8Array(this.writer.maxOutputBytes(this.#roomFor));
  }

  finish(): Uint8Array<ArrayBuffer> {
    const samples = this.#samples - this.#preSkip - this.#tail;
    const pages = this.writer.finish(this.#tail > 0 && samples >= 0 ? { samples } : {});
    this.writer.close();
    return pages;
  }
}
