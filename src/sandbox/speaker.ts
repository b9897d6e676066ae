/**
 * The speaking half of a session: words and pauses on a line of 80 ms steps, as text and audio messages.
 * Not here: which words (tts-session.ts, s2s-session.ts), tones (voice.ts), byte formats (output-encoder.ts).
 */
import { STEP_MS, type WireFormat } from '../format.js';
import { type OutputEncoder, outputEncoder, type Piece } from './output-encoder.js';
import { type Message, seconds } from './protocol.js';
import { Voice } from './voice.js';

export class Speaker {
  readonly #encoder: OutputEncoder;
  readonly #voice: Voice;
  /** Steps spoken so far: the audio's length. */
  #steps = 0;
  /** Samples of sound in the messages so far. */
  #samplesSent = 0;
  /** Whether a word was the last thing said, so that the next one needs a silent step before it. */
  #afterWord = false;

  constructor(format: WireFormat) {
    this.#encoder = outputEncoder(format);
    this.#voice = new Voice(this.#encoder.sampleRateHz);
  }

  /** What `ready` says of the audio. */
  get facts(): { sample_rate: number; frame_size: number } {
    return { sample_rate: this.#encoder.sampleRateHz, frame_size: this.#voice.stepSamples };
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
    if (this.#afterWord) yield* this.pause(1);
    const stop = this.#steps + Buffer.byteLength(word);
    yield {
      type: 'text',
      text: word,
      start_s: stepTime(this.#steps),
      stop_s: stepTime(stop),
      stream_id: 0,
    };
    for (const step of this.#voice.word(word)) yield* this.#audio(step);
    this.#afterWord = true;
  }

  *pause(steps: number): Generator<Message, void> {
    for (let i = 0; i < steps; i++) yield* this.#audio(this.#voice.silence());
    this.#afterWord = false;
  }

  /** What was held back. */
  finish(): Generator<Message, void> {
    return this.#messages(this.#encoder.finish());
  }

  close(): void {
    this.#encoder.close();
  }

  #audio(step: Int16Array): Generator<Message, void> {
    this.#steps++;
    return this.#messages(this.#encoder.encode(step));
  }

  *#messages(pieces: Piece[]): Generator<Message, void> {
    for (const { bytes, samples } of pieces) {
      const startS = this.audioS;
      this.#samplesSent += samples;
      yield { type: 'audio', audio: bytes, start_s: startS, stop_s: this.audioS, stream_id: 0 };
    }
  }
}

function stepTime(step: number): number {
  return (step * STEP_MS) / 1000;
}
