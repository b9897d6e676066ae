/**
 * Several sessions at once, heard one after the other: while one says its last the next one listens already.
 * Not here: when another one begins (s2s-stream.ts).
 */
import { type Deferred, deferred } from '../speech/index.js';
import type { S2sLeg, S2sLegHandlers } from './s2s-leg.js';
import type { SpokenLayout } from './sample-stream.js';
import { checkSame, pause, shifted, turnS } from './translation.js';
import type { Word } from './types.js';

export interface SuccessionHandlers {
  /** What a file begins with: of `wav`, once. */
  onHead(bytes: Buffer): void;
  onAudio(bytes: Buffer): void;
  /** With times from the first sample of all. */
  onWord(word: Word): void;
  /** All has been said. */
  onEnd(): void;
}

/** Of sessions whose turn it is not yet, some 10 s of `pcm_48000`: no more is to be said to them. */
const MAX_WAITING_BYTES = 1024 * 1024;

type Heard = { audio: Buffer } | { word: Word };

interface Entry {
  leg: S2sLeg;
  /** What it said before its turn. */
  waiting: Heard[];
  done: boolean;
}

export class Succession {
  readonly #handlers: SuccessionHandlers;
  #entries: Entry[] = [];
  /** Of those that were heard to their end. */
  #startS = 0;
  #layout: SpokenLayout | undefined;
  /** Between what was said and what is to come. */
  #pauses = false;
  /** Of audio that waits for its session's turn. */
  #waitingBytes = 0;
  #room: Deferred | undefined;
  #closed = false;
  #over = false;

  constructor(handlers: SuccessionHandlers) {
    this.#handlers = handlers;
  }

  /** @param make opens one that reports to these handlers, none of which is called before it has returned */
  add(make: (handlers: Pick<S2sLegHandlers, 'onAudio' | 'onWord' | 'onEnd'>) => S2sLeg): S2sLeg {
    const entry: Partial<Entry> = { waiting: [], done: false };
    const hear = (heard: Heard) => this.#hear(entry as Entry, heard);
    entry.leg = make({
      onAudio: (audio) => hear({ audio }),
      onWord: (word) => hear({ word }),
      onEnd: () => {
        entry.done = true;
        this.#advance();
      },
    });
    this.#entries.push(entry as Entry);
    return entry.leg;
  }

  /** No other one is added. */
  close(): void {
    this.#closed = true;
    this.#advance();
  }

  /**
   * Undefined while little waits to be heard; else a promise of that. The sessions that wait are read all the same: on a
   * socket that they share, the one that is heard would have to wait for them.
   */
  room(): Promise<void> | undefined {
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return undefined;
    this.#room ??= deferred();
    return this.#room.promise;
  }

  /** Stops the one that is heard; the others say little before it has ended. */
  pause(): void {
    this.#entries[0]?.leg.pause();
  }

  resume(): void {
    const leg = this.#entries[0]?.leg;
    if (leg?.paused) leg.resume();
  }

  destroy(): void {
    this.#over = true;
    for (const { leg } of this.#entries) leg.destroy();
    this.#entries = [];
  }

  #hear(entry: Entry, heard: Heard): void {
    if (entry !== this.#entries[0]) this.#wait(entry, heard);
    else if ('audio' in heard) this.#audio(entry.leg, heard.audio);
    else this.#handlers.onWord(shifted(heard.word, this.#startS));
  }

  #wait({ waiting }: Entry, heard: Heard): void {
    waiting.push(heard);
    if ('audio' in heard) this.#waitingBytes += heard.audio.length;
  }

  #audio(leg: S2sLeg, audio: Buffer): void {
    this.#begin(leg);
    if (this.#pauses && this.#layout) this.#handlers.onAudio(pause(this.#layout));
    this.#pauses = false;
    this.#handlers.onAudio(audio);
  }

  /** @throws ConnectionError ERR_PROTOCOL when its audio is not what that of the others was */
  #begin({ spoken }: S2sLeg): void {
    const { layout, requestId } = spoken;
    if (!layout || layout === this.#layout) return;
    if (this.#layout) checkSame(this.#layout, layout, requestId);
    else if (layout.head) this.#handlers.onHead(layout.head);
    this.#layout ??= layout;
  }

  #beginTurn(entry: Entry): void {
    for (const heard of entry.waiting.splice(0)) {
      if ('audio' in heard) this.#waitingBytes -= heard.audio.length;
      this.#hear(entry, heard);
    }
    if (this.#waitingBytes > MAX_WAITING_BYTES) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #advance(): void {
    for (let [first] = this.#entries; first?.done && !this.#over; [first] = this.#entries) {
      this.#begin(first.leg);
      this.#startS += turnS(first.leg.spoken);
      this.#pauses ||= first.leg.spoken.durationS > 0;
      this.#entries.shift();
      const [next] = this.#entries;
      if (next) this.#beginTurn(next);
    }
    if (!this.#closed || this.#over || this.#entries.length > 0) return;
    this.#over = true;
    this.#handlers.onEnd();
  }
}
