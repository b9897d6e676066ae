/**
 * The audio messages of one session as plain samples: WAV headers are taken off, and nothing is cut within a frame.
 * Not here: Ogg Opus, whose pages are passed on as they are; what becomes of the samples.
 */
import { WavReader } from '../audio/index.js';
import { type SampleEncoding, sampleBytes, type WireFormat, wireAudio } from '../format.js';
import { Malformed } from './messages.js';

/** What the samples are; the bytes are those of a file behind its header. */
export interface SpokenLayout {
  encoding: SampleEncoding;
  sampleRateHz: number;
  channels: number;
  /** Of `wav`: all that came before the first sample, sizes as the service wrote them. */
  head?: Buffer;
}

/** A header with notes and artwork before the audio is still a header; more than this is none. */
const MAX_HEAD_BYTES = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * The service sends a WAV's header once, in a message of its own, with sizes that say nothing (wire reference, section
 * 2.5). Also read are a header with samples behind it, one cut over several messages, and one before every message;
 * later ones must say the same as the first. Whatever is no header is samples, whatever the sizes say.
 */
export class SampleStream {
  readonly #isWav: boolean;
  #layout: SpokenLayout | undefined;
  /** Of a WAV's header that is not complete; undefined: none is being read. */
  #header: Buffer | undefined;
  /** Of a frame that is not complete. */
  #rest: Buffer = NOTHING;
  #frames = 0;

  /** @param earlier That of the audio which this one goes on: it must be the same. */
  constructor(format: Exclude<WireFormat, 'opus'>, earlier?: SpokenLayout) {
    const raw = wireAudio(format, 'output');
    this.#isWav = raw === undefined;
    this.#layout = raw ? { ...raw, channels: 1 } : earlier;
    if (this.#isWav) this.#header = NOTHING;
  }

  /** Undefined until a WAV's header has come. */
  get layout(): SpokenLayout | undefined {
    return this.#layout;
  }

  get frames(): number {
    return this.#frames;
  }

  /** @returns Whole frames, maybe none. @throws Malformed; FormatError, UnsupportedError when it is no WAV */
  push(message: Buffer): Buffer {
    if (this.#isWav && !this.#header && beginsWav(message)) this.#header = NOTHING;
    return this.#whole(this.#header ? this.#behindHeader(this.#header, message) : message);
  }

  /** No message follows. @throws Malformed, FormatError when something is cut off */
  finish(): void {
    if (this.#header && this.#header.length > 0) {
      using reader = new WavReader();
      reader.process(this.#header);
      reader.finish(); // throws where it was cut
    }
    if (this.#rest.length > 0) throw new Malformed('its audio ends within a sample');
  }

  #behindHeader(begun: Buffer, message: Buffer): Buffer {
    const bytes = Buffer.concat([begun, message]);
    using reader = new WavReader();
    reader.process(bytes);
    const { info } = reader;
    if (!info) {
      if (bytes.length > MAX_HEAD_BYTES)
        throw new Malformed(`a WAV header of more than ${MAX_HEAD_BYTES} bytes`);
      this.#header = bytes;
      return NOTHING;
    }
    const { encoding, sampleRateHz, channels, dataOffset } = info;
    this.#found({ encoding, sampleRateHz, channels, head: bytes.subarray(0, dataOffset) });
    this.#header = undefined;
    return bytes.subarray(dataOffset);
  }

  #found(layout: SpokenLayout & { head: Buffer }): void {
    const kind = layout.head.toString('latin1', 0, 4);
    if (kind !== 'RIFF') throw new Malformed(`its WAV is a ${kind} file`);
    this.#layout ??= layout;
    if (described(layout) !== described(this.#layout)) {
      throw new Malformed(`its WAV goes on as ${described(layout)} after ${described(this.#layout)}`);
    }
  }

  #whole(samples: Buffer): Buffer {
    if (samples.length === 0 || !this.#layout) return NOTHING;
    const frameBytes = sampleBytes(this.#layout.encoding) * this.#layout.channels;
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, samples]) : samples;
    const frames = Math.floor(bytes.length / frameBytes);
    this.#frames += frames;
    this.#rest = bytes.subarray(frames * frameBytes);
    return bytes.subarray(0, frames * frameBytes);
  }
}

/** Samples would begin like this once in 2^64 messages. */
function beginsWav(message: Buffer): boolean {
  return message.toString('latin1', 0, 4) === 'RIFF' && message.toString('latin1', 8, 12) === 'WAVE';
}

export function described({ encoding, sampleRateHz, channels }: SpokenLayout): string {
  return `${encoding} at ${sampleRateHz} Hz with ${channels} channel${channels === 1 ? '' : 's'}`;
}
