/**
 * Progress on standard error: one aggregate line and the active files that fit, redrawn at most 10 times a
 * second; plain lines where there is no terminal; JSON lines on request. Also every notice and failure of a run, so
 * that nothing tears the live lines.
 * Not here: results (standard output).
 */
import type { BatchProgress } from '../batch/index.js';
import { describeError, describeWarning, errorFacts } from './errors.js';
import { printable } from './table.js';

export const PROGRESS_MODES = ['auto', 'live', 'plain', 'json', 'off'] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5_000;
const JSON_LINE_MS = 1_000;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
/** Active files shown at most: more are noise. */
const MAX_ACTIVE_LINES = 8;
/** After a failure that may pass. */
const RETRY = 'try again; if it persists, lower --concurrency or check the network';

/** The terminal, or whatever stands for it. */
export interface ErrorOutput {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
}

export interface ProgressOptions {
  mode: ProgressMode;
  output?: ErrorOutput;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds on a clock that never goes back. */
  now?: () => number;
}

/** An input and its weight in the estimate of the time left. */
export interface ProgressInput {
  name: string;
  bytes: number;
}

interface Job {
  bytes: number;
  transcribedS: number;
  durationS: number | undefined;
}

/** Facts of a finished run, for the last line. */
export interface Summary {
  files: number;
  done: number;
  failed: number;
  audioS: number;
  words: number;
  elapsedS: number;
  timesRealTime: number;
}

export class Progress {
  private readonly mode: Exclude<ProgressMode, 'auto'>;
  private readonly output: ErrorOutput;
  private readonly env: NodeJS.ProcessEnv;
  private readonly now: () => number;
  private readonly startedMs: number;

  private readonly bytesOf = new Map<string, number>();
  private readonly active = new Map<string, Job>();
  private totalBytes = 0;
  private finishedBytes = 0;
  private finishedAudioS = 0;
  private words = 0;
  private done = 0;
  private failed = 0;

  private drawnLines = 0;
  private drawnMs = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  constructor({
    mode,
    output = process.stderr,
    env = process.env,
    now = () => performance.now(),
  }: ProgressOptions) {
    this.mode = mode === 'auto' ? chooseMode(output, env) : mode;
    this.output = output;
    this.env = env;
    this.now = now;
    this.startedMs = now();
  }

  start(inputs: readonly ProgressInput[]): void {
    for (const { name, bytes } of inputs) {
      this.bytesOf.set(name, bytes);
      this.totalBytes += bytes;
    }
    this.drawnMs = this.mode === 'live' ? Number.NEGATIVE_INFINITY : this.now();
    if (this.mode !== 'live') return;
    this.timer = setInterval(() => this.draw(), REDRAW_MS);
    this.timer.unref();
  }

  /** What transcribeBatch tells. */
  onBatch(event: BatchProgress): void {
    if (event.type === 'start') {
      this.active.set(event.source, {
        bytes: this.bytesOf.get(event.source) ?? 0,
        transcribedS: 0,
        durationS: undefined,
      });
    } else if (event.type === 'progress') {
      const job = this.active.get(event.source);
      if (job !== undefined)
        Object.assign(job, { transcribedS: event.transcribedS, durationS: event.durationS });
    } else {
      this.active.delete(event.source);
      if (event.status !== 'aborted') this.finishedBytes += this.bytesOf.get(event.source) ?? 0;
    }
    this.draw();
  }

  fileDone(name: string, audioS: number, words: number): void {
    this.done++;
    this.finishedAudioS += audioS;
    this.words += words;
    if (this.mode === 'json')
      this.line({ type: 'file', source: name, status: 'ok', audioS: round(audioS), words });
    this.draw();
  }

  fileFailed(name: string, error: unknown): void {
    this.failed++;
    if (this.mode === 'json')
      this.line({ type: 'file', source: name, status: 'failed', error: errorFacts(error, RETRY) });
    else this.print(describeError(error, name, RETRY));
  }

  /** An error of the whole run. */
  error(error: unknown): void {
    if (this.mode === 'json') this.line({ type: 'error', error: errorFacts(error, RETRY) });
    else this.print(describeError(error, undefined, RETRY));
  }

  /** What is odd about an input that was used all the same. Silent with `off`. */
  warning(name: string, code: string): void {
    if (this.mode === 'json') this.line({ type: 'warning', source: name, code });
    else if (this.mode !== 'off') this.print(describeWarning(name, code));
  }

  /** Something worth knowing that is no failure. Silent with `off`. */
  notice(message: string): void {
    if (this.mode === 'json') this.line({ type: 'notice', message });
    else if (this.mode !== 'off') this.print(`sluice: ${message}\n`);
  }

  /** Runs `write`, which may draw on the same terminal, with the live lines out of its way. */
  async aside(write: () => Promise<void>): Promise<void> {
    this.erase();
    await write();
  }

  summary(): Summary {
    const elapsedS = this.elapsedS();
    return {
      files: this.bytesOf.size,
      done: this.done,
      failed: this.failed,
      audioS: this.finishedAudioS,
      words: this.words,
      elapsedS,
      timesRealTime: elapsedS > 0 ? this.finishedAudioS / elapsedS : 0,
    };
  }

  /** The end: removes the live lines and says what came of it all. */
  finish(): void {
    this.stop();
    const summary = this.summary();
    if (this.mode === 'json') this.line({ type: 'summary', ...roundSummary(summary) });
    else if (this.mode !== 'off') this.output.write(`${summaryText(summary)}\n`);
  }

  stop(): void {
    clearInterval(this.timer);
    this.erase();
  }

  private print(text: string): void {
    this.erase();
    this.output.write(text);
  }

  private line(fact: object): void {
    this.output.write(`${JSON.stringify(fact)}\n`);
  }

  private draw(): void {
    const now = this.now();
    const interval = {
      live: REDRAW_MS,
      plain: PLAIN_LINE_MS,
      json: JSON_LINE_MS,
      off: Number.POSITIVE_INFINITY,
    };
    if (now - this.drawnMs < interval[this.mode]) return;
    this.drawnMs = now;
    if (this.mode === 'plain') this.output.write(`sluice: ${this.aggregate()}\n`);
    if (this.mode === 'json') this.line({ type: 'progress', ...this.figures() });
    if (this.mode === 'live') this.drawLive();
  }

  private drawLive(): void {
    // 0: a terminal that does not know its size, such as script(1)'s.
    const columns = this.output.columns || DEFAULT_COLUMNS;
    const room = Math.min(MAX_ACTIVE_LINES, (this.output.rows || DEFAULT_ROWS) - 2);
    const head = this.aggregate().slice(0, columns - 1);
    const lines = [this.failed > 0 && usesColor(this.output, this.env) ? red(head) : head];
    for (const [name, job] of [...this.active].slice(0, Math.max(0, room))) {
      lines.push(activeLine(name, job, columns));
    }
    const hidden = this.active.size - (lines.length - 1);
    if (hidden > 0 && lines.length > 1) lines[lines.length - 1] = `  … and ${hidden + 1} more`;
    this.erase();
    this.output.write(`${lines.join('\n')}\n`);
    this.drawnLines = lines.length;
  }

  /** Cursor up over the live lines, then clear to the end of the screen (ECMA-48 §8.3.22 CUU, §8.3.39 ED). */
  private erase(): void {
    if (this.drawnLines > 0) this.output.write(`\x1b[${this.drawnLines}A\x1b[J`);
    this.drawnLines = 0;
  }

  private elapsedS(): number {
    return (this.now() - this.startedMs) / 1000;
  }

  private figures() {
    const elapsedS = this.elapsedS();
    let audioS = this.finishedAudioS;
    let bytes = this.finishedBytes;
    for (const job of this.active.values()) {
      audioS += job.transcribedS;
      if (job.durationS) bytes += job.bytes * Math.min(1, job.transcribedS / job.durationS);
    }
    const etaS = bytes > 0 ? (elapsedS * (this.totalBytes - bytes)) / bytes : undefined;
    return {
      files: this.bytesOf.size,
      done: this.done,
      failed: this.failed,
      active: this.active.size,
      audioS: round(audioS),
      elapsedS: round(elapsedS),
      timesRealTime: round(elapsedS > 0 ? audioS / elapsedS : 0),
      ...(etaS !== undefined && { etaS: round(etaS) }),
    };
  }

  private aggregate(): string {
    const { files, done, failed, audioS, timesRealTime, etaS } = this.figures();
    return [
      `${done + failed}/${files} files`,
      ...(failed > 0 ? [`${failed} failed`] : []),
      `${(audioS / 3600).toFixed(2)} h audio`,
      `${timesRealTime.toFixed(1)}× real time`,
      etaS === undefined ? 'ETA –' : `ETA ${clock(etaS)}`,
    ].join(' · ');
  }
}

function chooseMode(output: ErrorOutput, env: NodeJS.ProcessEnv): 'live' | 'plain' {
  const inCi = env.CI !== undefined && env.CI !== '' && env.CI !== 'false';
  return output.isTTY === true && !inCi && env.TERM !== 'dumb' ? 'live' : 'plain';
}

/** https://no-color.org: any value that is not empty switches colour off. */
function usesColor(output: ErrorOutput, env: NodeJS.ProcessEnv): boolean {
  return output.isTTY === true && (env.NO_COLOR === undefined || env.NO_COLOR === '');
}

function red(text: string): string {
  return `\x1b[31m${text}\x1b[39m`;
}

function activeLine(name: string, { transcribedS, durationS }: Job, columns: number): string {
  const place =
    durationS === undefined ? clock(transcribedS) : `${clock(transcribedS)} of ${clock(durationS)}`;
  return `  ${truncate(printable(name), Math.max(8, columns - place.length - 5))}  ${place}`;
}

/** Cuts from the left, where paths agree. Counted in code points: wide characters may still wrap. */
function truncate(text: string, width: number): string {
  const chars = [...text];
  return chars.length <= width ? text : `…${chars.slice(chars.length - width + 1).join('')}`;
}

/** `7:05` or `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

function summaryText(s: Summary): string {
  const rest = s.files - s.done - s.failed;
  return [
    `sluice: ${s.done} of ${count(s.files, 'file')} transcribed, ${s.failed} failed${rest > 0 ? `, ${rest} not done` : ''}`,
    `${s.audioS < 3600 ? `${s.audioS.toFixed(1)} s` : `${(s.audioS / 3600).toFixed(2)} h`} of audio`,
    count(s.words, 'word'),
    `${s.elapsedS.toFixed(1)} s`,
    `${s.timesRealTime.toFixed(1)}× real time`,
  ].join(' · ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function roundSummary(summary: Summary): Summary {
  return {
    ...summary,
    audioS: round(summary.audioS),
    elapsedS: round(summary.elapsedS),
    timesRealTime: round(summary.timesRealTime),
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
