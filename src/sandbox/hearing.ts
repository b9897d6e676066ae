/**
 * The listening half of a session: bytes of any input format to words and VAD steps.
 * Not here: messages (asr-session.ts, s2s-session.ts).
 */
import type { WireFormat } from '../format.js';
import { InputDecoder } from './input-decoder.js';
import { Recogniser, type RecogniserEvent } from './recogniser.js';

export class Hearing {
  readonly #decoder: InputDecoder;
  readonly #recogniser = new Recogniser();

  constructor(format: WireFormat) {
    this.#decoder = new InputDecoder(format);
  }

  /** Seconds heard. */
  get audioS(): number {
    return this.#recogniser.audioS;
  }

  /** @throws ProtocolError when the bytes are not of the format */
  *push(bytes: Uint8Array): Generator<RecogniserEvent, void> {
    for (const samples of this.#decoder.push(bytes)) yield* this.#recogniser.push(samples);
  }

  /** Decides everything heard so far. Audio may go on afterwards. */
  *flush(): Generator<RecogniserEvent, void> {
    yield* this.#recogniser.push(this.#decoder.flush());
    yield* this.#recogniser.flush();
  }

  /** The rest. @throws ProtocolError when the audio ended inside its header */
  *finish(): Generator<RecogniserEvent, void> {
    for (const samples of this.#decoder.finish()) yield* this.#recogniser.push(samples);
    yield* this.#recogniser.finish();
  }

  close(): void {
    this.#decoder.close();
  }
}
