/**
 * Source bytes to `audio` messages on the wire, through the native framer.
 * Not here: when to send (SttSession.room), where the bytes come from.
 */
import type { AudioFramer } from '../audio/index.js';
import { wireAudio } from '../format.js';
import { frameBytes, type Recording } from './recording.js';
import type { SttSession } from './stt-session.js';

/**
 * The framer's output, lent to it for one synchronous call and sent before it returns: one buffer serves every
 * session of the thread. ws copies what it masks, so nothing refers to it afterwards.
 */
let scratch = Buffer.alloc(0);

function scratchOf(bytes: number): Buffer {
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(bytes);
  return scratch;
}

/** One call to the framer should not fill more than this: it is what can be queued beyond the high-water mark. */
const MAX_RUN_BYTES = 256 * 1024;
/** Before a WAV header is known the framer must allow for the worst of them. */
const HEAD_PIECE_BYTES = 4 * 1024;
const MAX_PIECE_BYTES = 256 * 1024;

export type SentSource = Pick<Recording, 'from' | 'layout' | 'wire' | 'info'>;

/** How much audio has been sent: counted by the framer, or by the bytes of a WAV that passes as it is. */
function sentSeconds(
  { layout, wire, info }: SentSource,
  framer: AudioFramer,
): (sourceBytes: number) => number {
  const rateHz = wireAudio(wire, 'input')?.sampleRateHz;
  if (rateHz !== undefined) return () => framer.wireFrames / rateHz;
  const bytesPerS = frameBytes(layout) * layout.sampleRateHz;
  return (sourceBytes) => Math.max(0, sourceBytes - (info?.dataOffset ?? 0)) / bytesPerS;
}

export class AudioSender {
  readonly #framer: AudioFramer;
  readonly #session: SttSession;
  readonly #sentS: (payloadBytes: number) => number;
  #pieceBytes: number;
  #awaitsHeader: boolean;
  #payloadBytes = 0;

  constructor(framer: AudioFramer, session: SttSession, source: SentSource) {
    this.#framer = framer;
    this.#session = session;
    // The framer parses no WAV that passes as it is.
    this.#awaitsHeader = source.from.container === 'wav' && source.wire !== 'wav';
    this.#sentS = sentSeconds(source, framer);
    this.#pieceBytes = this.#awaitsHeader ? HEAD_PIECE_BYTES : this.#fittingPiece();
  }

  /** Sends a piece of `chunk` that begins at `at`; where the next one begins. Call while the session has room. */
  sendPiece(chunk: Uint8Array, at: number): number {
    const piece = chunk.subarray(at, at + this.#piece());
    const out = scratchOf(this.#framer.maxOutputBytes(piece.length));
    this.#payloadBytes += piece.length;
    this.#sendRun(out, this.#framer.processInto(piece, out));
    return at + piece.length;
  }

  /** Sends what the framer still holds. */
  sendRest(): void {
    const out = scratchOf(this.#framer.maxFlushBytes);
    this.#sendRun(out, this.#framer.flushInto(out));
  }

  #sendRun(out: Buffer, bytes: number): void {
    const { messageBytes } = this.#framer;
    for (let at = 0; at < bytes; at += messageBytes) {
      this.#session.send(out.subarray(at, Math.min(at + messageBytes, bytes)));
    }
    this.#session.sent(this.#sentS(this.#payloadBytes));
  }

  #piece(): number {
    if (this.#awaitsHeader && this.#framer.sourceInfo) {
      this.#awaitsHeader = false;
      this.#pieceBytes = this.#fittingPiece();
    }
    return this.#pieceBytes;
  }

  #fittingPiece(): number {
    let bytes = MAX_PIECE_BYTES;
    while (bytes > HEAD_PIECE_BYTES && this.#framer.maxOutputBytes(bytes) > MAX_RUN_BYTES) bytes /= 2;
    return bytes;
  }
}
