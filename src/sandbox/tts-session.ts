/**
 * One text-to-speech request: checks its setup, reads its text and tags.
 * Not here: sound and its messages (speaker.ts), transports (connection.ts, post.ts).
 */
import { randomUUID } from 'node:crypto';
import { STEP_MS } from '../format.js';
import { splitWords } from './acoustic-code.js';
import {
  type Fields,
  formatOf,
  type Message,
  ProtocolError,
  type Session,
  sandboxModel,
} from './protocol.js';
import type { SessionRules } from './session-rules.js';
import { Speaker } from './speaker.js';

const FLUSH_TAG = /<flush\s*\/?>/gu;
/** Splitting at it leaves the seconds at every odd place. */
const BREAK_TAG = /<break\s+time="([^"]*)"\s*\/?>/u;
const BREAK_TIME = /^(\d+(?:\.\d+)?)s$/u;
const REWRITE_RULES = ['en', 'fr', 'fr-be', 'fr-ch', 'de', 'es', 'pt', 'none'];

export class TtsSession implements Session {
  readonly #model: string;
  readonly #speaker: Speaker;
  readonly #maxChars: number;
  #chars = 0;
  #ended = false;

  /** @throws ProtocolError */
  constructor(setup: Fields, rules: SessionRules) {
    this.#model = sandboxModel(setup);
    for (const name of ['voice_id', 'voice', 'pronunciation_id']) setup.string(name); // any will do
    checkConfig(setup.config('json_config'), rules);
    this.#maxChars = rules.maxCharsPerSession;
    this.#speaker = new Speaker(formatOf(setup, 'output_format'));
  }

  get ended(): boolean {
    return this.#ended;
  }

  get audioS(): number {
    return this.#speaker.audioS;
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
      case 'text':
        if (typeof message.text !== 'string')
          throw new ProtocolError('text message without a string in "text"');
        this.#count(message.text);
        yield* this.#say(message.text);
        return;
      case 'end_of_stream':
        yield* this.#speaker.finish();
        this.#ended = true;
        yield { type: 'end_of_stream' };
        return;
      default:
        throw new ProtocolError(`unknown message type "${message.type}" for text to speech`);
    }
  }

  dispose(): void {
    this.#speaker.close();
  }

  /** @throws ProtocolError when the text is longer than a session may have */
  #count(text: string): void {
    this.#chars += [...text].length;
    if (this.#chars <= this.#maxChars) return;
    throw new ProtocolError(`text limit of ${this.#maxChars} characters per session reached`);
  }

  *#say(text: string): Generator<Message, void> {
    for (const [i, part] of text.replace(FLUSH_TAG, '').split(BREAK_TAG).entries()) {
      if (i % 2 === 1) {
        yield* this.#speaker.pause(breakSteps(part));
      } else {
        for (const word of splitWords(part)) yield* this.#speaker.say(word);
      }
    }
  }
}

/** The nearest number of steps. @throws ProtocolError */
function breakSteps(time: string): number {
  const found = BREAK_TIME.exec(time);
  const timeS = Number(found?.[1]);
  if (!(timeS >= 0.1 && timeS <= 2)) throw new ProtocolError(`break time "${time}" is not from 0.1s to 2.0s`);
  return Math.round((timeS * 1000) / STEP_MS);
}

function checkConfig(config: Fields, { mode }: SessionRules): void {
  config.number('temp', 0, 1.4);
  config.number('cfg_coef', 1, 4);
  config.number('padding_bonus', -4, 4);
  if (mode === 'strict') config.oneOf('rewrite_rules', REWRITE_RULES);
  else config.string('rewrite_rules');
}
