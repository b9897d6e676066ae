/**
 * One recording to its translation as speech: sessions one behind the other, attempts, deadlines.
 * Not here: a live stream (s2s-stream.ts), a session (s2s-leg.ts), the file that comes of it (translation.ts).
 */
import type { WireFormat } from '../format.js';
import {
  type ByteSource,
  deferred,
  type ResolvedDeadlines,
  resolveDeadlines,
  Scope,
  TotalDeadline,
  totalMs,
  withRetries,
} from '../speech/index.js';
import type { SentSource, SourceFound } from './audio-sender.js';
import { FrameFeed } from './frame-feed.js';
import { openRecording, type Recording, sourceFacts } from './recording.js';
import { quietestCut, sessionSpan, spanBytes } from './s2s-cut.js';
import { S2sLeg } from './s2s-leg.js';
import { type CheckedS2sOptions, checkS2sOptions } from './s2s-setup.js';
import type { ClientConfig } from './session.js';
import { wireFor } from './source-layout.js';
import { checkText } from './stt-setup.js';
import { makeTranslation, type TranslatedPart } from './translation.js';
import type { S2sSpeech, TranslateOptions } from './types.js';

export async function translate(
  config: ClientConfig,
  source: ByteSource,
  options: TranslateOptions,
): Promise<S2sSpeech> {
  const checked = checkS2sOptions(options, 'wav');
  const deadlines = resolveDeadlines(options.deadlines, config.deadlines);
  const ffmpeg = checkText('ffmpeg', options.ffmpeg);
  const scope = new Scope(options.signal);
  const total = new TotalDeadline(scope);
  let recording: Recording | undefined;
  try {
    scope.throwIfFailed();
    if (deadlines.totalMs !== undefined) total.start(deadlines.totalMs);
    const { format } = options;
    recording = await openRecording(source, { format, wire: checked.wire, ffmpeg }, scope);
    return await new Translator({ config, options: checked, deadlines, recording, scope, total }).run();
  } finally {
    total.stop();
    scope.close();
    recording?.close?.();
  }
}

interface Job {
  config: ClientConfig;
  options: CheckedS2sOptions;
  deadlines: ResolvedDeadlines;
  recording: Recording;
  scope: Scope;
  total: TotalDeadline;
}

/** What one session said, and whether there is more to be said. */
interface Attempted extends TranslatedPart {
  more: boolean;
}

class Translator {
  readonly #job: Job;
  readonly #feed: FrameFeed;
  /** Pages that need neither be cut nor added to are passed on. */
  readonly #passes: boolean;
  readonly #source: SentSource;
  /** What the service is asked for: Ogg Opus cannot be joined, so it is made here of samples. */
  readonly #output: WireFormat;

  constructor(job: Job) {
    const { config, options, recording, scope } = job;
    const { durationS } = recording;
    const isShort = durationS !== undefined && durationS <= sessionSpan(config.sessionLimitS, options).toS;
    this.#job = job;
    this.#feed = new FrameFeed(recording, scope);
    this.#passes = isShort && options.tailSilenceS === 0 && recording.wire === 'opus' && recording.untouched;
    this.#source = this.#passes ? recording : framesOf(this.#feed, recording, options);
    this.#output = options.outputFormat === 'opus' && !isShort ? 'pcm_48000' : options.outputFormat;
  }

  async run(): Promise<S2sSpeech> {
    const { options, recording, scope } = this.#job;
    try {
      if (recording.durationS !== undefined) this.#lengthKnown(recording.durationS);
      const parts = recording.empty ? [] : await this.#parts();
      // Of no audio there is no session; a stream is still held.
      if (recording.empty) recording.open().close();
      const { source, durationS, warnings } = sourceFacts(recording, this.#found());
      const speech = await scope.wait(makeTranslation(options.outputFormat, parts));
      return Object.assign(speech, {
        source,
        sourceDurationS: durationS,
        wire: this.#source.wire,
        warnings,
      });
    } finally {
      this.#feed.close();
    }
  }

  async #parts(): Promise<TranslatedPart[]> {
    const { options, recording, scope, total } = this.#job;
    const limits = {
      retries: recording.again ? options.retries : 0,
      scope,
      remainingMs: () => total.remainingMs,
    };
    const parts: TranslatedPart[] = [];
    for (let atBytes = 0, more = true; more; ) {
      const part = await withRetries(limits, () => this.#attempt(atBytes));
      parts.push(part);
      atBytes = this.#feed.atBytes;
      more = part.more;
    }
    return parts;
  }

  async #attempt(atBytes: number): Promise<Attempted> {
    const { config, options, deadlines } = this.#job;
    const scope = new Scope(this.#job.scope);
    const ended = deferred();
    const audio: Buffer[] = [];
    const words: TranslatedPart['words'] = [];
    let leg: S2sLeg | undefined;
    try {
      if (!this.#passes) await this.#feed.seek(atBytes);
      leg = new S2sLeg({
        link: config.link,
        deadlines,
        options: { ...options, retries: 0 },
        source: this.#source,
        output: this.#output,
        keptBytes: 0,
        scope,
        onAudio: (bytes) => audio.push(bytes),
        onWord: (word) => words.push(word),
        onEnd: ended.resolve,
        onFail: (error) => scope.fail(error),
      });
      const more = this.#passes ? await this.#sendPages(leg, scope) : await this.#sendFrames(leg, scope);
      leg.end();
      await scope.wait(ended.promise);
      return { audio, words, spoken: leg.spoken, more };
    } finally {
      leg?.destroy();
      scope.close();
    }
  }

  async #sendPages(leg: S2sLeg, scope: Scope): Promise<false> {
    const reader = this.#job.recording.open();
    try {
      for (;;) {
        const chunk = await scope.wait(reader.next());
        if (!chunk) return false;
        await this.#send(leg, chunk, scope);
      }
    } finally {
      reader.close();
    }
  }

  /**
   * What one session has room for; whether there is more. Where a cut may be, audio is held until it is known whether there
   * is one.
   */
  async #sendFrames(leg: S2sLeg, scope: Scope): Promise<boolean> {
    const { layout } = this.#feed;
    const { fromS, toS } = sessionSpan(this.#job.config.sessionLimitS, this.#job.options);
    let freeBytes = spanBytes(fromS, layout);
    const windowBytes = spanBytes(toS, layout) - freeBytes;
    const held: Buffer[] = [];
    let heldBytes = 0;
    while (heldBytes <= windowBytes) {
      const frames = await scope.wait(this.#feed.next());
      if (!frames) {
        this.#lengthKnown(this.#feed.found.frames / layout.sampleRateHz);
        await this.#send(leg, Buffer.concat(held), scope);
        return false;
      }
      const free = frames.subarray(0, freeBytes);
      freeBytes -= free.length;
      await this.#send(leg, free, scope);
      held.push(Buffer.from(frames.subarray(free.length)));
      heldBytes += frames.length - free.length;
    }
    const window = Buffer.concat(held);
    const cut = quietestCut(window.subarray(0, windowBytes), layout);
    this.#feed.unread(window.subarray(cut));
    await this.#send(leg, window.subarray(0, cut), scope);
    return true;
  }

  async #send(leg: S2sLeg, bytes: Uint8Array, scope: Scope): Promise<void> {
    leg.push(bytes);
    const drained = leg.drained();
    if (drained) await scope.wait(drained);
  }

  #found(): SourceFound {
    const { recording } = this.#job;
    if (recording.empty || this.#passes) return recording.info ?? { frames: 0, warnings: [] };
    return this.#feed.found;
  }

  /** Slower than it sounds it takes longer than it sounds. */
  #lengthKnown(durationS: number): void {
    const { deadlines, options, total } = this.#job;
    total.start(totalMs(deadlines, durationS / Math.min(1, options.pace || 1)));
  }
}

/** In place of a recording its frames: what was planned for them, and not for the pages that they lay in. */
function framesOf(feed: FrameFeed, recording: Recording, options: CheckedS2sOptions): SentSource {
  const { layout } = feed;
  const opus = recording.layout.encoding === 'opus';
  const { wire } = opus ? wireFor(layout, options.wire) : recording;
  return { from: layout, layout, wire, info: undefined, bytes: undefined, again: false };
}
