/**
 * Opens requests: whatever carries them, they are held to the same rules and befallen by the same faults.
 * Not here: what carries them (connection.ts, post.ts).
 */
import { AsrSession } from './asr-session.js';
import type { FaultScript } from './fault-script.js';
import { Fields, type Message, ProtocolError, type Session } from './protocol.js';
import { type Outlet, Request } from './request.js';
import type { Route } from './routes.js';
import { S2sSession } from './s2s-session.js';
import type { SessionRules } from './session-rules.js';
import type { Slot, Slots } from './slots.js';
import { TtsSession } from './tts-session.js';

const KINDS: Record<Route, new (setup: Fields, rules: SessionRules) => Session> = {
  stt: AsrSession,
  tts: TtsSession,
  s2s: S2sSession,
};

export interface SessionsOptions {
  rules: SessionRules;
  faults: FaultScript;
  slots: Slots;
}

export class Sessions {
  readonly #rules: SessionRules;
  readonly #faults: FaultScript;
  readonly #slots: Slots;

  constructor({ rules, faults, slots }: SessionsOptions) {
    this.#rules = rules;
    this.#faults = faults;
    this.#slots = slots;
  }

  /** For who comes when every place is taken. */
  get fullMessage(): string {
    return `concurrency limit of ${this.#slots.capacity} sessions reached`;
  }

  /**
   * @param reserved its place, when it has one already
   * @throws ProtocolError when there is no place, or the setup is not acceptable
   */
  open(route: Route, setup: Message, outlet: Outlet, reserved?: Slot): Request {
    const slot = reserved ?? this.#slots.take();
    if (slot === undefined) throw new ProtocolError(this.fullMessage);
    try {
      const session = new KINDS[route](new Fields(setup, 1008), this.#rules);
      return new Request(session, outlet, {
        fault: this.#faults.takeForSession(route),
        limitS: this.#rules.sessionLimitS,
        onEnd: () => slot.release(),
      });
    } catch (error) {
      slot.release();
      throw error;
    }
  }
}
