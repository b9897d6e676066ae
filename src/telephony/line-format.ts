/**
 * What sounds on the line: µ-law at 8 kHz, in frames of 20 ms.
 * Not here: how frames are packed into messages (protocol.ts).
 */

/** ITU-T G.711 µ-law, mono: one byte a sample. */
export const LINE_FORMAT = { encoding: 'mulaw', sampleRateHz: 8_000, channels: 1 } as const;
export const BYTES_PER_MS = LINE_FORMAT.sampleRateHz / 1_000;
export const FRAME_MS = 20;
export const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;
/** The code of +0, ITU-T G.711 table 2a. */
export const SILENCE = 0xff;
