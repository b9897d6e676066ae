/**
 * Where audio that is longer than a session is cut in two: where the least is said.
 * Not here: the sessions (s2s-leg.ts).
 */
import { convertSamples, stepLevels } from '../audio/index.js';
import { STEP_S } from '../format.js';
import type { CheckedS2sOptions } from './s2s-setup.js';
import { frameBytes, type SampleLayout } from './source-layout.js';

/** Before a session's end, in which the cut is looked for. */
const WINDOW_S = 15;
/** Of a session's time: its beginning, and what the service says when all was sent. */
const MARGIN_S = 5;
/** Of a step: it may begin at each. */
const PARTS = 4;
/** Live, at the window's start: so much quieter than the loudest before it is a pause between sentences. */
const PAUSE_DB = 25;

/** How much audio fits into a session, and from where on a cut is welcome; in seconds of the source. */
export interface SessionSpan {
  fromS: number;
  toS: number;
}

export function sessionSpan(limitS: number, { tailSilenceS }: CheckedS2sOptions): SessionSpan {
  const toS = limitS - Math.min(MARGIN_S, limitS / 10) - tailSilenceS;
  return { fromS: toS - Math.min(WINDOW_S, toS / 2), toS };
}

/** In bytes of whole frames. */
export function spanBytes(seconds: number, layout: SampleLayout): number {
  return Math.floor(seconds * layout.sampleRateHz) * frameBytes(layout);
}

/** In the middle of the quietest 80 ms, the last of equal ones; in bytes of whole frames. */
export function quietestCut(bytes: Uint8Array, layout: SampleLayout): number {
  const partFrames = Math.max(1, Math.round((STEP_S / PARTS) * layout.sampleRateHz));
  const powers = Array.from(levelsOf(bytes, layout, partFrames), (levelDb) => 10 ** (levelDb / 10));
  let quietest = 0;
  let leastPower = Number.POSITIVE_INFINITY;
  for (let i = 0; i + PARTS <= powers.length; i++) {
    const power = powers.slice(i, i + PARTS).reduce((sum, part) => sum + part, 0);
    if (power > leastPower) continue;
    leastPower = power;
    quietest = i;
  }
  return Math.min((quietest + PARTS / 2) * partFrames * frameBytes(layout), bytes.length);
}

/** In dB, one for so many frames, channels together. */
function levelsOf(bytes: Uint8Array, layout: SampleLayout, frames: number): Float32Array {
  const { encoding, channels } = layout;
  const samples = convertSamples(bytes, { from: encoding, to: 's16le', channels });
  return stepLevels(new Int16Array(samples.buffer), frames * channels);
}

/**
 * Cuts audio that comes live, and has to go on at once: nobody knows what comes next. From `fromS` on the first step that
 * is quiet enough ends the session; what is enough falls from a clear pause to anything at `toS`.
 */
export class LiveCut {
  readonly #layout: SampleLayout;
  readonly #stepBytes: number;
  readonly #span: SessionSpan;
  #bytes = 0;
  /** Of the window's step that is not complete. */
  #step: Buffer[] = [];
  #stepped = 0;
  #loudestDb = Number.NEGATIVE_INFINITY;

  constructor(layout: SampleLayout, span: SessionSpan) {
    this.#layout = layout;
    this.#span = span;
    this.#stepBytes = Math.max(frameBytes(layout), spanBytes(STEP_S, layout));
  }

  /**
   * Takes what of `bytes` belongs to this session, and at most a step in one call once it has to listen.
   * @returns how many bytes that is, and whether it ends with them
   */
  take(bytes: Uint8Array): { length: number; ends: boolean } {
    const { fromS, toS } = this.#span;
    // The loudness before the window is the speaker's.
    const listensFrom = spanBytes(Math.max(0, fromS - (toS - fromS)), this.#layout);
    const deaf = listensFrom - this.#bytes;
    const length = Math.min(bytes.length, deaf > 0 ? deaf : this.#stepBytes - this.#stepped);
    this.#bytes += length;
    if (deaf > 0) return { length, ends: false };
    this.#step.push(Buffer.from(bytes.subarray(0, length)));
    this.#stepped += length;
    if (this.#stepped < this.#stepBytes) return { length, ends: false };
    const [levelDb = 0] = levelsOf(
      Buffer.concat(this.#step),
      this.#layout,
      this.#stepBytes / frameBytes(this.#layout),
    );
    this.#step = [];
    this.#stepped = 0;
    this.#loudestDb = Math.max(this.#loudestDb, levelDb);
    return { length, ends: this.#isQuiet(levelDb) };
  }

  #isQuiet(levelDb: number): boolean {
    const { fromS, toS } = this.#span;
    const atS = this.#bytes / frameBytes(this.#layout) / this.#layout.sampleRateHz;
    if (atS < fromS) return false;
    const leftS = Math.max(0, toS - atS);
    return levelDb <= this.#loudestDb - (PAUSE_DB * leftS) / (toS - fromS);
  }
}
