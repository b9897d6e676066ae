/**
 * One speech-to-text request: checks its setup, feeds its audio to the recogniser, words the answers.
 * Not here: sockets, request ids and errors on the wire (connection.ts).
 */
import { randomUUID } from 'node:crypto';
import { STEP_S } from '../format.js';
import { InputDecoder } from './input-decoder.js';
import {
  audioOf,
  type Fields,
  formatOf,
  type Message,
  ProtocolError,
  type Session,
  sandboxModel,
  seconds,
} from './protocol.js';
import { Recogniser, type RecogniserEvent } from './recogniser.js';

/** Which clock word times run on: the decoder's, `delay_in_frames` behind the audio, or the audio's own. */
export type Clock = 'decoder' | 'audio';

const LANGUAGES = ['en', 'fr', 'de', 'es', 'pt', 'any'];
const DEFAULT_DELAY_FRAMES = 10;

export class AsrSession implements Session {
  readonly #decoder: InputDecoder;
  readonly #recogniser = new Recogniser();
  readonly #model: string;
  readonly #delayFrames: number;
  /** Added to audio times. */
  readonly #clockShiftS: number;
  #ended = false;

  /** @throws ProtocolError */
  constructor(setup: Fields, clock: Clock) {
    this.#model = sandboxModel(setup);
    const format = formatOf(setup, 'input_format');
    this.#delayFrames = checkConfig(setup.config('json_config'));
    this.#clockShiftS = clock === 'decoder' ? this.#delayFrames * STEP_S : 0;
    this.#decoder = new InputDecoder(format);
  }

  get ended(): boolean {
    return this.#ended;
  }

  *start(): Generator<Message, void> {
    yield {
      type: 'ready',
      request_id: randomUUID(),
      model_name: this.#model,
      sample_rate: 24_000,
      frame_size: 1920,
      delay_in_frames: this.#delayFrames,
      delay_in_tokens: this.#delayFrames, // its older name, which some clients read
      text_stream_names: [],
    };
  }

  *answer(message: Message): Generator<Message, void> {
    switch (message.type) {
      case 'audio':
        yield* this.#heard(this.#decoder.push(audioOf(message)));
        return;
      case 'flush':
        yield* this.#worded(this.#recogniser.push(this.#decoder.flush()));
        yield* this.#worded(this.#recogniser.flush());
        yield { type: 'flushed', flush_id: message.flush_id ?? 0 };
        return;
      case 'end_of_stream':
        yield* this.#heard(this.#decoder.finish());
        yield* this.#worded(this.#recogniser.finish());
        this.#ended = true;
        yield { type: 'end_of_stream' };
        return;
      default:
        throw new ProtocolError(`unknown message type "${message.type}" for speech to text`);
    }
  }

  dispose(): void {
    this.#decoder.close();
  }

  *#heard(audio: Iterable<Float32Array>): Generator<Message, void> {
    for (const samples of audio) yield* this.#worded(this.#recogniser.push(samples));
  }

  *#worded(events: Iterable<RecogniserEvent>): Generator<Message, void> {
    for (const event of events) {
      if (event.type === 'step') {
        yield stepMessage(event);
        continue;
      }
      yield { type: 'text', text: event.text, start_s: this.#time(event.startS), stream_id: 0 };
      yield { type: 'end_text', stop_s: this.#time(event.stopS), stream_id: 0 };
    }
  }

  #time(audioS: number): number {
    return seconds(audioS + this.#clockShiftS);
  }
}

function stepMessage({ index, vad }: RecogniserEvent & { type: 'step' }): Message {
  return {
    type: 'step',
    vad: vad.map(({ horizonS, inactivityProb }) => ({
      horizon_s: horizonS,
      inactivity_prob: inactivityProb,
    })),
    step_idx: index,
    step_duration_s: STEP_S,
    total_duration_s: seconds((index + 1) * STEP_S),
  };
}

/** Checks what the service checks; answers the decoder's delay in frames. */
function checkConfig(config: Fields): number {
  const language = config.string('language') ?? 'any';
  if (!LANGUAGES.includes(language)) {
    throw new ProtocolError(`language "${language}" is none of ${LANGUAGES.join(', ')}`, 1011);
  }
  config.number('temp', 0, 1.5);
  config.number('padding_bonus', -4, 4);
  const keywords = config.config('keywords');
  keywords.strings('words', 500);
  keywords.number('boost', -6, 6);
  const alias = config.integer('delay_in_tokens', 0, 80);
  return config.integer('delay_in_frames', 0, 80) ?? alias ?? DEFAULT_DELAY_FRAMES;
}
