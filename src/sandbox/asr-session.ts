/**
 * One speech-to-text request: checks its setup, words what was heard.
 * Not here: hearing (hearing.ts), transports, request ids and errors on the wire (connection.ts, post.ts).
 */
import { randomUUID } from 'node:crypto';
import { STEP_S } from '../format.js';
import { AudioCharge } from './audio-charge.js';
import { Hearing } from './hearing.js';
import type { Mode } from './modes.js';
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
import type { RecogniserEvent, VadEntry } from './recogniser.js';
import type { SessionRules } from './session-rules.js';

const LANGUAGES = ['en', 'fr', 'de', 'es', 'pt', 'any'];
/** Credits. */
const PRICE_PER_S = 3;
const TRANSLATION_PRICE_PER_S = 4;
const TRANSLATION_MODEL = 'stt-translate';
const DEFAULT_DELAY_FRAMES = 10;
const DOCUMENTED_DELAYS = [7, 8, 10, 12, 14, 16, 20, 24, 32, 36, 48];
/** The one at 3 s was seen of the service, and is in no document. */
const DOCUMENTED_HORIZONS = 3;

export class AsrSession implements Session {
  readonly #hearing: Hearing;
  readonly #mode: Mode;
  readonly #model: string;
  readonly #delayFrames: number;
  /** Added to audio times. */
  readonly #clockShiftS: number;
  readonly #charge: AudioCharge;
  #ended = false;

  /** @throws ProtocolError */
  constructor(setup: Fields, { mode, clock, account }: SessionRules) {
    this.#mode = mode;
    this.#model = sandboxModel(setup);
    const format = formatOf(setup, 'input_format');
    const config = setup.config('json_config');
    this.#delayFrames = checkConfig(config, mode);
    this.#clockShiftS = clock === 'decoder' ? this.#delayFrames * STEP_S : 0;
    this.#charge = new AudioCharge(account, pricePerS(setup, config));
    this.#hearing = new Hearing(format);
  }

  get ended(): boolean {
    return this.#ended;
  }

  get audioS(): number {
    return this.#hearing.audioS;
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
        yield* this.#worded(this.#hearing.push(audioOf(message)));
        return;
      case 'flush':
        yield* this.#flush(message.flush_id ?? 0);
        return;
      case 'end_of_stream':
        yield* this.#worded(this.#hearing.finish());
        this.#ended = true;
        yield { type: 'end_of_stream' };
        return;
      default:
        throw new ProtocolError(`unknown message type "${message.type}" for speech to text`);
    }
  }

  dispose(): void {
    this.#hearing.close();
  }

  *#flush(id: unknown): Generator<Message, void> {
    if (this.#mode === 'strict' && !Number.isInteger(id))
      throw new ProtocolError('flush_id must be an integer');
    yield* this.#worded(this.#hearing.flush());
    yield { type: 'flushed', flush_id: id };
  }

  *#worded(events: Iterable<RecogniserEvent>): Generator<Message, void> {
    for (const event of events) {
      this.#charge.upTo(this.audioS);
      if (event.type === 'step') {
        yield stepMessage(
          event.index,
          this.#mode === 'strict' ? event.vad.slice(0, DOCUMENTED_HORIZONS) : event.vad,
        );
        continue;
      }
      yield { type: 'text', text: event.text, start_s: this.#time(event.startS), stream_id: 0 };
      yield { type: 'end_text', stop_s: this.#time(event.stopS), stream_id: 0 };
    }
    this.#charge.upTo(this.audioS);
  }

  #time(audioS: number): number {
    return seconds(audioS + this.#clockShiftS);
  }
}

function pricePerS(setup: Fields, config: Fields): number {
  const translates =
    config.string('target_language') !== undefined || setup.string('model_name') === TRANSLATION_MODEL;
  return translates ? TRANSLATION_PRICE_PER_S : PRICE_PER_S;
}

function stepMessage(index: number, vad: readonly VadEntry[]): Message {
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
function checkConfig(config: Fields, mode: Mode): number {
  const isStrict = mode === 'strict';
  if (isStrict) config.require('language');
  config.oneOf('language', LANGUAGES);
  config.number('temp', 0, isStrict ? 1 : 1.5);
  config.number('padding_bonus', -4, 4);
  config.string('target_language');
  const keywords = config.config('keywords');
  keywords.strings('words', 500);
  keywords.number('boost', -6, 6);
  const alias = config.integer('delay_in_tokens', 0, 80);
  const delayFrames = config.integer('delay_in_frames', 0, 80) ?? alias ?? DEFAULT_DELAY_FRAMES;
  if (isStrict && !DOCUMENTED_DELAYS.includes(delayFrames)) {
    throw new ProtocolError(`delay_in_frames must be one of ${DOCUMENTED_DELAYS.join(', ')}`, 1011);
  }
  return delayFrames;
}
