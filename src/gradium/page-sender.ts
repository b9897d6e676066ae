/**
 * Ogg Opus passed through: the source's own pages, none decoded.
 * Not here: which pages, and how many make a message (page-messages.ts).
 */
import type { OggOpusDecoder } from '../audio/index.js';
import type { AudioSender, MessageSink, SentSource, SourceFound } from './audio-sender.js';
import { oggFacts } from './ogg-facts.js';
import { PageMessages } from './page-messages.js';
import type { OpusLayout } from './source-layout.js';

/** At once: some 2 s of speech. */
const PIECE_BYTES = 8 * 1024;

export class PageSender implements AudioSender {
  readonly #messages: PageMessages;
  /** What a whole source's facts are; a stream's are found on the way. */
  readonly #known: SourceFound | undefined;
  readonly #facts: OggOpusDecoder | undefined;

  constructor({ info, again }: SentSource<OpusLayout>, stepsPerMessage: number, sink: MessageSink) {
    this.#messages = new PageMessages(stepsPerMessage, sink);
    if (again) this.#known = info;
    else this.#facts = oggFacts();
  }

  sendPiece(chunk: Uint8Array, at: number): number {
    const piece = chunk.subarray(at, at + PIECE_BYTES);
    this.#facts?.process(piece);
    this.#messages.take(piece);
    return at + piece.length;
  }

  sendRest(): boolean {
    this.#facts?.flush();
    this.#messages.takeEnd();
    return true;
  }

  get found(): SourceFound {
    return this.#known ?? this.#facts?.info ?? { frames: 0, warnings: [] };
  }

  close(): void {
    this.#messages.close();
    this.#facts?.close();
  }
}
