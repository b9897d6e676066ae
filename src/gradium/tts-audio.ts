/**
 * The audio of a synthesis, collected: what a file would hold, its rate and its length.
 * Not here: receiving it.
 */
import { probeAudio, type WavInfo } from '../audio/index.js';
import { sampleBytes, type WireFormat, wireAudio } from '../format.js';

export interface CollectedAudio {
  data: Buffer;
  sampleRateHz: number;
  durationS: number;
}

/** Ogg Opus decodes at this rate whatever its encoder was given (RFC 7845 §4). */
const OPUS_RATE_HZ = 48_000;

/**
 * @param heardS where the last message's audio stops, as the service says: the length of what is not sample-counted
 * @returns undefined when there is no sound in it: no bytes, or a WAV header alone
 * @throws FormatError when what was sent as WAV is none
 */
export function collectAudio(
  parts: Buffer[],
  format: WireFormat,
  heardS: number,
): CollectedAudio | undefined {
  const data = Buffer.concat(parts);
  if (data.length === 0) return undefined;
  if (format === 'wav') return wavWithTrueSizes(data);
  const wire = wireAudio(format, 'output');
  if (!wire) return { data, sampleRateHz: OPUS_RATE_HZ, durationS: heardS };
  const durationS = data.length / sampleBytes(wire.encoding) / wire.sampleRateHz;
  return { data, sampleRateHz: wire.sampleRateHz, durationS };
}

/**
 * The service's WAV begins with a header that knows no sizes (0xFFFFFFFF). RIFF/WAVE: the file's size less 8 lies
 * at byte 4, the data chunk's size in the four bytes before its first sample.
 */
function wavWithTrueSizes(data: Buffer): CollectedAudio | undefined {
  const { dataOffset, sampleRateHz, durationS } = probeAudio(data) as WavInfo;
  const actual = data.length - dataOffset;
  if (actual <= 0) return undefined;
  correctSize(data, 4, data.length - 8);
  correctSize(data, dataOffset - 4, actual);
  return { data, sampleRateHz, durationS };
}

/** A size that fits is left alone: other chunks may follow. */
function correctSize(data: Buffer, at: number, actual: number): void {
  const declared = data.readUInt32LE(at);
  if (declared > actual || declared === 0) data.writeUInt32LE(actual, at);
}
