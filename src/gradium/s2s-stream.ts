/**
 * A live translation as a Duplex: audio bytes in, audio bytes out, in session after session.
 * Not here: a session (s2s-leg.ts), what is written (live-input.ts), whose turn it is to be heard (leg-queue.ts).
 */
import type { Duplex } from 'node:stream';
import { OggOpusEncoder } from '../audio/index.js';
import { argumentTypeError, TimeoutError } from '../errors.js';
import type { WireFormat } from '../format.js';
import { DeadlineTimer, type ResolvedDeadlines, resolveDeadlines, Scope } from '../speech/index.js';
import { bytesOf } from '../streams/byte-input.js';
import type { DuplexEvents } from '../streams/events.js';
import type { StreamFormat } from '../streams/stream-format.js';
import type { SentSource } from './audio-sender.js';
import { LiveDuplex } from './live-duplex.js';
import { type Callback, LiveInput, type OpenedSource } from './live-input.js';
import { outputFormatOf } from './live-output.js';
import { LiveCut, sessionSpan, spanBytes } from './s2s-cut.js';
import { S2sLeg } from './s2s-leg.js';
import { type CheckedS2sOptions, checkS2sOptions } from './s2s-setup.js';
import type { ClientConfig } from './session.js';
import { openFrames, type SourceFrames } from './source-frames.js';
import { frameBytes, layoutOf, wireFor } from './source-layout.js';
import { int16Samples, OPUS_BITRATE } from './speech.js';
import { checkText } from './stt-setup.js';
import { Succession } from './succession.js';
import { withoutSizes } from './tts-stream.js';
import type { S2sReady, S2sStreamOptions, Word } from './types.js';

/** Written audio that waits here before `write` says stop: 1 s. Of a container, so many bytes. */
const WRITE_BUFFER_S = 1;
const WRITE_BUFFER_BYTES = 64 * 1024;
/** Audio that waits here before the socket is no longer read: 2 s of `pcm_24000`. */
const READ_BUFFER_BYTES = 96 * 1024;
/** Kept for a new attempt until the service says something. */
const KEPT_S = 30;
/** Of what is encoded here; the page waits for as much. */
const PAGE_MS = 80;
/** Of samples that are encoded here. */
const OPUS_SOURCE = 'pcm_48000';

/** What an {@link S2sStream} emits. */
interface S2sStreamEvents extends DuplexEvents<Buffer> {
  /** A session has begun: the first, or the one that goes on where another had to end. */
  ready: [ready: S2sReady];
  /** What is being said, its times known. */
  word: [word: Word];
}

/**
 * Write audio, read audio; `end` comes only after the service has said all. Anything else that ends the connection
 * destroys the stream with a typed error, which iteration, `pipeline`, `finished` and an `error` listener all report;
 * without any of them it is not thrown into the event loop. `ready` tells that a session has begun, `word` what is
 * being said, in seconds from the first sample that the stream gives.
 *
 * Leaving a `for await` early, `destroy()` and an aborted signal close the connection at once.
 */
export class S2sStream extends LiveDuplex<S2sStreamEvents> {
  readonly #config: ClientConfig;
  readonly #s2s: CheckedS2sOptions;
  readonly #deadlines: ResolvedDeadlines;
  readonly #scope: Scope;
  readonly #total: DeadlineTimer;
  readonly #output: WireFormat;
  readonly #encoder: OggOpusEncoder | undefined;
  readonly #heard: Succession;
  readonly #input: LiveInput;
  #frames: SourceFrames | undefined;
  #source: SentSource | undefined;
  #cut: LiveCut | undefined;
  /** That takes what is written. */
  #leg: S2sLeg | undefined;
  /** Of the write or the end under way: called when the stream is destroyed before that is done. */
  #pending: Callback | undefined;

  /** @throws TypeError, RangeError ERR_INVALID_ARG; UnsupportedError */
  constructor(config: ClientConfig, options: S2sStreamOptions) {
    const s2s = checkS2sOptions(options, 'pcm_24000');
    const layout = options.format === undefined ? undefined : layoutOf(options.format);
    super({
      readableHighWaterMark: READ_BUFFER_BYTES,
      writableHighWaterMark: layout
        ? Math.ceil(WRITE_BUFFER_S * layout.sampleRateHz * frameBytes(layout))
        : WRITE_BUFFER_BYTES,
    });
    this.#config = config;
    this.#s2s = s2s;
    this.#deadlines = resolveDeadlines(options.deadlines, config.deadlines);
    this.#input = new LiveInput({
      stream: this,
      format: options.format,
      wire: s2s.wire,
      ffmpeg: checkText('ffmpeg', options.ffmpeg),
      open: (opened) => this.#start(opened),
      send: (bytes, done) => void this.#send(this.#opened().push(bytes)).then(() => done(), done),
    });
    // Nobody knows how many sessions it will be, and Ogg Opus cannot be joined.
    const encodes = s2s.outputFormat === 'opus';
    this.#output = encodes ? OPUS_SOURCE : s2s.outputFormat;
    this.#encoder = encodes
      ? new OggOpusEncoder({ sampleRateHz: 48_000, bitrate: OPUS_BITRATE, pageMs: PAGE_MS })
      : undefined;
    this.#heard = new Succession({
      onHead: (head) => this.#give(withoutSizes(head)),
      onAudio: (bytes) => this.#give(this.#encoder ? this.#encoder.process(int16Samples(bytes)) : bytes),
      onWord: (word) => this.emit('word', word),
      onEnd: () => this.#ended(),
    });
    const { totalMs = 0 } = this.#deadlines;
    this.#total = new DeadlineTimer(totalMs, () =>
      this.destroy(
        new TimeoutError(`not done within ${totalMs} ms`, { phase: 'total', requestId: this.requestId }),
      ),
    );
    this.#scope = new Scope(options.signal);
    this.#scope.onFail((reason) => this.destroy(reason as Error));
    if (this.destroyed) return;
    this.#total.start();
    try {
      this.#input.begin();
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /**
   * What is written: as `format` says it, else as the stream does that is joined to this one, else as the first bytes do.
   * Undefined before that, and of containers that FFmpeg decodes.
   */
  get inputFormat(): StreamFormat | undefined {
    return this.#input.format;
  }

  /** What is read, as the option `outputFormat` says it. */
  get outputFormat(): StreamFormat {
    return outputFormatOf(this.#s2s.outputFormat);
  }

  /** The service's id of the session that is being spoken to, once it has said `ready`. */
  get requestId(): string | undefined {
    return this.#leg?.requestId || undefined;
  }

  /** The audio; throws the error that ended the stream. Leaving the loop early closes the connection. */
  override [Symbol.asyncIterator](): ReturnType<Duplex[typeof Symbol.asyncIterator]> & AsyncIterator<Buffer> {
    return super[Symbol.asyncIterator]();
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, done: Callback): void {
    const callback = this.#begun(done);
    try {
      this.#input.write(bytesOf(this, chunk), callback);
    } catch (error) {
      callback(error as Error);
    }
  }

  override _final(done: Callback): void {
    const callback = this.#begun(done);
    try {
      this.#input.end((error) => {
        if (error) callback(error);
        else this.#finish().then(() => callback(), callback);
      });
    } catch (error) {
      callback(error as Error);
    }
  }

  override _read(): void {
    this.#heard.resume();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const reason = error ?? argumentTypeError('the stream was destroyed', 'ERR_CLOSED');
    // Ends the wait for a new attempt too, whose timer would keep the process alive.
    this.#scope.fail(reason);
    this.#total.stop();
    this.#input.close();
    this.#frames?.close();
    this.#heard.destroy();
    this.#encoder?.close();
    callback(error);
    this.#pending?.(reason);
  }

  /** Called once at most, whoever comes first. */
  #begun(done: Callback): Callback {
    const callback: Callback = (error) => {
      if (this.#pending !== callback) return;
      this.#pending = undefined;
      done(error);
    };
    this.#pending = callback;
    return callback;
  }

  #opened(): SourceFrames {
    return this.#frames as SourceFrames;
  }

  async #finish(): Promise<void> {
    await this.#send(this.#opened().finish());
    if (this.destroyed) return;
    this.#leg?.end();
    this.#heard.close();
  }

  #start({ from: written, layout }: OpenedSource): void {
    const frames = openFrames({ from: written, layout, bytes: undefined });
    this.#frames = frames;
    // Of a container what was planned for it; its pages are decoded here, since what is sent may have to be cut.
    const planned = layout.encoding === 'opus' ? frames.layout : layout;
    const { wire } = wireFor(planned, this.#s2s.wire);
    const { layout: from } = frames;
    this.#source = { from, layout: from, wire, info: undefined, bytes: undefined, again: false };
    this.#open(this.#source);
  }

  /** A session for what is written from now on. */
  #open(source: SentSource): void {
    const { layout } = this.#opened();
    this.#cut = new LiveCut(layout, sessionSpan(this.#config.sessionLimitS, this.#s2s));
    this.#leg = this.#heard.add(
      (handlers) =>
        new S2sLeg({
          ...handlers,
          link: this.#config.link,
          deadlines: this.#deadlines,
          options: this.#s2s,
          source,
          output: this.#output,
          keptBytes: spanBytes(KEPT_S, layout),
          scope: this.#scope,
          onReady: ({ requestId, model, sampleRateHz, frameSize }) => {
            this.emit('ready', { requestId, model: model || this.#s2s.model, sampleRateHz, frameSize });
          },
          onFail: (error) => this.destroy(error as Error),
        }),
    );
  }

  async #send(parts: Iterable<Uint8Array>): Promise<void> {
    for (const bytes of parts) {
      for (let at = 0; at < bytes.length; ) {
        const room = this.#heard.room();
        if (room) await room;
        if (this.destroyed) return;
        at += await this.#sendPart(bytes.subarray(at));
      }
    }
  }

  /** What of `bytes` belongs to one session; how many that is. */
  async #sendPart(bytes: Uint8Array): Promise<number> {
    const [leg, cut, source] = [this.#leg as S2sLeg, this.#cut as LiveCut, this.#source as SentSource];
    const { length, ends } = cut.take(bytes);
    leg.push(bytes.subarray(0, length));
    if (ends) {
      leg.end();
      if (!this.destroyed) this.#open(source);
      return length;
    }
    const drained = leg.drained();
    if (drained) await drained;
    return length;
  }

  #give(bytes: Uint8Array): void {
    if (bytes.length > 0 && !this.push(bytes)) this.#heard.pause();
  }

  #ended(): void {
    if (this.#encoder) this.#give(this.#encoder.flush());
    this.push(null);
  }
}
