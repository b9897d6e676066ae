/**
 * The Gradium client: who is asking, where, and with which deadlines.
 * Not here: how each thing is done.
 */
import { type ByteSource, resolveDeadlines } from '../speech/index.js';
import { Access } from './access.js';
import { PostLink } from './post-link.js';
import type { ClientConfig } from './session.js';
import { SocketLink } from './socket-link.js';
import { SttStream } from './stt-stream.js';
import { transcribe } from './transcribe.js';
import { synthesize } from './tts.js';
import type {
  GradiumOptions,
  Speech,
  SttStreamOptions,
  TranscribeOptions,
  Transcript,
  TtsOptions,
} from './types.js';

/** Speech to text. */
export class GradiumStt {
  readonly #config: ClientConfig;

  /** @internal */
  constructor(config: ClientConfig) {
    this.#config = config;
  }

  /**
   * Transcribes a recording: a path, bytes, a Node or web stream, or an async iterable of byte chunks. WAV and Ogg Opus are
   * read here, MP3, MP4, FLAC, WebM and alike by FFmpeg where that is installed; for samples without a header say their
   * `format`. Memory use does not depend on the recording's length.
   *
   * The promise is fulfilled only by a whole transcript: everything else rejects it. Sources that can be read again
   * (path, bytes) are tried again after failures that may pass.
   *
   * @param source A string is a path. A stream is read to its end, or destroyed.
   * @throws (rejects) TypeError, RangeError ERR_INVALID_ARG, ERR_INVALID_RATE, ERR_INVALID_CHANNELS; FormatError,
   * UnsupportedError, FfmpegError about the recording; ConnectionError ERR_CONNECT, ERR_CLOSED_EARLY, ERR_PROTOCOL; TimeoutError
   * ERR_TIMEOUT; SpeechApiError ERR_SPEECH_API; the source's own error; `signal.reason`, untouched
   * @see wire reference, section 2.2
   * @example
   * const client = new Gradium();
   * const { text, words } = await client.stt.transcribe('call.wav', { language: 'en' });
   */
  transcribe(source: ByteSource, options?: TranscribeOptions): Promise<Transcript> {
    return transcribe(this.#config, source, options);
  }

  /**
   * Opens a live session: write audio bytes, cut anywhere, read events.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG, ERR_INVALID_RATE, ERR_INVALID_CHANNELS. Later failures, as those of
   * `transcribe`, destroy the stream with the error.
   * @see wire reference, section 2.2
   * @example
   * import { createReadStream } from 'node:fs';
   *
   * const stream = new Gradium().stt.stream({ format: { encoding: 'mulaw', sampleRateHz: 8000 } });
   * createReadStream('line.ulaw').pipe(stream);
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
   * @param text Cut at white space into messages of some 300 characters; `<break time="1.5s" />` (0.1 to 2 s) and
   * `<flush>` are the service's to understand.
   * @throws (rejects) TypeError, RangeError ERR_INVALID_ARG (an empty text too); ConnectionError ERR_CONNECT,
   * ERR_CLOSED_EARLY, ERR_PROTOCOL (also for no audio at all, and for Ogg Opus of which some is missing); TimeoutError ERR_TIMEOUT; SpeechApiError ERR_SPEECH_API;
   * FormatError, UnsupportedError when the service's WAV or Ogg Opus is none; `signal.reason`, untouched
   * @see wire reference, section 2.3
   * @example
   * const client = new Gradium();
   * const speech = await client.tts.synthesize('Hello there.', { voiceId: 'YOUR_VOICE' });
   * await speech.save('hello.wav');
   */
  synthesize(text: string, options?: TtsOptions): Promise<Speech> {
    return synthesize(this.#config, text, options);
  }
}

/**
 * A client of the Gradium speech API. It opens nothing by itself; every call has a connection of its own.
 *
 * @example
 * const client = new Gradium(); // GRADIUM_API_KEY, GRADIUM_BASE_URL
 */
export class Gradium {
  /** Speech to text. */
  readonly stt: GradiumStt;
  /** Text to speech. */
  readonly tts: GradiumTts;

  /** @throws TypeError ERR_NO_API_KEY without a key; TypeError, RangeError ERR_INVALID_ARG */
  constructor(options: GradiumOptions = {}) {
    const { deadlines } = options;
    resolveDeadlines(deadlines);
    const access = new Access(options);
    const config: ClientConfig = { link: new SocketLink(access), post: new PostLink(access), deadlines };
    this.stt = new GradiumStt(config);
    this.tts = new GradiumTts(config);
  }
}
