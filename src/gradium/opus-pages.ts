/**
 * The pages of an Ogg Opus source that are worth sending: sound ones, of the stream that is read.
 * Not here: what is on them (OggOpusReader), how they go out (page-messages.ts).
 */
import { type OggPage, OggPageReader } from '../audio/index.js';

/** A page's lacing values stand behind so many bytes, the last of which counts them (RFC 3533 §6). */
const PAGE_HEAD_BYTES = 27;
const OPUS_HEAD = 'OpusHead';

/**
 * Of pages that begin streams, which stand together, the first with OpusHead on it is the stream that is read, until
 * the next such group: as OggOpusReader decides it (docs/ogg.md, "Streams and links").
 */
export class OpusPages {
  readonly #pages = new OggPageReader();
  #serial: number | undefined;
  #inGroup = false;
  #groupHasOpus = false;

  process(chunk: Uint8Array): OggPage[] {
    return this.#pages.process(chunk).filter((page) => this.#isRead(page));
  }

  flush(): OggPage[] {
    return this.#pages.flush().filter((page) => this.#isRead(page));
  }

  close(): void {
    this.#pages.close();
  }

  #isRead(page: OggPage): boolean {
    const own = page.serial === this.#serial;
    if (!page.first) {
      this.#inGroup = false;
      return own;
    }
    if (!this.#inGroup) this.#groupHasOpus = false;
    this.#inGroup = true;
    const opus = beginsWithOpusHead(page.bytes);
    if (opus && (own || !this.#groupHasOpus)) {
      this.#groupHasOpus = true;
      this.#serial = page.serial;
      return true;
    }
    // Its serial number means another stream now.
    if (own) this.#serial = undefined;
    return false;
  }
}

function beginsWithOpusHead(page: Uint8Array): boolean {
  const body = PAGE_HEAD_BYTES + (page[PAGE_HEAD_BYTES - 1] ?? 0);
  const magic = page.subarray(body, body + OPUS_HEAD.length);
  return Buffer.from(magic.buffer, magic.byteOffset, magic.length).toString('latin1') === OPUS_HEAD;
}
