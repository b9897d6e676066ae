/**
 * One transcription of any length: STT sessions one after the other, each ended before the service's limit, replaced
 * when it fails, its words joined to those before.
 * Not here: which words are repeats (word-seam.ts), the audio (message-tape.ts), what events look like from outside
 * (chain-events.ts), who writes the audio (stt-stream.ts, transcribe.ts).
 */
import type { WireFormat } from '../format.js';
import { DeadlineTimer, type Deferred, deferred, isRetryable, retryDelayMs, Turns } from '../speech/index.js';
import { ChainEvents, type ChainOutput } from './chain-events.js';
import { MessageTape } from './message-tape.js';
import type { SessionConfig } from './session.js';
import { SttSession } from './stt-session.js';
import type { CheckedSttOptions } from './stt-setup.js';
import type { WavRestart } from './wav-restart.js';
import { decoderDelayS } from './words.js';

/** A session begins so much before the end of the words that are known: the service needs to hear what goes before. */
const OVERLAP_S = 2;
/** … but no more than this before what was heard: silence is not repeated. */
const MAX_BACK_S = 10;
/** The cut may have split a word that ends so close to it. */
const UNTRUSTED_S = 0.5;
/** So long before its limit a session ends at the next pause between words. */
const PAUSE_WINDOW_S = 15;
const PAUSE_S = 0.5;
/** A service that is no further behind than this knows whether there is a pause. */
const PROMPT_S = 1;
/** How long the session of a live stream may take to say the rest, before the next one hears it all again. */
const DRAIN_MS = 5_000;
/** When nothing was sent for so long, the end of a session splits no word. */
const IDLE_MS = 5_000;
/** Audio that was sent is kept no longer than this, even if the service does not tell how far it has got. */
const KEPT_S = 90;
/** Live audio that is taken while there is no session for it. */
const LIVE_AHEAD_S = 30;
/** A session that got so much further was worth its attempt. */
const PROGRESS_S = 1;

export interface ChainOptions extends ChainOutput {
  config: SessionConfig;
  options: CheckedSttOptions;
  wire: WireFormat;
  /** Whether anybody listens to `step` events. */
  steps: boolean;
  /** Seconds of audio in a session; of live ones, of time too. Infinite: no limit. */
  sessionS: number;
  /** New attempts after failures, as long as none gets further. */
  retries: number;
  /** Until a deadline that a wait between attempts must not outlast. */
  remainingMs: () => number;
  /** Audio comes at its own pace, and what cannot be kept of it is given up. */
  live: boolean;
  /** With wire `wav`. */
  wav: WavRestart | undefined;
  /** All was worked through and handed out. */
  onEnd(): void;
  /** Called at most once, and then nothing else is. */
  onFail(error: unknown): void;
}

/** What is sent in place of a `flush`. */
export interface Silence {
  message: Buffer;
  steps: number;
}

/** One session of the chain. */
interface Leg {
  readonly session: SttSession;
  readonly baseS: number;
  /** The message to send next. */
  next: number;
  /** Whether anything was sent. */
  begun: boolean;
  /** Whether it has had all that was there when it began. */
  caughtUp: boolean;
  /** Why it was sent `end_of_stream`: for its length, or because the audio is over. */
  ending: 'cut' | 'last' | undefined;
  lastFlushId: number;
  readyAtMs: number;
  /** What `pump` waits for already. */
  awaited: Promise<void> | undefined;
  readonly limit: DeadlineTimer;
  readonly drain: DeadlineTimer;
}

/**
 * Sessions follow each other: the next one is opened when the one before has said its last word or is gone, so that one
 * place in the account's plan is enough, and the next one knows where to begin. Meanwhile live audio waits on the tape,
 * and goes out as fast as the service takes it.
 */
export class SttChain {
  /** Where the audio's sender puts its messages; `pump` after each. */
  readonly tape = new MessageTape();
  readonly #options: ChainOptions;
  readonly #events: ChainEvents;
  #leg: Leg | undefined;
  #over = false;
  #pumping = false;
  #room: Deferred | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #attempts = 0;
  #sessions = 0;
  /** Length of the source, once all its audio is on the tape. */
  #audioS: number | undefined;
  /** How far the audio was sent, by any session. */
  #sentS = 0;
  #sentAtMs = 0;
  /** Up to where, on the source's clock, the service has said what it had to say. */
  #heardS = 0;
  /** `#heardS` when an attempt was last counted. */
  #countedS = 0;
  #flushes: { id: number; at: number; silence: Silence | undefined }[] = [];

  /** Connects at once. */
  constructor(options: ChainOptions) {
    this.#options = options;
    this.#events = new ChainEvents(options, options.options);
    this.#open(undefined);
  }

  /** What the service said of itself last. */
  get facts(): ChainEvents['facts'] {
    return this.#events.facts;
  }

  /** How many sessions have had a part in it. */
  get sessions(): number {
    return this.#sessions;
  }

  get paused(): boolean {
    return this.#leg?.session.paused ?? false;
  }

  pause(): void {
    this.#leg?.session.pause();
  }

  resume(): void {
    this.#leg?.session.resume();
  }

  /** Undefined when audio may go on the tape; else a promise of that moment, which never settles if the chain fails. */
  room(): Promise<void> | undefined {
    if (!this.#over && this.#hasRoom()) return undefined;
    this.#room ??= deferred();
    return this.#room.promise;
  }

  /** Sends what the tape holds, as far as there is room. */
  pump(): void {
    if (this.#pumping || this.#over) return;
    this.#pumping = true;
    this.#guarded(() => {
      const leg = this.#leg ?? this.#openIfNeeded();
      if (leg) this.#pumpInto(leg);
    });
    this.#pumping = false;
    if (!this.#over && this.#room && this.#hasRoom()) {
      const { resolve } = this.#room;
      this.#room = undefined;
      resolve();
    }
  }

  /**
   * Asks for all that is on the tape so far.
   *
   * @param id greater than any before
   * @param silence asks by this, not by a `flush`
   */
  flush(id: number, silence?: Silence): void {
    this.#flushes.push({ id, at: this.tape.end, silence });
    this.pump();
  }

  /** All audio is on the tape. @param audioS its length in the source. */
  finish(audioS: number): void {
    this.#audioS = audioS;
    this.pump();
  }

  destroy(): void {
    this.#over = true;
    clearTimeout(this.#retryTimer);
    this.#leave()?.session.destroy();
  }

  /** Writers wait for the session, except while it has to catch up or there is none: then the tape takes some. */
  #hasRoom(): boolean {
    const leg = this.#leg;
    if (leg?.caughtUp && !leg.ending) return leg.next === this.tape.end && !this.#wait(leg);
    const { live } = this.#options;
    const from = leg && !leg.ending ? this.tape.startS(leg.next) : this.#sentS;
    return live && this.#events.begun && this.tape.endS - from < LIVE_AHEAD_S;
  }

  /** Undefined when the session takes more; else `pump` is called when it does. */
  #wait(leg: Leg): Promise<void> | undefined {
    const wait = leg.session.room();
    if (wait && wait !== leg.awaited) wait.then(() => this.pump());
    leg.awaited = wait;
    return wait;
  }

  #open(reason: 'limit' | 'lost' | undefined): Leg {
    const { config, options, wire, steps, live, sessionS } = this.#options;
    const { next, baseS } = this.#begin(reason);
    const session = new SttSession({
      config,
      options,
      wire,
      steps,
      baseS,
      onWordOpened: (word) => this.#of(leg, () => this.#events.opened(word)),
      onEvent: (event) => {
        this.#of(leg, () => {
          if (event.type === 'flushed') this.#flushed(event.flushId);
          this.#events.take(event);
          if (event.type === 'ready') this.#ready(leg);
        });
      },
      onProgress: (serverS) => this.#of(leg, () => this.#events.progress(baseS + serverS)),
      onEnd: () => this.#of(leg, () => this.#ended(leg)),
      onFail: (error) => this.#of(leg, () => this.#failed(leg, error)),
    });
    const limitMs = live && Number.isFinite(sessionS) ? sessionS * 1000 : 0;
    const leg: Leg = {
      session,
      baseS,
      next,
      begun: false,
      caughtUp: this.tape.end === 0,
      ending: undefined,
      lastFlushId: 0,
      readyAtMs: Number.POSITIVE_INFINITY,
      awaited: undefined,
      limit: new DeadlineTimer(limitMs, () => this.#timeIsUp(leg)),
      drain: new DeadlineTimer(live ? DRAIN_MS : 0, () => this.#drained(leg)),
    };
    this.#leg = leg;
    return leg;
  }

  /** What a session does that was left behind does not matter. */
  #of(leg: Leg, call: () => void): void {
    if (!this.#over && this.#leg === leg) call();
  }

  /** Where on the tape the next session begins. */
  #begin(reason: 'limit' | 'lost' | undefined): { next: number; baseS: number } {
    const { tape } = this;
    const { sessionS } = this.#options;
    let next = tape.at(this.#neededS());
    // With long messages and short sessions: half of a session at least is for what was not heard before.
    while (next < tape.end && tape.startS(next) < this.#heardS - sessionS / 2) next++;
    const baseS = tape.startS(next);
    this.#events.begin(reason, baseS, Math.max(0, this.#sentS - baseS));
    const knownS = this.#knownS();
    if (tape.firstS > knownS) this.#events.gap(knownS, tape.firstS);
    return { next, baseS };
  }

  /** The next session begins here, at the latest: never within the last word, whose tail it would take for another one. */
  #neededS(): number {
    const silentS = this.#heardS - MAX_BACK_S;
    const wordsS = this.#wordsS();
    return silentS > wordsS + OVERLAP_S ? silentS : wordsS - OVERLAP_S;
  }

  /** What was said up to here is known. */
  #knownS(): number {
    return Math.max(this.#wordsS(), this.#heardS);
  }

  /** Where the words that were given out end, on the source's clock. */
  #wordsS(): number {
    return this.#events.wordsS - this.#wordsLateS();
  }

  #wordsLateS(): number {
    return this.#options.options.timestamps === 'decoder' ? decoderDelayS(this.facts.delayInFrames) : 0;
  }

  #pumpInto(leg: Leg): void {
    const { tape } = this;
    let turns: Turns | undefined;
    while (leg === this.#leg && !leg.ending) {
      this.#sendFlushes(leg);
      const more = leg.next < tape.end;
      if (!more) leg.caughtUp = true;
      if (!more && this.#audioS === undefined) return;
      if (more && this.#mustEnd(leg)) {
        this.#cut(leg, UNTRUSTED_S);
        return;
      }
      if (this.#wait(leg)) return;
      const turn = turns?.due();
      turns ??= new Turns();
      if (turn) {
        turn.then(() => this.pump());
        return;
      }
      if (more) this.#sendNext(leg);
      else this.#finish(leg, 'last', this.#audioS as number);
    }
  }

  /** Behind a session that ended when nobody spoke, the next one waits for audio. */
  #openIfNeeded(): Leg | undefined {
    if (this.#retryTimer) return undefined;
    // Not what was sent: a session that failed may have been sent more than the one that has just ended.
    const needed = this.tape.endS > this.#heardS || this.#events.withheld || this.#flushes.length > 0;
    if (needed) return this.#open('limit');
    if (this.#audioS !== undefined) this.#done();
    return undefined;
  }

  #sendNext(leg: Leg): void {
    const { tape } = this;
    const { wav } = this.#options;
    const message = tape.message(leg.next);
    if (!leg.begun && !wav) for (const head of tape.headsOf(leg.next)) this.#send(leg, head);
    if (tape.startS(leg.next) >= this.#sentS) wav?.see(message);
    this.#send(leg, wav && !leg.begun && leg.next > 0 ? wav.first(leg.next, message) : message);
    leg.begun = true;
    leg.next++;
    const stopS = tape.startS(leg.next);
    this.#sentS = Math.max(this.#sentS, stopS);
    this.#sentAtMs = performance.now();
    leg.session.sent(stopS - leg.baseS);
    this.#noteHeard(leg);
    tape.release(Math.max(this.#neededS(), stopS - KEPT_S), leg.next);
  }

  #send(leg: Leg, message: Buffer): void {
    leg.session.send(this.#withId(leg, message));
  }

  #withId({ session: { clientReqId } }: Leg, message: Buffer): Buffer {
    return clientReqId === undefined ? message : withId(message, clientReqId);
  }

  #sendFlushes(leg: Leg): void {
    if (this.#flushes.length === 0 || !leg.session.isOpen) {
      if (this.#flushes.length > 0) this.#wait(leg);
      return;
    }
    for (const { id, at, silence } of this.#flushes) {
      if (id <= leg.lastFlushId || at > leg.next) continue;
      if (silence) leg.session.pad(id, this.#withId(leg, silence.message), silence.steps);
      else leg.session.flush(id);
      leg.lastFlushId = id;
    }
  }

  /** Its id comes back as a number or a text; one answer may stand for all flushes up to it. */
  #flushed(flushId: number | string): void {
    const id = flushId === '' ? Number.NaN : Number(flushId);
    const upTo = Number.isNaN(id) ? this.#flushes[0]?.id : id;
    if (upTo !== undefined) this.#flushes = this.#flushes.filter((flush) => flush.id > upTo);
  }

  /** Before its next message: whether the session is long enough. */
  #mustEnd(leg: Leg): boolean {
    const { sessionS, live } = this.#options;
    if (!leg.begun) return false;
    const withNextS = this.tape.startS(leg.next + 1) - leg.baseS + leg.session.paddedS;
    if (withNextS > sessionS) return true;
    if (!live || !leg.caughtUp) return false;
    const openS = Math.max(withNextS, (performance.now() - leg.readyAtMs) / 1000);
    return openS > sessionS - Math.min(PAUSE_WINDOW_S, sessionS / 4) && this.#isPause(leg);
  }

  #isPause({ session }: Leg): boolean {
    const { lastWordS, isInWord } = this.#events;
    const heardS = session.heardS + this.#wordsLateS();
    return session.lagS < PROMPT_S && !isInWord && heardS - lastWordS > PAUSE_S;
  }

  /** @param untrustedS words that end so close to the cut are for the next session to hear. */
  #cut(leg: Leg, untrustedS: number): void {
    const cutS = this.tape.startS(leg.next);
    if (untrustedS > 0) this.#events.closing(cutS + this.#wordsLateS() - untrustedS);
    this.#finish(leg, 'cut', cutS);
    leg.drain.start();
  }

  #finish(leg: Leg, ending: 'cut' | 'last', audioS: number): void {
    leg.ending = ending;
    leg.limit.stop();
    leg.session.finish(audioS - leg.baseS);
  }

  /** The session has been open as long as it may. */
  #timeIsUp(leg: Leg): void {
    if (leg.ending) return;
    const idle = leg.next === this.tape.end && performance.now() - this.#sentAtMs >= IDLE_MS;
    this.#cut(leg, idle ? 0 : UNTRUSTED_S);
  }

  /** A session that was ended does not get to its end. */
  #drained(leg: Leg): void {
    if (leg.session.paused) {
      leg.drain.start();
      return;
    }
    this.#noteHeard(leg);
    this.#leave()?.session.destroy();
    this.#next('limit');
  }

  #ready(leg: Leg): void {
    leg.readyAtMs = performance.now();
    if (!leg.ending) leg.limit.start();
    this.pump();
  }

  #ended(leg: Leg): void {
    this.#sessions++;
    if (leg.ending === 'last') {
      this.#done();
      return;
    }
    this.#heardS = Math.max(this.#heardS, this.tape.startS(leg.next));
    this.#countedS = this.#heardS;
    this.#attempts = 0;
    this.#leave();
    this.pump();
  }

  #failed(leg: Leg, error: unknown): void {
    const { retries, remainingMs, live } = this.#options;
    this.#noteHeard(leg);
    this.#leave();
    const knownS = this.#knownS();
    if (knownS > this.#countedS + PROGRESS_S) {
      this.#attempts = 0;
      this.#countedS = knownS;
      this.#sessions++;
    }
    const delayMs = retryDelayMs(++this.#attempts, error);
    const isLost = !live && this.tape.firstS > knownS;
    if (!isRetryable(error) || this.#attempts > retries || delayMs >= remainingMs() || isLost) {
      this.#fail(error);
      return;
    }
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#next('lost');
    }, delayMs);
    this.pump();
  }

  #next(reason: 'limit' | 'lost'): void {
    this.#guarded(() => this.#open(reason));
    this.pump();
  }

  #done(): void {
    this.#events.finish();
    this.#over = true;
    this.#leave();
    this.#options.onEnd();
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.destroy();
    this.#options.onFail(error);
  }

  /** Outside of a session there is nobody who would catch what a listener throws. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Whatever a service says of itself, it has heard no more than it was sent. */
  #noteHeard({ session, next }: Leg): void {
    this.#heardS = Math.max(this.#heardS, Math.min(session.heardS, this.tape.startS(next)));
  }

  #leave(): Leg | undefined {
    const leg = this.#leg;
    this.#leg = undefined;
    leg?.limit.stop();
    leg?.drain.stop();
    return leg;
  }
}

/** Lent to the session for one call, which copies what it sends. */
let scratch = Buffer.alloc(0);

/** The message with the id of a session that shares its socket. */
function withId(message: Buffer, clientReqId: string): Buffer {
  const id = `,"client_req_id":${JSON.stringify(clientReqId)}}`;
  const bytes = message.length - 1 + Buffer.byteLength(id);
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(2 * bytes);
  message.copy(scratch, 0, 0, message.length - 1);
  scratch.write(id, message.length - 1);
  return scratch.subarray(0, bytes);
}
