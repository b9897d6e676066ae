/**
 * Reads the header of a WAV stream as it arrives, up to the first byte of audio.
 * Not here: the samples (input-decoder.ts); files (the core's WAV reader takes far more than the service does).
 *
 *   "RIFF" size32 "WAVE"  { id32 size32 payload [pad] }*  "data" size32  audio…
 */
import type { SampleEncoding } from '../format.js';
import { ProtocolError } from './protocol.js';

export interface WavStream {
  encoding: SampleEncoding;
  sampleRateHz: number;
  channels: number;
  /** Infinity when the writer did not know. */
  dataBytes: number;
  /** What had arrived of the audio when the header was complete. */
  rest: Buffer;
}

type WavFormat = Pick<WavStream, 'encoding' | 'sampleRateHz' | 'channels'>;

/** What the service reads (protocol reference, section 2.5). */
const ENCODING_BY_BITS: Record<number, SampleEncoding> = { 16: 's16le', 24: 's24le', 32: 's32le' };
const UNKNOWN_SIZE = 0xffff_ffff;
/** A `fmt ` chunk has 16, 18 or 40 bytes; more than this is rubbish that must not be kept. */
const MAX_FMT_BYTES = 1024;

export class WavHeader {
  #pending = Buffer.alloc(0);
  #riffSize: number | undefined;
  #format: WavFormat | undefined;
  #skip = 0;

  /** Whether bytes arrived without completing the header. */
  get begun(): boolean {
    return this.#riffSize !== undefined || this.#pending.length > 0;
  }

  /** Takes bytes; answers once the audio begins. @throws ProtocolError when the service would not read it */
  push(bytes: Uint8Array): WavStream | undefined {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    if (this.#riffSize === undefined && !this.#readRiff()) return undefined;
    while (this.#skipChunk()) {
      const chunk = this.#peekChunk();
      if (chunk === undefined) return undefined;
      if (chunk.id === 'data') return this.#openData(chunk.size);
      if (chunk.id === 'fmt ') {
        if (!this.#readFmt(chunk.size)) return undefined;
      } else {
        this.#pending = this.#pending.subarray(8);
        this.#skip = chunk.size + (chunk.size % 2);
      }
    }
    return undefined;
  }

  #readRiff(): boolean {
    if (this.#pending.length < 12) return false;
    if (
      this.#pending.toString('latin1', 0, 4) !== 'RIFF' ||
      this.#pending.toString('latin1', 8, 12) !== 'WAVE'
    ) {
      throw new ProtocolError('audio is not a WAV stream: it does not begin with RIFF and WAVE');
    }
    this.#riffSize = this.#pending.readUInt32LE(4);
    this.#pending = this.#pending.subarray(12);
    return true;
  }

  /** True when nothing is left to skip. */
  #skipChunk(): boolean {
    const skipped = Math.min(this.#skip, this.#pending.length);
    this.#pending = this.#pending.subarray(skipped);
    this.#skip -= skipped;
    return this.#skip === 0;
  }

  #peekChunk(): { id: string; size: number } | undefined {
    if (this.#pending.length < 8) return undefined;
    return { id: this.#pending.toString('latin1', 0, 4), size: this.#pending.readUInt32LE(4) };
  }

  #readFmt(size: number): boolean {
    if (size < 16 || size > MAX_FMT_BYTES) throw new ProtocolError(`WAV fmt chunk of ${size} bytes`);
    if (this.#pending.length < 8 + size) return false;
    this.#format = parseFmt(this.#pending.subarray(8, 8 + size));
    this.#pending = this.#pending.subarray(8 + size);
    this.#skip = size % 2;
    return true;
  }

  #openData(size: number): WavStream {
    if (this.#format === undefined) throw new ProtocolError('WAV data chunk before its fmt chunk');
    // A size of 0 is a placeholder too when the RIFF size was not filled in either.
    const unknown =
      size === UNKNOWN_SIZE || (size === 0 && (this.#riffSize === 0 || this.#riffSize === UNKNOWN_SIZE));
    const rest = this.#pending.subarray(8);
    this.#pending = Buffer.alloc(0);
    return { ...this.#format, dataBytes: unknown ? Number.POSITIVE_INFINITY : size, rest };
  }
}

function parseFmt(fmt: Buffer): WavFormat {
  const tag = fmt.readUInt16LE(0);
  const channels = fmt.readUInt16LE(2);
  const sampleRateHz = fmt.readUInt32LE(4);
  const blockAlign = fmt.readUInt16LE(12);
  const bits = fmt.readUInt16LE(14);
  const encoding = ENCODING_BY_BITS[bits];
  if (tag !== 1) throw new ProtocolError(`unsupported WAV format tag ${tag}: only integer PCM (1) is read`);
  if (encoding === undefined)
    throw new ProtocolError(`unsupported WAV with ${bits} bits: 16, 24 or 32 are read`);
  if (channels < 1 || channels > 64) throw new ProtocolError(`unsupported WAV with ${channels} channels`);
  if (blockAlign !== (channels * bits) / 8)
    throw new ProtocolError(`WAV block align ${blockAlign} fits no frame`);
  if (sampleRateHz < 1_000 || sampleRateHz > 192_000) {
    throw new ProtocolError(`unsupported WAV rate of ${sampleRateHz} Hz`);
  }
  return { encoding, sampleRateHz, channels };
}
