/**
 * What leaves on a call: playbacks one after the other as paced frames, marks behind them, and taking it all back.
 * Not here: one playback's audio (playback.ts), the socket (media-stream-bridge.ts).
 */
import type { CallClock } from './clock.js';
import type { Line } from './line-format.js';
import { Pacer } from './pacer.js';
import { LivePlayback, type PlaybackSource, type PlayOptions } from './playback.js';
import type { LineProtocol } from './protocol.js';

/** A mark behind every fifth frame: what was heard is known to 100 ms, for ten short messages a second each way. */
const MARK_FRAMES = 5;
/** Five minutes ahead of what was played: the far end answers none. Of each playback the last is sent all the same. */
const MAX_MARKS = 3_000;
/** So that a mark of somebody else's on the same socket is told from ours. */
const MARK_PREFIX = 'sluice:';

export interface OutboundOptions {
  clock: CallClock;
  line: Line;
  protocol: LineProtocol;
  leadMs: number;
  prebufferMs: number;
  /** Whether silence is sent where there is nothing to say. */
  fillsSilence: boolean;
  send: (message: string | Buffer) => void;
  /** Whether the socket takes more. */
  canSend: () => boolean;
}

export class Outbound {
  readonly #options: OutboundOptions;
  readonly #pacer: Pacer;
  readonly #frame: Buffer;
  readonly #silence: Buffer;
  /** Those with frames to come; the first is being sent. */
  readonly #queue: LivePlayback[] = [];
  /** Those of which all has left, and not all been heard. */
  readonly #awaited = new Set<LivePlayback>();
  /** By name, in the order sent: of which playback so many frames were played when the mark comes back. */
  readonly #marks = new Map<string, { playback: LivePlayback; frames: number }>();
  #lastSender: LivePlayback | undefined;
  #markId = 0;
  #state: 'waiting' | 'open' | 'ended' = 'waiting';
  /** Of a call that was not to end. */
  #error: unknown;

  constructor(options: OutboundOptions) {
    this.#options = options;
    this.#frame = Buffer.alloc(options.line.frameBytes);
    this.#silence = Buffer.alloc(options.line.frameBytes, options.line.silence);
    this.#pacer = new Pacer({
      clock: options.clock,
      leadMs: options.leadMs,
      onDue: () => this.#due(),
    });
  }

  /** The far end takes audio from now on. */
  open(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'open';
    this.wake();
  }

  wake(): void {
    if (this.#isOpen) this.#pacer.wake();
  }

  /** @throws TypeError ERR_INVALID_ARG, ERR_FORMAT_MISMATCH */
  play(source: PlaybackSource, options: PlayOptions): LivePlayback {
    const playback = new LivePlayback(source, options, {
      line: this.#options.line,
      prebufferMs: this.#options.prebufferMs,
      onChange: () => this.wake(),
      onStop: () => this.#stop(playback),
      onFail: () => {
        this.#remove(playback);
        this.wake();
      },
    });
    if (this.#state === 'ended') this.#endPlayback(playback);
    else this.#queue.push(playback);
    return playback;
  }

  /** Nothing that was to be played is, and the far end forgets what it has not played yet. */
  clear(): void {
    const playbacks = [...this.#awaited, ...this.#queue.splice(0)];
    this.#takeBack();
    for (const playback of playbacks) playback.interrupt();
  }

  /** Whether the mark was one of ours. It answers for those before it: what is played is played in order. */
  marked(name: string): boolean {
    if (!this.#marks.has(name)) return name.startsWith(MARK_PREFIX);
    for (const [each, { playback, frames }] of this.#marks) {
      this.#marks.delete(each);
      playback.heard(frames);
      if (playback.isEnded) this.#awaited.delete(playback);
      if (each === name) break;
    }
    return true;
  }

  /** The call is over; with an error it was not to be. */
  end(error?: unknown): void {
    this.#state = 'ended';
    this.#error = error;
    this.#pacer.stop();
    this.#marks.clear();
    for (const playback of [...this.#awaited, ...this.#queue.splice(0)]) this.#endPlayback(playback);
    this.#awaited.clear();
  }

  #endPlayback(playback: LivePlayback): void {
    if (this.#error === undefined) playback.interrupt();
    else playback.fail(this.#error);
  }

  #due(): 'sent' | 'none' | 'blocked' {
    if (!this.#isOpen) return 'none';
    if (!this.#options.canSend()) return 'blocked';
    // A source that is closed behind its last frame may end the call from within.
    return this.#sendFrame() && this.#isOpen ? 'sent' : 'none';
  }

  get #isOpen(): boolean {
    return this.#state === 'open';
  }

  #sendFrame(): boolean {
    const { protocol, send, fillsSilence } = this.#options;
    this.#retire();
    const playback = this.#queue[0];
    if (playback?.take(this.#frame)) {
      this.#lastSender = playback;
      send(protocol.media(this.#frame));
      if (!protocol.hasMarks) playback.heard(playback.sentFrames);
      else if (this.#isMarkDue(playback)) this.#mark(playback);
      this.#retire();
      return true;
    }
    if (fillsSilence) send(protocol.media(this.#silence));
    return fillsSilence;
  }

  /** Lets go of those that have no more to send. */
  #retire(): void {
    const { protocol } = this.#options;
    for (let playback = this.#queue[0]; playback?.isDrained; playback = this.#queue[0]) {
      this.#queue.shift();
      if (protocol.hasMarks && playback.markedFrames < playback.sentFrames) this.#mark(playback);
      this.#awaited.add(playback);
      playback.allSent();
      if (playback.isEnded) this.#awaited.delete(playback);
    }
  }

  #isMarkDue({ sentFrames }: LivePlayback): boolean {
    return sentFrames % MARK_FRAMES === 0 && this.#marks.size < MAX_MARKS;
  }

  #mark(playback: LivePlayback): void {
    const name = `${MARK_PREFIX}${this.#markId++}`;
    playback.markedFrames = playback.sentFrames;
    this.#marks.set(name, { playback, frames: playback.sentFrames });
    this.#options.send(this.#options.protocol.mark(name));
  }

  #stop(playback: LivePlayback): void {
    if (playback === this.#lastSender) {
      this.#remove(playback);
      const lost = [...this.#awaited, playback];
      this.#takeBack();
      for (const each of lost) each.interrupt();
    } else if (playback.sentFrames === 0) {
      this.#remove(playback);
      playback.interrupt();
    }
    // Else all of it has left, with another's audio behind it. Not before: what leaves now would be taken back.
    this.wake();
  }

  #remove(playback: LivePlayback): void {
    const index = this.#queue.indexOf(playback);
    if (index >= 0) this.#queue.splice(index, 1);
    this.#awaited.delete(playback);
  }

  /** The far end answers with the marks that it had not come to: those say nothing of what was heard. */
  #takeBack(): void {
    this.#marks.clear();
    this.#awaited.clear();
    this.#lastSender = undefined;
    if (!this.#isOpen) return;
    const { protocol, send } = this.#options;
    if (!protocol.hasMarks) return;
    send(protocol.clear());
    this.#pacer.restart();
  }
}
