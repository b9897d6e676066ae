/**
 * Ogg Opus to `audio` messages of whole pages.
 * Not here: where the bytes come from (page-sender.ts, encoding-sender.ts).
 */
import { OggOpusReader, type OggPage } from '../audio/index.js';
import { STEP_MS } from '../format.js';
import type { MessageSink } from './audio-sender.js';
import { OpusPages } from './opus-pages.js';

/** Ogg Opus counts at this rate whatever was encoded (RFC 7845 §4). */
export const OPUS_RATE_HZ = 48_000;
const STEP_SAMPLES = (STEP_MS * OPUS_RATE_HZ) / 1000;
/** Pages may hold no sound at all: artwork among the tags, packets that are broken. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/**
 * A message holds as many pages as there is sound for in `stepsPerMessage` steps, at least one; headers come first, in
 * a message of their own. With 1 step every page is a message, and goes as soon as it is complete.
 */
export class PageMessages {
  readonly #sink: MessageSink;
  readonly #messageSamples: number;
  readonly #pages = new OpusPages();
  /** Counts the samples on each page: granules may begin anywhere and jump. */
  readonly #counter = new OggOpusReader();
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #gatheredSamples = 0;
  #sentSamples = 0;

  constructor(stepsPerMessage: number, sink: MessageSink) {
    this.#sink = sink;
    this.#messageSamples = stepsPerMessage > 1 ? stepsPerMessage * STEP_SAMPLES : 0;
  }

  /** Takes bytes of a file or stream, cut anywhere; sends the messages that are complete. */
  take(chunk: Uint8Array): void {
    this.#add(this.#pages.process(chunk));
  }

  /** No byte follows. */
  takeEnd(): void {
    this.#add(this.#pages.flush());
    this.#send();
  }

  close(): void {
    this.#pages.close();
    this.#counter.close();
  }

  #add(pages: OggPage[]): void {
    for (const { bytes } of pages) {
      const samples = this.#samplesOn(bytes);
      if (this.#isFullBefore(bytes.length, samples)) this.#send();
      this.#gathered.push(bytes);
      this.#gatheredBytes += bytes.length;
      this.#gatheredSamples += samples;
      if (this.#gatheredSamples >= this.#messageSamples) this.#send();
    }
  }

  #samplesOn(page: Uint8Array): number {
    return this.#counter.process(page).reduce((sum, { begin, end }) => sum + end - begin, 0);
  }

  #isFullBefore(bytes: number, samples: number): boolean {
    const endsHeaders = samples > 0 && this.#gatheredSamples === 0;
    return (
      endsHeaders ||
      this.#gatheredSamples + samples > this.#messageSamples ||
      this.#gatheredBytes + bytes > MAX_MESSAGE_BYTES
    );
  }

  #send(): void {
    if (this.#gathered.length === 0) return;
    const audio = Buffer.concat(this.#gathered).toString('base64');
    this.#sentSamples += this.#gatheredSamples;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#gatheredSamples = 0;
    const { clientReqId } = this.#sink;
    const id = clientReqId === undefined ? '' : `,"client_req_id":${JSON.stringify(clientReqId)}`;
    this.#sink.send(Buffer.from(`{"type":"audio","audio":"${audio}"${id}}`));
    this.#sink.sent(this.#sentSamples / OPUS_RATE_HZ);
  }
}
