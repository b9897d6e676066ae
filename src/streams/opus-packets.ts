/**
 * What travels between streams of Opus packets: one Buffer for each packet, which may say what of its sound counts.
 * Not here: the streams themselves (ogg-opus-demuxer.ts and its neighbours); checks of packets (the addon).
 */
import type { OggOpusPacket } from '../audio/index.js';
import { argumentTypeError } from '../errors.js';

/**
 * A packet as our streams hand it out, one for each `data` event: a Buffer, as prism-media and @discordjs/voice want it,
 * and beside its bytes what {@link OggOpusPacket} says of it, in samples at 48 kHz. `OpusDecoderStream` drops by that what
 * does not count and applies the gain, `OggOpusMuxer` writes it into the file. Of a packet that comes from elsewhere, a
 * mere Buffer or Uint8Array, all of its sound counts.
 */
export type OpusPacketBuffer = Buffer & Omit<OggOpusPacket, 'bytes'>;

/** In samples at 48 kHz. What a lost packet is taken to have held where none came before it: 20 ms. */
export const DEFAULT_PACKET_SAMPLES = 960;

export function packetBuffer(bytes: Buffer, facts: Omit<OggOpusPacket, 'bytes'>): OpusPacketBuffer {
  // One by one, always in the same order: half the time of Object.assign.
  const packet = bytes as OpusPacketBuffer;
  packet.samples = facts.samples;
  packet.begin = facts.begin;
  packet.end = facts.end;
  packet.link = facts.link;
  packet.position = facts.position;
  packet.channels = facts.channels;
  packet.gainDb = facts.gainDb;
  return packet;
}

/** What a packet says of the link that it belongs to, if it says anything. */
export type LinkFacts = Partial<Pick<OpusPacketBuffer, 'link' | 'channels' | 'gainDb'>>;

export function linkOf(packet: Uint8Array): LinkFacts {
  return packet as Partial<OpusPacketBuffer>;
}

/** What a packet says of itself, or all of its `samples`. */
export function keptOf(packet: Uint8Array, samples: number): { begin: number; end: number } {
  const { begin = 0, end = samples } = packet as Partial<OpusPacketBuffer>;
  return 0 <= begin && begin <= end && end <= samples ? { begin, end } : { begin: 0, end: samples };
}

/** @throws TypeError ERR_FORMAT_MISMATCH where Ogg comes in place of packets. */
export function refuseOgg(packet: Buffer, taker: string): void {
  // No packet begins so: 'O' is a TOC of 20 ms frames, behind which 'g' says that there are 39; 120 ms is the most.
  if (packet[0] !== OGG_MAGIC[0] || packet.length < OGG_MAGIC.length) return;
  if (packet.compare(OGG_MAGIC, 0, 4, 0, 4) !== 0) return;
  throw argumentTypeError(
    `${taker} takes Opus packets, and what comes is an Ogg file: put OggOpusDemuxer before it.`,
    'ERR_FORMAT_MISMATCH',
  );
}

const OGG_MAGIC = Buffer.from('OggS');

/**
 * Samples at 48 kHz of a packet that is known to be valid and of one stream, or for more streams of their first, which is
 * the same (RFC 6716, 3.1 and 3.2).
 */
export function packetSamples(packet: Uint8Array): number {
  const [toc = 0, count = 0] = packet;
  const config = toc >> 3;
  return frameSamples(config) * ([1, 2, 2, count & 0x3f][toc & 3] as number);
}

/** Of one frame, by the configuration number (RFC 6716, table 2): SILK, hybrid, CELT. */
function frameSamples(config: number): number {
  if (config < 12) return [480, 960, 1920, 2880][config & 3] as number;
  if (config < 16) return [480, 960][config & 1] as number;
  return 120 << (config & 3);
}

/**
 * A packet that stands for a lost one, as long as the one before it, of which the first two bytes tell: frames of no bytes,
 * which a decoder conceals (RFC 6716, 3.2.1; RFC 7845, 4.1).
 */
export function placeholder(before: Uint8Array): Uint8Array {
  const [toc = 0, count = 0] = before;
  const frames = [1, 2, 2, count & 0x3f][toc & 3] as number;
  return frames === 1 ? Uint8Array.of(toc & 0xfc) : Uint8Array.of(toc | 3, frames);
}
