/**
 * Opens requests: whatever carries them, they are held to the same rules and befallen by the same faults.
 * Not here: what carries them (connection.ts, post.ts).
 */
import type { Account } from './account.js';
import type { UsageRecord } from './account-records.js';
import { AsrSession } from './asr-session.js';
import type { FaultScript } from './fault-script.js';
import { asProtocolError, Fields, type Message, ProtocolError, type Session } from './protocol.js';
import type { Origin, ReceivedLog, SessionEnd } from './received.js';
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
  account: Account;
  faults: FaultScript;
  slots: Slots;
  received: ReceivedLog;
}

export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** For who comes when every place is taken. */
  get fullMessage(): string {
    return `concurrency limit of ${this.#options.slots.capacity} sessions reached`;
  }

  /**
   * @param reserved its place, when it has one already
   * @throws ProtocolError when there is no place, or the setup is not acceptable
   */
  open(route: Route, setup: Message, outlet: Outlet, origin: Origin, reserved?: Slot): Request {
    const { rules, account, faults, slots, received } = this.#options;
    const record = received.begin(route, setup, origin);
    const slot = reserved ?? slots.take();
    const end = (how: SessionEnd): void => {
      slot?.release();
      record.end(how);
    };
    try {
      if (slot === undefined) throw new ProtocolError(this.fullMessage);
      account.charge(0); // there must be some
      const session = new KINDS[route](new Fields(setup, 1008), rules);
      account.count({ sessions: 1 });
      return new Request(session, outlet, {
        fault: faults.takeForSession(route),
        limitS: rules.sessionLimitS,
        onMessage: (message) => {
          record.take(message);
          account.count({ ingressMessages: 1, ingressChars: charsOf(message) });
        },
        onSaid: (message) => account.count(egressOf(message)),
        onLast: () => slot.release(),
        onEnd: (how) => {
          if (route !== 'tts') account.count({ ingressAudioS: session.audioS });
          account.keepUsage();
          end(how);
        },
      });
    } catch (error) {
      end({ how: 'error', code: asProtocolError(error).code });
      throw error;
    }
  }
}

/** What a message adds to the usage. */
function egressOf(message: Message): Partial<UsageRecord> {
  const { type, start_s, stop_s } = message;
  const egressAudioS = type === 'audio' ? Number(stop_s) - Number(start_s) : 0;
  return { egressMessages: 1, egressChars: charsOf(message), egressAudioS };
}

function charsOf({ type, text }: Message): number {
  return type === 'text' && typeof text === 'string' ? [...text].length : 0;
}
