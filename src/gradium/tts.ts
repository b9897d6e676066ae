/**
 * Text to speech: the setup, the session, and what comes of it.
 * Not here: cutting the text (../text), the audio's header (tts-audio.ts).
 */
import { argumentRangeError, argumentTypeError, ConnectionError } from '../errors.js';
import { isWireFormat, WIRE_FORMATS, type WireFormat } from '../format.js';
import {
  deferred,
  protocolError,
  resolveDeadlines,
  Scope,
  TotalDeadline,
  totalMs,
  withRetries,
} from '../speech/index.js';
import { chunkText } from '../text/index.js';
import { type Ready, readAudio, readText, requiredNumber, type ServerMessage } from './messages.js';
import { saveWhole } from './save.js';
import {
  type ClientConfig,
  type ClientMessage,
  GradiumSession,
  linkFor,
  type SessionConfig,
} from './session.js';
import { checkExtra, checkNumber, checkSignal, checkText, defined } from './stt-setup.js';
import { collectAudio } from './tts-audio.js';
import type { Speech, TtsOptions, Word } from './types.js';

export interface TtsSetup extends ClientMessage {
  type: 'setup';
  model_name: string;
  output_format: WireFormat;
  voice_id?: string;
  voice?: string;
  json_config?: Record<string, unknown>;
  retry_for_s?: number;
}

/** The service's own pace, for the total deadline. */
const CHARS_PER_S = 12.5;

/** @throws TypeError, RangeError ERR_INVALID_ARG */
export function ttsSetup(options: TtsOptions): TtsSetup {
  const { outputFormat = 'wav' } = options;
  if (!isWireFormat(outputFormat)) {
    throw argumentRangeError(`outputFormat must be one of ${WIRE_FORMATS.join(', ')}`);
  }
  const config = {
    ...checkExtra(options.extra),
    ...defined({
      temp: checkNumber('temp', options.temp, 0, 1.4),
      cfg_coef: checkNumber('cfgCoef', options.cfgCoef, 1, 4),
      padding_bonus: checkNumber('paddingBonus', options.paddingBonus, -4, 4),
      rewrite_rules: checkText('rewriteRules', options.rewriteRules),
    }),
  };
  return {
    type: 'setup',
    model_name: checkText('model', options.model) ?? 'default',
    output_format: outputFormat,
    ...defined({
      voice_id: checkText('voiceId', options.voiceId),
      voice: checkText('voice', options.voice),
      json_config: Object.keys(config).length > 0 ? config : undefined,
      retry_for_s: checkNumber('retryForS', options.retryForS, 0, 86_400),
    }),
  };
}

export async function synthesize(
  config: ClientConfig,
  text: string,
  options: TtsOptions = {},
): Promise<Speech> {
  if (typeof text !== 'string') throw argumentTypeError(`text must be a string, got ${typeof text}`);
  checkSignal(options.signal);
  const setup = ttsSetup(options);
  const messages = chunkText(text);
  if (messages.length === 0) throw argumentRangeError('text is empty: there is nothing to say');
  const retries = checkNumber('retries', options.retries, 0, 1000, true) ?? 4;
  const deadlines = resolveDeadlines(options.deadlines, config.deadlines);
  const link = linkFor(config, options.transport);
  const scope = new Scope(options.signal);
  const total = new TotalDeadline(scope);
  try {
    scope.throwIfFailed();
    total.start(totalMs(deadlines, text.length / CHARS_PER_S));
    return await withRetries({ retries, scope, remainingMs: () => total.remainingMs }, () =>
      attempt({ link, route: 'tts', deadlines }, setup, messages, scope),
    );
  } finally {
    total.stop();
    scope.close();
  }
}

async function attempt(
  config: SessionConfig,
  setup: TtsSetup,
  messages: string[],
  outer: Scope,
): Promise<Speech> {
  const scope = new Scope(outer);
  const heard = new Heard();
  const ended = deferred();
  const session = new GradiumSession(config, setup, {
    onOpen: () => sendText(session, messages),
    onFrame: () => false,
    onReady: (ready) => heard.ready(ready),
    onMessage: (message) => heard.message(message),
    onDrain: () => {},
    onEnd: ended.resolve,
    onFail: (error) => scope.fail(error),
  });
  try {
    await scope.wait(ended.promise);
    return heard.speech(setup.output_format, session.requestId ?? '');
  } finally {
    session.destroy();
    scope.close();
  }
}

/** The whole text at once: 300 s, the session's limit, are some 4 kB of it. */
function sendText(session: GradiumSession, messages: string[]): void {
  for (const text of messages) session.sendJson({ type: 'text', text });
  session.finish();
}

/** What the service has sent so far. */
class Heard {
  readonly #parts: Buffer[] = [];
  readonly #words: Word[] = [];
  #readyRateHz = 0;

  ready({ sampleRateHz }: Ready): void {
    this.#readyRateHz = sampleRateHz;
  }

  message(message: ServerMessage): void {
    if (message.type === 'audio') this.#audio(message);
    else if (message.type === 'text') this.#word(message);
    // Other types (flushed, need_more_text and what may come) ask nothing of us.
  }

  /** @throws ConnectionError ERR_PROTOCOL when there is no sound, some is missing, or its rate is not the announced one */
  speech(outputFormat: WireFormat, requestId: string): Speech {
    const audio = collectAudio(this.#parts, outputFormat);
    if (!audio) {
      throw new ConnectionError('the service ended the stream without any audio', {
        code: 'ERR_PROTOCOL',
        phase: 'stream',
        requestId,
        retryable: true,
      });
    }
    const { data, sampleRateHz, durationS, damage } = audio;
    if (damage.length > 0) {
      throw protocolError(`its Ogg Opus is not whole (${damage.join(', ')})`, {
        phase: 'stream',
        requestId,
        secrets: [],
      });
    }
    this.#checkRate(outputFormat, sampleRateHz, requestId);
    return {
      data,
      outputFormat,
      sampleRateHz,
      requestId,
      durationS,
      words: this.#words,
      save: (path) => saveWhole(path, data),
    };
  }

  /** Only where the service chooses the rate: what `sample_rate` means beside a format that names one, no source says. */
  #checkRate(format: WireFormat, rateHz: number, requestId: string): void {
    const saidHz = this.#readyRateHz;
    if ((format !== 'pcm' && format !== 'wav') || saidHz === 0 || saidHz === rateHz) return;
    const message = `ready.sample_rate is ${saidHz}, and the ${format} audio has ${rateHz} Hz`;
    throw protocolError(message, { phase: 'stream', requestId, secrets: [] });
  }

  #audio(message: ServerMessage): void {
    this.#parts.push(readAudio(message));
  }

  #word(message: ServerMessage): void {
    const { text, startS, streamId } = readText(message);
    const stopS = requiredNumber(message, 'stop_s');
    const trimmed = text.trim();
    if (trimmed === '') return;
    // Never before 0, nor before the word before it.
    const previous = this.#words.findLast((word) => word.streamId === streamId);
    const wordStartS = Math.max(startS, previous?.startS ?? 0);
    this.#words.push({
      text: trimmed,
      startS: wordStartS,
      stopS: Math.max(wordStartS, stopS),
      ...(streamId === undefined ? {} : { streamId }),
    });
  }
}
