/**
 * A live transcription as a Duplex: audio bytes in, events or text out.
 * Not here: sessions with the service (stt-chain.ts), what is written (live-input.ts), the way from bytes to messages
 * (audio-sender.ts).
 */
import type { Duplex } from 'node:stream';
import { argumentRangeError, argumentTypeError, TimeoutError } from '../errors.js';
import type { WireFormat } from '../format.js';
import { DeadlineTimer, type ResolvedDeadlines, resolveDeadlines, Scope, Turns } from '../speech/index.js';
import { bytesOf } from '../streams/byte-input.js';
import type { DuplexEvents } from '../streams/events.js';
import type { StreamFormat } from '../streams/stream-format.js';
import type { AudioSender } from './audio-sender.js';
import { LiveDuplex } from './live-duplex.js';
import { type Callback, LiveInput, type OpenedSource } from './live-input.js';
import { openSender } from './open-sender.js';
import { silentMessage } from './padding.js';
import type { ClientConfig } from './session.js';
import { sessionSeconds } from './session-limit.js';
import { frameBytes, layoutOf, type SampleLayout, wireFor } from './source-layout.js';
import { type Silence, SttChain } from './stt-chain.js';
import {
  type CheckedSttOptions,
  checkNumber,
  checkSttOptions,
  checkText,
  requireOptions,
} from './stt-setup.js';
import { TranscriptText } from './stt-text.js';
import { type CheckedTurnOptions, checkTurnOptions } from './turn-detector.js';
import { TurnTaker } from './turn-taker.js';
import type { SttEvent, SttStreamOptions, SttTextStreamOptions } from './types.js';
import { WavRestart } from './wav-restart.js';

/** Written audio that waits here before `write` says stop: 1 s. Of a container, so many bytes. */
const WRITE_BUFFER_S = 1;
const WRITE_BUFFER_BYTES = 64 * 1024;
/** Events that wait here before the socket is no longer read: some 5 s of steps. */
const READ_BUFFER_EVENTS = 64;
/** Text that does: some minutes of speech. */
const READ_BUFFER_TEXT_BYTES = 4 * 1024;

interface Running {
  chain: SttChain;
  sender: AudioSender;
  sampleRateHz: number;
}

interface Flush {
  id: number;
  /** It comes behind so many bytes. */
  atBytes: number;
  /** By which it asks; undefined: by a message. */
  silence: Silence | undefined;
  asked: boolean;
  resolve(id: number): void;
  reject(error: unknown): void;
}

/**
 * Write audio, read `SttEvent`s, or text as UTF-8 bytes; `end` comes only after the service's `end_of_stream`. A session
 * that may last no longer, or fails in a way that may pass, is followed by another one, which goes on where it was: see
 * `resumed` among the events. Any other failure destroys the stream with a typed error, which iteration, `pipeline`,
 * `finished` and an `error` listener all report; without any of them it is not thrown into the event loop.
 *
 * Leaving a `for await` early, `destroy()` and an aborted signal close the connection at once.
 */
export class SttStream<Chunk extends SttEvent | Buffer = SttEvent> extends LiveDuplex<DuplexEvents<Chunk>> {
  readonly #config: ClientConfig;
  readonly #options: SttStreamOptions | SttTextStreamOptions;
  readonly #stt: CheckedSttOptions;
  readonly #retries: number;
  readonly #deadlines: ResolvedDeadlines;
  readonly #scope: Scope;
  readonly #total: DeadlineTimer;
  readonly #input: LiveInput;
  /** What makes text of the events; undefined: they are handed out. */
  readonly #text: TranscriptText | undefined;
  #running: Running | undefined;
  #takenBytes = 0;
  #flushId = 0;
  /** Of the write or the end under way: called when the stream is destroyed before that is done. */
  #pending: Callback | undefined;
  #flushes: Flush[] = [];
  readonly #turnOptions: CheckedTurnOptions | undefined;
  #turns: TurnTaker | undefined;

  /** @throws TypeError, RangeError ERR_INVALID_ARG; UnsupportedError */
  constructor(config: ClientConfig, options: SttStreamOptions | SttTextStreamOptions) {
    requireOptions(options);
    const layout = options.format === undefined ? undefined : layoutOf(options.format);
    const asText = checkOutput(options.output) === 'text';
    super({
      readableObjectMode: !asText,
      readableHighWaterMark: asText ? READ_BUFFER_TEXT_BYTES : READ_BUFFER_EVENTS,
      writableHighWaterMark: layout ? secondBytes(layout) : WRITE_BUFFER_BYTES,
    });
    this.#config = config;
    this.#options = options;
    this.#stt = checkSttOptions(options, 1);
    this.#retries = checkNumber('retries', options.retries, 0, 1000, true) ?? 4;
    this.#deadlines = resolveDeadlines(options.deadlines, config.deadlines);
    if (asText) this.#text = new TranscriptText();
    this.#input = new LiveInput({
      stream: this,
      format: options.format,
      wire: this.#stt.wire,
      ffmpeg: checkText('ffmpeg', options.ffmpeg),
      open: (source) => this.#start(source),
      send: (bytes, done) => this.#send(this.#running as Running, bytes, 0, done, done),
    });
    if (options.turns !== undefined) this.#turnOptions = checkTurnOptions(options.turns);
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

  /** The service's id of the session that runs or ran last, once it has said `ready`. */
  get requestId(): string | undefined {
    return this.#running?.chain.facts.requestId;
  }

  /**
   * Asks the service to transcribe all that was written so far without waiting for more. Audio that does not yet fill a
   * message (80 ms) goes with what follows it.
   *
   * @returns A promise of the id that the `flushed` event carries, 1 for the first: kept once the words have come, of all
   * of it at the end of the stream at the latest. It rejects with what ends the stream before; nobody has to look at it.
   * @throws TypeError ERR_CLOSED after `end()` or `destroy()`
   */
  flush(): Promise<number> {
    if (this.destroyed || this.writableEnded) {
      throw argumentTypeError('flush() after the end of the stream', 'ERR_CLOSED');
    }
    const id = ++this.#flushId;
    const atBytes = this.#takenBytes + this.writableLength;
    const flushed = new Promise<number>((resolve, reject) => {
      this.#flushes.push({ id, atBytes, silence: undefined, asked: false, resolve, reject });
    });
    flushed.catch(() => {});
    this.#sendFlushes();
    return flushed;
  }

  /** The events, or the text; throws the error that ended the stream. Leaving the loop early closes the connection. */
  override [Symbol.asyncIterator](): ReturnType<Duplex[typeof Symbol.asyncIterator]> & AsyncIterator<Chunk> {
    return super[Symbol.asyncIterator]();
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, done: Callback): void {
    const callback = this.#begun(done);
    try {
      const bytes = bytesOf(this, chunk);
      this.#input.write(bytes, (error) => (error ? callback(error) : this.#taken(bytes.length, callback)));
    } catch (error) {
      callback(error as Error);
    }
  }

  override _final(done: Callback): void {
    const callback = this.#begun(done);
    try {
      this.#input.end((error) =>
        error ? callback(error) : this.#finish(this.#running as Running, callback),
      );
    } catch (error) {
      callback(error as Error);
    }
  }

  override _read(): void {
    const chain = this.#running?.chain;
    if (chain?.paused) chain.resume();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#scope.close();
    this.#total.stop();
    this.#input.close();
    this.#running?.chain.destroy();
    this.#running?.sender.close();
    this.#turns?.close();
    callback(error);
    const why = error ?? argumentTypeError('the stream was destroyed', 'ERR_CLOSED');
    this.#pending?.(why);
    for (const flush of this.#flushes.splice(0)) flush.reject(why);
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

  #start({ from, layout, info }: OpenedSource): void {
    const { wire } = wireFor(layout, this.#stt.wire);
    const source = { from, layout, wire, info, bytes: undefined, again: false };
    const { stepsPerMessage } = this.#stt;
    if (this.#turnOptions) this.#turns = this.#turnTaker(this.#turnOptions, wire);
    const chain = new SttChain({
      config: { link: this.#config.link, route: 'stt', deadlines: this.#deadlines },
      options: this.#stt,
      wire,
      steps: this.#turns !== undefined || (this.#options.steps ?? true),
      sessionS: sessionSeconds(this.#config),
      retries: this.#retries,
      remainingMs: () => Number.POSITIVE_INFINITY,
      live: true,
      wav: wire === 'wav' && info?.container === 'wav' ? new WavRestart(info, stepsPerMessage) : undefined,
      onEvent: (event) => this.#event(event, chain),
      onEnd: () => {
        this.#answerFlushes(this.#flushId);
        this.push(null);
      },
      onFail: (error) => this.destroy(error as Error),
    });
    try {
      const sender = openSender(source, stepsPerMessage, chain.tape);
      this.#running = { chain, sender, sampleRateHz: layout.sampleRateHz };
    } catch (error) {
      chain.destroy();
      throw error;
    }
  }

  /** The end of the stream is the last event, behind the end of its last turn. */
  #event(event: SttEvent, chain: SttChain): void {
    if (event.type === 'endOfStream') this.#turns?.event(event);
    if (event.type !== 'step' || (this.#options.steps ?? true)) this.#handOut(event, chain);
    if (event.type === 'flushed') this.#flushed(event.flushId);
    if (event.type !== 'endOfStream') this.#turns?.event(event);
  }

  #handOut(event: SttEvent, chain: SttChain): void {
    const chunk = this.#text ? this.#text.of(event) : event;
    // No text would not count as a push, and nobody would ask for more.
    if (chunk !== '' && !this.push(chunk)) chain.pause();
  }

  /** It comes back as a number or a text; a server that gives back nothing answers the first one. */
  #flushed(flushId: number | string): void {
    const id = flushId === '' ? Number.NaN : Number(flushId);
    this.#answerFlushes(Number.isNaN(id) ? (this.#flushes[0]?.id ?? 0) : id);
  }

  /** @throws RangeError ERR_INVALID_ARG when the wire knows no silence */
  #turnTaker(options: CheckedTurnOptions, wire: WireFormat): TurnTaker {
    const steps = Math.max(1, this.#stt.delayInFrames);
    const silence =
      options.flushBy === 'silence' ? { message: silentMessage(wire, steps), steps } : undefined;
    return new TurnTaker(options, {
      flush: () => this.#flushTurn(silence),
      onTurnEnd: (event) => {
        if (this.#running) this.#handOut(event, this.#running.chain);
      },
    });
  }

  /** Of what was sent, which the end of a turn is found in, but behind flushes that are still to be sent. */
  #flushTurn(silence: Silence | undefined): number {
    const id = ++this.#flushId;
    const nothing = () => {};
    const atBytes = this.#flushes.at(-1)?.atBytes ?? 0;
    this.#flushes.push({ id, atBytes, silence, asked: false, resolve: nothing, reject: nothing });
    this.#sendFlushes();
    return id;
  }

  /** One answer may stand for all flushes up to it. */
  #answerFlushes(upTo: number): void {
    const answered = this.#flushes.filter(({ id }) => id <= upTo);
    this.#flushes = this.#flushes.filter(({ id }) => id > upTo);
    for (const { id, resolve } of answered) resolve(id);
  }

  /** Sends `audio` from `at` on as the sessions take it; nothing more once the stream is destroyed. */
  #send(running: Running, audio: Uint8Array, at: number, done: () => void, failed: Callback): void {
    if (this.destroyed) return;
    const { chain, sender } = running;
    const turns = new Turns();
    try {
      let next = at;
      while (next < audio.length) {
        const wait = chain.room() ?? turns.due();
        if (wait) {
          wait.then(() => this.#send(running, audio, next, done, failed));
          return;
        }
        next = sender.sendPiece(audio, next);
        chain.pump();
      }
    } catch (error) {
      failed(error as Error);
      return;
    }
    done();
  }

  #taken(bytes: number, callback: Callback): void {
    this.#takenBytes += bytes;
    this.#sendFlushes();
    callback();
  }

  #sendFlushes(): void {
    const chain = this.#running?.chain;
    if (!chain || this.destroyed) return;
    for (const flush of this.#flushes) {
      if (flush.asked || flush.atBytes > this.#takenBytes) continue;
      flush.asked = true;
      chain.flush(flush.id, flush.silence);
    }
  }

  #finish(running: Running, callback: Callback): void {
    if (this.destroyed) return;
    const { chain, sender, sampleRateHz } = running;
    const turns = new Turns();
    try {
      for (let done = false; !done; ) {
        const wait = chain.room() ?? turns.due();
        if (wait) {
          wait.then(() => this.#finish(running, callback));
          return;
        }
        done = sender.sendRest();
        chain.pump();
      }
      this.#sendFlushes();
      chain.finish(sender.found.frames / sampleRateHz);
    } catch (error) {
      callback(error as Error);
      return;
    }
    callback();
  }
}

function checkOutput(output: unknown = 'events'): 'events' | 'text' {
  if (output === 'events' || output === 'text') return output;
  throw argumentRangeError("output must be 'events' or 'text'");
}

function secondBytes(layout: SampleLayout): number {
  const bytes = Math.ceil(WRITE_BUFFER_S * frameBytes(layout) * layout.sampleRateHz);
  return Number.isFinite(bytes) && bytes > 0 ? bytes : WRITE_BUFFER_BYTES;
}
