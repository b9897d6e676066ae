/**
 * The Gradium client: who is asking, where, and with which deadlines.
 * Not here: how each thing is done.
 */
import { type ByteSource, resolveDeadlines } from '../speech/index.js';
import { Access } from './access.js';
import { Calls } from './calls.js';
import { PoolLink, poolOptions } from './pool-link.js';
import { PostLink } from './post-link.js';
import type { ClientConfig } from './session.js';
import { checkSessionLimit } from './session-limit.js';
import { SocketLink } from './socket-link.js';
import { SttStream } from './stt-stream.js';
import { transcribe } from './transcribe.js';
import { synthesize } from './tts.js';
import { TtsStream } from './tts-stream.js';
import type {
  ConnectionStats,
  ConnectOptions,
  GradiumOptions,
  Speech,
  SttStreamOptions,
  SynthesizeOptions,
  TextSource,
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
    return this.#config.calls.run(() => transcribe(this.#config, source, options));
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
    return this.#config.calls.open(() => new SttStream(this.#config, options));
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
   * Speaks a text and collects the audio, `wav` by default, with the time and the place of every word. Text that is still
   * being written, a language model's answer, say, is spoken while it comes.
   *
   * What does not fit one session (`maxCharsPerSession`) is spoken by several, one after the other, cut at the ends of
   * sentences; each is tried again by itself. Audio, times and places are those of the whole.
   *
   * @param text A string; a list, joined by one space; or an async iterable of pieces that are joined as they are, cut
   * anywhere. `<break time="1.5s" />` (0.1 to 2 s) and `<flush>` are the service's to understand.
   * @throws (rejects) TypeError, RangeError ERR_INVALID_ARG (an empty text too); ConnectionError ERR_CONNECT,
   * ERR_CLOSED_EARLY, ERR_PROTOCOL (also for no audio at all, and for Ogg Opus of which some is missing); TimeoutError
   * ERR_TIMEOUT; SpeechApiError ERR_SPEECH_API; FormatError, UnsupportedError when the service's WAV or Ogg Opus is none;
   * the iterable's own error and `signal.reason`, untouched
   * @see wire reference, section 2.3; docs/tts.md
   * @example
   * const client = new Gradium();
   * const speech = await client.tts.synthesize('Hello there.', { voiceId: 'YOUR_VOICE' });
   * await speech.save('hello.wav');
   */
  synthesize(text: TextSource, options?: SynthesizeOptions): Promise<Speech> {
    return this.#config.calls.run(() => synthesize(this.#config, text, options));
  }

  /**
   * Opens a live session, at once: write text, cut anywhere, read audio bytes, `pcm_24000` by default.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG. Later failures, as those of `synthesize`, destroy the stream with the
   * error.
   * @see wire reference, section 2.3; docs/tts.md
   * @example
   * import { createWriteStream } from 'node:fs';
   *
   * const stream = new Gradium().tts.stream({ voiceId: 'YOUR_VOICE', outputFormat: 'ulaw_8000' });
   * stream.on('word', (word) => console.log(word.startS, word.text));
   * stream.pipe(createWriteStream('hello.ulaw'));
   * stream.write('Hello the');
   * stream.end('re.');
   */
  stream(options?: TtsOptions): TtsStream {
    return this.#config.calls.open(() => new TtsStream(this.#config, options));
  }
}

/**
 * Many requests over few sockets. A request of it fails, is cancelled and is tried again by itself, as one with a
 * connection of its own does. Leaving the scope of an `await using` closes it.
 *
 * @example
 * const connection = new Gradium().connect();
 * const speech = await connection.tts.synthesize('Hello there.', { voiceId: 'YOUR_VOICE' });
 * const { text } = await connection.stt.transcribe(speech.data);
 * await connection.close();
 */
export class GradiumConnection {
  /** Speech to text. */
  readonly stt: GradiumStt;
  /** Text to speech. */
  readonly tts: GradiumTts;
  readonly #pool: PoolLink;
  readonly #calls: Calls;

  /** @internal */
  constructor(pool: PoolLink, calls: Calls, { stt, tts }: Pick<GradiumConnection, 'stt' | 'tts'>) {
    this.#pool = pool;
    this.#calls = calls;
    this.stt = stt;
    this.tts = tts;
  }

  /** As things stand now. */
  get stats(): ConnectionStats {
    return this.#pool.stats;
  }

  /**
   * Takes no more calls (TypeError ERR_CLOSED) and waits for the end of those under way, streams among them, with all
   * their attempts. A socket is closed as soon as it has no request. Never rejects, and may be called again.
   */
  async close(): Promise<void> {
    const ended = this.#calls.close();
    this.#pool.closeIdle();
    await ended;
  }

  /**
   * Ends all calls with TypeError ERR_CLOSED, at once or where they wait for a new attempt with that, and drops the
   * sockets. May be called again.
   */
  destroy(): void {
    void this.#calls.close();
    this.#pool.destroy();
  }

  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * A client of the Gradium speech API. It opens nothing by itself; every call has a connection of its own, but
 * for those on what `connect` gives.
 *
 * @example
 * const client = new Gradium(); // GRADIUM_API_KEY, GRADIUM_BASE_URL
 */
export class Gradium {
  /** Speech to text. */
  readonly stt: GradiumStt;
  /** Text to speech. */
  readonly tts: GradiumTts;
  readonly #access: Access;
  readonly #deadlines: GradiumOptions['deadlines'];
  readonly #sessionLimitS: number | undefined;

  /** @throws TypeError ERR_NO_API_KEY without a key; TypeError, RangeError ERR_INVALID_ARG */
  constructor(options: GradiumOptions = {}) {
    const { deadlines } = options;
    resolveDeadlines(deadlines);
    this.#sessionLimitS = checkSessionLimit(options.sessionLimitS);
    this.#access = new Access(options);
    this.#deadlines = deadlines;
    const config: ClientConfig = {
      link: new SocketLink(this.#access),
      post: new PostLink(this.#access),
      calls: new Calls(),
      deadlines,
      sessionLimitS: this.#sessionLimitS,
    };
    this.stt = new GradiumStt(config);
    this.tts = new GradiumTts(config);
  }

  /**
   * Many requests over few sockets: the same `stt` and `tts`, whose requests share sockets that stay open. Opens none
   * before the first request. See docs/connection.md.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG
   * @see wire reference, section 2.1
   * @example
   * await using connection = new Gradium().connect({ sockets: 2 });
   * const files = ['a.wav', 'b.wav', 'c.wav'];
   * const transcripts = await Promise.all(files.map((file) => connection.stt.transcribe(file)));
   */
  connect(options: ConnectOptions = {}): GradiumConnection {
    const deadlines = this.#deadlines;
    const { pingMs } = resolveDeadlines(deadlines);
    const pool = new PoolLink(this.#access, { ...poolOptions(options), pingMs });
    const config: ClientConfig = {
      link: pool,
      post: new PostLink(this.#access),
      calls: new Calls(),
      deadlines,
      sessionLimitS: this.#sessionLimitS,
    };
    return new GradiumConnection(pool, config.calls, {
      stt: new GradiumStt(config),
      tts: new GradiumTts(config),
    });
  }
}
