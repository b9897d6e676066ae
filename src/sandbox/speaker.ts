/**
 * The speaking half of a session: words and pauses on a line of time, as text and audio messages.
 * Not here: which words (tts-session.ts, s2s-session.ts), tones (voice.ts), byte formats (output-encoder.ts).
 */
import { STEP_MS, type WireFormat } from '../format.js';
import type { Tempo } from './acoustic-code.js';
import { type OutputEncoder, outputEncoder, type Piece } from './output-encoder.js';
import { type Message, seconds } from './protocol.js';
import { Voice } from './voice.js';

export class Speaker {
  readonly #encoder: OutputEncoder;
  readonly #voice: Voice;
  /** The samples of the message that is being filled: 80 ms at every tempo. */
  #frame: Int16Array;
  #filled = 0;
  /** Samples of sound in the messages so far. */
  #samplesSent = 0;
  /** Whether a word was the last thing said, so that the next one needs a silent step before it. */
  #afterWord = false;

  constructor(format: WireFormat, tempo: Tempo = 0) {
    this.#encoder = outputEncoder(format);
    this.#voice = new Voice(this.#encoder.sampleRateHz, tempo);
    this.#frame = new Int16Array((STEP_MS * this.#encoder.sampleRateHz) / 1000);
  }

  /** What `ready` says of the audio. */
  get facts(): { sample_rate: number; frame_size: number } {
    return { sample_rate: this.#encoder.sampleRateHz, frame_size: this.#frame.length };
  }

  /** Seconds in the messages so far. */
  get audioS(): number {
    return seconds(this.#samplesSent / this.#encoder.sampleRateHz);
  }

  /** What goes out before any sound. */
  start(): Generator<Message, void> {
    return this.#messages(this.#encoder.start());
  }

  /** @param word holds no white space */
  *say(word: string): Generator<Message, void> {
    if (this.#afterWord) yield* this.#audio(this.#voice.silence());
    const startMs = this.#voice.nowMs;
    const stopMs = startMs + Buffer.byteLength(word) * this.#voice.stepMs;
    yield { type: 'text', text: word, start_s: startMs / 1000, stop_s: stopMs / 1000, stream_id: 0 };
    for (const step of this.#voice.word(word)) yield* this.#audio(step);
    this.#afterWord = true;
  }

  /** @param frames of 80 ms, whatever the tempo */
  *pause(frames: number): Generator<Message, void> {
    for (let i = 0; i < frames; i++) yield* this.#audio(this.#voice.silence(STEP_MS));
    this.#afterWord = false;
  }

  /** What was held back: the last message is filled up with silence. */
  *finish(): Generator<Message, void> {
    if (this.#filled > 0) yield* this.#send();
    yield* this.#messages(this.#encoder.finish());
  }

  close(): void {
    this.#encoder.close();
  }

  *#audio(samples: Int16Array): Generator<Message, void> {
    for (let from = 0; from < samples.length; ) {
      const part = samples.subarray(from, from + this.#frame.length - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      from += part.length;
      if (this.#filled === this.#frame.length) yield* this.#send();
    }
  }

  #send(): Generator<Message, void> {
    const frame = this.#frame;
    this.#frame = new Int16Array(frame.length); // the message may be a view of the old one
    this.#filled = 0;
    return this.#messages(this.#encoder.encode(frame));
  }

  *#messages(pieces: Piece[]): Generator<Message, void> {
    for (const { bytes, samples } of pieces) {
      const startS = this.audioS;
      this.#samplesSent += samples;
      yield { type: 'audio', audio: bytes, start_s: startS, stop_s: this.audioS, stream_id: 0 };
    }
  }
}
