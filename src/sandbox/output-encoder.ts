/**
 * The voice's samples to bytes of an output format.
 * Not here: the voice (voice.ts), when which bytes are sent (tts-session.ts).
 */
import { encodeAlaw, encodeMulaw } from '../audio/index.js';
import { type WireFormat, wireAudio } from '../format.js';

export class OutputEncoder {
  readonly sampleRateHz: number;
  /** Sent before any audio. */
  readonly header: Buffer | undefined;
  readonly #encoding: 's16le' | 'mulaw' | 'alaw';

  /** @param format any but opus */
  constructor(format: WireFormat) {
    // A WAV from the service is 48 kHz, 16 bits, mono.
    const { encoding, sampleRateHz } = wireAudio(format === 'wav' ? 'pcm_48000' : format, 'output') as {
      encoding: 's16le' | 'mulaw' | 'alaw';
      sampleRateHz: number;
    };
    this.#encoding = encoding;
    this.sampleRateHz = sampleRateHz;
    this.header = format === 'wav' ? streamedWavHeader(sampleRateHz) : undefined;
  }

  encode(samples: Int16Array): Buffer {
    const bytes = this.#encodeBytes(samples);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #encodeBytes(samples: Int16Array): Uint8Array | Int16Array {
    if (this.#encoding === 'mulaw') return encodeMulaw(samples);
    if (this.#encoding === 'alaw') return encodeAlaw(samples);
    return samples; // Node runs on little-endian machines only
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
