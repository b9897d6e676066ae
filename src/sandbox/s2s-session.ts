/**
 * One speech-to-speech request: says every word it hears, as it hears it. It translates nothing.
 * Not here: the two halves (hearing.ts, speaker.ts), transports (connection.ts).
 */
import { randomUUID } from 'node:crypto';
import { AudioCharge } from './audio-charge.js';
import { Hearing } from './hearing.js';
import { SPEECH } from './listener.js';
import {
  audioOf,
  type Fields,
  formatOf,
  type Message,
  ProtocolError,
  type Session,
  sandboxModel,
} from './protocol.js';
import type { RecogniserEvent } from './recogniser.js';
import type { SessionRules } from './session-rules.js';
import { Speaker } from './speaker.js';

const TARGET_LANGUAGES = ['en', 'fr', 'de', 'es', 'pt'];
/** Credits. */
const PRICE_PER_S = 30;
/** What the voice says for speech that holds no words of its own. */
const SPOKEN_SPEECH = 'speech';

export class S2sSession implements Session {
  readonly #model: string;
  readonly #hearing: Hearing;
  readonly #speaker: Speaker;
  readonly #charge: AudioCharge;
  #ended = false;

  /** @throws ProtocolError */
  constructor(setup: Fields, { mode, account }: SessionRules) {
    this.#model = sandboxModel(setup);
    for (const name of ['stt_model_name', 'tts_model_name']) setup.string(name); // any will do
    const voice = setup.string('voice_id');
    const config = setup.config('json_config');
    config.oneOf('target_language', TARGET_LANGUAGES);
    if (mode === 'strict') {
      setup.require('voice_id');
      config.require('target_language');
    }
    if (voice !== undefined) account.checkVoice(voice);
    this.#charge = new AudioCharge(account, PRICE_PER_S);
    const [input, output] = [formatOf(setup, 'input_format'), formatOf(setup, 'output_format')];
    this.#hearing = new Hearing(input);
    this.#speaker = new Speaker(output);
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
      ...this.#speaker.facts,
      audio_stream_names: [],
      text_stream_names: [],
    };
    yield* this.#speaker.start();
  }

  *answer(message: Message): Generator<Message, void> {
    switch (message.type) {
      case 'audio':
        yield* this.#spoken(this.#hearing.push(audioOf(message)));
        return;
      case 'end_of_stream':
        yield* this.#spoken(this.#hearing.finish());
        yield* this.#speaker.finish();
        this.#ended = true;
        yield { type: 'end_of_stream' };
        return;
      default:
        throw new ProtocolError(`unknown message type "${message.type}" for speech to speech`);
    }
  }

  dispose(): void {
    this.#hearing.close();
    this.#speaker.close();
  }

  *#spoken(events: Iterable<RecogniserEvent>): Generator<Message, void> {
    for (const event of events) {
      this.#charge.upTo(this.audioS);
      if (event.type === 'word') yield* this.#speaker.say(event.text === SPEECH ? SPOKEN_SPEECH : event.text);
    }
    this.#charge.upTo(this.audioS);
  }
}
