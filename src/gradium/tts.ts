/**
 * Text to speech, collected: passage after passage, each by a session of its own.
 * Not here: a live stream (tts-stream.ts), the file that comes of it (speech.ts).
 */
import { argumentRangeError } from '../errors.js';
import {
  deferred,
  type ResolvedDeadlines,
  resolveDeadlines,
  Scope,
  TotalDeadline,
  totalMs,
} from '../speech/index.js';
import type { Link } from './channel.js';
import { type Passage, PassageWriter, passagesOf } from './passages.js';
import type { SpokenLayout } from './sample-stream.js';
import { type ClientConfig, linkFor } from './session.js';
import { makeSpeech, type Spoken } from './speech.js';
import type { SpokenSession } from './spoken-session.js';
import { TextReader, wholeText } from './text-source.js';
import { speakPassage, TtsSession } from './tts-session.js';
import {
  CHARS_PER_S,
  type CheckedTtsOptions,
  checkTtsOptions,
  joinable,
  onlyAudio,
  type TtsSetup,
} from './tts-setup.js';
import type { Speech, SynthesizeOptions, TextSource, Word } from './types.js';

export async function synthesize(
  config: ClientConfig,
  source: TextSource,
  options: SynthesizeOptions = {},
): Promise<Speech> {
  const text = wholeText(source);
  const checked = checkTtsOptions(options, 'wav', config.sessionLimitS);
  checked.setup = onlyAudio(checked.setup, options);
  const link = linkFor(config, options.transport);
  const deadlines = resolveDeadlines(options.deadlines, config.deadlines);
  const scope = new Scope(options.signal);
  const total = new TotalDeadline(scope);
  try {
    scope.throwIfFailed();
    total.start(totalMs(deadlines, text === undefined ? undefined : text.length / CHARS_PER_S));
    const speaker = new Speaker(link, checked, deadlines, scope, total);
    if (text !== undefined) return await speaker.speakText(text);
    return await speaker.speakPieces(new TextReader(source as AsyncIterable<string>));
  } finally {
    total.stop();
    scope.close();
  }
}

class Speaker {
  readonly #link: Link;
  readonly #options: CheckedTtsOptions;
  readonly #deadlines: ResolvedDeadlines;
  readonly #scope: Scope;
  readonly #total: TotalDeadline;

  constructor(
    link: Link,
    options: CheckedTtsOptions,
    deadlines: ResolvedDeadlines,
    scope: Scope,
    total: TotalDeadline,
  ) {
    this.#link = link;
    this.#options = options;
    this.#deadlines = deadlines;
    this.#scope = scope;
    this.#total = total;
  }

  async speakText(text: string): Promise<Speech> {
    const { setup, maxCharsPerSession } = this.#options;
    const passages = passagesOf(text, maxCharsPerSession);
    const speech = new JoinedSpeech(passages.length > 1 ? joinable(setup) : setup);
    for (const passage of passages) await this.#speak(passage, speech);
    return this.#made(speech, text);
  }

  /** Reads and speaks at once. A passage is kept until it is spoken: text that comes but once can be spoken twice. */
  async speakPieces(reader: TextReader): Promise<Speech> {
    const { setup, maxCharsPerSession } = this.#options;
    const writer = new PassageWriter(maxCharsPerSession);
    const speech = new JoinedSpeech(joinable(setup));
    const pieces: string[] = [];
    const read = async () => {
      for (let piece = await reader.next(); piece !== undefined; piece = await reader.next()) {
        pieces.push(piece);
        writer.write(piece);
        await writer.room();
      }
      writer.end();
    };
    read().catch((error: unknown) => this.#scope.fail(error));
    try {
      for (;;) {
        const passage = await this.#scope.wait(writer.next());
        if (!passage) break;
        if (passage.isClosed && passage.isEmpty) continue;
        await this.#speak(passage, speech);
      }
    } finally {
      reader.close();
    }
    return this.#made(speech, pieces.join(''));
  }

  async #made(speech: JoinedSpeech, text: string): Promise<Speech> {
    if (speech.isEmpty) throw argumentRangeError('text is empty: there is nothing to say');
    return await this.#scope.wait(makeSpeech(this.#options.outputFormat, speech.spoken(text)));
  }

  async #speak(passage: Passage, speech: JoinedSpeech): Promise<void> {
    const { retries } = this.#options;
    const limits = { retries, scope: this.#scope, remainingMs: () => this.#total.remainingMs };
    const part = await speakPassage(passage, limits, () => this.#attempt(passage, speech));
    if (!passage.isEmpty) speech.add(part);
  }

  async #attempt(passage: Passage, { setup, durationS, layout }: JoinedSpeech): Promise<Part> {
    const scope = new Scope(this.#scope);
    const ended = deferred();
    const audio: Buffer[] = [];
    const words: Word[] = [];
    const session = new TtsSession({
      config: { link: this.#link, route: 'tts', deadlines: this.#deadlines },
      setup,
      passage,
      sessionS: this.#options.sessionS,
      startS: durationS,
      earlier: layout,
      onAudio: (bytes) => audio.push(bytes),
      onWord: (word) => words.push(word),
      onEnd: ended.resolve,
      onFail: (error) => scope.fail(error),
    });
    try {
      await scope.wait(ended.promise);
      return { audio, words, spoken: session.spoken };
    } finally {
      session.destroy();
      scope.close();
    }
  }
}

/** What one session spoke. */
interface Part {
  audio: Buffer[];
  words: Word[];
  spoken: SpokenSession;
}

/** The sessions' speech, one behind the other. */
class JoinedSpeech {
  readonly setup: TtsSetup;
  readonly #parts: Part[] = [];
  #durationS = 0;

  constructor(setup: TtsSetup) {
    this.setup = setup;
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  get durationS(): number {
    return this.#durationS;
  }

  get layout(): SpokenLayout | undefined {
    return this.#parts[0]?.spoken.layout;
  }

  add(part: Part): void {
    this.#parts.push(part);
    this.#durationS += part.spoken.durationS;
  }

  spoken(text: string): Spoken {
    return {
      audio: this.#parts.flatMap(({ audio }) => audio),
      layout: this.layout,
      words: this.#parts.flatMap(({ words }) => words),
      text,
      requestIds: this.#parts.map(({ spoken }) => spoken.requestId),
    };
  }
}
