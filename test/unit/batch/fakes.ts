/** Clients without a network, and transcripts, for the tests of src/batch. */
import type { BatchClient } from '../../../src/batch/index.js';
import type { TranscribeOptions, Transcript, Word } from '../../../src/gradium/types.js';

export function transcriptOf(words: Word[], fields: Partial<Transcript> = {}): Transcript {
  return {
    text: words.map(({ text }) => text).join(' '),
    words,
    language: 'en',
    model: 'sandbox',
    requestId: 'req-1',
    sessions: 1,
    durationS: words.at(-1)?.stopS ?? 0,
    delayInFrames: 10,
    timestampShiftS: 0.8,
    wire: { format: 'pcm_16000', untouched: true },
    source: {
      name: 'a.wav',
      container: 'wav',
      encoding: 's16le',
      sampleRateHz: 16000,
      channels: 1,
      frames: 16000,
    },
    warnings: [],
    ...fields,
  };
}

/** One call of `transcribe`, ended by the test. */
export interface Call {
  source: string;
  options: TranscribeOptions;
  finish(): void;
  fail(error: unknown): void;
}

/** A client whose calls wait for the test, and end at once, with the signal's reason, when they are aborted. */
export class ManualClient implements BatchClient {
  readonly calls: Call[] = [];
  active = 0;
  mostActive = 0;
  #arrivals: { count: number; resolve: () => void }[] = [];

  readonly stt = {
    transcribe: (source: string, options: TranscribeOptions = {}): Promise<Transcript> => {
      this.active++;
      this.mostActive = Math.max(this.mostActive, this.active);
      return new Promise<Transcript>((resolve, reject) => {
        options.signal?.addEventListener('abort', () => reject(options.signal?.reason));
        const finish = () => resolve(transcriptOf([{ text: source, startS: 0, stopS: 1 }]));
        this.calls.push({ source, options, finish, fail: reject });
        for (const { count, resolve: arrived } of this.#arrivals) if (this.calls.length >= count) arrived();
      }).finally(() => {
        this.active--;
      });
    },
  };

  /** Resolves once `count` calls have been made. */
  called(count: number): Promise<void> {
    if (this.calls.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#arrivals.push({ count, resolve }));
  }

  call(source: string): Call {
    const call = this.calls.find((one) => one.source === source);
    if (call === undefined) throw new Error(`${source} was not transcribed`);
    return call;
  }
}

/** Lets everything that is ready to run, run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
