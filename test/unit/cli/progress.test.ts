import { describe, expect, it } from 'vitest';
import { clock, Progress, type ProgressMode } from '../../../src/cli/progress.js';
import { FormatError } from '../../../src/errors.js';

/** A terminal that remembers, and a clock that the test moves. */
function terminal(
  mode: ProgressMode,
  { isTTY = true, columns = 60, rows = 6, env = {} as NodeJS.ProcessEnv } = {},
) {
  const writes: string[] = [];
  const time = { ms: 0 };
  const progress = new Progress({
    mode,
    output: { write: (text: string) => writes.push(text), isTTY, columns, rows },
    env,
    now: () => time.ms,
  });
  return { progress, writes, time, text: () => writes.join('') };
}

const FILES = Array.from({ length: 20 }, (_, index) => ({ name: `calls/${index}.wav`, bytes: 1000 }));

/** What a terminal shows after these writes: applies cursor-up and clear. */
function screen(writes: string[]): string[] {
  const lines: string[] = [''];
  const text = writes.join('').replaceAll('\x1b', '␛');
  for (const part of text.split(/(␛\[\d+A␛\[J|\n)/)) {
    const up = /^␛\[(\d+)A/.exec(part);
    if (up) lines.splice(lines.length - 1 - Number(up[1]), Number.POSITIVE_INFINITY, '');
    else if (part === '\n') lines.push('');
    else lines[lines.length - 1] += part;
  }
  return lines.slice(0, -1);
}

describe('Progress', () => {
  it('Progress live draws one aggregate line and the active files that fit', () => {
    const { progress, writes, time } = terminal('live');
    progress.start(FILES);
    for (const { name } of FILES.slice(0, 10)) progress.onBatch({ type: 'start', source: name });
    time.ms = 10_000;
    progress.onBatch({ type: 'progress', source: 'calls/0.wav', transcribedS: 30, durationS: 60 });
    expect(screen(writes)).toEqual([
      '0/20 files · 0.01 h audio · 3.0× real time · ETA 6:30',
      '  calls/0.wav  0:30 of 1:00',
      '  calls/1.wav  0:00',
      '  calls/2.wav  0:00',
      '  … and 7 more',
    ]);
    progress.stop();
    expect(screen(writes)).toEqual([]);
  });

  it('Progress live shows whole lines on a terminal that reports a size of 0', () => {
    const { progress, writes, time } = terminal('live', { columns: 0, rows: 0 });
    progress.start(FILES);
    progress.onBatch({ type: 'start', source: 'calls/0.wav' });
    time.ms = 10_000;
    progress.onBatch({ type: 'progress', source: 'calls/0.wav', transcribedS: 30, durationS: 60 });
    expect(screen(writes)).toEqual([
      '0/20 files · 0.01 h audio · 3.0× real time · ETA 6:30',
      '  calls/0.wav  0:30 of 1:00',
    ]);
  });

  it('Progress live redraws at most 10 times a second', () => {
    const { progress, writes, time } = terminal('live');
    progress.start(FILES);
    for (time.ms = 0; time.ms < 1000; time.ms++) {
      progress.onBatch({ type: 'progress', source: 'calls/0.wav', transcribedS: time.ms });
    }
    progress.stop();
    expect(writes.filter((text) => text.includes('files'))).toHaveLength(10);
  });

  it('Progress live never writes a line wider than the terminal', () => {
    const { progress, writes, time } = terminal('live', { columns: 30 });
    const name = `${'long/'.repeat(30)}\x1b[31mname.wav`;
    progress.start([{ name, bytes: 1 }]);
    progress.onBatch({ type: 'start', source: name });
    time.ms = 1000;
    progress.onBatch({ type: 'progress', source: name, transcribedS: 5, durationS: 6 });
    for (const line of screen(writes)) expect([...line].length).toBeLessThan(30);
    expect(screen(writes)[1]).toContain('name.wav  0:05 of 0:06');
    expect(writes.join('')).not.toContain('\x1b[31m');
    progress.stop();
  });

  it('Progress live keeps failures above the live lines', () => {
    const { progress, writes, time } = terminal('live', { env: { NO_COLOR: '1' } });
    progress.start(FILES);
    progress.onBatch({ type: 'start', source: 'calls/0.wav' });
    progress.fileFailed('calls/1.wav', new FormatError('fmt chunk of 17 bytes', 'ERR_WAV_BAD_FMT', 16));
    time.ms = 200;
    progress.onBatch({ type: 'progress', source: 'calls/0.wav', transcribedS: 1 });
    expect(screen(writes)).toEqual([
      'sluice: calls/1.wav: fmt chunk of 17 bytes (ERR_WAV_BAD_FMT, byte 16)',
      expect.stringMatching(/^1\/20 files · 1 failed · /),
      '  calls/0.wav  0:01',
    ]);
    progress.stop();
  });

  it('Progress live colours failures unless NO_COLOR is set', () => {
    for (const [env, colored] of [
      [{}, true],
      [{ NO_COLOR: '' }, true],
      [{ NO_COLOR: '1' }, false],
    ] as const) {
      const { progress, time, text } = terminal('live', { env });
      progress.start(FILES);
      progress.fileFailed('calls/1.wav', new Error('broken'));
      time.ms = 200;
      progress.onBatch({ type: 'start', source: 'calls/2.wav' });
      expect(text().includes('\x1b[31m')).toBe(colored);
      progress.stop();
    }
  });

  it.each([
    ['a pipe', { isTTY: false }],
    ['CI', { env: { CI: 'true' } }],
    ['a dumb terminal', { env: { TERM: 'dumb' } }],
  ])('Progress auto writes plain lines into %s', (_, options) => {
    const { progress, time, text } = terminal('auto', options);
    progress.start(FILES);
    progress.onBatch({ type: 'start', source: 'calls/0.wav' });
    time.ms = 1000;
    progress.onBatch({ type: 'end', source: 'calls/0.wav', status: 'ok' });
    progress.fileDone('calls/0.wav', 36, 10);
    expect(text()).toBe('');
    time.ms = 5000;
    progress.onBatch({ type: 'start', source: 'calls/1.wav' });
    expect(text()).toBe('sluice: 1/20 files · 0.01 h audio · 7.2× real time · ETA 1:35\n');
    progress.finish();
    expect(text().split('\n')[1]).toBe(
      'sluice: 1 of 20 files transcribed, 0 failed, 19 not done · 36.0 s of audio · 10 words · 5.0 s · 7.2× real time',
    );
    expect(text()).not.toContain('\x1b');
  });

  it('Progress auto is live on a terminal', () => {
    const { progress, text } = terminal('auto');
    progress.start(FILES);
    progress.onBatch({ type: 'start', source: 'calls/0.wav' });
    expect(text()).toContain('0/20 files');
    progress.stop();
  });

  it('Progress json writes nothing but JSON lines', () => {
    const { progress, time, text } = terminal('json');
    progress.start(FILES.slice(0, 2));
    progress.notice('using the sandbox');
    progress.onBatch({ type: 'start', source: 'calls/0.wav' });
    progress.warning('calls/0.wav', 'truncated');
    progress.onBatch({ type: 'end', source: 'calls/0.wav', status: 'ok' });
    progress.fileDone('calls/0.wav', 60, 7);
    progress.onBatch({ type: 'end', source: 'calls/1.wav', status: 'failed' });
    time.ms = 2000;
    progress.fileFailed('calls/1.wav', new FormatError('no fmt chunk', 'ERR_WAV_NO_FMT', 12));
    progress.onBatch({ type: 'end', source: 'calls/1.wav', status: 'failed' });
    progress.error(new Error('the end'));
    progress.finish();
    const lines = text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      { type: 'notice', message: 'using the sandbox' },
      { type: 'warning', source: 'calls/0.wav', code: 'truncated' },
      { type: 'file', source: 'calls/0.wav', status: 'ok', audioS: 60, words: 7 },
      {
        type: 'file',
        source: 'calls/1.wav',
        status: 'failed',
        error: expect.objectContaining({ code: 'ERR_WAV_NO_FMT', byteOffset: 12, message: 'no fmt chunk' }),
      },
      expect.objectContaining({
        type: 'progress',
        files: 2,
        done: 1,
        failed: 1,
        audioS: 60,
        timesRealTime: 30,
      }),
      { type: 'error', error: { message: 'the end' } },
      {
        type: 'summary',
        files: 2,
        done: 1,
        failed: 1,
        audioS: 60,
        words: 7,
        elapsedS: 2,
        timesRealTime: 30,
      },
    ]);
  });

  it('Progress off tells failures and nothing else', () => {
    const { progress, time, text } = terminal('off');
    progress.start(FILES);
    progress.notice('hello');
    progress.warning('calls/0.wav', 'truncated');
    time.ms = 60_000;
    progress.onBatch({ type: 'start', source: 'calls/0.wav' });
    progress.fileFailed('calls/0.wav', new Error('broken'));
    progress.finish();
    expect(text()).toBe('sluice: calls/0.wav: broken\n');
  });
});

describe('clock', () => {
  it.each([
    [0, '0:00'],
    [65.4, '1:05'],
    [3599.6, '1:00:00'],
    [36_000, '10:00:00'],
    [-1, '0:00'],
  ])('clock %d is %s', (seconds, expected) => {
    expect(clock(seconds)).toBe(expected);
  });
});
