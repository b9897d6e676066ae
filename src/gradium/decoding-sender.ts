/**
 * Ogg Opus to raw wire formats: decoded to mono here, framed as any samples are.
 * Not here: Opus (OggOpusDecoder), framing (framer-sender.ts).
 */
import { OggOpusDecoder } from '../audio/index.js';
import type { AudioSender, MessageSink, SentSource, SourceFound } from './audio-sender.js';
import { FramerSender } from './framer-sender.js';
import { OPUS_RATE_HZ } from './page-messages.js';
import type { OpusLayout, SampleLayout } from './source-layout.js';

/** Taken at once; how much sound is in it nobody knows, so it is handed out in blocks. */
const PIECE_BYTES = 32 * 1024;
/** What the decoder gives. */
const DECODED: SampleLayout = { encoding: 's16le', sampleRateHz: OPUS_RATE_HZ, channels: 1 };

/** 1 s, lent to the decoder for one synchronous call and framed before it returns: one serves every session. */
const block = new Int16Array(OPUS_RATE_HZ);

export class DecodingSender implements AudioSender {
  readonly #decoder = new OggOpusDecoder({ channels: 1, sample: 'int16' });
  readonly #framer: FramerSender;
  /** Bytes that the decoder took and that may have more samples in them. */
  #takenBytes = 0;
  #ended = false;

  constructor({ wire }: SentSource<OpusLayout>, stepsPerMessage: number, sink: MessageSink) {
    const decoded = { from: DECODED, layout: DECODED, wire, info: undefined, bytes: undefined, again: false };
    this.#framer = new FramerSender(decoded, stepsPerMessage, sink);
  }

  sendPiece(chunk: Uint8Array, at: number): number {
    if (this.#takenBytes === 0) {
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      this.#decoder.push(piece);
      this.#takenBytes = piece.length;
    }
    if (this.#sendBlock()) return at;
    const next = at + this.#takenBytes;
    this.#takenBytes = 0;
    return next;
  }

  sendRest(): boolean {
    if (!this.#ended) this.#decoder.end();
    this.#ended = true;
    return this.#sendBlock() ? false : this.#framer.sendRest();
  }

  get found(): SourceFound {
    return this.#decoder.info ?? { frames: 0, warnings: [] };
  }

  close(): void {
    this.#decoder.close();
    this.#framer.close();
  }

  /** Whether there was one to send. */
  #sendBlock(): boolean {
    const frames = this.#decoder.readInto(block);
    const samples = new Uint8Array(block.buffer, 0, frames * block.BYTES_PER_ELEMENT);
    for (let at = 0; at < samples.length; ) at = this.#framer.sendPiece(samples, at);
    return frames > 0;
  }
}
