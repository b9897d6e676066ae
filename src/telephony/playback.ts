/**
 * One thing that is said on a call: its audio pulled from its source, and how much of it was heard.
 * Not here: when its frames leave, and the marks behind them (outbound.ts).
 */
import { Readable } from 'node:stream';
import { describe } from '../audio/arguments.js';
import { argumentTypeError } from '../errors.js';
import type { Word } from '../gradium/index.js';
import { JitterBuffer } from './jitter-buffer.js';
import { FRAME_MS, type Line } from './line-format.js';
import { LineInput, playableFormat } from './line-input.js';

/**
 * What a {@link Playback} reads, in chunks of any size: raw samples of any kind, or a WAV, where it says what it gives by
 * `outputFormat`, as the streams of this package do; else samples of the call's own format.
 */
export type PlaybackSource = Readable | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** What may be said about a {@link PlaybackSource}. */
export interface PlayOptions {
  /**
   * Which words are spoken when, in seconds of this source; more may be added to the array while it plays. Default: those
   * that the source tells by `word` events, as a stream of `gradium.tts.stream` does.
   */
  words?: readonly Word[] | undefined;
}

/** How much of a playback the other side has heard. */
export interface Played {
  /**
   * Seconds of its audio, from its beginning: 0 or more, in steps of 0.1 s, with `raw` of 0.02 s, and never too many; the last
   * frame counts as 0.02 s, however much of it is filled.
   */
  durationS: number;
  /** Whether that is all of it. */
  complete: boolean;
  /** The words heard to their end, in their order. */
  words: Word[];
  /** The word in whose midst it broke off, or stands now; else undefined. */
  cutWord: Word | undefined;
}

/**
 * Something that is being said on a call; made by {@link MediaStreamBridge.play}.
 */
export interface Playback {
  /**
   * Resolves when all was heard, or it was stopped, cleared, or the call ended: `complete` says which. Rejects with the
   * source's error, or with the one that ended the call. Nothing is thrown into the event loop when nobody looks.
   */
  readonly done: Promise<Played>;
  /** What has been heard up to now. */
  played(): Played;
  /**
   * Ends it: closes its source, drops what comes from there still, and has the far end forget what it was sent, and with it
   * the end of what was played before and is not heard yet. Where later audio is on its way there already, all is heard.
   */
  stop(): void;
}

/** Audio waiting to leave before the source is asked for no more; a longer prebuffer is filled all the same. */
const MAX_BUFFERED_MS = 1_000;
/** Of a large chunk so much is converted at once. Before a WAV's header is known this becomes up to 100 times as much. */
const PIECE_BYTES = 4_096;

export interface PlaybackHooks {
  line: Line;
  prebufferMs: number;
  /** There is more to send, or the source has ended. */
  onChange: () => void;
  onStop: (playback: LivePlayback) => void;
  /** It failed, and has ended. */
  onFail: (playback: LivePlayback) => void;
}

type ChunkIterator = AsyncIterator<Uint8Array> | Iterator<Uint8Array>;

export class LivePlayback implements Playback {
  readonly #source: PlaybackSource;
  readonly #hooks: PlaybackHooks;
  readonly #buffer: JitterBuffer;
  readonly #words: Word[] | readonly Word[];
  readonly done: Promise<Played>;
  readonly #onWord = (word: Word) => (this.#words as Word[]).push(word);
  #resolve: (played: Played) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  /** Of a source that has not ended. */
  #iterator: ChunkIterator | undefined;
  #input: LineInput | undefined;
  #room: (() => void) | undefined;
  /** Frames that have a mark behind them. */
  markedFrames = 0;
  #sentFrames = 0;
  #heardFrames = 0;
  #allSent = false;
  #ended = false;

  /** @throws TypeError ERR_INVALID_ARG, ERR_FORMAT_MISMATCH, and as `requireRawFormat` for the source's format */
  constructor(source: PlaybackSource, { words }: PlayOptions, hooks: PlaybackHooks) {
    if (words !== undefined && !Array.isArray(words)) throw argumentTypeError('words must be an array');
    requireIterable(source);
    playableFormat(source, hooks.line);
    this.#source = source;
    this.#hooks = hooks;
    this.#buffer = new JitterBuffer(hooks.line, hooks.prebufferMs);
    this.#words = words ?? [];
    if (!words && source instanceof Readable) source.on('word', this.#onWord);
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {});
    this.#iterator = iteratorOf(source);
    this.#pull(this.#iterator).catch((error: unknown) => this.#sourceFailed(error));
  }

  get sentFrames(): number {
    return this.#sentFrames;
  }

  /** All its frames have left. */
  get isDrained(): boolean {
    return this.#buffer.isDrained;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  played(): Played {
    const durationS = (this.#heardFrames * FRAME_MS) / 1_000;
    const complete = this.#isHeard;
    // A word's end is rounded, and may lie a little behind the audio.
    const isHeard = ({ stopS }: Word) => complete || stopS <= durationS;
    const words = this.#words.filter(isWord);
    return {
      durationS,
      complete,
      words: words.filter(isHeard),
      cutWord: words.find((word) => word.startS < durationS && !isHeard(word)),
    };
  }

  stop(): void {
    if (!this.#ended) this.#hooks.onStop(this);
  }

  /** Fills the next frame; false: there is none now. */
  take(frame: Buffer): boolean {
    if (!this.#buffer.take(frame)) return false;
    this.#sentFrames++;
    this.#wakeSource();
    return true;
  }

  /** The far end has played so many frames. */
  heard(frames: number): void {
    this.#heardFrames = Math.max(this.#heardFrames, frames);
    this.#endIfHeard();
  }

  /** There are no frames behind those that have left. */
  allSent(): void {
    this.#allSent = true;
    this.#endIfHeard();
  }

  /** No more of it is heard than up to now. */
  interrupt(): void {
    if (this.#end()) this.#resolve(this.played());
  }

  fail(error: unknown): void {
    if (this.#end()) this.#reject(error);
  }

  get #isHeard(): boolean {
    return this.#allSent && this.#heardFrames === this.#sentFrames;
  }

  #endIfHeard(): void {
    if (this.#isHeard && this.#end()) this.#resolve(this.played());
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#buffer.clear();
    this.#input?.close();
    this.#wakeSource();
    // What it says about being closed must not keep the others from being closed.
    this.#closeSource().catch(() => {});
    return true;
  }

  /** A source that has ended is closed already; one that has not gives up what it does for us. */
  async #closeSource(): Promise<void> {
    if (this.#source instanceof Readable) {
      this.#source.off('word', this.#onWord);
      // What it says about being closed early must not end the process.
      this.#source.on('error', () => {});
      this.#source.destroy();
      return;
    }
    await this.#iterator?.return?.();
  }

  async #pull(iterator: ChunkIterator): Promise<void> {
    while (!this.#ended) {
      const { done, value } = await this.#next(iterator);
      if (this.#ended) return;
      if (done) {
        this.#sourceEnded();
        return;
      }
      const bytes = bytesOf(value);
      for (let at = 0; at < bytes.length && !this.#ended; at += PIECE_BYTES) {
        this.#add(this.#lineInput().take(bytes.subarray(at, at + PIECE_BYTES)));
        await this.#hasRoom();
      }
    }
  }

  async #next(iterator: ChunkIterator): Promise<IteratorResult<Uint8Array>> {
    try {
      return await iterator.next();
    } catch (error) {
      // One that has failed is not to be closed.
      this.#iterator = undefined;
      throw error;
    }
  }

  #sourceEnded(): void {
    this.#iterator = undefined;
    this.#buffer.push(this.#lineInput().end());
    this.#buffer.end();
    this.#hooks.onChange();
  }

  /** Made with the first chunk: by then a stream knows what it gives. */
  #lineInput(): LineInput {
    const { line } = this.#hooks;
    this.#input ??= new LineInput(playableFormat(this.#source, line), line);
    return this.#input;
  }

  #add(audio: Buffer): void {
    this.#buffer.push(audio);
    this.#hooks.onChange();
  }

  async #hasRoom(): Promise<void> {
    const { line, prebufferMs } = this.#hooks;
    const maxBytes = Math.max(MAX_BUFFERED_MS, prebufferMs) * line.bytesPerMs;
    while (!this.#ended && this.#buffer.bytes > maxBytes) {
      await new Promise<void>((resolve) => {
        this.#room = resolve;
      });
    }
  }

  #wakeSource(): void {
    this.#room?.();
    this.#room = undefined;
  }

  #sourceFailed(error: unknown): void {
    if (this.#ended) return;
    this.fail(error);
    this.#hooks.onFail(this);
  }
}

/** A stream of somebody else's may have `word` events that tell something else. */
function isWord(value: unknown): value is Word {
  const { startS, stopS } = (value ?? {}) as Partial<Word>;
  return typeof startS === 'number' && typeof stopS === 'number';
}

function requireIterable(source: unknown): void {
  const isObject = typeof source === 'object' && source !== null;
  if (isObject && Symbol.asyncIterator in source) return;
  // The bytes of an array are numbers: what was meant is the array in an array.
  if (isObject && Symbol.iterator in source && !ArrayBuffer.isView(source)) return;
  throw argumentTypeError('a source of audio must be a Readable or an iterable of Uint8Arrays');
}

function iteratorOf(source: PlaybackSource): ChunkIterator {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

function bytesOf(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw argumentTypeError(`a source of audio must give Uint8Arrays, got ${describe(value)}`);
}
