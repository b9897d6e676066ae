/**
 * Samples to raw wire formats, and WAVs as they are, through the native framer.
 * Not here: Ogg Opus on either side.
 */
import { AudioFramer } from '../audio/index.js';
import { STEP_S, wireAudio } from '../format.js';
import {
  type AudioSender,
  countFrames,
  type MessageSink,
  type SentSource,
  type SourceFound,
} from './audio-sender.js';
import type { SampleLayout } from './source-layout.js';

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
const MAX_RUN_BYTES = 64 * 1024;
/** Before a WAV header is known the framer must allow for the worst of them. */
const HEAD_PIECE_BYTES = 4 * 1024;
const MAX_PIECE_BYTES = 256 * 1024;
/** Bytes in a step of a WAV that passes as it is, whatever they hold (AudioFramer). */
export const OPAQUE_STEP_BYTES = 3840;

export class FramerSender implements AudioSender {
  readonly #source: SentSource<SampleLayout>;
  readonly #sink: MessageSink;
  readonly #framer: AudioFramer;
  /** Of a raw wire; a WAV that passes as it is has its bytes counted instead. */
  readonly #wireRateHz: number | undefined;
  #pieceBytes: number;
  #awaitsHeader: boolean;
  readonly #stepsPerMessage: number;
  #messages = 0;
  #sourceBytes = 0;
  #largestPiece = 0;
  #roomBytes = 0;

  constructor(source: SentSource<SampleLayout>, stepsPerMessage: number, sink: MessageSink) {
    const { from, wire, bytes } = source;
    this.#source = source;
    this.#sink = sink;
    this.#stepsPerMessage = stepsPerMessage;
    this.#framer = new AudioFramer({
      from,
      to: wire,
      stepsPerMessage,
      ...(bytes !== undefined && { sourceBytes: bytes }),
      ...(sink.clientReqId !== undefined && { clientReqId: sink.clientReqId }),
    });
    this.#wireRateHz = wireAudio(wire, 'input')?.sampleRateHz;
    // The framer parses no WAV that passes as it is.
    this.#awaitsHeader = from.container === 'wav' && wire !== 'wav';
    this.#pieceBytes = this.#awaitsHeader ? HEAD_PIECE_BYTES : this.#fittingPiece();
  }

  sendPiece(chunk: Uint8Array, at: number): number {
    const piece = chunk.subarray(at, at + this.#piece());
    const out = scratchOf(this.#room(piece.length));
    this.#sourceBytes += piece.length;
    this.#sendRun(out.subarray(0, this.#framer.processInto(piece, out)), false);
    return at + piece.length;
  }

  sendRest(): boolean {
    const out = scratchOf(this.#framer.maxFlushBytes);
    this.#sendRun(out.subarray(0, this.#framer.flushInto(out)), true);
    return true;
  }

  get found(): SourceFound {
    const { layout, info, again } = this.#source;
    const described = this.#framer.sourceInfo ?? (again ? info : undefined);
    return described ?? countFrames(layout, info, this.#sourceBytes);
  }

  close(): void {
    this.#framer.close();
  }

  /** Live audio comes in small pieces of one size: what such a piece may bring is asked once. */
  #room(pieceBytes: number): number {
    if (pieceBytes > this.#largestPiece) {
      this.#largestPiece = pieceBytes;
      this.#roomBytes = this.#framer.maxOutputBytes(pieceBytes);
    }
    return this.#roomBytes;
  }

  /** Of the last message of all only the framer knows how long it is: the others are full. */
  #sendRun(run: Buffer, isLast: boolean): void {
    if (run.length === 0) return;
    const { messageBytes } = this.#framer;
    for (let at = 0; at < run.length; at += messageBytes) {
      const next = Math.min(at + messageBytes, run.length);
      this.#sink.send(run.subarray(at, next));
      this.#messages++;
      this.#sink.sent(isLast && next === run.length ? this.#framedS() : this.#messagesS());
    }
  }

  /** All that is in messages so far. */
  #framedS(): number {
    if (this.#wireRateHz !== undefined) return this.#framer.wireFrames / this.#wireRateHz;
    return this.#opaqueS(this.#sourceBytes);
  }

  /** All that is in the messages sent so far, which are full. */
  #messagesS(): number {
    const steps = this.#messages * this.#stepsPerMessage;
    return this.#wireRateHz !== undefined ? steps * STEP_S : this.#opaqueS(steps * OPAQUE_STEP_BYTES);
  }

  #opaqueS(bytes: number): number {
    const { layout, info } = this.#source;
    return countFrames(layout, info, bytes).frames / layout.sampleRateHz;
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
