/**
 * How far the audio that was sent is ahead of what the service has worked through.
 * Not here: the socket's own backpressure (stt-session.ts asks both).
 */
import { STEP_S } from '../format.js';
import { parseMessage, readStep, type ServerStep } from './messages.js';

/** At most this much audio is under way: the service, or a proxy before it, would have to hold the rest in memory. */
export const WINDOW_S = 60;
/** With this much audio unanswered it is the service's turn, and its silence counts as idle. */
const OWED_S = 5;
/** While waiting, a step is parsed this often, in case its `total_duration_s` grows by more than the steps' number. */
const EXACT_EVERY = 16;

/**
 * Progress is the number of steps × their length, corrected by `total_duration_s` whenever a step is parsed,
 * or the time of the last word, whichever is further. A service that sends no steps reports no progress:
 * the window then binds until `ready`, and after it the socket's backpressure alone.
 */
export class AudioWindow {
  sentS = 0;
  /** Whether any message has come since `ready`. */
  heard = false;
  #steps = 0;
  #stepS = STEP_S;
  #exactS = 0;
  #exactSteps = 0;
  #unparsed: Buffer | undefined;
  #wordS = 0;

  get sawSteps(): boolean {
    return this.#steps > 0;
  }

  get steps(): number {
    return this.#steps;
  }

  /** How far the service has got, in seconds of the audio sent. */
  get serverS(): number {
    const steppedS = this.#exactS + (this.#steps - this.#exactSteps) * this.#stepS;
    return Math.max(steppedS, this.#wordS);
  }

  /** A step, unparsed: kept until someone has to know exactly. The first one is read for its length. */
  stepFrame(data: Buffer): void {
    this.#steps++;
    this.#unparsed = data;
    if (this.#steps === 1) this.#readLast();
  }

  /** A step that was parsed anyway. */
  step(step: ServerStep): void {
    this.#steps++;
    this.#unparsed = undefined;
    this.#correct(step);
  }

  /** A word's time, on the decoder's clock, which is never ahead of the audio that it has had. */
  word(serviceS: number): void {
    this.#wordS = Math.max(this.#wordS, Math.min(serviceS, this.sentS));
  }

  /**
   * Whether more audio may be sent, as far as the service's progress goes.
   * @param exact reads the last step if the estimate says no; without it, only every 16th.
   */
  hasRoom(ready: boolean, exact: boolean): boolean {
    if (ready && !this.sawSteps) return true;
    if (this.sentS - this.serverS < WINDOW_S) return true;
    if (exact || this.#steps - this.#exactSteps >= EXACT_EVERY) this.#readLast();
    return this.sentS - this.serverS < WINDOW_S;
  }

  /**
   * Whether the service has audio to report on. Without steps only its first sign of life is owed: what it has to
   * say after that depends on what is spoken.
   */
  get owed(): boolean {
    return (this.sawSteps || !this.heard) && this.sentS - this.serverS > OWED_S;
  }

  #readLast(): void {
    if (!this.#unparsed) return;
    const step = readStep(parseMessage(this.#unparsed));
    this.#unparsed = undefined;
    this.#correct(step);
  }

  #correct({ stepS, totalS }: ServerStep): void {
    if (stepS !== undefined && stepS > 0) this.#stepS = stepS;
    const countedS = this.#exactS + (this.#steps - this.#exactSteps) * this.#stepS;
    this.#exactS = Math.max(this.#exactS, countedS, totalS ?? 0);
    this.#exactSteps = this.#steps;
  }
}
