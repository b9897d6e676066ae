/**
 * Many files through one client: bounded concurrency, one bad file never stops the others, results as they
 * finish.
 * Not here: finding files and writing results (src/cli), one transcription (src/gradium).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import type { TranscribeOptions, Transcript } from '../gradium/index.js';
import { isAccountError } from './account-error.js';

const DEFAULT_CONCURRENCY = 16;
const MAX_CONCURRENCY = 10_000;

/** What a batch asks of a client; a `Gradium` is one. */
export interface BatchClient {
  /** Its speech to text. */
  readonly stt: {
    /** As `Gradium`'s: gives a whole transcript or rejects, with `signal.reason` after an abort. */
    transcribe(source: string, options?: TranscribeOptions): Promise<Transcript>;
  };
}

/** Where a file of the batch has got to. */
export type BatchProgress =
  /** It was taken from the sources and begins. */
  | {
      type: 'start';
      /** The path, as the sources gave it. */
      source: string;
    }
  /** As `onProgress` of `transcribe`. */
  | {
      type: 'progress';
      /** The path, as the sources gave it. */
      source: string;
      /** Seconds of it transcribed so far; begins anew with a new attempt. */
      transcribedS: number;
      /** Its length in seconds, where it is known. */
      durationS?: number;
    }
  /** It is done, one way or another. */
  | {
      type: 'end';
      /** The path, as the sources gave it. */
      source: string;
      /** `aborted`: it was running when the batch was stopped; there is no result of it. */
      status: 'ok' | 'failed' | 'aborted';
    };

/** How a batch runs; the rest goes to each `transcribe`, and `signal` stops the whole batch. */
export interface BatchOptions extends Omit<TranscribeOptions, 'onProgress'> {
  /** Who transcribes: a `Gradium`, or what behaves like one. */
  client: BatchClient;
  /** Files transcribed at the same time, 1 to 10 000. Default 16. */
  concurrency?: number;
  /** Called as files start, get on and end. What it throws stops the batch as an abort would. */
  onProgress?: (event: BatchProgress) => void;
}

/** What became of one file. */
export type BatchResult =
  | {
      /** The path, as the sources gave it. */
      source: string;
      status: 'ok';
      /** The whole of it. */
      transcript: Transcript;
    }
  | {
      /** The path, as the sources gave it. */
      source: string;
      status: 'failed';
      /** What `transcribe` rejected with, after its own new attempts. */
      error: Error;
    };

/**
 * Transcribes `sources` – paths, in any iterable, an endless one too – and yields each result as it finishes,
 * which is seldom the order of the sources.
 *
 * A source is pulled only when there is room to run it, and no more than `concurrency` results wait unread, so
 * memory stays flat. A file that fails is yielded as `failed` and the others go on. Leaving the loop aborts what
 * runs. When `sources` itself throws, what already runs is finished and yielded first.
 *
 * @throws {TypeError} ERR_INVALID_ARG: `sources` is not an iterable of strings (one bare string included).
 * @throws {RangeError} ERR_INVALID_ARG: `concurrency` is not a whole number from 1 to 10 000.
 * @throws {SpeechApiError} the account is refused (see isAccountError): what runs is aborted, what had finished
 * is yielded, then this is thrown, once.
 * @throws `signal.reason` after an abort, and what `onProgress` throws, in the same way; what `sources` throws, after
 * the results of what runs.
 * @example
 * const client = new Gradium();
 * for await (const result of transcribeBatch(['a.wav', 'b.wav'], { client, concurrency: 8 })) {
 *   if (result.status === 'ok') console.log(result.source, result.transcript.text);
 *   else console.error(result.source, result.error.message);
 * }
 */
export function transcribeBatch(
  sources: Iterable<string> | AsyncIterable<string>,
  options: BatchOptions,
): AsyncGenerator<BatchResult, void, undefined> {
  checkArguments(sources, options);
  return new Batch(sources, options).results();
}

function checkArguments(sources: unknown, options: BatchOptions): void {
  if (typeof sources !== 'object' || sources === null || !isIterable(sources)) {
    throw argumentTypeError('sources must be an iterable of paths, such as an array');
  }
  if (typeof options?.client?.stt?.transcribe !== 'function') {
    throw argumentTypeError('options.client must be a Gradium client');
  }
  const { concurrency = DEFAULT_CONCURRENCY } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONCURRENCY) {
    throw argumentRangeError(
      `concurrency must be a whole number from 1 to ${MAX_CONCURRENCY}, got ${String(concurrency)}`,
    );
  }
}

function isIterable(value: object): boolean {
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}

/** Why the batch takes no more sources and throws once what it has is yielded. */
interface Stop {
  reason: unknown;
}

class Batch {
  private readonly iterator: Iterator<unknown> | AsyncIterator<unknown>;
  private readonly client: BatchClient;
  private readonly concurrency: number;
  private readonly signal: AbortSignal | undefined;
  private readonly onProgress: ((event: BatchProgress) => void) | undefined;
  private readonly transcribeOptions: TranscribeOptions;

  private readonly running = new Set<AbortController>();
  private readonly finished: BatchResult[] = [];
  private pulling = false;
  private exhausted = false;
  private stop: Stop | undefined;
  private wake: () => void = () => {};

  constructor(sources: Iterable<string> | AsyncIterable<string>, options: BatchOptions) {
    const { client, concurrency = DEFAULT_CONCURRENCY, signal, onProgress, ...transcribeOptions } = options;
    this.iterator =
      Symbol.asyncIterator in sources ? sources[Symbol.asyncIterator]() : sources[Symbol.iterator]();
    this.client = client;
    this.concurrency = concurrency;
    this.signal = signal;
    this.onProgress = onProgress;
    this.transcribeOptions = transcribeOptions;
  }

  async *results(): AsyncGenerator<BatchResult, void, undefined> {
    const onAbort = () => this.abortAll(this.signal?.reason);
    this.signal?.addEventListener('abort', onAbort);
    if (this.signal?.aborted) onAbort();
    try {
      for (;;) {
        this.pull();
        const result = this.finished.shift();
        if (result !== undefined) yield result;
        else if (this.isOver()) break;
        else await this.change();
      }
      if (this.stop !== undefined) throw this.stop.reason;
    } finally {
      this.signal?.removeEventListener('abort', onAbort);
      await this.leave();
    }
  }

  private isOver(): boolean {
    return this.running.size === 0 && (this.exhausted || this.stop !== undefined);
  }

  /** Resolves when a job ends, a source arrives or the batch is stopped. */
  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  /** Asks for the next source if there is room to run it. One request at a time: iterators promise no more. */
  private pull(): void {
    const full = this.running.size >= this.concurrency || this.finished.length >= this.concurrency;
    if (this.pulling || full || this.exhausted || this.stop !== undefined) return;
    this.pulling = true;
    void this.takeSource().then(() => {
      this.pulling = false;
      this.pull();
      this.wake();
    });
  }

  private async takeSource(): Promise<void> {
    try {
      const next = await this.iterator.next();
      if (this.stop !== undefined) return;
      if (next.done) {
        this.exhausted = true;
        return;
      }
      if (typeof next.value !== 'string') {
        throw argumentTypeError(`sources must yield paths (strings), got ${typeof next.value}`);
      }
      void this.run(next.value);
    } catch (error) {
      this.stop ??= { reason: error };
    }
  }

  private async run(source: string): Promise<void> {
    const controller = new AbortController();
    this.running.add(controller);
    this.report({ type: 'start', source });
    const status = await this.transcribe(source, controller.signal);
    this.running.delete(controller);
    this.report({ type: 'end', source, status });
    this.pull();
    this.wake();
  }

  private async transcribe(source: string, signal: AbortSignal): Promise<'ok' | 'failed' | 'aborted'> {
    try {
      signal.throwIfAborted();
      const transcript = await this.client.stt.transcribe(source, {
        ...this.transcribeOptions,
        signal,
        onProgress: (progress) => this.report({ type: 'progress', source, ...progress }),
      });
      this.finished.push({ source, status: 'ok', transcript });
      return 'ok';
    } catch (error) {
      if (signal.aborted) return 'aborted';
      if (isAccountError(error)) {
        this.abortAll(error);
        return 'aborted';
      }
      this.finished.push({ source, status: 'failed', error: asError(error) });
      return 'failed';
    }
  }

  private report(event: BatchProgress): void {
    try {
      this.onProgress?.(event);
    } catch (error) {
      this.abortAll(error);
    }
  }

  private abortAll(reason: unknown): void {
    this.stop ??= { reason };
    for (const controller of this.running) controller.abort(reason);
    this.wake();
  }

  /** The loop was left, by its end, a throw or a break: nothing runs on behind the caller's back. */
  private async leave(): Promise<void> {
    if (!this.exhausted || this.running.size > 0) this.abortAll(new Error('the batch was left'));
    while (this.running.size > 0) await this.change();
    const closing = this.closeIterator();
    // An iterator that still owes us a source may answer return() only after that source: do not wait for it.
    if (!this.pulling) await closing;
  }

  private async closeIterator(): Promise<void> {
    if (this.exhausted) return;
    try {
      await this.iterator.return?.();
    } catch {
      // The results are out; what goes wrong while closing the list of sources changes none of them.
    }
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
