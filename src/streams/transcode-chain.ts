/**
 * Which stages make one format of another: the shortest chain of them for each pair.
 * Not here: the stages (transcode-stages.ts and the Opus streams); the stream around the chain (transcode.ts).
 */
import { describe, requireOptions, requireWord } from '../audio/arguments.js';
import {
  OggOpusEncoder,
  type SampleType,
  Transcoder,
  type TranscoderOptions,
  type WavEncoding,
  type WavInfo,
  type WavPatch,
  type WriteOggOpusOptions,
} from '../audio/index.js';
import { argumentRangeError, argumentTypeError, UnsupportedError } from '../errors.js';
import {
  type AudioFormat,
  MAX_RATE_HZ,
  MIN_RATE_HZ,
  type RawAudioFormat,
  type SampleEncoding,
  type WavAudioFormat,
} from '../format.js';
import { DEMUX_SLICE_BYTES, DemuxStage } from './ogg-opus-demuxer.js';
import { MuxStage, type OggOpusMuxerOptions } from './ogg-opus-muxer.js';
import { PacketDecodeStage } from './opus-decoder-stream.js';
import { PacketEncodeStage } from './opus-encoder-stream.js';
import type { LinkFacts } from './opus-packets.js';
import { ENCODING_OF } from './sample-view.js';
import { Chain, LateStage, type Stage } from './stage.js';
import { fits, type OpusPacketFormat, type StreamFormat } from './stream-format.js';
import {
  type KnownRaw,
  OggDecodeStage,
  OggEncodeStage,
  sliceBytesOf,
  TranscodeStage,
  WAV_SAMPLES,
  WavHeaderStage,
  WavReadStage,
} from './transcode-stages.js';

/** Opus packets as a source: a Buffer or Uint8Array each, as `OggOpusDemuxer` or @discordjs/voice give them. */
export interface OpusPacketSource extends OpusPacketFormat {
  /** What they are decoded to, or a header is to say of them, whatever the encoder's were. Default 1. */
  channels?: 1 | 2;
}

/** What {@link transcode} reads. */
export type TranscodeSource = AudioFormat | OpusPacketSource;

/** A WAV file to be written: raw samples behind a header. */
export interface WavTarget extends WavAudioFormat {
  /** Frames in a second: 1 000 to 192 000. */
  sampleRateHz: number;
  /** Interleaved channels, 1 to 64. Default 1. */
  channels?: number;
  /** How samples are written. Default `s16`. */
  encoding?: WavEncoding;
  /** Whether the header keeps room for the sizes of a file above 4 GiB: see `WavWriterOptions`. Default true. */
  rf64?: boolean;
}

/** What of Opus is told: as `writeOggOpus` takes it. The rate is the source's, or the next above it that Opus has. */
type OpusTarget = Omit<WriteOggOpusOptions, 'sampleRateHz' | 'channels' | 'tags' | 'serial' | 'pageMs'>;

/** Ogg Opus to be written: the options of `writeOggOpus`, whose rate is the source's. */
export interface OggOpusTarget extends Omit<WriteOggOpusOptions, 'sampleRateHz'> {
  /** The only codec that is written into Ogg is Opus. */
  container: 'ogg';
}

/** Opus packets to be made, one chunk each, in object mode. */
export interface OpusPacketTarget extends OpusTarget, OpusPacketFormat {
  /** Interleaved channels. Default 1. */
  channels?: 1 | 2;
}

/** What {@link transcode} makes. */
export type TranscodeTarget = (RawAudioFormat & NoOptions) | WavTarget | OggOpusTarget | OpusPacketTarget;

/** Without a `container`, TypeScript would take the options of any. */
type NoOptions = { [option in Exclude<keyof WavTarget | keyof OggOpusTarget, keyof RawAudioFormat>]?: never };

/** What becomes of what, and how. */
export interface TranscodeRoute extends Pick<TranscoderOptions, 'channels' | 'quality' | 'sourceBytes'> {
  /** What the source is. Its bytes may be cut anywhere; packets are one a chunk. */
  from: TranscodeSource;
  /** What comes out. */
  to: TranscodeTarget;
}

/** A chain, and what {@link AudioTransform} wants to know of it. */
export interface TranscodeChain {
  stage: Stage;
  /** Undefined as long as it depends on a header. */
  output: StreamFormat | undefined;
  sliceBytes: number;
  /** Of a WAV that was written to its end. */
  patches(): WavPatch[];
}

const OPUS_RATES_HZ = [8000, 12_000, 16_000, 24_000, 48_000];
const OPUS_RATE_HZ = 48_000;

/** @throws as `transcode` */
export function chainOf(route: TranscodeRoute): TranscodeChain {
  const { from, to } = route;
  requireRoute(route);
  const wav: { stage?: WavHeaderStage } = {};
  const stages = isPcm(to) ? toPcm(route, to, wav) : toOpus(route, to);
  const stage = new Chain(from, stages);
  return {
    stage,
    output: outputOf(route, stage),
    sliceBytes: sliceBytes(from, stages),
    patches: () => wav.stage?.patches ?? [],
  };
}

function outputOf({ from, to, channels }: TranscodeRoute, stage: Stage): StreamFormat | undefined {
  if (to.container !== undefined && to.container !== 'raw') return { container: to.container };
  if (stage.format !== undefined) return stage.format;
  if (channels !== 'keep') return known(to);
  return from.container === 'packets' ? known({ ...to, channels: from.channels ?? 1 }) : undefined;
}

// ---- Samples

function toPcm(
  route: TranscodeRoute,
  to: RawAudioFormat | WavTarget,
  wav: { stage?: WavHeaderStage },
): Stage[] {
  const stages = toRaw(route, rawOf(to));
  if (to.container !== 'wav') return stages;
  const { encoding = 's16', rf64 = true } = to;
  const last = stages.at(-1) as Stage;
  const header = new LateStage(() => {
    wav.stage = new WavHeaderStage(last.format as KnownRaw, encoding, rf64);
    return wav.stage;
  });
  return [...stages, header];
}

/** The samples themselves, of a WAV what lies behind the header. */
function rawOf(to: PcmTarget): RawAudioFormat {
  if (to.container !== 'wav') return to;
  const { encoding = 's16', sampleRateHz, channels } = to;
  return {
    encoding: WAV_SAMPLES[encoding],
    sampleRateHz,
    ...(channels !== undefined && { channels }),
  };
}

function toRaw(route: TranscodeRoute, to: RawAudioFormat): Stage[] {
  const { from, quality } = route;
  if (isPcm(from)) return [new TranscodeStage(transcoding(route, from, to))];
  // What the codec gives by itself is left to it: one of its rates, one of its two kinds of samples.
  const sampleRateHz = OPUS_RATES_HZ.includes(to.sampleRateHz) ? to.sampleRateHz : OPUS_RATE_HZ;
  const sample = SAMPLES_AS_INT16.includes(to.encoding) ? 'int16' : 'float32';
  const decoder = decoderOf(route, from, sampleRateHz, sample, to.channels);
  const finished =
    ENCODING_OF[sample] === to.encoding &&
    sampleRateHz === to.sampleRateHz &&
    (from.container === 'ogg' || route.channels === 'keep' || (from.channels ?? 1) === (to.channels ?? 1));
  if (finished) return [decoder];
  const rest = new LateStage(() => {
    const known = decoder.format as KnownRaw;
    const channels = route.channels === 'keep' ? known.channels : (to.channels ?? 1);
    return new TranscodeStage({ from: known, to: { ...to, channels }, ...(quality && { quality }) });
  });
  return [decoder, rest];
}

/** u8 would be rounded twice. */
const SAMPLES_AS_INT16: readonly SampleEncoding[] = ['s16le', 's16be', 'mulaw', 'alaw'];

function decoderOf(
  { channels: policy }: TranscodeRoute,
  from: OpusSource,
  sampleRateHz: number,
  sample: SampleType,
  channels: number | undefined,
): Stage {
  if (from.container === 'ogg')
    return new OggDecodeStage({
      sampleRateHz,
      sample,
      channels: policy === 'keep' ? undefined : (channels ?? 1),
    });
  return new PacketDecodeStage({ sampleRateHz, encoding: ENCODING_OF[sample], channels: from.channels ?? 1 });
}

// ---- Opus

function toOpus(route: TranscodeRoute, to: OggOpusTarget | OpusPacketTarget): Stage[] {
  const { from } = route;
  if (isPcm(from)) return from.container === 'wav' ? encodeWav(route, to) : encode(route, known(from), to);
  if (!namesCodec(to)) return pass(from, to);
  const decoder = decoderOf(route, from, OPUS_RATE_HZ, 'float32', to.channels);
  return [decoder, encodeLate(route, decoder, to)];
}

function encodeWav(route: TranscodeRoute, to: OggOpusTarget | OpusPacketTarget): Stage[] {
  const reader = new WavReadStage(route.sourceBytes);
  return [reader, encodeLate(route, reader, to)];
}

/** What is behind a stage that learns its format from a header. */
function encodeLate(route: TranscodeRoute, before: Stage, to: OggOpusTarget | OpusPacketTarget): Stage {
  return new LateStage(() => {
    const { info } = before;
    if (info?.container === 'wav') requireEncodable(info, route, to);
    const format = before.format as KnownRaw;
    return new Chain(format, encode(route, format, to, info?.encoding));
  });
}

/** @param origin How the samples lay in a file, where they were read from one. */
function encode(
  route: TranscodeRoute,
  source: KnownRaw,
  to: OggOpusTarget | OpusPacketTarget,
  origin: SampleEncoding | 'opus' = source.encoding,
): Stage[] {
  const { container, ...codec } = to;
  const channels = route.channels === 'keep' ? source.channels : (to.channels ?? 1);
  // Nothing that is told apart is lost: 16 bits are enough for these.
  const sample = (['u8', ...SAMPLES_AS_INT16] as readonly string[]).includes(origin) ? 'int16' : 'float32';
  const encoding = ENCODING_OF[sample];
  // OggOpusEncoder resamples by itself, and writes the rate of the source into the header.
  const sampleRateHz = container === 'ogg' ? source.sampleRateHz : opusRateAbove(source.sampleRateHz);
  const wanted = { container: 'raw', encoding, sampleRateHz, channels } as const;
  const { quality } = route;
  const before = fits(source, wanted)
    ? []
    : [new TranscodeStage({ from: source, to: wanted, ...(quality && { quality }) })];
  const options = { ...codec, sampleRateHz, channels };
  if (container === 'ogg') return [...before, new OggEncodeStage(options, sample)];
  requirePacketChannels(channels);
  return [...before, new PacketEncodeStage({ application: 'audio', ...options, encoding })];
}

function opusRateAbove(rateHz: number): number {
  return OPUS_RATES_HZ.find((rate) => rate >= rateHz) ?? OPUS_RATE_HZ;
}

/** From Opus to Opus, without decoding. */
function pass(from: OpusSource, to: OggOpusTarget | OpusPacketTarget): Stage[] {
  if (from.container === 'ogg') {
    const demuxer = new DemuxStage();
    return to.container === 'ogg'
      ? [demuxer, new MuxStage(headersOf(to), (link) => copied(demuxer, link))]
      : [demuxer];
  }
  if (to.container === 'packets') return [];
  const { channels } = from;
  return [new MuxStage({ ...headersOf(to), ...(channels !== undefined && { channels }) })];
}

function headersOf({ tags, serial, pageMs }: OggOpusTarget): OggOpusMuxerOptions {
  return {
    ...(tags !== undefined && { tags }),
    ...(serial !== undefined && { serial }),
    ...(pageMs !== undefined && { pageMs }),
  };
}

/** Of a chain with more links than these no tags are copied from the rest: each look takes time for all before it. */
const MAX_LINKS_COPIED = 1000;

/** What goes over from one file's header to the other's. */
function copied(demuxer: DemuxStage, { link = 0, channels = 1 }: LinkFacts): OggOpusMuxerOptions {
  if (channels > 2) throw cannotPass(channels);
  const found = link < MAX_LINKS_COPIED ? demuxer.info?.links[link] : undefined;
  return found ? { inputSampleRateHz: found.inputSampleRateHz, tags: tagsOf(found.comments) } : {};
}

/** Which stream holds which channels is in the header, of which only the usual order can be written. */
function cannotPass(channels: number): UnsupportedError {
  return new UnsupportedError(
    `Opus of ${channels} channels is not passed on from Ogg to Ogg: name a bitrate, and it is encoded anew, or keep the file as it is.`,
    'ERR_OPUS_UNSUPPORTED_MAPPING',
    0,
  );
}

/** Comments that keep to the format (RFC 7845, 5.2.1), by name. */
function tagsOf(comments: readonly string[]): Record<string, string[]> {
  const tags = new Map<string, string[]>();
  for (const comment of comments) {
    const [, name, text] = /^([ -<>-}]+)=([^\0]*)$/.exec(comment) ?? [];
    if (name === undefined || text === undefined) continue;
    tags.set(name, [...(tags.get(name) ?? []), text]);
  }
  return Object.fromEntries(tags);
}

// ---- Which is which

type PcmSource = RawAudioFormat | WavAudioFormat;
type OpusSource = Exclude<TranscodeSource, PcmSource>;
type PcmTarget = RawAudioFormat | WavTarget;

function isPcm(format: TranscodeSource): format is PcmSource;
function isPcm(format: TranscodeTarget): format is PcmTarget;
function isPcm({ container = 'raw' }: TranscodeSource | TranscodeTarget): boolean {
  return container === 'raw' || container === 'wav';
}

function known({ encoding, sampleRateHz, channels = 1 }: RawAudioFormat): KnownRaw {
  return { container: 'raw', encoding, sampleRateHz, channels };
}

function transcoding(route: TranscodeRoute, from: PcmSource, to: RawAudioFormat): TranscoderOptions {
  const { channels, quality, sourceBytes } = route;
  return {
    from,
    to,
    ...(channels !== undefined && { channels }),
    ...(quality !== undefined && { quality }),
    ...(sourceBytes !== undefined && { sourceBytes }),
  };
}

/** What comes of one slice of input, about. */
const OUTPUT_BYTES = 65_536;
/** Of a WAV, whose format is in its header: 100 ms at 48 kHz, 16 bits, stereo. */
const WAV_SLICE_BYTES = 16_384;
/** A third of a second of speech; in a file made to fill memory, five minutes. */
const DECODE_SLICE_BYTES = 1024;

/** As many as become OUTPUT_BYTES, and no more than these. */
function sliceBytes(from: TranscodeSource, [first]: readonly Stage[]): number {
  if (from.container === 'wav') return WAV_SLICE_BYTES;
  if (from.container === 'ogg') return first instanceof DemuxStage ? DEMUX_SLICE_BYTES : DECODE_SLICE_BYTES;
  if (from.container === 'packets' || !(first instanceof TranscodeStage)) return OUTPUT_BYTES;
  return sliceBytesOf(from, first.format as KnownRaw); // only a WAV's is not known yet
}

// ---- Mistakes, before anything is read

const CONTAINERS = ['raw', 'wav', 'ogg', 'packets'] as const;
const CODEC_OPTIONS = [
  'application',
  'bitrate',
  'bitrateMode',
  'complexity',
  'content',
  'dtx',
  'fec',
  'frameMs',
  'packetLossPercent',
] as const satisfies (keyof OpusTarget)[];
const TARGET_OPTIONS: Record<(typeof CONTAINERS)[number], readonly string[]> = {
  raw: ['encoding', 'sampleRateHz', 'channels'],
  wav: ['encoding', 'sampleRateHz', 'channels', 'rf64'],
  ogg: ['channels', ...CODEC_OPTIONS, 'tags', 'serial', 'pageMs'],
  packets: ['channels', ...CODEC_OPTIONS],
};

/** Whether anything is asked for that packets which are there already cannot be held to. */
function namesCodec(to: OggOpusTarget | OpusPacketTarget): boolean {
  return to.channels !== undefined || CODEC_OPTIONS.some((name) => to[name] !== undefined);
}

function requireRoute(route: TranscodeRoute): void {
  const { from, to, channels = 'mix' } = route;
  requireOptions(from, "transcode's from");
  requireOptions(to, "transcode's to");
  requireWord<string>(from.container ?? 'raw', 'from.container', CONTAINERS);
  requireWord<string>(to.container ?? 'raw', 'to.container', CONTAINERS);
  requireWord(channels, 'channels', ['mix', 'keep']);
  requireOwnOptions(to);
  if (channels === 'keep' && to.channels !== undefined)
    throw argumentTypeError("channels: 'keep' takes those of the source; leave out to.channels, or mix");
  if (isPcm(to)) requirePcmTarget(to);
  else requireOpusTarget(to);
  // What is made late, behind a header, or not needed at all: the mistakes in its options.
  new Transcoder(transcoding(route, { container: 'wav' }, isPcm(to) ? rawOf(to) : SOME_RAW)).close();
  if (from.container === 'packets') requirePacketChannels(from.channels ?? 1);
}

/** An option of another container is a mistake, and no wish to be passed over. */
function requireOwnOptions(to: TranscodeTarget): void {
  const { container = 'raw', ...options } = to;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || TARGET_OPTIONS[container].includes(name)) continue;
    const takers = CONTAINERS.filter((other) => TARGET_OPTIONS[other].includes(name));
    if (takers.length === 0) continue;
    throw argumentTypeError(
      `to.${name} has no meaning for ${container}: it belongs to ${takers.map((taker) => `'${taker}'`).join(' and ')}`,
    );
  }
}

function requirePcmTarget(to: PcmTarget): void {
  if (to.container !== 'wav') return;
  const { encoding = 's16', rf64 = true } = to;
  requireWord(encoding, 'to.encoding', Object.keys(WAV_SAMPLES) as WavEncoding[]);
  if (typeof rf64 !== 'boolean') throw argumentTypeError(`to.rf64 must be a boolean, got ${describe(rf64)}`);
}

const SOME_RAW = { encoding: 's16le', sampleRateHz: OPUS_RATE_HZ } as const;

function requireOpusTarget(to: OggOpusTarget | OpusPacketTarget): void {
  const { container, channels = 1, ...options } = to;
  if (container === 'packets') requirePacketChannels(channels);
  new OggOpusEncoder({ ...options, channels, sampleRateHz: OPUS_RATE_HZ }).close();
}

function requirePacketChannels(channels: unknown): void {
  if (channels === 1 || channels === 2) return;
  const message = `Opus packets hold 1 or 2 channels, got ${describe(channels)}: mix them, or write Ogg, which holds up to 8`;
  throw typeof channels === 'number'
    ? argumentRangeError(message, 'ERR_INVALID_CHANNELS')
    : argumentTypeError(message);
}

/** @throws UnsupportedError for a recording that is sound, but cannot become what was asked for. */
function requireEncodable(info: WavInfo, route: TranscodeRoute, to: OggOpusTarget | OpusPacketTarget): void {
  const { sampleRateHz, channels, dataOffset } = info;
  if (sampleRateHz < MIN_RATE_HZ || sampleRateHz > MAX_RATE_HZ)
    throw new UnsupportedError(
      `The WAV's rate is ${sampleRateHz} Hz; from ${MIN_RATE_HZ} to ${MAX_RATE_HZ} Hz are encoded.`,
      'ERR_WAV_UNSUPPORTED_RATE',
      dataOffset,
    );
  const most = to.container === 'ogg' ? 8 : 2;
  const wanted = route.channels === 'keep' ? channels : (to.channels ?? 1);
  if (wanted <= most && (wanted === 1 || channels === 1 || wanted === channels)) return;
  throw new UnsupportedError(
    `The WAV has ${channels} channels, which cannot become ${wanted} of ${to.container === 'ogg' ? 'Ogg Opus' : 'Opus packets'}: ask for 1, the mean of all.`,
    'ERR_WAV_UNSUPPORTED_CHANNELS',
    dataOffset,
  );
}
