/**
 * One TTS session on the wire: a passage's messages out, as they come and as the socket takes them; audio and words in.
 * Not here: where the passage comes from (passages.ts), what becomes of the speech (tts.ts, tts-stream.ts).
 */
import { ConnectionError } from '../errors.js';
import {
  DeadlineTimer,
  HIGH_WATER_BYTES,
  isRetryable,
  type RetryOptions,
  withRetries,
} from '../speech/index.js';
import type { Ready, ServerMessage } from './messages.js';
import type { Passage } from './passages.js';
import type { SpokenLayout } from './sample-stream.js';
import { GradiumSession, type SessionConfig } from './session.js';
import { SpokenSession } from './spoken-session.js';
import type { TtsSetup } from './tts-setup.js';
import type { Word } from './types.js';

export interface TtsSessionHandlers {
  onReady?(ready: Ready): void;
  /** As of `SpokenSession`. */
  onAudio(bytes: Buffer): void;
  onWord(word: Word): void;
  /** The service could go on if it had more text. */
  onNeedMoreText?(): void;
  /** The passage is spoken; what there is to say against its audio has been said. */
  onEnd(): void;
  /** Called at most once, and then nothing else is. */
  onFail(error: unknown): void;
}

export interface TtsSessionOptions extends TtsSessionHandlers {
  config: SessionConfig;
  setup: TtsSetup;
  passage: Passage;
  /** The service ends a session after a time; whether its text still comes by then does not matter to it. */
  sessionS: number;
  /** Speech of earlier sessions: how long, and what it is. */
  startS: number;
  earlier: SpokenLayout | undefined;
}

export class TtsSession {
  readonly spoken: SpokenSession;
  readonly #session: GradiumSession;
  readonly #passage: Passage;
  readonly #options: TtsSessionOptions;
  readonly #age: DeadlineTimer;
  #sent = 0;
  #finished = false;

  /** Connects at once. */
  constructor(options: TtsSessionOptions) {
    const { config, setup, passage, sessionS, startS, earlier } = options;
    this.#options = options;
    this.#passage = passage;
    this.spoken = new SpokenSession({
      format: setup.output_format,
      startS,
      earlier,
      // As it would be if one session spoke both.
      pause: startS > 0 && passage.isSpaced,
      locate: passage.locator(),
      onAudio: (bytes) => options.onAudio(bytes),
      onWord: (word) => options.onWord(word),
    });
    this.#age = new DeadlineTimer(1000 * sessionS, () => this.#grownOld());
    this.#session = new GradiumSession(config, setup, {
      onOpen: () => this.#send(),
      onFrame: () => false,
      onReady: (ready) => this.#ready(ready),
      onMessage: (message) => this.#message(message),
      onAudio: (bytes) => this.spoken.audio(bytes),
      onDrain: () => this.#send(),
      onEnd: () => this.#ended(),
      onFail: (error) => {
        this.#age.stop();
        options.onFail(error);
      },
    });
    passage.onChange = () => this.#send();
    this.#age.start();
  }

  get requestId(): string | undefined {
    return this.#session.requestId;
  }

  get paused(): boolean {
    return this.#session.paused;
  }

  pause(): void {
    this.#session.pause();
  }

  resume(): void {
    this.#session.resume();
  }

  destroy(): void {
    this.#age.stop();
    this.#passage.onChange = () => {};
    this.#session.destroy();
  }

  #send(): void {
    const { messages, isClosed, isEmpty } = this.#passage;
    const session = this.#session;
    if (isClosed && isEmpty) {
      // Nothing was said, and what the service would say of that is nothing to wait for.
      this.destroy();
      this.#options.onEnd();
      return;
    }
    while (session.isOpen && this.#sent < messages.length && session.bufferedBytes <= HIGH_WATER_BYTES) {
      session.sendJson({ type: 'text', text: messages[this.#sent++] });
    }
    if (!isClosed || !session.isOpen || this.#sent < messages.length || this.#finished) return;
    this.#finished = true;
    session.finish();
  }

  /** What is written later is for a session of its own: in a passage of its own, or in this one if that has no word yet. */
  #grownOld(): void {
    if (!this.#passage.isEmpty) {
      this.#passage.close();
      return;
    }
    const { requestId } = this;
    const message =
      'the session was given up: the service would have ended it soon, and nothing was said in it';
    this.#session.fail(
      new ConnectionError(message, { code: 'ERR_CLOSED_EARLY', phase: 'stream', requestId, retryable: true }),
    );
  }

  #ready(ready: Ready): void {
    this.spoken.ready(ready);
    this.#options.onReady?.(ready);
  }

  #message(message: ServerMessage): void {
    if (message.type === 'need_more_text') this.#options.onNeedMoreText?.();
    else this.spoken.message(message);
  }

  #ended(): void {
    this.#age.stop();
    this.spoken.finish();
    this.#options.onEnd();
  }
}

/**
 * Speaks a passage, anew after failures that may pass. A connection that was lost before there was anything to say is
 * made anew only once there is, and counts as no attempt.
 */
export async function speakPassage<T>(
  passage: Passage,
  limits: RetryOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  let wasEmpty = false;
  const first = async () => {
    try {
      return await attempt();
    } catch (error) {
      wasEmpty = passage.isEmpty && isRetryable(error);
      throw error;
    }
  };
  const again = (error: unknown) => !wasEmpty && (limits.again?.(error) ?? true);
  try {
    return await withRetries({ ...limits, again }, first);
  } catch (error) {
    if (!wasEmpty || limits.scope.failed) throw error;
  }
  if (passage.isEmpty && !passage.isClosed) await limits.scope.wait(passage.changed);
  return await withRetries(limits, attempt);
}
