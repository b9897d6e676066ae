/**
 * The two choices that concern everything the sandbox does.
 * Not here: what follows from them (*-session.ts, connection.ts, rest-*.ts).
 */

/** `lenient`: what has been seen to work works. `strict`: what the documents say, and no more. */
export type Mode = 'lenient' | 'strict';

/** Which clock word times run on: the decoder's, `delay_in_frames` behind the audio, or the audio's own. */
export type Clock = 'decoder' | 'audio';
