/**
 * The audio of a synthesis, collected: what a file would hold, its rate and its length.
 * Not here: receiving it.
 */
import { probeAudio } from '../audio/index.js';
import { UnsupportedError } from '../errors.js';
import { sampleBytes, type WireFormat, wireAudio } from '../format.js';
import { oggFacts } from './ogg-facts.js';

export interface CollectedAudio {
  data: Buffer;
  sampleRateHz: number;
  durationS: number;
  /** Why some of it is missing; empty when it is whole. */
  damage: string[];
}

/** Warnings (docs/ogg.md) that tell of sound which did not arrive. */
const DAMAGE: ReadonlySet<string> = new Set([
  'truncated',
  'crc-bad',
  'page-lost',
  'packet-bad',
  'packet-incomplete',
]);

/**
 * @returns undefined when there is no sound in it: no bytes, or headers alone
 * @throws FormatError, UnsupportedError when what was sent as WAV or as Ogg Opus is none
 */
export function collectAudio(parts: Buffer[], format: WireFormat): CollectedAudio | undefined {
  const data = Buffer.concat(parts);
  if (data.length === 0) return undefined;
  if (format === 'wav') return wavWithTrueSizes(data);
  const wire = wireAudio(format, 'output');
  if (!wire) return oggOpus(data);
  const durationS = data.length / sampleBytes(wire.encoding) / wire.sampleRateHz;
  return { data, sampleRateHz: wire.sampleRateHz, durationS, damage: [] };
}

function oggOpus(data: Buffer): CollectedAudio | undefined {
  using facts = oggFacts();
  facts.process(data);
  facts.flush();
  const { info } = facts;
  if (info === undefined || info.frames === 0) return undefined;
  const { sampleRateHz, durationS, warnings } = info;
  return { data, sampleRateHz, durationS, damage: warnings.filter((warning) => DAMAGE.has(warning)) };
}

/**
 * The service's WAV begins with a header that knows no sizes (0xFFFFFFFF). RIFF/WAVE: the file's size less 8 lies
 * at byte 4, the data chunk's size in the four bytes before its first sample.
 */
function wavWithTrueSizes(data: Buffer): CollectedAudio | undefined {
  const info = probeAudio(data);
  if (info.container !== 'wav') {
    const message = 'the service sent Ogg Opus where a WAV was asked for';
    throw new UnsupportedError(message, 'ERR_UNSUPPORTED_CONTAINER', 0);
  }
  const { dataOffset, sampleRateHz, durationS } = info;
  const actual = data.length - dataOffset;
  if (actual <= 0) return undefined;
  correctSize(data, 4, data.length - 8);
  correctSize(data, dataOffset - 4, actual);
  return { data, sampleRateHz, durationS, damage: [] };
}

/** A size that fits is left alone: other chunks may follow. */
function correctSize(data: Buffer, at: number, actual: number): void {
  const declared = data.readUInt32LE(at);
  if (declared > actual || declared === 0) data.writeUInt32LE(actual, at);
}
