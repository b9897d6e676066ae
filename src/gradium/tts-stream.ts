/**
 * Live speech as a Duplex: text in, audio bytes out, words as events.
 * Not here: the protocol (tts-session.ts), where sessions begin and end in the text (passages.ts).
 */
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { OggOpusEncoder } from '../audio/index.js';
import { argumentTypeError } from '../errors.js';
import { STEP_MS, sampleBytes, type WireAudio, type WireFormat, wireAudio } from '../format.js';
import { deferred, type ResolvedDeadlines, resolveDeadlines, Scope, TotalDeadline } from '../speech/index.js';
import type { DuplexEvents } from '../streams/events.js';
import type { StreamFormat } from '../streams/stream-format.js';
import { LiveDuplex } from './live-duplex.js';
import { outputFormatOf } from './live-output.js';
import type { Ready } from './messages.js';
import { type Passage, PassageWriter } from './passages.js';
import type { SpokenLayout } from './sample-stream.js';
import type { ClientConfig } from './session.js';
import { int16Samples, OPUS_BITRATE } from './speech.js';
import { speakPassage, TtsSession } from './tts-session.js';
import { type CheckedTtsOptions, checkTtsOptions, joinable } from './tts-setup.js';
import type { TtsOptions, TtsReady, Word } from './types.js';

/** Written text that waits here before `write` says stop: some 5 minutes of speech. */
const WRITE_BUFFER_CHARS = 4096;
/** Audio that waits here before the socket is no longer read: 1 s. Of Ogg Opus, so many bytes. */
const READ_BUFFER_S = 1;
const READ_BUFFER_BYTES = 16 * 1024;
/** Of `wav`, unless its header says otherwise; and of `opus`. */
const SERVICE_RATE_HZ = 48_000;
/** RIFF/WAVE: the size of what is still being made. */
const UNKNOWN_SIZE = 0xffff_ffff;

type Callback = (error?: Error | null) => void;

/** What a {@link TtsStream} emits. */
interface TtsStreamEvents extends DuplexEvents<Buffer> {
  /** A word that is spoken, with its time in the audio and its place in all the text written; about as soon as its audio. */
  word: [word: Word];
  /** A session has begun: the first, and each further one that a long text needs. */
  ready: [ready: TtsReady];
  /** The service could go on if it had more text. */
  needMoreText: [];
}

/**
 * Write text, in pieces cut anywhere; read audio bytes, of which `end` comes only after all was spoken. Text goes out as
 * soon as its sentence is certain to be whole, or with {@link flush}. The connection is opened with the stream.
 *
 * A text too long for one session goes on in another, at the end of a sentence, and so does one that is written for more
 * than four minutes: the audio is continuous, a WAV has one header, word times and places are those of the whole.
 *
 * A session that fails is tried again as long as none of its audio was handed out. Any other failure destroys the stream
 * with a typed error, which iteration, `pipeline`, `finished` and an `error` listener all report; without any of them it is
 * not thrown into the event loop. Leaving a `for await` early, `destroy()` and an aborted signal close the connection at
 * once.
 */
export class TtsStream extends LiveDuplex<TtsStreamEvents> {
  readonly #config: ClientConfig;
  readonly #options: CheckedTtsOptions;
  readonly #deadlines: ResolvedDeadlines;
  readonly #scope: Scope;
  readonly #total: TotalDeadline;
  readonly #writer: PassageWriter;
  /** Of bytes, which may be cut within a character. */
  readonly #decoder = new StringDecoder('utf8');
  /** Of `opus`: sessions give samples, since their Ogg Opus could not be joined. */
  readonly #encoder: OggOpusEncoder | undefined;
  #session: TtsSession | undefined;
  #requestId: string | undefined;
  #layout: SpokenLayout | undefined;
  /** Handed out by sessions that have ended, in seconds. */
  #spokenS = 0;
  /** Whether the session under way has audio that the reader may have. */
  #handedOut = false;
  #headerSent = false;
  /** Writable units that went into passages, and at how many of them a flush is due. */
  #taken = 0;
  #flushes: number[] = [];
  /** Of the write under way: called when the stream is destroyed before that is done. */
  #pending: Callback | undefined;

  /** @throws TypeError, RangeError ERR_INVALID_ARG */
  constructor(config: ClientConfig, options: TtsOptions = {}) {
    const checked = checkTtsOptions(options, 'pcm_24000', config.sessionLimitS);
    super(
      {
        readableHighWaterMark: readBufferBytes(checked.outputFormat),
        writableHighWaterMark: WRITE_BUFFER_CHARS,
      },
      true,
    );
    this.#config = config;
    this.#options = { ...checked, setup: joinable(checked.setup) };
    this.#deadlines = resolveDeadlines(options.deadlines, config.deadlines);
    this.#writer = new PassageWriter(checked.maxCharsPerSession);
    if (checked.outputFormat === 'opus') {
      this.#encoder = new OggOpusEncoder({
        sampleRateHz: SERVICE_RATE_HZ,
        bitrate: OPUS_BITRATE,
        pageMs: STEP_MS,
      });
    }
    this.#scope = new Scope(options.signal);
    this.#total = new TotalDeadline(this.#scope);
    this.#scope.onFail((reason) => this.destroy(reason as Error));
    if (this.destroyed) return;
    this.#total.start(this.#deadlines.totalMs ?? 0);
    this.#run().catch((error: unknown) => this.destroy(error as Error));
  }

  /** The service's id of the latest session, once it has said `ready`. */
  get requestId(): string | undefined {
    return this.#requestId;
  }

  /** What is read, as the option `outputFormat` says it. */
  get outputFormat(): StreamFormat {
    return outputFormatOf(this.#options.outputFormat);
  }

  /** Samples in a second: as the format's name says; of `wav` as its header says, 48 000 before it has come. */
  get sampleRateHz(): number {
    const { outputFormat } = this.#options;
    return wireAudio(outputFormat, 'output')?.sampleRateHz ?? this.#layout?.sampleRateHz ?? SERVICE_RATE_HZ;
  }

  /**
   * Has all that was written so far spoken now, without waiting for more: the end of a turn. A word that has begun ends
   * there.
   * @throws TypeError ERR_CLOSED after `end()` or `destroy()`
   */
  flush(): void {
    if (this.destroyed || this.writableEnded) {
      throw argumentTypeError('flush() after the end of the stream', 'ERR_CLOSED');
    }
    this.#flushes.push(this.#taken + this.writableLength);
    this.#flushTaken();
  }

  /** The audio; throws the error that ended the stream. Leaving the loop early closes the connection. */
  override [Symbol.asyncIterator](): ReturnType<Duplex[typeof Symbol.asyncIterator]> & AsyncIterator<Buffer> {
    return super[Symbol.asyncIterator]();
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: Callback): void {
    const callback = this.#begun(done);
    try {
      this.#writer.write(
        typeof chunk === 'string' ? this.#decoder.end() + chunk : this.#decoder.write(chunk),
      );
    } catch (error) {
      callback(error as Error);
      return;
    }
    const taken = () => {
      this.#taken += chunk.length;
      this.#flushTaken();
      callback();
    };
    const room = this.#writer.room();
    if (room) room.then(taken);
    else taken();
  }

  override _final(done: Callback): void {
    this.#writer.write(this.#decoder.end());
    this.#writer.end();
    done();
  }

  override _read(): void {
    if (this.#session?.paused) this.#session.resume();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const reason = error ?? argumentTypeError('the stream was destroyed', 'ERR_CLOSED');
    this.#scope.fail(reason);
    this.#total.stop();
    this.#session?.destroy();
    this.#encoder?.close();
    callback(error);
    this.#pending?.(reason);
  }

  #begun(done: Callback): Callback {
    this.#pending = (error) => {
      this.#pending = undefined;
      done(error);
    };
    return this.#pending;
  }

  #flushTaken(): void {
    while (this.#flushes[0] !== undefined && this.#flushes[0] <= this.#taken) {
      this.#flushes.shift();
      this.#writer.flush();
    }
  }

  /** Passage after passage, each by a session of its own. */
  async #run(): Promise<void> {
    const limits = {
      retries: this.#options.retries,
      scope: this.#scope,
      remainingMs: () => this.#total.remainingMs,
      again: () => !this.#handedOut,
    };
    for (;;) {
      const passage = await this.#scope.wait(this.#writer.next());
      if (!passage) break;
      if (passage.isClosed && passage.isEmpty) continue;
      await speakPassage(passage, limits, () => this.#attempt(passage));
    }
    if (this.#encoder && this.#spokenS > 0) this.push(this.#encoder.flush());
    this.push(null);
    this.#total.stop();
  }

  async #attempt(passage: Passage): Promise<void> {
    const { setup, sessionS } = this.#options;
    const scope = new Scope(this.#scope);
    const ended = deferred();
    const words = new HeldWords((word) => this.emit('word', word));
    this.#handedOut = false;
    const session = new TtsSession({
      config: { link: this.#config.link, route: 'tts', deadlines: this.#deadlines },
      setup,
      passage,
      sessionS,
      startS: this.#spokenS,
      earlier: this.#layout,
      onReady: (ready) => this.#ready(ready),
      onAudio: (bytes) => {
        this.#layout ??= session.spoken.layout;
        this.#handedOut = true;
        words.release();
        this.#handOut(bytes, session);
      },
      onWord: (word) => words.add(word),
      onNeedMoreText: () => this.emit('needMoreText'),
      onEnd: ended.resolve,
      onFail: (error) => scope.fail(error),
    });
    this.#session = session;
    try {
      await scope.wait(ended.promise);
      this.#spokenS += session.spoken.durationS;
    } finally {
      session.destroy();
      scope.close();
    }
  }

  #ready({ requestId, model, sampleRateHz, frameSize }: Ready): void {
    this.#requestId = requestId;
    this.emit('ready', {
      requestId,
      model: model || this.#options.setup.model_name,
      sampleRateHz,
      frameSize,
    } satisfies TtsReady);
  }

  #handOut(samples: Buffer, session: TtsSession): void {
    const header = this.#headerSent ? undefined : this.#layout?.head;
    this.#headerSent = true;
    if (header) this.push(withoutSizes(header));
    const bytes = this.#encoder ? this.#encoder.process(int16Samples(samples)) : samples;
    // No bytes would not count as a push, and nobody would ask for more.
    if (bytes.length > 0 && !this.push(bytes)) session.pause();
  }
}

/** Words whose session may still be tried again are held back: they would come twice. */
class HeldWords {
  readonly #give: (word: Word) => void;
  #held: Word[] | undefined = [];

  constructor(give: (word: Word) => void) {
    this.#give = give;
  }

  add(word: Word): void {
    if (this.#held) this.#held.push(word);
    else this.#give(word);
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const word of held) this.#give(word);
  }
}

function readBufferBytes(format: WireFormat): number {
  if (format === 'opus') return READ_BUFFER_BYTES;
  const { encoding, sampleRateHz } = wireAudio(
    format === 'wav' ? 'pcm_48000' : format,
    'output',
  ) as WireAudio;
  return READ_BUFFER_S * sampleBytes(encoding) * sampleRateHz;
}

/** A stream goes on for longer than the first session could say. */
export function withoutSizes(header: Buffer): Buffer {
  const copy = Buffer.from(header);
  copy.writeUInt32LE(UNKNOWN_SIZE, 4);
  copy.writeUInt32LE(UNKNOWN_SIZE, copy.length - 4);
  return copy;
}
