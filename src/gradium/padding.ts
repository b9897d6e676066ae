/**
 * Silence that is sent for its own sake, so that the decoder says the words it still holds back: the message, and the
 * service's clock without it.
 * Not here: when it is sent (turn-taker.ts, stt-chain.ts).
 */
import { argumentRangeError } from '../errors.js';
import { STEP_S, sampleBytes, type WireFormat, wireAudio } from '../format.js';

/** What is silent in each encoding: G.711 codes its smallest value so (ITU-T G.711, tables 1a and 2a). */
const SILENT_BYTE = { s16le: 0, mulaw: 0xff, alaw: 0xd5 } as const;

/** @throws RangeError ERR_INVALID_ARG for a container, whose headers and pages say how long it is */
export function silentMessage(wire: WireFormat, steps: number): Buffer {
  const audio = wireAudio(wire, 'input');
  if (!audio) {
    throw argumentRangeError(
      `flushBy 'silence' needs a wire of raw samples, not '${wire}': take 'flush', or name a wire`,
    );
  }
  const { encoding, sampleRateHz } = audio;
  const bytes = Math.round(steps * STEP_S * sampleRateHz) * sampleBytes(encoding);
  const silence = Buffer.alloc(bytes, SILENT_BYTE[encoding]).toString('base64');
  return Buffer.from(`{"type":"audio","audio":"${silence}"}`, 'latin1');
}

/** A stretch of it, on the service's clock. */
interface Stretch {
  fromS: number;
  untilS: number;
  /** Of all the silence before it. */
  beforeS: number;
  flushId: number;
}

/** All of it in one session. */
export class Padding {
  readonly #stretches: Stretch[] = [];
  #answered = 0;
  #lengthS = 0;

  /** Of all of it. */
  get lengthS(): number {
    return this.#lengthS;
  }

  /** @param atS where it begins, in seconds of all that was sent before */
  add(atS: number, lengthS: number, flushId: number): void {
    this.#stretches.push({ fromS: atS, untilS: atS + lengthS, beforeS: this.#lengthS, flushId });
    this.#lengthS += lengthS;
  }

  /** A time of the service's, all that was sent counted, in seconds of the audio alone. */
  toAudio(serviceS: number): number {
    // Asked at every step, and about one of the last: a session may have no limit, and a stretch at every turn.
    const last = this.#stretches.findLast(({ fromS }) => fromS < serviceS);
    if (!last) return serviceS;
    return serviceS - last.beforeS - (Math.min(serviceS, last.untilS) - last.fromS);
  }

  /** Ids of the stretches that the service has worked through since the last call. */
  *worked(serviceS: number): Generator<number, void> {
    for (;;) {
      const next = this.#stretches[this.#answered];
      // Steps are summed up in floating point.
      if (!next || serviceS < next.untilS - STEP_S / 2) return;
      this.#answered++;
      yield next.flushId;
    }
  }
}
