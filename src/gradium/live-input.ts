/**
 * What is written to a live stream: what it is, as the caller, the stream joined to it or its own first bytes say; and
 * then its bytes.
 * Not here: what a header says (source-head.ts), how the audio is sent.
 */
import { PassThrough, type Writable } from 'node:stream';
import {
  type AudioInfo,
  audioContainer,
  containerHeadBytes,
  FfmpegReader,
  type ForeignContainer,
} from '../audio/index.js';
import { argumentTypeError, UnsupportedError } from '../errors.js';
import type { AudioFormat, WireFormat } from '../format.js';
import { RawInput } from '../streams/raw-input.js';
import { mismatch, onSourceFormat, type Source } from '../streams/source-check.js';
import { fits, formatName, isRaw, remedy, type StreamFormat } from '../streams/stream-format.js';
import { SourceHead } from './source-head.js';
import { checkWire, layoutOf, type SourceLayout } from './source-layout.js';

export type Callback = (error?: Error | null) => void;

export interface LiveInputOptions {
  /** The stream that is written to. */
  stream: Writable;
  /** Undefined: what is joined to the stream or its first bytes say it. */
  format: AudioFormat | undefined;
  wire: 'auto' | WireFormat;
  /** Path of the program. */
  ffmpeg: string | undefined;
  /** What the audio is; called once, before any `send`. What it throws fails the stream. */
  open(source: OpenedSource): void;
  /** Sends bytes of what was opened; `done` when more may come. */
  send(bytes: Uint8Array, done: Callback): void;
}

export interface OpenedSource {
  from: AudioFormat;
  layout: SourceLayout;
  /** As far as the header says it. */
  info: AudioInfo | undefined;
}

const WAV_MAGIC = /^(RIFF|RIFX|RF64|BW64)/;
/** What all containers but Ogg are recognised by. */
const MAGIC_BYTES = 16;
const NOTHING = Buffer.alloc(0);

export class LiveInput {
  readonly #options: LiveInputOptions;
  /** As it was said, by whoever did. */
  #format: AudioFormat | undefined;
  /** Bytes that do not yet tell what they are. */
  #kept: Buffer = NOTHING;
  #raw: RawInput | undefined;
  /** Of a container, until its header is known. */
  #head: SourceHead | undefined;
  #foreign: ForeignInput | undefined;
  #opened = false;

  /** Nothing is opened before `begin`, or something is written. */
  constructor(options: LiveInputOptions) {
    this.#options = options;
    onSourceFormat(options.stream, (source) => {
      if (options.stream.destroyed) return;
      try {
        this.#learn(source);
      } catch (error) {
        options.stream.destroy(error as Error);
      }
    });
  }

  /** What is written, where it is known; undefined of what FFmpeg decodes. */
  get format(): AudioFormat | undefined {
    return this.#foreign ? undefined : this.#format;
  }

  /** Goes by the caller's format, if there is one: raw samples need no byte to be opened. */
  begin(): void {
    if (this.#options.format !== undefined) this.#say(this.#options.format);
  }

  /** @throws TypeError ERR_FORMAT_MISMATCH; FormatError, UnsupportedError. */
  write(chunk: Buffer, done: Callback): void {
    if (this.#foreign) this.#foreign.write(chunk, done);
    else if (this.#format !== undefined) this.#take(chunk, done);
    else this.#recognise(chunk, false, done);
  }

  /** Nothing more is written: `done` when all of it was sent. @throws As `write`; FormatError without a header. */
  end(done: Callback): void {
    const rest = () => this.#sendRest(done);
    if (this.#foreign) this.#foreign.end(rest, done);
    else if (this.#format !== undefined) rest();
    else this.#recognise(NOTHING, true, (error) => (error ? done(error) : this.end(done)));
  }

  close(): void {
    this.#head?.close();
    this.#foreign?.close();
  }

  #learn(source: Source): void {
    // What was written before says what it is.
    if (this.#kept.length > 0) return;
    const given = source.outputFormat as StreamFormat;
    if (given.container === 'packets') {
      const ogg = { container: 'ogg' } as const;
      throw mismatch(source, this.#options.stream, ogg, `put ${remedy(given, ogg)} between them`);
    }
    if (this.#format !== undefined) this.#compare(source, given, this.#format);
    else this.#say(requireRate(source, given));
  }

  #compare(source: Source, given: StreamFormat, wanted: AudioFormat): void {
    if (fits(given, wanted)) return;
    const way =
      this.#options.format === undefined
        ? 'what follows must be as what came first'
        : 'leave `format` out, and it is taken from there';
    throw mismatch(source, this.#options.stream, wanted, way);
  }

  #say(format: AudioFormat): void {
    checkWire(format, this.#options.wire);
    const layout = layoutOf(format);
    this.#format = format;
    if (layout === undefined) return;
    const owner = this.#options.stream.constructor.name;
    this.#raw = new RawInput(layout, owner, 'leave `format` out, and it is read as what it is');
    this.#open({ from: format, layout, info: undefined });
  }

  #recognise(chunk: Buffer, ended: boolean, done: Callback): void {
    this.#kept = this.#kept.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#kept, chunk]);
    const container = containerOf(this.#kept, ended);
    if (container === 'unclear') {
      done();
      return;
    }
    const bytes = this.#kept;
    this.#kept = NOTHING;
    if (typeof container === 'string') this.#say({ container });
    else this.#decode(container);
    this.write(bytes, done);
  }

  #decode(container: ForeignContainer): void {
    const { wire, ffmpeg, stream } = this.#options;
    if (wire === 'wav') {
      throw argumentTypeError(
        `wire 'wav' sends a WAV as it is; this is ${container.title}: leave wire at 'auto'`,
      );
    }
    this.#format = { container: 'wav' };
    this.#foreign = new ForeignInput(container, ffmpeg, {
      take: (wav, done) => this.#take(wav, done),
      fail: (error) => stream.destroy(error),
    });
  }

  #take(chunk: Buffer, done: Callback): void {
    // FFmpeg's last bytes may come when all is over.
    if (this.#options.stream.destroyed) return;
    const bytes = this.#raw ? this.#raw.take(chunk) : this.#opened ? chunk : this.#readHead(chunk);
    if (bytes.length === 0) done();
    else this.#options.send(bytes, done);
  }

  #sendRest(done: Callback): void {
    let rest: Buffer = NOTHING;
    if (this.#raw) rest = this.#raw.drain();
    else if (!this.#opened) {
      const head = this.#headOf();
      // Without a header by now this throws what is wrong with the bytes.
      rest = this.#openHead(head, head.finish());
    }
    this.#options.send(rest, done);
  }

  /** All that was kept until now, once the header is known. */
  #readHead(chunk: Buffer): Buffer {
    const head = this.#headOf();
    const info = head.push(chunk);
    return info ? this.#openHead(head, info) : NOTHING;
  }

  #headOf(): SourceHead {
    this.#head ??= new SourceHead(this.#format as AudioFormat, true);
    return this.#head;
  }

  #openHead(head: SourceHead, info: AudioInfo): Buffer {
    const bytes = head.bytes();
    head.close();
    const { encoding, sampleRateHz, channels } = info;
    const layout = { encoding, sampleRateHz, channels } as SourceLayout;
    this.#open({ from: this.#format as AudioFormat, layout, info });
    return bytes;
  }

  #open(source: OpenedSource): void {
    this.#opened = true;
    this.#options.open(source);
  }
}

/** @throws TypeError ERR_FORMAT_MISMATCH. */
function requireRate(source: Source, given: StreamFormat): AudioFormat {
  if (!isRaw(given) || given.sampleRateHz !== undefined) return given as AudioFormat;
  throw argumentTypeError(
    `${source.constructor.name} gives ${formatName(given)}, and does not say at which rate: ` +
      `tell it there, or say \`format: { encoding: '${given.encoding}', sampleRateHz: … }\` here.`,
    'ERR_FORMAT_MISMATCH',
  );
}

/**
 * By its first bytes, and never a guess: raw samples have to be said.
 *
 * @throws UnsupportedError ERR_UNSUPPORTED_CONTAINER.
 */
function containerOf(head: Buffer, ended: boolean): 'wav' | 'ogg' | ForeignContainer | 'unclear' {
  const isOgg = head.toString('latin1', 0, 4) === 'OggS';
  const wanted = isOgg ? containerHeadBytes(head) : MAGIC_BYTES;
  if (head.length < wanted && !ended) return 'unclear';
  const container = audioContainer(head);
  const known = isOgg || typeof container === 'object' || WAV_MAGIC.test(head.toString('latin1', 0, 4));
  if (known) return container;
  const found =
    head.length === 0
      ? 'nothing was written'
      : `what is written begins like no container (${head.subarray(0, 8).toString('hex')})`;
  throw new UnsupportedError(
    `${found}; say what raw samples are: \`format: { encoding: 's16le', sampleRateHz: 16000 }\``,
    'ERR_UNSUPPORTED_CONTAINER',
    0,
  );
}

interface ForeignActions {
  /** Bytes of the WAV that FFmpeg makes. */
  take(wav: Buffer, done: Callback): void;
  fail(error: Error): void;
}

/** A container that FFmpeg decodes while it is written. */
class ForeignInput {
  readonly #input = new PassThrough();
  readonly #reader: FfmpegReader;
  readonly #decoded: Promise<void>;
  /** Of the write under way. */
  #written: (() => void) | undefined;

  constructor(container: ForeignContainer, ffmpeg: string | undefined, actions: ForeignActions) {
    this.#input.on('error', () => {});
    this.#reader = new FfmpegReader(this.#input, { container, ffmpeg });
    this.#decoded = this.#decode(actions);
    this.#decoded.then(() => this.#taken(), actions.fail);
  }

  /**
   * `done` when FFmpeg has room for more, or has ended well: it may want no more before the source is at its end, and what
   * follows is dropped. When it fails the stream does.
   */
  write(chunk: Buffer, done: () => void): void {
    this.#written = done;
    // A stream that is destroyed does not call back of the write that it has begun.
    this.#input.write(chunk, (error) => {
      if (error) this.#decoded.then(() => this.#taken()).catch(() => {});
      else this.#taken();
    });
  }

  end(done: () => void, failed: (error: Error) => void): void {
    this.#input.end();
    this.#decoded.then(done).catch(failed);
  }

  close(): void {
    this.#reader.close();
  }

  #taken(): void {
    const done = this.#written;
    this.#written = undefined;
    done?.();
  }

  async #decode({ take }: ForeignActions): Promise<void> {
    for await (const { buffer, byteOffset, length } of this.#reader) {
      const wav = Buffer.from(buffer, byteOffset, length);
      await new Promise<void>((resolve, reject) => {
        take(wav, (error) => (error ? reject(error) : resolve()));
      });
    }
  }
}
