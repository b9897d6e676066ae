/**
 * One text-to-speech request: checks its setup, reads its text and tags.
 * Not here: sound and its messages (speaker.ts), transports (connection.ts, post.ts).
 */
import { randomUUID } from 'node:crypto';
import { STEP_MS } from '../format.js';
import { applyPronunciations, rewriteText } from '../text/index.js';
import type { SpeechAccount } from './account.js';
import { splitWords, tempoOf } from './acoustic-code.js';
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
/** Names of no rules. */
const NO_REWRITING = ['', 'none'];

export class TtsSession implements Session {
  readonly #model: string;
  readonly #speaker: Speaker;
  readonly #maxChars: number;
  readonly #account: SpeechAccount;
  /** What is said in place of what is written. */
  readonly #spoken: (text: string) => string;
  #chars = 0;
  #ended = false;

  /** @throws ProtocolError */
  constructor(setup: Fields, rules: SessionRules) {
    this.#model = sandboxModel(setup);
    setup.string('voice'); // any will do
    const config = checkConfig(setup.config('json_config'));
    const { account } = rules;
    checkVoice(setup, account);
    this.#account = account;
    this.#spoken = spokenForm(setup, config, account);
    this.#maxChars = rules.maxCharsPerSession;
    const tempo = tempoOf(config.number('padding_bonus', -4, 4) ?? 0);
    this.#speaker = new Speaker(formatOf(setup, 'output_format'), tempo);
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

  /** @throws ProtocolError when the text is longer than a session may have, or there are no credits left for it */
  #count(text: string): void {
    const chars = [...text].length;
    this.#chars += chars;
    if (this.#chars > this.#maxChars) {
      throw new ProtocolError(`text limit of ${this.#maxChars} characters per session reached`);
    }
    this.#account.charge(chars); // 1 credit each
  }

  *#say(text: string): Generator<Message, void> {
    for (const [i, part] of text.replace(FLUSH_TAG, '').split(BREAK_TAG).entries()) {
      if (i % 2 === 1) {
        yield* this.#speaker.pause(breakSteps(part));
      } else {
        for (const word of splitWords(this.#spoken(part))) yield* this.#speaker.say(word);
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

function checkConfig(config: Fields): Fields {
  config.number('temp', 0, 1.4);
  config.number('cfg_coef', 1, 4);
  return config;
}

/** @throws ProtocolError */
function checkVoice(setup: Fields, account: SpeechAccount): void {
  const id = setup.string('voice_id');
  if (id !== undefined) account.checkVoice(id);
}

/**
 * What a dictionary says goes first, since it names what is written; rewriting then takes what is left, and what the
 * dictionary said as well. Neither looks beyond one message, or a tag. @throws ProtocolError
 */
function spokenForm(setup: Fields, config: Fields, account: SpeechAccount): (text: string) => string {
  const id = setup.string('pronunciation_id');
  const dictionary = id === undefined ? undefined : account.pronunciation(id);
  const rules = config.string('rewrite_rules');
  checkRewriting(rules);
  return (text) => {
    const pronounced = dictionary === undefined ? text : applyPronunciations(text, dictionary);
    return rules === undefined || NO_REWRITING.includes(rules) ? pronounced : rewriteText(pronounced, rules);
  };
}

/** @throws ProtocolError 1011 for rules that there are not */
function checkRewriting(rules = ''): void {
  try {
    rewriteText('', rules);
  } catch (error) {
    throw new ProtocolError(`rewrite_rules: ${(error as Error).message}`, 1011);
  }
}
