/**
 * One text-to-speech request: checks its setup, lays words and pauses on a line of 80 ms steps.
 * Not here: tones (voice.ts), byte formats (output-encoder.ts), sockets (connection.ts).
 */
import { randomUUID } from 'node:crypto';
import { STEP_MS } from '../format.js';
import { splitWords } from './acoustic-code.js';
import { type OutputEncoder, outputEncoder, type Piece } from './output-encoder.js';
import {
  type Fields,
  formatOf,
  type Message,
  ProtocolError,
  type Session,
  sandboxModel,
  seconds,
} from './protocol.js';
import { Voice } from './voice.js';

const FLUSH_TAG = /<flush\s*\/?>/gu;
/** Splitting at it leaves the seconds at every odd place. */
const BREAK_TAG = /<break\s+time="([^"]*)"\s*\/?>/u;
const BREAK_TIME = /^(\d+(?:\.\d+)?)s$/u;

export class TtsSession implements Session {
  readonly #model: string;
  readonly #encoder: OutputEncoder;
  readonly #voice: Voice;
  /** Steps spoken so far: the audio's length. */
  #steps = 0;
  /** Samples of sound in the messages so far. */
  #samplesSent = 0;
  /** Whether a word was the last thing said, so that the next one needs a silent step before it. */
  #afterWord = false;
  #ended = false;

  /** @throws ProtocolError */
  constructor(setup: Fields) {
    this.#model = sandboxModel(setup);
    for (const name of ['voice_id', 'voice', 'pronunciation_id']) setup.string(name); // any will do
    checkConfig(setup.config('json_config'));
    this.#encoder = outputEncoder(formatOf(setup, 'output_format'));
    this.#voice = new Voice(this.#encoder.sampleRateHz);
  }

  get ended(): boolean {
    return this.#ended;
  }

  *start(): Generator<Message, void> {
    yield {
      type: 'ready',
      request_id: randomUUID(),
      model_name: this.#model,
      sample_rate: this.#encoder.sampleRateHz,
      frame_size: this.#voice.stepSamples,
      audio_stream_names: [],
      text_stream_names: [],
    };
    yield* this.#messages(this.#encoder.start());
  }

  *answer(message: Message): Generator<Message, void> {
    switch (message.type) {
      case 'text':
        if (typeof message.text !== 'string')
          throw new ProtocolError('text message without a string in "text"');
        yield* this.#say(message.text);
        return;
      case 'end_of_stream':
        yield* this.#messages(this.#encoder.finish());
        this.#ended = true;
        yield { type: 'end_of_stream' };
        return;
      default:
        throw new ProtocolError(`unknown message type "${message.type}" for text to speech`);
    }
  }

  dispose(): void {
    this.#encoder.close();
  }

  *#say(text: string): Generator<Message, void> {
    for (const [i, part] of text.replace(FLUSH_TAG, '').split(BREAK_TAG).entries()) {
      if (i % 2 === 1) {
        yield* this.#pause(breakSteps(part));
      } else {
        for (const word of splitWords(part)) yield* this.#sayWord(word);
      }
    }
  }

  *#sayWord(word: string): Generator<Message, void> {
    if (this.#afterWord) yield* this.#pause(1);
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

  *#pause(steps: number): Generator<Message, void> {
    for (let i = 0; i < steps; i++) yield* this.#audio(this.#voice.silence());
    this.#afterWord = false;
  }

  #audio(step: Int16Array): Generator<Message, void> {
    this.#steps++;
    return this.#messages(this.#encoder.encode(step));
  }

  *#messages(pieces: Piece[]): Generator<Message, void> {
    for (const { bytes, samples } of pieces) {
      const startS = this.#sentS;
      this.#samplesSent += samples;
      yield audioMessage(bytes, startS, this.#sentS);
    }
  }

  get #sentS(): number {
    return seconds(this.#samplesSent / this.#encoder.sampleRateHz);
  }
}

function audioMessage(bytes: Uint8Array, startS: number, stopS: number): Message {
  const audio = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return { type: 'audio', audio, start_s: startS, stop_s: stopS, stream_id: 0 };
}

function stepTime(step: number): number {
  return (step * STEP_MS) / 1000;
}

/** The nearest number of steps. @throws ProtocolError */
function breakSteps(time: string): number {
  const found = BREAK_TIME.exec(time);
  const timeS = Number(found?.[1]);
  if (!(timeS >= 0.1 && timeS <= 2)) throw new ProtocolError(`break time "${time}" is not from 0.1s to 2.0s`);
  return Math.round((timeS * 1000) / STEP_MS);
}

function checkConfig(config: Fields): void {
  config.number('temp', 0, 1.4);
  config.number('cfg_coef', 1, 4);
  config.number('padding_bonus', -4, 4);
  config.string('rewrite_rules');
}
