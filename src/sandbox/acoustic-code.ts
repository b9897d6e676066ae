/**
 * The sandbox's acoustic code: which tones stand for which bits, and how long they last.
 * Not here: making the tones (voice.ts), finding them again (tone-decoder.ts).
 *
 * One UTF-8 byte is one step of two symbols, high nibble first. At the normal tempo:
 *
 *   0        36  40        76  80 ms
 *   |  high   |   |  low    |   |
 *    `- 3 ms ramps at both ends of each tone
 *
 * Another tempo makes the tones longer or shorter, by 2 ms each, and leaves the ramps and the silence as they are:
 *
 *   tempo      -4  -3  -2  -1   0   1   2   3   4
 *   symbol ms  32  34  36  38  40  42  44  46  48
 *   step ms    64  68  72  76  80  84  88  92  96
 */

/** Row frequency = ROW_HZ[nibble >> 2]: the telephone keypad's rows. */
export const ROW_HZ = [697, 770, 852, 941] as const;
/** Column frequency = COLUMN_HZ[nibble & 3]. */
export const COLUMN_HZ = [1209, 1336, 1477, 1633] as const;

/** Silence at the end of each symbol. */
export const GAP_MS = 4;
export const RAMP_S = 0.003;
export const SYMBOLS_PER_STEP = 2;

/** `padding_bonus` in whole numbers: negative is faster. At ±4, a tone still is as long as the recogniser's window. */
export type Tempo = -4 | -3 | -2 | -1 | 0 | 1 | 2 | 3 | 4;
export const TEMPOS: readonly Tempo[] = [-4, -3, -2, -1, 0, 1, 2, 3, 4];

/** The nearest tempo, the slower one of two. @param paddingBonus −4 to 4 */
export function tempoOf(paddingBonus: number): Tempo {
  return Math.floor(paddingBonus + 0.5) as Tempo;
}

export function symbolMs(tempo: Tempo): number {
  return 40 + 2 * tempo;
}

export function stepMs(tempo: Tempo): number {
  return SYMBOLS_PER_STEP * symbolMs(tempo);
}

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
