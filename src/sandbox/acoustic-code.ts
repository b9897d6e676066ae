/**
 * The sandbox's acoustic code: which tones stand for which bits, and how long they last.
 * Not here: making the tones (voice.ts), finding them again (tone-decoder.ts).
 *
 * One UTF-8 byte is one 80 ms step of two symbols, high nibble first:
 *
 *   0        36  40        76  80 ms
 *   |  high   |   |  low    |   |
 *    `- 3 ms ramps at both ends of each tone
 */

/** Row frequency = ROW_HZ[nibble >> 2]: the telephone keypad's rows. */
export const ROW_HZ = [697, 770, 852, 941] as const;
/** Column frequency = COLUMN_HZ[nibble & 3]. */
export const COLUMN_HZ = [1209, 1336, 1477, 1633] as const;

export const SYMBOL_S = 0.04;
export const TONE_S = 0.036;
export const RAMP_S = 0.003;
export const SYMBOLS_PER_STEP = 2;

/** Peak of each of the two tones: −12 dBFS, so that both together stay 6 dB below full scale. */
export const TONE_AMPLITUDE = 10 ** (-12 / 20);

/** Any run of white space is one silent step. */
const WHITE_SPACE = /\s+/u;

/**
 * The words of a text as the code can carry them. A lone surrogate has no UTF-8 form and becomes U+FFFD.
 */
export function splitWords(text: string): string[] {
  return toWellFormed(text)
    .split(WHITE_SPACE)
    .filter((word) => word !== '');
}

/** String.prototype.toWellFormed, which the ES2023 library does not know yet. */
function toWellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
