/**
 * Samples to Ogg Opus, encoded here: for a line that is narrower than the processor is slow.
 * Not here: bytes to mono samples (mono-samples.ts), pages to messages (page-messages.ts).
 */
import { OggOpusEncoder, Resampler } from '../audio/index.js';
import { STEP_MS } from '../format.js';
import type { AudioSender, MessageSink, SentSource, SourceFound } from './audio-sender.js';
import { type MonoSamples, monoSamples } from './mono-samples.js';
import { PageMessages } from './page-messages.js';
import { frameBytes, type SampleLayout } from './source-layout.js';

/** Speech in mono: more is not heard. */
const BITRATE = 24_000;
/** The recogniser's own rate: what lies above would be thrown away there. */
const MAX_ENCODED_RATE_HZ = 24_000;
/** Of OggOpusEncoder. */
const MAX_PAGE_MS = 4000;
const MIN_PIECE_BYTES = 4 * 1024;
const MAX_PIECE_BYTES = 256 * 1024;

export class EncodingSender implements AudioSender {
  readonly #samples: MonoSamples;
  readonly #resampler: Resampler<'float32'> | undefined;
  readonly #encoder: OggOpusEncoder<'float32'>;
  readonly #messages: PageMessages;
  readonly #pieceBytes: number;

  constructor(source: SentSource<SampleLayout>, stepsPerMessage: number, sink: MessageSink) {
    const { layout } = source;
    const sampleRateHz = Math.min(layout.sampleRateHz, MAX_ENCODED_RATE_HZ);
    if (sampleRateHz < layout.sampleRateHz) {
      this.#resampler = new Resampler({ fromHz: layout.sampleRateHz, toHz: sampleRateHz, sample: 'float32' });
    }
    this.#encoder = new OggOpusEncoder({
      sampleRateHz,
      sample: 'float32',
      bitrate: BITRATE,
      application: 'voip',
      pageMs: Math.min(stepsPerMessage * STEP_MS, MAX_PAGE_MS),
    });
    this.#samples = monoSamples(source);
    this.#messages = new PageMessages(stepsPerMessage, sink);
    // A second takes 6 ms (8 kHz) to 12 ms (16 and 24 kHz) to encode.
    const secondBytes = frameBytes(layout) * layout.sampleRateHz;
    this.#pieceBytes = Math.min(Math.max(secondBytes, MIN_PIECE_BYTES), MAX_PIECE_BYTES);
  }

  sendPiece(chunk: Uint8Array, at: number): number {
    const piece = chunk.subarray(at, at + this.#pieceBytes);
    const samples = this.#samples.process(piece);
    this.#encode(this.#resampler ? this.#resampler.process(samples) : samples);
    return at + piece.length;
  }

  sendRest(): boolean {
    this.#samples.finish();
    if (this.#resampler) this.#encode(this.#resampler.flush());
    this.#messages.take(this.#encoder.flush());
    this.#messages.takeEnd();
    return true;
  }

  get found(): SourceFound {
    return this.#samples.found;
  }

  close(): void {
    this.#samples.close();
    this.#resampler?.close();
    this.#encoder.close();
    this.#messages.close();
  }

  #encode(samples: Float32Array): void {
    this.#messages.take(this.#encoder.process(samples));
  }
}
