/**
 * The last `audio` messages, complete as they go out: what a further session has to hear again is sent from here.
 * Not here: which messages are sent when (stt-chain.ts), how they are made (audio-sender.ts).
 */
import type { MessageSink } from './audio-sender.js';

const FIRST_BYTES = 32 * 1024;
const FIRST_ENTRIES = 64;

/**
 * Keeping messages, and not the source's bytes, is what makes a further session cheap and exact: no header to rebuild, no
 * resampler to warm up, nothing to decode again, and the same for every source. They lie one behind the other in a ring
 * that grows when it must, so that a live message costs one copy and no allocation.
 *
 * Messages are numbered from 0; a place in the audio is the number of the message that begins there.
 */
export class MessageTape implements MessageSink {
  /** Who sends them adds the id of its session. */
  readonly clientReqId = undefined;
  #ring = Buffer.alloc(0);
  /** Where the next message goes. */
  #at = 0;
  /** Of message n in slot n modulo their length, a power of two: where it lies, and where its audio ends. */
  #offsets = new Uint32Array(FIRST_ENTRIES);
  #lengths = new Uint32Array(FIRST_ENTRIES);
  #stopsS = new Float64Array(FIRST_ENTRIES);
  #first = 0;
  #end = 0;
  /** Where the audio of message `#first` begins. */
  #firstS = 0;
  #endS = 0;
  /** Messages without sound are the headers of a stream of Ogg pages; `at`: the message that follows them. */
  readonly #heads: { at: number; messages: Buffer[] }[] = [];

  /** Number of the oldest message that is kept. */
  get first(): number {
    return this.#first;
  }

  /** Number of the message that comes next. */
  get end(): number {
    return this.#end;
  }

  /** Seconds from the beginning of the source at which the oldest message begins. */
  get firstS(): number {
    return this.#firstS;
  }

  /** All the audio so far, in seconds. */
  get endS(): number {
    return this.#endS;
  }

  /** Seconds at which message `n` begins. @param n from `first` to `end` */
  startS(n: number): number {
    return n === this.#first ? this.#firstS : (this.#stopsS[this.#slot(n - 1)] as number);
  }

  /** The last message that begins at or before this moment; the oldest one if that is later. */
  at(seconds: number): number {
    let n = this.#end;
    while (n > this.#first && this.startS(n) > seconds) n--;
    return n;
  }

  /** Valid until the next `send`. @param n from `first` up to, not including, `end` */
  message(n: number): Buffer {
    const slot = this.#slot(n);
    const offset = this.#offsets[slot] as number;
    return this.#ring.subarray(offset, offset + (this.#lengths[slot] as number));
  }

  /** What a stream that begins with message `n` must begin with: headers that lie before it. */
  headsOf(n: number): readonly Buffer[] {
    return this.#heads.findLast(({ at }) => at <= n)?.messages ?? [];
  }

  /** Takes a copy. */
  send(message: Buffer): void {
    this.#reserve(message.length);
    const slot = this.#slot(this.#end++);
    this.#offsets[slot] = this.#at;
    this.#lengths[slot] = message.length;
    this.#stopsS[slot] = this.#endS;
    message.copy(this.#ring, this.#at);
    this.#at += message.length;
  }

  /** The audio of all messages up to the last one. */
  sent(sentS: number): void {
    if (this.#end === this.#first) return;
    if (sentS <= this.#endS) this.#keepHead();
    this.#endS = Math.max(this.#endS, sentS);
    this.#stopsS[this.#slot(this.#end - 1)] = this.#endS;
  }

  /** Forgets messages whose audio ends at or before this moment, and none from number `before` on. */
  release(seconds: number, before: number): void {
    while (this.#first < before && this.startS(this.#first + 1) <= seconds) {
      this.#firstS = this.startS(this.#first + 1);
      this.#first++;
    }
    while ((this.#heads[1]?.at ?? Number.POSITIVE_INFINITY) <= this.#first) this.#heads.shift();
  }

  #keepHead(): void {
    const last = this.#heads.at(-1);
    const message = Buffer.from(this.message(this.#end - 1));
    if (last?.at === this.#end - 1) {
      last.messages.push(message);
      last.at = this.#end;
    } else {
      this.#heads.push({ at: this.#end, messages: [message] });
    }
  }

  #slot(n: number): number {
    return n & (this.#offsets.length - 1);
  }

  /** Makes `#at` a place with room for so many bytes in one piece, and a slot for them. */
  #reserve(bytes: number): void {
    if (this.#end - this.#first === this.#offsets.length) this.#growSlots();
    if (this.#first === this.#end) this.#at = 0;
    const oldest = this.#first === this.#end ? 0 : (this.#offsets[this.#slot(this.#first)] as number);
    const wrapped = this.#first < this.#end && this.#at <= oldest;
    if (this.#at + bytes < (wrapped ? oldest : this.#ring.length)) return;
    if (!wrapped && bytes < oldest) this.#at = 0;
    else this.#growRing(bytes);
  }

  #growSlots(): void {
    const { length } = this.#offsets;
    const grown = <T extends Uint32Array | Float64Array>(from: T, to: T): T => {
      for (let n = this.#first; n < this.#end; n++)
        to[n & (2 * length - 1)] = from[n & (length - 1)] as number;
      return to;
    };
    this.#offsets = grown(this.#offsets, new Uint32Array(2 * length));
    this.#lengths = grown(this.#lengths, new Uint32Array(2 * length));
    this.#stopsS = grown(this.#stopsS, new Float64Array(2 * length));
  }

  /** To twice the size, or what is needed; the messages move to its front. */
  #growRing(bytes: number): void {
    const ring = Buffer.allocUnsafeSlow(
      Math.max(FIRST_BYTES, 2 * this.#ring.length, this.#ring.length + 2 * bytes),
    );
    let at = 0;
    for (let n = this.#first; n < this.#end; n++) {
      const message = this.message(n);
      message.copy(ring, at);
      this.#offsets[this.#slot(n)] = at;
      at += message.length;
    }
    this.#ring = ring;
    this.#at = at;
  }
}
