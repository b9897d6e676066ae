/**
 * The voice's samples to the bytes of audio messages, in any output format.
 * Not here: the voice (voice.ts), when messages are sent and what times they carry (tts-session.ts).
 */
import { encodeAlaw, encodeMulaw, OggOpusWriter, OpusEncoder } from '../audio/index.js';
import { STEP_MS, type WireAudio, type WireFormat, wireAudio } from '../format.js';

/** What one audio message holds. */
export interface Piece {
  bytes: Uint8Array;
  /** Of sound that is in the bytes, at the encoder's rate; 0 for headers. */
  samples: number;
}

/** The samples of the pieces add up to those of the steps once `finish` was called. */
export interface OutputEncoder {
  readonly sampleRateHz: number;
  /** What goes out before any sound is there. */
  start(): Piece[];
  /** Takes one step, and gives what can go out by now. */
  encode(step: Int16Array): Piece[];
  /** The end of the sound: what was held back. */
  finish(): Piece[];
  /** Frees what it holds. May be called again. */
  close(): void;
}

export function outputEncoder(format: WireFormat): OutputEncoder {
  if (format === 'opus') return new OpusOutput();
  // A WAV from the service is 48 kHz, 16 bits, mono.
  const { encoding, sampleRateHz } = wireAudio(
    format === 'wav' ? 'pcm_48000' : format,
    'output',
  ) as WireAudio;
  return new SampleOutput(encoding, sampleRateHz, format === 'wav');
}

/** A step is a message. */
class SampleOutput implements OutputEncoder {
  readonly sampleRateHz: number;
  readonly #encoding: WireAudio['encoding'];
  readonly #isWav: boolean;

  constructor(encoding: WireAudio['encoding'], sampleRateHz: number, isWav: boolean) {
    this.#encoding = encoding;
    this.sampleRateHz = sampleRateHz;
    this.#isWav = isWav;
  }

  start(): Piece[] {
    return this.#isWav ? [{ bytes: streamedWavHeader(this.sampleRateHz), samples: 0 }] : [];
  }

  encode(step: Int16Array): Piece[] {
    return [{ bytes: this.#bytesOf(step), samples: step.length }];
  }

  finish(): Piece[] {
    return [];
  }

  close(): void {
    // Holds nothing outside the JavaScript heap.
  }

  #bytesOf(step: Int16Array): Uint8Array {
    if (this.#encoding === 'mulaw') return encodeMulaw(step);
    if (this.#encoding === 'alaw') return encodeAlaw(step);
    return new Uint8Array(step.buffer, step.byteOffset, step.byteLength); // Node runs on little-endian machines only
  }
}

/** Opus takes no rate above it, and its granules count at no other (RFC 7845 §4). */
const OPUS_HZ = 48_000;
/** At 24 kb/s, 1 of 150 long words of rare scripts was not understood any more; at 32 kb/s, all were. */
const OPUS_BITRATE = 32_000;

/**
 * Ogg Opus: packets of 20 ms, a page for each 80 ms. The two header pages are the first piece, each further page is one.
 *
 * A page is complete once a packet follows, since the last one is to say that it is: it comes one step late. What sounds
 * in a page begins and ends 6.5 ms, the encoder's lookahead, before the steps that it was made of; so n steps are n + 1
 * pages, the first 6.5 ms short, the last holding these, trimmed to the sample (RFC 7845 §4.4).
 */
class OpusOutput implements OutputEncoder {
  readonly sampleRateHz = OPUS_HZ;
  readonly #encoder = new OpusEncoder({
    sampleRateHz: OPUS_HZ,
    bitrate: OPUS_BITRATE,
    application: 'audio',
  });
  readonly #preSkip = this.#encoder.lookaheadFrames;
  readonly #writer = new OggOpusWriter({
    channels: 1,
    preSkip: this.#preSkip,
    inputSampleRateHz: OPUS_HZ,
    pageMs: STEP_MS,
  });
  #samplesIn = 0;
  #samplesOut = 0;

  start(): Piece[] {
    return [];
  }

  encode(step: Int16Array): Piece[] {
    this.#samplesIn += step.length;
    return this.#write(step);
  }

  finish(): Piece[] {
    const pushedOut = this.#write(new Int16Array(this.#encoder.frameSamples)); // more than the lookahead
    return [...pushedOut, this.#piece(this.#writer.finish({ samples: this.#samplesIn }))];
  }

  close(): void {
    this.#encoder.close();
    this.#writer.close();
  }

  /** @param samples a whole number of packets */
  #write(samples: Int16Array): Piece[] {
    const pieces: Piece[] = [];
    const packetSamples = this.#encoder.frameSamples;
    for (let from = 0; from < samples.length; from += packetSamples) {
      const packet = this.#encoder.encode(samples.subarray(from, from + packetSamples));
      const bytes = this.#writer.write(packet); // both headers, a page, or nothing
      if (bytes.length > 0) pieces.push(this.#piece(bytes));
    }
    return pieces;
  }

  #piece(bytes: Uint8Array<ArrayBuffer>): Piece {
    // RFC 3533 §6: the granule position is at byte 6 of a page; a header's is 0.
    const granule = Number(new DataView(bytes.buffer).getBigInt64(6, true));
    const soundsUntil = Math.max(0, granule - this.#preSkip);
    const samples = soundsUntil - this.#samplesOut;
    this.#samplesOut = soundsUntil;
    return { bytes, samples };
  }
}

/** 44 bytes with both sizes unknown: a stream has no length yet. */
function streamedWavHeader(sampleRateHz: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(0xffff_ffff, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // integer PCM
  header.writeUInt16LE(1, 22); // channels
  header.writeUInt32LE(sampleRateHz, 24);
  header.writeUInt32LE(sampleRateHz * 2, 28);
  header.writeUInt16LE(2, 32); // block align
  header.writeUInt16LE(16, 34); // bits
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(0xffff_ffff, 40);
  return header;
}
