/**
 * Which wire format a source is sent in: the cheapest that loses nothing the recogniser could use.
 * Not here: doing it (framer.ts).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { SAMPLE_ENCODINGS, type SampleEncoding, type WireFormat } from '../format.js';
import { describe, requireOptions, requireWord } from './arguments.js';

/** What {@link planWire} needs to know of a source. An `AudioInfo` will do. */
export interface WireSource {
  /** How its samples lie in bytes, or `opus`: Ogg Opus. */
  encoding: SampleEncoding | 'opus';
  /** Frames in a second: a whole number from 1. */
  sampleRateHz: number;
  /** A whole number from 1. */
  channels: number;
  /** Of Ogg Opus: its chained streams. Default: one. */
  links?: readonly unknown[];
  /** Of Ogg Opus: what is odd about it. Default: nothing. */
  warnings?: readonly string[];
}

/** How a source goes out, as {@link planWire} chose it. */
export interface WirePlan {
  /** The service's name of what is sent: raw samples, mono, at 8, 16, 22.05 or 24 kHz; or `opus`. */
  wire: WireFormat;
  /** The source's bytes go out as they are: no conversion, no loss. */
  untouched: boolean;
  /** For people: why this one. */
  reason: string;
}

/** Rates that the service takes as they are and that are not above the recogniser's own. */
const UNTOUCHED_RATES_HZ: readonly number[] = [8000, 16_000, 22_050, 24_000];
/** The recogniser's own rate: more would be thrown away there. */
const RECOGNISER_RATE_HZ = 24_000;

/**
 * Picks the wire format for a source: the source's own where that is one and its rate is not above the recogniser's
 * 24 kHz; else s16le, mono, at the lowest of 8, 16 and 24 kHz that holds its rate, 24 kHz for all above.
 *
 * Ogg Opus goes out as it is, mono or stereo, when it is one stream without damage. Otherwise it is decoded: what
 * the service makes of more channels, of a chain or of lost pages is its own affair, and times would no longer be exact.
 *
 * @see wire reference, section 2.5
 * @throws TypeError or RangeError ERR_INVALID_ARG, ERR_INVALID_RATE, ERR_INVALID_CHANNELS.
 * @example
 * planWire({ encoding: 'mulaw', sampleRateHz: 8000, channels: 1 }).wire; // 'ulaw_8000'
 */
export function planWire(source: WireSource): WirePlan {
  requireOptions(source, 'planWire');
  const encoding = requireWord(source.encoding, 'encoding', [...SAMPLE_ENCODINGS, 'opus']);
  const sampleRateHz = requireCount(source.sampleRateHz, 'sampleRateHz', 'ERR_INVALID_RATE');
  const channels = requireCount(source.channels, 'channels', 'ERR_INVALID_CHANNELS');
  if (encoding === 'opus') return opusWire(source, channels);
  return untouchedWire(encoding, sampleRateHz, channels) ?? convertedWire(encoding, sampleRateHz, channels);
}

function untouchedWire(
  encoding: SampleEncoding,
  sampleRateHz: number,
  channels: number,
): WirePlan | undefined {
  if (channels !== 1) return undefined;
  const reason = `${encoding} mono at ${sampleRateHz} Hz is a wire format: sent as it is`;
  if (encoding === 's16le' && UNTOUCHED_RATES_HZ.includes(sampleRateHz))
    return { wire: `pcm_${sampleRateHz}` as WireFormat, untouched: true, reason };
  if (encoding === 'mulaw' && sampleRateHz === 8000) return { wire: 'ulaw_8000', untouched: true, reason };
  if (encoding === 'alaw' && sampleRateHz === 8000) return { wire: 'alaw_8000', untouched: true, reason };
  return undefined;
}

/** Neither takes a sample away that is there, nor moves one. */
const HARMLESS: readonly string[] = ['eos-missing', 'truncated'];

function opusWire({ links = [], warnings = [] }: WireSource, channels: number): WirePlan {
  if (!Array.isArray(links)) throw argumentTypeError(`links must be an array, got ${describe(links)}`);
  if (!Array.isArray(warnings) || warnings.some((warning) => typeof warning !== 'string'))
    throw argumentTypeError('warnings must be an array of strings');
  const damage = warnings.filter((warning) => !HARMLESS.includes(warning));
  const why =
    channels > 2
      ? `of ${channels} channels`
      : links.length > 1
        ? `in a chain of ${links.length} streams`
        : damage.length > 0 && `with ${damage.join(', ')}`;
  if (!why) {
    const layout = channels === 1 ? 'mono' : 'stereo';
    return { wire: 'opus', untouched: true, reason: `Ogg Opus, ${layout}, is a wire format: sent as it is` };
  }
  const reason = `Ogg Opus ${why} is decoded here so that times are exact: mono at ${RECOGNISER_RATE_HZ} Hz, the recogniser's own rate`;
  return { wire: `pcm_${RECOGNISER_RATE_HZ}`, untouched: false, reason };
}

function convertedWire(encoding: SampleEncoding, sampleRateHz: number, channels: number): WirePlan {
  const rate = [8000, 16_000].find((hz) => sampleRateHz <= hz) ?? RECOGNISER_RATE_HZ;
  const source = `${encoding}, ${channels === 1 ? 'mono' : `${channels} channels`}, ${sampleRateHz} Hz`;
  const why = rate === RECOGNISER_RATE_HZ ? "the recogniser's own rate" : 'the lowest rate that holds it all';
  return {
    wire: `pcm_${rate}` as WireFormat,
    untouched: false,
    reason: `${source} becomes mono at ${rate} Hz, ${why}`,
  };
}

function requireCount(
  value: unknown,
  name: string,
  code: 'ERR_INVALID_RATE' | 'ERR_INVALID_CHANNELS',
): number {
  const message = `${name} must be a whole number of at least 1, got ${describe(value)}`;
  if (typeof value !== 'number') throw argumentTypeError(message);
  if (!Number.isSafeInteger(value) || value < 1) throw argumentRangeError(message, code);
  return value;
}
