/**
 * The Gradium client: who is asking, where, and with which deadlines.
 * Not here: how each thing is done.
 */
import { argumentTypeError } from '../errors.js';
import { type ByteSource, resolveDeadlines, socketUrl } from '../speech/index.js';
import { SttStream } from './stt-stream.js';
import { type ClientConfig, transcribe } from './transcribe.js';
import { synthesize } from './tts.js';
import type {
  GradiumOptions,
  Speech,
  SttStreamOptions,
  TranscribeOptions,
  Transcript,
  TtsOptions,
} from './types.js';

export const DEFAULT_BASE_URL = 'https://api.gradium.ai/api';

/** Speech to text. */
export class GradiumStt {
  readonly #config: ClientConfig;

  /** @internal */
  constructor(config: ClientConfig) {
    this.#config = config;
  }

  /**
   * Transcribes a recording: a path, bytes, a Node or web stream, or an async iterable of byte chunks; WAV unless
   * `format` says otherwise. Memory use does not depend on the recording's length.
   *
   * The promise is fulfilled only by a whole transcript: everything else rejects it. Sources that can be read again
   * (path, bytes) are tried again after failures that may pass.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG; FormatError, UnsupportedError about the recording;
   * ConnectionError, TimeoutError, SpeechApiError; the source's own error; `signal.reason`, untouched
   * @example
   * const { text, words } = await client.stt.transcribe('call.wav', { language: 'en' });
   */
  transcribe(source: ByteSource, options?: TranscribeOptions): Promise<Transcript> {
    return transcribe(this.#config, source, options);
  }

  /**
   * Opens a live session: write audio bytes, read events.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG; later failures destroy the stream with the error
   * @example
   * const stream = client.stt.stream({ format: { encoding: 'mulaw', sampleRateHz: 8000 } });
   * phone.pipe(stream);
   * for await (const event of stream) if (event.type === 'word') console.log(event.word.text);
   */
  stream(options: SttStreamOptions): SttStream {
    return new SttStream(this.#config, options);
  }
}

/** Text to speech. */
export class GradiumTts {
  readonly #config: ClientConfig;

  /** @internal */
  constructor(config: ClientConfig) {
    this.#config = config;
  }

  /**
   * Speaks a text and collects the audio, `wav` by default, with the time of every word.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG (an empty text too); ConnectionError, TimeoutError, SpeechApiError;
   * FormatError when the service's WAV is none; `signal.reason`, untouched
   * @example
   * await (await client.tts.synthesize('Hello there.', { voiceId })).save('hello.wav');
   */
  synthesize(text: string, options?: TtsOptions): Promise<Speech> {
    return synthesize(this.#config, text, options);
  }
}

/**
 * A client of the Gradium speech API. It opens nothing by itself; every call has a connection of its own.
 *
 * @throws TypeError ERR_NO_API_KEY without a key; TypeError, RangeError ERR_INVALID_ARG
 * @example
 * const client = new Gradium(); // GRADIUM_API_KEY, GRADIUM_BASE_URL
 */
export class Gradium {
  readonly stt: GradiumStt;
  readonly tts: GradiumTts;

  constructor(options: GradiumOptions = {}) {
    const apiKey = checkedKey(options.apiKey ?? process.env.GRADIUM_API_KEY);
    const baseUrl = options.baseUrl ?? (process.env.GRADIUM_BASE_URL || DEFAULT_BASE_URL);
    if (typeof baseUrl !== 'string') throw argumentTypeError('baseUrl must be a string');
    const { deadlines } = options;
    resolveDeadlines(deadlines);
    this.stt = new GradiumStt({ url: socketUrl(baseUrl, 'speech/asr'), apiKey, deadlines });
    this.tts = new GradiumTts({ url: socketUrl(baseUrl, 'speech/tts'), apiKey, deadlines });
  }
}

/** The key is never quoted; its prefix is not checked, for there are several. */
function checkedKey(value: unknown): string {
  if (value !== undefined && typeof value !== 'string') throw argumentTypeError('apiKey must be a string');
  const key = value?.trim();
  if (!key) {
    throw argumentTypeError('no API key: pass apiKey or set GRADIUM_API_KEY', 'ERR_NO_API_KEY');
  }
  // What may stand in an HTTP header (RFC 9110 §5.5) without becoming something else.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw argumentTypeError(
      'apiKey holds characters that no key has (spaces, control or non-ASCII characters)',
    );
  }
  return key;
}
