/**
 * What every session is held to: how closely the documents are kept, on which clock words are, how long it may be, who pays.
 * Not here: rules of one route (*-session.ts).
 */
import type { SpeechAccount } from './account.js';
import type { Clock, Mode } from './modes.js';

export interface SessionRules {
  mode: Mode;
  clock: Clock;
  /** Of audio, and of time. Infinity: none. */
  sessionLimitS: number;
  /** Characters of text to speech. Infinity: no limit. */
  maxCharsPerSession: number;
  account: SpeechAccount;
}
