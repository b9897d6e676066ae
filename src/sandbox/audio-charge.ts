/**
 * What the audio of a session costs, charged as it is worked on.
 * Not here: the account (account.ts), what a second costs (*-session.ts).
 */
import type { SpeechAccount } from './account.js';

export class AudioCharge {
  readonly #account: SpeechAccount;
  readonly #creditsPerS: number;
  #chargedS = 0;

  constructor(account: SpeechAccount, creditsPerS: number) {
    this.#account = account;
    this.#creditsPerS = creditsPerS;
  }

  /** @throws ProtocolError 1008 when there are no credits left */
  upTo(audioS: number): void {
    if (audioS <= this.#chargedS) return;
    this.#account.charge((audioS - this.#chargedS) * this.#creditsPerS);
    this.#chargedS = audioS;
  }
}
