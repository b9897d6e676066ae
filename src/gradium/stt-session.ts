/**
 * One STT session on the wire: audio messages out at the pace that the socket and the service allow, events in.
 * Not here: where the audio comes from (transcribe.ts, stt-stream.ts) and how it is framed (audio-sender.ts).
 */

import { STEP_S, type WireFormat } from '../format.js';
import { type Deferred, deferred, HIGH_WATER_BYTES, LOW_WATER_BYTES } from '../speech/index.js';
import { AudioWindow } from './audio-window.js';
import {
  isStepFrame,
  type Ready,
  readEndText,
  readFlushed,
  readStep,
  readText,
  type ServerMessage,
} from './messages.js';
import { Padding } from './padding.js';
import { GradiumSession, type SessionConfig } from './session.js';
import { type CheckedSttOptions, sttSetup } from './stt-setup.js';
import type { SttEvent, VadEntry, Word } from './types.js';
import { decoderDelayS, WordAssembler } from './words.js';

export interface SttSessionHandlers {
  onEvent(event: SttEvent): void;
  /** A word as soon as its text is known; `stopS` is filled in later. */
  onWordOpened?(word: Word): void;
  /** After each `step`, counted or parsed: seconds of audio that the service has worked through. */
  onProgress?(serverS: number): void;
  /** The whole stream was worked through; everything was handed out. */
  onEnd(): void;
  /** Called at most once, and then nothing else is. */
  onFail(error: unknown): void;
}

export interface SttSessionOptions extends SttSessionHandlers {
  config: SessionConfig;
  options: CheckedSttOptions;
  wire: WireFormat;
  /** Whether anybody listens to `step` events; if not, they are counted without being parsed. */
  steps: boolean;
  /** Where the session's audio begins on the source's clock, which the words are on. Default 0. */
  baseS?: number;
}

export class SttSession {
  readonly #options: SttSessionOptions;
  readonly #session: GradiumSession;
  readonly #window = new AudioWindow();
  readonly #padding = new Padding();
  readonly #words: WordAssembler;
  readonly #baseS: number;
  #delayInFrames: number;
  #model: string;
  #room: Deferred | undefined;
  #flushes = 0;
  #lastFlushId = 0;
  #audioS = 0;
  /** Audio up to the last step, in seconds. */
  #lastStepS = 0;

  /** Connects at once. */
  constructor(options: SttSessionOptions) {
    const { config, options: stt, wire } = options;
    this.#options = options;
    this.#baseS = options.baseS ?? 0;
    this.#delayInFrames = stt.delayInFrames;
    this.#model = stt.model;
    this.#words = new WordAssembler((word) => options.onEvent({ type: 'word', word }));
    this.#words.shiftS = this.#shiftFor(stt.delayInFrames) - this.#baseS;
    this.#session = new GradiumSession(config, sttSetup(stt, wire), {
      onOpen: () => this.#wake(true),
      onFrame: (data) => this.#frame(data),
      onReady: (ready) => this.#ready(ready),
      onMessage: (message) => this.#message(message),
      onDrain: () => this.#drained(),
      onEnd: () => this.#ended(),
      onFail: (error) => options.onFail(error),
    });
  }

  get requestId(): string | undefined {
    return this.#session.requestId;
  }

  /** The `client_req_id` of the messages that `send` takes; undefined: they have none. */
  get clientReqId(): string | undefined {
    return this.#session.clientReqId;
  }

  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  get model(): string {
    return this.#model;
  }

  /** As the service says it, else as it was asked for. */
  get delayInFrames(): number {
    return this.#delayInFrames;
  }

  /** Seconds subtracted from the service's times. */
  get timestampShiftS(): number {
    return this.#shiftFor(this.#delayInFrames);
  }

  /** Up to where, in seconds of the source, everything that was said should have been handed out. */
  get heardS(): number {
    return (
      this.#baseS + Math.max(0, this.#audioOf(this.#window.serverS) - decoderDelayS(this.#delayInFrames))
    );
  }

  /** Silence that was sent beside the audio, in seconds. */
  get paddedS(): number {
    return this.#padding.lengthS;
  }

  /** How much of what was sent the service has not worked through, in seconds. */
  get lagS(): number {
    return this.#window.sentS - this.#window.serverS;
  }

  get paused(): boolean {
    return this.#session.paused;
  }

  /**
   * Undefined when audio may be sent now; else a promise of that moment, which never settles if the session
   * fails first. Audio does not wait for `ready`, only for the connection.
   */
  room(): Promise<void> | undefined {
    if (!this.#room && !this.#roomLeft()) {
      this.#room = deferred();
      this.#updateWaiting();
    }
    return this.#room?.promise;
  }

  /** Sends one complete `audio` message; its memory may be reused at once. */
  send(message: Buffer): void {
    this.#session.send(message);
  }

  /** @param sentS all the audio sent so far, in seconds. */
  sent(sentS: number): void {
    this.#window.sentS = sentS + this.#padding.lengthS;
    this.#limitWords(sentS);
    this.#updateWaiting();
  }

  /** @param flushId greater than any before. */
  flush(flushId: number): void {
    this.#flushes++;
    this.#lastFlushId = flushId;
    this.#session.sendJson({ type: 'flush', flush_id: flushId });
    this.#updateWaiting();
  }

  /**
   * Sends silence for the decoder to say what it holds back; a `flushed` event follows the last of it. It has no place on
   * the source's clock.
   *
   * @param flushId greater than any before
   * @param message of so many steps of silence
   */
  pad(flushId: number, message: Buffer, steps: number): void {
    this.#flushes++;
    this.#lastFlushId = flushId;
    this.#padding.add(this.#window.sentS, steps * STEP_S, flushId);
    this.#window.sentS += steps * STEP_S;
    this.#session.send(message);
    this.#updateWaiting();
  }

  /** All audio of the session was sent. @param audioS its length in the source. */
  finish(audioS: number): void {
    this.#limitWords(audioS);
    this.#session.finish();
  }

  pause(): void {
    this.#session.pause();
  }

  resume(): void {
    this.#session.resume();
  }

  destroy(): void {
    this.#session.destroy();
  }

  #shiftFor(delayInFrames: number): number {
    return this.#options.options.timestamps === 'source' ? decoderDelayS(delayInFrames) : 0;
  }

  /** No word lies beyond the audio sent: one absurd time would push all that come after it. */
  #limitWords(audioS: number): void {
    this.#audioS = audioS;
    const lateS = this.#options.options.timestamps === 'decoder' ? decoderDelayS(this.#delayInFrames) : 0;
    this.#words.audioEndS = this.#baseS + audioS + lateS;
  }

  /** What the service did wrong fails the session; it is not thrown at a sender who asks for room. */
  #roomLeft(): boolean {
    try {
      return this.#hasRoom(HIGH_WATER_BYTES, true);
    } catch (error) {
      this.#session.fail(error);
      return false;
    }
  }

  #hasRoom(highBytes: number, exact: boolean): boolean {
    const session = this.#session;
    return (
      session.isOpen && session.bufferedBytes <= highBytes && this.#window.hasRoom(session.isReady, exact)
    );
  }

  #drained(): void {
    // A peer that works off our backlog is alive. What leaves at once shows only that there is a kernel.
    if (this.#room) this.#session.postponeIdle();
    this.#wake(false);
  }

  /** Something moved: lets the sender go on if that was what it waited for. */
  #wake(exact: boolean): void {
    const room = this.#room;
    if (!room || !this.#hasRoom(LOW_WATER_BYTES, exact)) return;
    this.#room = undefined;
    this.#updateWaiting();
    room.resolve();
  }

  #updateWaiting(): void {
    this.#session.setWaiting(this.#room !== undefined || this.#flushes > 0 || this.#window.owed);
  }

  #frame(data: Buffer): boolean {
    if (!this.#window.heard && this.#session.isReady) {
      this.#window.heard = true;
      this.#updateWaiting();
    }
    if (this.#options.steps || !isStepFrame(data)) return false;
    this.#window.stepFrame(data);
    this.#stepped();
    return true;
  }

  #stepped(): void {
    this.#updateWaiting();
    this.#wake(false);
    const { serverS } = this.#window;
    this.#options.onProgress?.(this.#audioOf(serverS));
    if (this.#padding.lengthS > 0) for (const id of this.#padding.worked(serverS)) this.#answered(id);
  }

  /** A time of the service's, on the clock of the audio alone. */
  #audioOf(serviceS: number): number {
    return this.#padding.lengthS === 0 ? serviceS : this.#padding.toAudio(serviceS);
  }

  /** As the service would have said it had no silence been sent: the decoder is late by its delay. */
  #unpadded(serviceS: number): number {
    const delayS = decoderDelayS(this.#delayInFrames);
    return this.#audioOf(serviceS - delayS) + delayS;
  }

  #ready(ready: Ready): void {
    this.#delayInFrames = ready.delayInFrames ?? this.#delayInFrames;
    this.#model = ready.model || this.#model;
    this.#words.shiftS = this.#shiftFor(this.#delayInFrames) - this.#baseS;
    this.#limitWords(this.#audioS);
    const { requestId, sampleRateHz, frameSize } = ready;
    this.#options.onEvent({
      type: 'ready',
      requestId,
      model: this.#model,
      sampleRateHz,
      frameSize,
      delayInFrames: this.#delayInFrames,
    });
    this.#wake(true);
  }

  #message(message: ServerMessage): void {
    switch (message.type) {
      case 'text':
        this.#text(message);
        break;
      case 'end_text':
        this.#endText(message);
        break;
      case 'step':
      case 'vad':
        this.#step(message);
        break;
      case 'flushed':
        this.#flushed(message);
        break;
      default:
      // A type that this client does not know: the service may grow.
    }
  }

  #text(message: ServerMessage): void {
    const { text, startS, streamId } = readText(message);
    this.#window.word(startS);
    this.#wake(true);
    const word = this.#words.text(text, this.#unpadded(startS), streamId);
    if (!word) return;
    this.#options.onWordOpened?.(word);
    this.#options.onEvent({ type: 'text', text: word.text, startS: word.startS, ...stream(streamId) });
  }

  #endText(message: ServerMessage): void {
    const { stopS, streamId } = readEndText(message);
    const unpaddedS = this.#unpadded(stopS);
    this.#options.onEvent({ type: 'endText', stopS: this.#words.toSource(unpaddedS), ...stream(streamId) });
    this.#words.endText(unpaddedS, streamId);
  }

  #step(message: ServerMessage): void {
    const step = readStep(message);
    this.#window.step(step);
    if (this.#options.steps) {
      const index = step.index ?? this.#window.steps - 1;
      this.#stepEvent(index, step.totalS ?? this.#window.serverS, step.vad);
    }
    this.#stepped();
  }

  /** A step of silence that is not in the audio is none of it. */
  #stepEvent(index: number, serviceS: number, vad: VadEntry[]): void {
    const totalDurationS = this.#audioOf(serviceS);
    const isPadding = this.#padding.lengthS > 0 && totalDurationS < this.#lastStepS + STEP_S / 2;
    if (isPadding) return;
    this.#lastStepS = totalDurationS;
    const padded = Math.round((serviceS - totalDurationS) / STEP_S);
    this.#options.onEvent({ type: 'step', index: index - padded, totalDurationS, vad });
  }

  #flushed(message: ServerMessage): void {
    this.#answered(readFlushed(message).flushId);
  }

  #answered(flushId: number | string): void {
    // One answer may stand for all flushes up to it.
    this.#flushes = Number(flushId) >= this.#lastFlushId ? 0 : Math.max(0, this.#flushes - 1);
    this.#options.onEvent({ type: 'flushed', flushId });
    this.#updateWaiting();
  }

  #ended(): void {
    this.#words.finish();
    this.#options.onEvent({ type: 'endOfStream' });
    this.#options.onEnd();
  }
}

function stream(streamId: number | undefined): { streamId?: number } {
  return streamId === undefined ? {} : { streamId };
}
