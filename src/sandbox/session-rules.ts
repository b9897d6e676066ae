/**
 * What every session is held to: how closely the documents are kept, on which clock words are, how long it may be.
 * Not here: rules of one route (*-session.ts).
 */

/** `lenient`: what has been seen to work works. `strict`: what the documents say, and no more. */
export type Mode = 'lenient' | 'strict';

/** Which clock word times run on: the decoder's, `delay_in_frames` behind the audio, or the audio's own. */
export type Clock = 'decoder' | 'audio';

export interface SessionRules {
  mode: Mode;
  clock: Clock;
  /** Of audio, and of time. Infinity: none. */
  sessionLimitS: number;
  /** Characters of text to speech. Infinity: no limit. */
  maxCharsPerSession: number;
}
