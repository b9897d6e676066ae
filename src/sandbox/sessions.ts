/**
 * Opens requests: whatever carries them, they are held to the same rules and befallen by the same faults.
 * Not here: what carries them (connection.ts, post.ts).
 */
import { AsrSession } from './asr-session.js';
import type { FaultScript } from './faults.js';
import { Fields, type Message, type Session } from './protocol.js';
import { type Outlet, Request } from './request.js';
import type { Route } from './routes.js';
import { S2sSession } from './s2s-session.js';
import type { SessionRules } from './session-rules.js';
import { TtsSession } from './tts-session.js';

const KINDS: Record<Route, new (setup: Fields, rules: SessionRules) => Session> = {
  stt: AsrSession,
  tts: TtsSession,
  s2s: S2sSession,
};

export class Sessions {
  readonly #rules: SessionRules;
  readonly #faults: FaultScript;

  constructor(rules: SessionRules, faults: FaultScript) {
    this.#rules = rules;
    this.#faults = faults;
  }

  /** @throws ProtocolError when the setup is not acceptable */
  open(route: Route, setup: Message, outlet: Outlet): Request {
    const session = new KINDS[route](new Fields(setup, 1008), this.#rules);
    return new Request(session, outlet, this.#faults.takeForSession());
  }
}
