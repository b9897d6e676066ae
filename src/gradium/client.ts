/**
 * The Gradium client: who is asking, where, and with which deadlines.
 * Not here: how each thing is done.
 */
import { type ByteSource, resolveDeadlines } from '../speech/index.js';
import { Access } from './access.js';
import { Calls } from './calls.js';
import { GradiumCredits } from './credits.js';
import { PoolLink, poolOptions } from './pool-link.js';
import { PostLink } from './post-link.js';
import { GradiumPronunciations } from './pronunciations.js';
import { translate } from './s2s.js';
import { S2sStream } from './s2s-stream.js';
import type { ClientConfig } from './session.js';
import { checkSessionLimit } from './session-limit.js';
import { SocketLink } from './socket-link.js';
import { requireOptions } from './stt-setup.js';
import { SttStream } from './stt-stream.js';
import { GradiumTokens } from './tokens.js';
import { transcribe } from './transcribe.js';
import { synthesize } from './tts.js';
import { TtsStream } from './tts-stream.js';
import type {
  ConnectionStats,
  ConnectOptions,
  GradiumOptions,
  S2sSpeech,
  S2sStreamOptions,
  Speech,
  SttEvent,
  SttStreamOptions,
  SttTextStreamOptions,
  SynthesizeOptions,
  TextSource,
  TranscribeOptions,
  Transcript,
  TranslateOptions,
  TtsOptions,
} from './types.js';
import { GradiumUsage } from './usage.js';
import { GradiumVoiceGenerator } from './voice-generator.js';
import { GradiumVoices } from './voices.js';

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
   * The promise is fulfilled only by a whole transcript: everything else rejects it. After failures that may pass
   * a recording of one session, from a path or bytes, begins anew, and everything else goes on where it was.
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
   * Opens a live session: write audio bytes, cut anywhere, read text. Without `format` it is opened when it is known what
   * is written: by the stream that is joined to it, or by the first bytes.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG, ERR_INVALID_RATE, ERR_INVALID_CHANNELS. Later failures, as those of
   * `transcribe`, destroy the stream with the error; so does a stream joined to it that gives something else than `format`
   * says, or raw samples that begin like a WAV or Ogg file, TypeError ERR_FORMAT_MISMATCH; and without `format` bytes that
   * begin like no container, UnsupportedError ERR_UNSUPPORTED_CONTAINER.
   * @see wire reference, section 2.2
   * @example
   * import { createReadStream, createWriteStream } from 'node:fs';
   * import { pipeline } from 'node:stream/promises';
   *
   * const stream = new Gradium().stt.stream({ output: 'text' });
   * await pipeline(createReadStream('call.wav'), stream, createWriteStream('call.txt'));
   */
  stream(options: SttTextStreamOptions): SttStream<Buffer>;
  /**
   * Opens a live session: write audio bytes, cut anywhere, read events.
   *
   * @throws As above.
   * @example
   * import { createReadStream } from 'node:fs';
   *
   * const stream = new Gradium().stt.stream({ format: { encoding: 'mulaw', sampleRateHz: 8000 } });
   * createReadStream('line.ulaw').pipe(stream);
   * for await (const event of stream) if (event.type === 'word') console.log(event.word.text);
   */
  stream(options?: SttStreamOptions): SttStream;
  /** Either of them. */
  stream(options: SttStreamOptions | SttTextStreamOptions = {}): SttStream<SttEvent | Buffer> {
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

/** Speech to speech: what is said, said in another language. */
export class GradiumS2s {
  readonly #config: ClientConfig;

  /** @internal */
  constructor(config: ClientConfig) {
    this.#config = config;
  }

  /**
   * Translates a recording and collects the speech, `wav` by default, with the words of the translation and their times.
   * Sources are those of `stt.transcribe`. It takes as long as the recording sounds, unless `pace` says otherwise; what is
   * longer than a session is cut where it is quietest.
   *
   * The promise is fulfilled only by a whole translation: everything else rejects it. Of sources that can be read again
   * (path, bytes) a session that fails for a reason that may pass is tried again, and none of the others.
   *
   * @param source A string is a path. A stream is read to its end, or destroyed.
   * @throws (rejects) TypeError, RangeError ERR_INVALID_ARG, ERR_INVALID_RATE, ERR_INVALID_CHANNELS; FormatError,
   * UnsupportedError, FfmpegError about the recording, the first two also when the service's WAV or Ogg Opus is none;
   * ConnectionError ERR_CONNECT, ERR_CLOSED_EARLY, ERR_PROTOCOL; TimeoutError ERR_TIMEOUT; SpeechApiError ERR_SPEECH_API; the
   * source's own error; `signal.reason`, untouched
   * @see wire reference, section 2.4
   * @example
   * const client = new Gradium();
   * const speech = await client.s2s.translate('call.wav', { targetLanguage: 'fr', voiceId: 'YOUR_VOICE' });
   * await speech.save('appel.wav');
   */
  translate(source: ByteSource, options: TranslateOptions): Promise<S2sSpeech> {
    return this.#config.calls.run(() => translate(this.#config, source, options));
  }

  /**
   * Opens a live translation: write audio bytes, cut anywhere, read audio bytes. What is written is found out as of
   * `stt.stream`.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG, ERR_INVALID_RATE, ERR_INVALID_CHANNELS. Later failures, as those of
   * `translate`, destroy the stream with the error; so do those of the format, as of `stt.stream`.
   * @see wire reference, section 2.4
   * @example
   * import { createReadStream, createWriteStream } from 'node:fs';
   *
   * const format = { encoding: 'mulaw', sampleRateHz: 8000 } as const;
   * const stream = new Gradium().s2s.stream({ format, targetLanguage: 'de', outputFormat: 'ulaw_8000' });
   * stream.on('word', (word) => console.log(word.text));
   * createReadStream('line.ulaw').pipe(stream).pipe(createWriteStream('leitung.ulaw'));
   */
  stream(options: S2sStreamOptions): S2sStream {
    return this.#config.calls.open(() => new S2sStream(this.#config, options));
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
  /** Speech to speech. */
  readonly s2s: GradiumS2s;
  readonly #pool: PoolLink;
  readonly #calls: Calls;

  /** @internal */
  constructor(
    pool: PoolLink,
    calls: Calls,
    { stt, tts, s2s }: Pick<GradiumConnection, 'stt' | 'tts' | 's2s'>,
  ) {
    this.#pool = pool;
    this.#calls = calls;
    this.stt = stt;
    this.tts = tts;
    this.s2s = s2s;
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
  /** Speech to speech. */
  readonly s2s: GradiumS2s;
  /** Keys for programs that must not hold the key. */
  readonly tokens: GradiumTokens;
  /** Voices: those of the service, and one's own. */
  readonly voices: GradiumVoices;
  /** Voices from words, and from other voices. */
  readonly voiceGenerator: GradiumVoiceGenerator;
  /** Pronunciation dictionaries. */
  readonly pronunciations: GradiumPronunciations;
  /** What is left to spend. */
  readonly credits: GradiumCredits;
  /** What was used so far. */
  readonly usage: GradiumUsage;
  readonly #access: Access;
  readonly #shared: Pick<ClientConfig, 'post' | 'deadlines' | 'sessionLimitS'>;

  /** @throws TypeError ERR_NO_API_KEY without a key; TypeError, RangeError ERR_INVALID_ARG */
  constructor(options: GradiumOptions = {}) {
    requireOptions(options);
    const { deadlines } = options;
    resolveDeadlines(deadlines);
    this.#access = new Access(options);
    this.#shared = {
      post: new PostLink(this.#access),
      deadlines,
      sessionLimitS: checkSessionLimit(options.sessionLimitS),
    };
    const config = { ...this.#shared, link: new SocketLink(this.#access), calls: new Calls() };
    this.stt = new GradiumStt(config);
    this.tts = new GradiumTts(config);
    this.s2s = new GradiumS2s(config);
    this.tokens = new GradiumTokens(this.#access, deadlines);
    this.voices = new GradiumVoices(this.#access, deadlines);
    this.voiceGenerator = new GradiumVoiceGenerator(this.#access, deadlines);
    this.pronunciations = new GradiumPronunciations(this.#access, deadlines);
    this.credits = new GradiumCredits(this.#access, deadlines);
    this.usage = new GradiumUsage(this.#access, deadlines);
  }

  /**
   * Many requests over few sockets: the same `stt`, `tts` and `s2s`, whose requests share sockets that stay open. Opens none
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
    const { pingMs } = resolveDeadlines(this.#shared.deadlines);
    const pool = new PoolLink(this.#access, { ...poolOptions(options), pingMs });
    const config = { ...this.#shared, link: pool, calls: new Calls() };
    return new GradiumConnection(pool, config.calls, {
      stt: new GradiumStt(config),
      tts: new GradiumTts(config),
      s2s: new GradiumS2s(config),
    });
  }
}
