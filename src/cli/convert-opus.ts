/**
 * Ogg Opus as what `sluice convert` reads: chunk by chunk to samples at 48 kHz, and its tags.
 * Not here: what becomes of them (convert-chain.ts).
 */
import type { OggOpusDecoder, OggOpusInfo } from '../audio/index.js';
import type { Audio, Samples, Source, SourceFormat, SourceOptions, Tags } from './convert-source.js';

type Kind = 'int16' | 'float32';

/** About half a second of stereo: however long a chunk lasts, no more than this is decoded at a time. */
const ROOM_SAMPLES = 49_152;

export class OpusSource implements Source {
  readonly #isInt16: SourceOptions['isInt16'];
  readonly #decoders: Record<Kind, OggOpusDecoder<Kind>>;
  readonly #rooms = { int16: new Int16Array(ROOM_SAMPLES), float32: new Float32Array(ROOM_SAMPLES) };
  /** Which of the two it takes is known with the header; until then both read. */
  #kind: Kind = 'int16';
  #format: SourceFormat | undefined;

  constructor(audio: Audio, { isInt16 }: SourceOptions) {
    this.#isInt16 = isInt16;
    this.#decoders = {
      int16: new audio.OggOpusDecoder<Kind>({ sample: 'int16' }),
      float32: new audio.OggOpusDecoder<Kind>({ sample: 'float32' }),
    };
  }

  get format(): SourceFormat | undefined {
    return this.#format;
  }

  *process(chunk: Uint8Array): Generator<Samples> {
    for (const decoder of this.#reading()) decoder.push(chunk);
    yield* this.#read();
  }

  *flush(): Generator<Samples> {
    for (const decoder of this.#reading()) decoder.end();
    yield* this.#read();
  }

  warnings(): string[] {
    return this.#decoders[this.#kind].info?.warnings ?? [];
  }

  close(): void {
    for (const decoder of Object.values(this.#decoders)) decoder.close();
  }

  #reading(): OggOpusDecoder<Kind>[] {
    return this.#format === undefined ? Object.values(this.#decoders) : [this.#decoders[this.#kind]];
  }

  *#read(): Generator<Samples> {
    for (let samples = this.#next(); samples.length > 0; samples = this.#next()) yield samples;
  }

  /** Empty: all that was pushed is read. */
  #next(): Samples {
    if (this.#format !== undefined) return this.#nextOf(this.#kind);
    const [int16, float32] = [this.#nextOf('int16'), this.#nextOf('float32')];
    const { info } = this.#decoders.int16;
    if (info === undefined) return int16;
    this.#format = formatOf(info);
    if (this.#isInt16(this.#format)) return int16;
    this.#kind = 'float32';
    return float32;
  }

  #nextOf(kind: Kind): Samples {
    const [decoder, room] = [this.#decoders[kind], this.#rooms[kind]];
    const frames = decoder.readInto(room);
    return room.subarray(0, frames * (decoder.channels ?? 0));
  }
}

function formatOf({ sampleRateHz, channels, links }: OggOpusInfo): SourceFormat {
  return { encoding: 'opus', sampleRateHz, channels, tags: tagsOf(links[0]?.comments ?? []) };
}

/** They are about the encoder that was, not the one that will be. */
const OF_THE_ENCODER = /^ENCODER(_OPTIONS)?$/i;

/** Comments (`NAME=value`) as tags that can be written again: those that break the format are left out. */
export function tagsOf(comments: readonly string[]): Tags {
  const tags = new Map<string, string[]>();
  for (const comment of comments) {
    const { name, value } = /^(?<name>[ -<>-}]+)=(?<value>.*)$/s.exec(comment)?.groups ?? {};
    if (name === undefined || value === undefined || value.includes('\0')) continue;
    if (!OF_THE_ENCODER.test(name)) tags.set(name, [...(tags.get(name) ?? []), value]);
  }
  return Object.fromEntries(tags);
}
