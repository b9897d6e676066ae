/**
 * Text laid into passages of one session each, as messages: whole texts, and text that is still being written.
 * Not here: where messages and sentences end (src/text), sending them (tts-session.ts).
 */
import { type Deferred, deferred } from '../speech/index.js';
import { WordLocator, type WordRange } from '../text/align.js';
import { chunkText, splitText, TextChunker } from '../text/index.js';

/** Long enough to be few, short enough that the service can begin on the first. */
const MESSAGE_CHARS = 300;
/** Makes the service speak all that it was sent. */
const FLUSH = '<flush>';
/** The service gets no half of a surrogate pair; what stands for it is as long. */
const LONE_SURROGATE = /\p{Cs}/gu;

const SENTENCE_END = /[.!?…。！？．]["'\p{Pe}\p{Pf}\p{Pi}]*$/u;

/** What one session speaks. Kept until it is spoken, so that another session can speak it again. */
export class Passage {
  readonly messages: string[] = [];
  #start = 0;
  #spaced = false;
  #text = '';
  #flushes = 0;
  #closed = false;
  #changed = deferred();
  #onChange: () => void = () => {};

  /** Where it begins in the whole text, in UTF-16 units. */
  get start(): number {
    return this.#start;
  }

  /** Whether white space lies between it and what is before it, if anything is. */
  get isSpaced(): boolean {
    return this.#spaced;
  }

  /** As the service counts them, or more: in UTF-16 units. */
  get chars(): number {
    return this.#text.length + this.#flushes * (FLUSH.length + 1);
  }

  /** As it stands in the whole text. */
  get text(): string {
    return this.#text;
  }

  get isEmpty(): boolean {
    return this.messages.length === 0;
  }

  /** Nothing is added any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Called at each addition and at the end; replaces who was called before. */
  set onChange(listener: () => void) {
    this.#onChange = listener;
  }

  /** The next addition, or the end. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  /**
   * @param start Where it begins in the whole text.
   * @param gap What lies between it and the message before it.
   */
  add(message: string, start: number, gap: string): void {
    if (this.isEmpty) {
      this.#start = start;
      this.#spaced = gap !== '';
    } else {
      this.#text += gap;
    }
    this.#text += message;
    this.messages.push(message.replace(LONE_SURROGATE, '\ufffd'));
    this.#change();
  }

  /** All of it is to be spoken now. */
  flush(): void {
    if (this.isEmpty || this.#closed || this.messages.at(-1) === FLUSH) return;
    this.messages.push(FLUSH);
    this.#flushes++;
    this.#change();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#change();
  }

  /** Finds words in the passage, as far as it is written. */
  locator(): (word: string) => WordRange | undefined {
    let locator: WordLocator | undefined;
    let known = 0;
    return (word) => {
      if (this.isEmpty) return undefined;
      // Not before: where the passage begins is known with its first message.
      locator ??= new WordLocator('', this.#start);
      if (known < this.#text.length) locator.append(this.#text.slice(known));
      known = this.#text.length;
      return locator.locate(word);
    };
  }

  #change(): void {
    this.#onChange();
    this.#changed.resolve();
    this.#changed = deferred();
  }
}

/** @returns As few passages as may be, cut at the ends of sentences; none for white space alone. */
export function passagesOf(text: string, maxChars: number): Passage[] {
  let at = 0;
  return splitText(text, { maxChars }).map((part) => {
    const passage = new Passage();
    for (const message of chunkText(part.text, { maxChars: MESSAGE_CHARS })) {
      const start = text.indexOf(message, at);
      passage.add(message, start, text.slice(at, start));
      at = start + message.length;
    }
    passage.close();
    return passage;
  });
}

/**
 * Passages of text that is still being written: a message is added as soon as it is certain.
 *
 * A passage ends where the next message would make it too long, or before that with a sentence that ends in its last
 * quarter; and when its session says so.
 */
export class PassageWriter {
  readonly #maxChars: number;
  readonly #chunker: TextChunker;
  /** Written, and not yet in a passage; and where that begins in the whole text. */
  #pending = '';
  #at = 0;
  #last = new Passage();
  /** Not yet taken by `next`. The first is there from the start: its session can connect before there is a word. */
  readonly #queue = [this.#last];
  #ended = false;
  #arrived: Deferred | undefined;
  #taken: Deferred | undefined;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
    this.#chunker = new TextChunker({ maxChars: Math.min(MESSAGE_CHARS, Math.ceil(maxChars / 4)) });
  }

  /** @param piece Goes on where the last one ended; may be cut anywhere. */
  write(piece: string): void {
    this.#pending += piece;
    for (const message of this.#chunker.push(piece)) this.#place(message);
  }

  /** What is held back is certain now, and to be spoken at once. */
  flush(): void {
    this.#placeRest();
    // The end of its session is as good.
    if (this.#last.chars + FLUSH.length + 1 > this.#maxChars && !this.#last.isEmpty) this.#last.close();
    else this.#last.flush();
  }

  end(): void {
    this.#placeRest();
    this.#ended = true;
    this.#last.close();
    this.#arrive();
  }

  /** The next passage, once it has begun; undefined after the last. */
  async next(): Promise<Passage | undefined> {
    while (this.#queue.length === 0 && !this.#ended) {
      this.#arrived ??= deferred();
      await this.#arrived.promise;
    }
    const next = this.#queue.shift();
    if (this.#queue.length === 0) {
      this.#taken?.resolve();
      this.#taken = undefined;
    }
    return next;
  }

  /** Undefined when every passage was taken; else a promise of that moment. */
  room(): Promise<void> | undefined {
    if (this.#queue.length === 0) return undefined;
    this.#taken ??= deferred();
    return this.#taken.promise;
  }

  #placeRest(): void {
    for (const message of this.#chunker.flush()) this.#place(message);
  }

  #place(message: string): void {
    const gap = this.#pending.indexOf(message); // There is only white space before it.
    const end = gap + message.length;
    this.#withRoomFor(end).add(message, this.#at + gap, this.#pending.slice(0, gap));
    this.#pending = this.#pending.slice(end);
    this.#at += end;
  }

  #withRoomFor(chars: number): Passage {
    if (this.#isFull(chars)) this.#last.close();
    if (this.#last.isClosed) {
      this.#last = new Passage();
      this.#queue.push(this.#last);
      this.#arrive();
    }
    return this.#last;
  }

  #isFull(chars: number): boolean {
    const left = this.#maxChars - this.#last.chars;
    const isSentence = SENTENCE_END.test(this.#last.text);
    return !this.#last.isEmpty && (chars > left || (isSentence && left < this.#maxChars / 4));
  }

  #arrive(): void {
    this.#arrived?.resolve();
    this.#arrived = undefined;
  }
}
