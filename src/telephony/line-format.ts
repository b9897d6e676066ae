/**
 * What sounds on the line: samples of one format, in frames of 20 ms.
 * Not here: how frames are packed into messages (protocol.ts).
 */
import { argumentRangeError } from '../errors.js';
import { sampleBytes } from '../format.js';
import { requireRawFormat } from '../streams/stream-format.js';

/** The samples of a call, mono: what it hears, and what it is played. */
export interface LineFormat {
  /** G.711 µ-law or A-law, one byte a sample; or int16, little-endian, which services call L16, PCM or linear. */
  readonly encoding: 'mulaw' | 'alaw' | 's16le';
  /** Samples in a second: 8 000, 16 000, 24 000, 32 000, 40 000 or 48 000. */
  readonly sampleRateHz: number;
  /** May be left out. */
  readonly channels?: 1;
}

/** A format, and what follows from it. */
export interface Line {
  readonly format: LineFormat;
  readonly bytesPerMs: number;
  readonly sampleBytes: number;
  readonly frameBytes: number;
  /** Every byte of silence. */
  readonly silence: number;
}

export const FRAME_MS = 20;

/** The code of +0 (ITU-T G.711 tables 1a, after the inversion of the even bits, and 2a); linear samples have a zero. */
const SILENCE = { mulaw: 0xff, alaw: 0xd5, s16le: 0 } as const;
const RATE_STEP_HZ = 8_000;
const MAX_RATE_HZ = 48_000;

/** @throws TypeError, RangeError ERR_INVALID_ARG; RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS */
export function lineOf(value: unknown): Line {
  const { encoding, sampleRateHz = 0, channels } = requireRawFormat(value, 'MediaStreamBridge', 'required');
  if (encoding !== 'mulaw' && encoding !== 'alaw' && encoding !== 's16le') {
    throw argumentRangeError(`a call's encoding must be mulaw, alaw or s16le, got ${encoding}`);
  }
  if (channels !== 1) throw argumentRangeError('a call is mono', 'ERR_INVALID_CHANNELS');
  if (sampleRateHz % RATE_STEP_HZ !== 0 || sampleRateHz > MAX_RATE_HZ) {
    throw argumentRangeError(
      `a call's sampleRateHz must be a multiple of ${RATE_STEP_HZ} up to ${MAX_RATE_HZ}, got ${sampleRateHz}`,
      'ERR_INVALID_RATE',
    );
  }
  const bytes = sampleBytes(encoding);
  const bytesPerMs = (bytes * sampleRateHz) / 1_000;
  return {
    format: { encoding, sampleRateHz, channels: 1 },
    bytesPerMs,
    sampleBytes: bytes,
    frameBytes: FRAME_MS * bytesPerMs,
    silence: SILENCE[encoding],
  };
}

/** Of the public telephone network, and of Twilio always. */
export const PHONE_LINE: Line = lineOf({ encoding: 'mulaw', sampleRateHz: 8_000 });
