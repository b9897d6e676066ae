/**
 * A `Speech` of what one or several sessions spoke: one file's bytes under one header, its samples, its length.
 * Not here: receiving it (spoken-session.ts).
 */
import { convertSamples, readOggOpus, readWav, writeOggOpusAsync } from '../audio/index.js';
import { sampleBytes, type WireFormat, wireAudio } from '../format.js';
import { protocolError } from '../speech/index.js';
import { oggFacts } from './ogg-facts.js';
import type { SpokenLayout } from './sample-stream.js';
import { saveWhole } from './save.js';
import { noAudio } from './spoken-session.js';
import type { Speech, Word } from './types.js';

/** All that was spoken, in its order. */
export interface Spoken {
  /** Whole frames without any header; or, with no `layout`, the service's Ogg Opus. */
  audio: Buffer[];
  /** The same of every session. */
  layout: SpokenLayout | undefined;
  words: Word[];
  text: string;
  /** Of each session, in their order; at least one. */
  requestIds: string[];
}

/** For full-band mono speech 28 to 40 kb/s are advised (RFC 7587 §3.1.1). */
export const OPUS_BITRATE = 40_000;

/**
 * @param outputFormat What the caller wants: that of `spoken`, or `opus` of samples, which are encoded here.
 * @throws (rejects) ConnectionError ERR_PROTOCOL when Ogg Opus holds no sound or is not whole; FormatError,
 * UnsupportedError when it is none
 */
export async function makeSpeech(outputFormat: WireFormat, spoken: Spoken): Promise<Speech> {
  const { data, sampleRateHz, durationS } = await fileOf(outputFormat, spoken);
  return new CollectedSpeech({
    data,
    outputFormat,
    sampleRateHz,
    durationS,
    text: spoken.text,
    words: spoken.words,
    requestId: spoken.requestIds[0] ?? '',
    requestIds: spoken.requestIds,
  });
}

interface AudioFile {
  data: Buffer;
  sampleRateHz: number;
  durationS: number;
}

async function fileOf(outputFormat: WireFormat, { audio, layout, requestIds }: Spoken): Promise<AudioFile> {
  const bytes = Buffer.concat(layout?.head && outputFormat === 'wav' ? [layout.head, ...audio] : audio);
  if (!layout) return wholeOggOpus(bytes, requestIds[0] ?? '');
  const { encoding, sampleRateHz, channels, head } = layout;
  const audioBytes = bytes.length - (head?.length ?? 0);
  const durationS = audioBytes / (sampleBytes(encoding) * channels) / sampleRateHz;
  if (outputFormat === 'opus') {
    const encoded = await writeOggOpusAsync(int16Samples(bytes), { sampleRateHz, bitrate: OPUS_BITRATE });
    return { data: Buffer.from(encoded.buffer), sampleRateHz, durationS };
  }
  return { data: head ? withTrueSizes(bytes, head.length) : bytes, sampleRateHz, durationS };
}

/**
 * The service's header knows no sizes (0xFFFFFFFF). RIFF/WAVE: the file's size less 8 lies at byte 4, the data chunk's
 * size in the four bytes before its first sample; a chunk of odd size has a pad byte behind it.
 */
function withTrueSizes(data: Buffer, dataOffset: number): Buffer {
  const audioBytes = data.length - dataOffset;
  const padded = audioBytes % 2 === 0 ? data : Buffer.concat([data, Buffer.alloc(1)]);
  padded.writeUInt32LE(padded.length - 8, 4);
  padded.writeUInt32LE(audioBytes, dataOffset - 4);
  return padded;
}

/** Warnings (docs/ogg.md) that tell of sound which did not arrive. */
const DAMAGE: ReadonlySet<string> = new Set([
  'truncated',
  'crc-bad',
  'page-lost',
  'packet-bad',
  'packet-incomplete',
]);

function wholeOggOpus(data: Buffer, requestId: string): AudioFile {
  using facts = oggFacts();
  facts.process(data);
  facts.flush();
  const { info } = facts;
  if (info === undefined || info.frames === 0) throw noAudio(requestId);
  const damage = info.warnings.filter((warning) => DAMAGE.has(warning));
  if (damage.length > 0) {
    const message = `its Ogg Opus is not whole (${damage.join(', ')})`;
    throw protocolError(message, { phase: 'stream', requestId, secrets: [] });
  }
  return { data, sampleRateHz: info.sampleRateHz, durationS: info.durationS };
}

class CollectedSpeech implements Speech {
  readonly data!: Buffer;
  readonly outputFormat!: WireFormat;
  readonly sampleRateHz!: number;
  readonly durationS!: number;
  readonly text!: string;
  readonly words!: Word[];
  readonly requestId!: string;
  readonly requestIds!: string[];

  constructor(facts: Omit<Speech, 'pcm16' | 'pcm' | 'save'>) {
    Object.assign(this, facts);
  }

  pcm16(): Int16Array<ArrayBuffer> {
    const { outputFormat, data } = this;
    if (outputFormat === 'wav') return readWav(data).samples;
    const raw = wireAudio(outputFormat, 'output');
    if (!raw) return readOggOpus(data, { channels: 1 }).samples;
    const samples = convertSamples(data, { from: raw.encoding, to: 's16le' });
    return new Int16Array(samples.buffer);
  }

  pcm(): Float32Array<ArrayBuffer> {
    const { outputFormat, data } = this;
    if (outputFormat === 'wav') return readWav(data, { sample: 'float32' }).samples;
    const raw = wireAudio(outputFormat, 'output');
    if (!raw) return readOggOpus(data, { channels: 1, sample: 'float32' }).samples;
    const samples = convertSamples(data, { from: raw.encoding, to: 'f32le' });
    return new Float32Array(samples.buffer);
  }

  save(path: string): Promise<void> {
    return saveWhole(path, this.data);
  }
}

/** In memory of their own: a view needs an even address, which a slice of a pool may not have. */
export function int16Samples(bytes: Uint8Array): Int16Array<ArrayBuffer> {
  return new Int16Array(new Uint8Array(bytes).buffer);
}
