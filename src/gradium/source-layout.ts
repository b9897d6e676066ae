/**
 * What a source's sound is, as its header or the caller says, and how it goes on the wire.
 * Not here: reading headers (source-head.ts, recording.ts).
 */
import { planWire, type WireSource } from '../audio/index.js';
import {
  type ArgumentErrorCode,
  argumentRangeError,
  argumentTypeError,
  UnsupportedError,
} from '../errors.js';
import {
  type AudioFormat,
  MAX_RATE_HZ,
  MIN_RATE_HZ,
  SAMPLE_ENCODINGS,
  type SampleEncoding,
  sampleBytes,
  type WireFormat,
  wireAudio,
} from '../format.js';

/** Samples as a header or the caller describes them. */
export interface SampleLayout {
  encoding: SampleEncoding;
  sampleRateHz: number;
  channels: number;
}

/** Of Ogg Opus, whose frames are counted at 48 kHz. */
export interface OpusLayout {
  encoding: 'opus';
  sampleRateHz: number;
  channels: number;
}

export type SourceLayout = SampleLayout | OpusLayout;

/** Bytes of one frame: one sample per channel. */
export function frameBytes({ encoding, channels }: SampleLayout): number {
  return sampleBytes(encoding) * channels;
}

/** Of raw samples; undefined for a container. @throws TypeError, RangeError when `format` is no AudioFormat */
export function layoutOf(format: AudioFormat): SampleLayout | undefined {
  if (typeof format !== 'object' || format === null) throw argumentTypeError('format must be an AudioFormat');
  const { container = 'raw' } = format;
  if (format.container === 'wav' || format.container === 'ogg') return undefined;
  if (container !== 'raw') throw argumentRangeError("format.container must be 'raw', 'wav' or 'ogg'");
  const { encoding, sampleRateHz, channels = 1 } = format;
  if (!SAMPLE_ENCODINGS.includes(encoding)) {
    throw argumentRangeError(`format.encoding must be one of ${SAMPLE_ENCODINGS.join(', ')}`);
  }
  checkCount('sampleRateHz', sampleRateHz, MIN_RATE_HZ, MAX_RATE_HZ, 'ERR_INVALID_RATE');
  checkCount('channels', channels, 1, 65_535, 'ERR_INVALID_CHANNELS');
  return { encoding, sampleRateHz, channels };
}

function checkCount(name: string, value: unknown, min: number, max: number, code: ArgumentErrorCode): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw argumentRangeError(`format.${name} must be an integer from ${min} to ${max}`, code);
}

/** @throws TypeError */
export function checkWire(format: AudioFormat, wire: 'auto' | WireFormat): void {
  if (wire !== 'wav' || format.container === 'wav') return;
  const what = format.container === 'ogg' ? 'this is Ogg Opus' : 'these are raw samples';
  throw argumentTypeError(`wire 'wav' sends a WAV as it is; ${what}: leave wire at 'auto'`);
}

/**
 * How a source goes out: the planner's choice, or the caller's.
 *
 * @param source a layout, or the facts of a whole recording, which say more to the planner
 * @throws UnsupportedError for a WAV whose rate cannot be converted
 */
export function wireFor(
  source: SourceLayout & WireSource,
  wire: 'auto' | WireFormat,
): { wire: WireFormat; untouched: boolean } {
  if (wire === 'auto') {
    const plan = planWire(source);
    return { wire: plan.wire, untouched: plan.untouched };
  }
  const { encoding, sampleRateHz, channels } = source;
  if (encoding === 'opus') return { wire, untouched: wire === 'opus' };
  if (wire === 'opus') checkEncoded(sampleRateHz);
  const target = wireAudio(wire, 'input');
  const same = channels === 1 && encoding === target?.encoding && sampleRateHz === target.sampleRateHz;
  return { wire, untouched: same || wire === 'wav' };
}

/** The framer says this itself, of a WAV that goes out as raw samples. */
function checkEncoded(sampleRateHz: number): void {
  if (sampleRateHz >= MIN_RATE_HZ && sampleRateHz <= MAX_RATE_HZ) return;
  throw new UnsupportedError(
    `a WAV of ${sampleRateHz} Hz is outside the ${MIN_RATE_HZ} to ${MAX_RATE_HZ} Hz that can be converted; resample it first, for example with \`ffmpeg -i INPUT.wav -ar 48000 OUTPUT.wav\``,
    'ERR_WAV_UNSUPPORTED_RATE',
    0,
  );
}
