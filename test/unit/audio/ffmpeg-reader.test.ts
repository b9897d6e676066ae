import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import prism from 'prism-media';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  audioContainer,
  FfmpegError,
  FfmpegReader,
  type FfmpegReaderOptions,
  type ForeignContainer,
  readWav,
} from '../../../src/audio/index.js';
import { onWindows } from '../../on-windows.js';
import { ffmpeg, withoutFfmpeg } from '../../without-ffmpeg.js';
import { folderWith } from '../cli/folder.js';
import { root } from './helpers.js';

const WAVS = join(root, 'test/fixtures/audio/wav');
const FLAC: ForeignContainer = { name: 'flac', title: 'a FLAC file', lossless: true };
const WAV_HEAD = Buffer.from('RIFF\xff\xff\xff\xffWAVE', 'latin1');

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

/** A program that stands in for FFmpeg. */
function fake(script: string): string {
  const path = join(folderWith(), 'ffmpeg');
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

const reader = (script: string, source: string | AsyncIterable<Uint8Array> = 'x.flac', more = {}) =>
  new FfmpegReader(source, { container: FLAC, ffmpeg: fake(script), ...more });

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return Buffer.concat(collected);
}

async function failure(promise: Promise<unknown>): Promise<FfmpegError> {
  const error = await promise.then(
    () => expect.unreachable('it succeeded'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FfmpegError);
  return error as FfmpegError;
}

/** A turn of the event loop. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** A program that says its process id, then this, and does nothing; resolves once it runs. */
function idle(says = '') {
  const pidFile = join(folderWith(), 'pid');
  const script = `echo $$ > "${pidFile}.tmp"; mv "${pidFile}.tmp" "${pidFile}"; printf "${says}"; exec sleep 1000`;
  const running = async () => {
    await until(() => existsSync(pidFile));
    return Number(readFileSync(pidFile, 'utf8'));
  };
  return { script, running };
}

/** Resolves once a process is gone, and is no zombie either. */
const gone = (pid: number) =>
  until(() => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });

/** Gives chunks for ever. */
function endless(first = Buffer.alloc(0)) {
  const state = { bytes: 0, returned: false };
  async function* chunks() {
    try {
      yield first;
      for (;;) {
        state.bytes += 65_536;
        yield Buffer.alloc(65_536);
      }
    } finally {
      state.returned = true;
    }
  }
  return { state, chunks: chunks() };
}

/** Once a number has not changed for some time. */
async function settled(value: () => number): Promise<number> {
  for (let last = -1; last !== value(); ) {
    last = value();
    for (let i = 0; i < 2000; i++) await turn();
  }
  return value();
}

describe('FfmpegReader without FFmpeg', () => {
  it('FfmpegReader names the format and how FFmpeg is installed', async () => {
    vi.stubEnv('PATH', folderWith());
    vi.stubEnv('SLUICE_FFMPEG', '');
    const error = await failure(new FfmpegReader('x.flac', { container: FLAC }).next());
    expect(error.code).toBe('ERR_FFMPEG_NOT_FOUND');
    expect(error.message).toMatch(
      /^this is a FLAC file, which is read through FFmpeg, and there is no ffmpeg on PATH; /,
    );
    expect(error.message).toMatch(/install ffmpeg|install Gyan\.FFmpeg/);
    expect(error).toMatchObject({ exitCode: undefined, stderr: '' });
  });

  it('FfmpegReader says which setting names no program', async () => {
    const path = join(folderWith(['plain']), 'plain');
    vi.stubEnv('SLUICE_FFMPEG', path);
    const byEnvironment = await failure(new FfmpegReader('x', { container: FLAC }).next());
    expect(byEnvironment.message).toContain(`SLUICE_FFMPEG names ${path}, which is no program`);
    const byOption = await failure(new FfmpegReader('x', { container: FLAC, ffmpeg: '/no/ffmpeg' }).next());
    expect(byOption.code).toBe('ERR_FFMPEG_NOT_FOUND');
    expect(byOption.message).toContain('the option ffmpeg names');
  });

  it.skipIf(onWindows('shell scripts'))(
    'FfmpegReader runs nothing that lies in the current folder',
    async () => {
      const marker = join(folderWith(), 'ran');
      const folder = join(fake(`touch "${marker}"`), '..');
      const before = process.cwd();
      vi.stubEnv('PATH', `.::../${basename(folder)}`);
      vi.stubEnv('SLUICE_FFMPEG', '');
      process.chdir(folder);
      try {
        const error = await failure(new FfmpegReader('x', { container: FLAC }).next());
        expect(error.code).toBe('ERR_FFMPEG_NOT_FOUND');
      } finally {
        process.chdir(before);
      }
      expect(existsSync(marker)).toBe(false);
    },
  );

  it('FfmpegReader refuses other arguments', () => {
    const bad: [unknown, unknown][] = [
      [undefined, { container: FLAC }],
      [5, { container: FLAC }],
      ['x', undefined],
      ['x', {}],
      ['x', { container: 'flac' }],
      ['x', { container: FLAC, ffmpeg: 5 }],
    ];
    for (const [source, options] of bad) {
      expect(() => new FfmpegReader(source as string, options as FfmpegReaderOptions)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
      );
    }
  });
});

describe.skipIf(onWindows('shell scripts'))('FfmpegReader with a program that misbehaves', () => {
  it('FfmpegReader tells exit status and the tail of what was said, on one line', async () => {
    const script = `head -c 9000 /dev/zero | tr '\\0' 'x' >&2; printf '\\n\\033[31mmoov atom not found\\n' >&2; exit 7`;
    const failing = reader(script);
    const error = await failure(failing.next());
    expect(error).toMatchObject({ code: 'ERR_FFMPEG_FAILED', exitCode: 7 });
    expect(error.message).toMatch(/^this is a FLAC file, and FFmpeg ended with exit status 7: …/);
    expect(error.message).toContain('[31mmoov atom not found; check');
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.stderr.length).toBeLessThanOrEqual(4000);
    expect(await failure(failing.next())).toBe(error);
  });

  it('FfmpegReader fails when the end comes after audio with another status than 0', async () => {
    const error = await failure(all(reader(`printf 'RIFFxxxxWAVEsamples'; exit 1`)));
    expect(error).toMatchObject({ code: 'ERR_FFMPEG_FAILED', exitCode: 1, stderr: '' });
  });

  it('FfmpegReader tells the signal that ended it', async () => {
    const error = await failure(reader('kill -9 $$').next());
    expect(error).toMatchObject({ code: 'ERR_FFMPEG_FAILED', exitCode: undefined });
    expect(error.message).toContain('SIGKILL');
  });

  it.each([
    ['garbage', 'echo these are no samples at all'],
    ['garbage that does not end', 'exec yes'],
    ['less than a header', 'printf RIFF'],
    ['nothing', 'exit 0'],
  ])('FfmpegReader refuses %s', async (_, script) => {
    const error = await failure(all(reader(script)));
    expect(error.code).toBe('ERR_FFMPEG_OUTPUT');
    expect(error.message).toContain('SLUICE_FFMPEG');
  });

  it('FfmpegReader says why a program does not start', async () => {
    const path = join(folderWith(), 'ffmpeg');
    writeFileSync(path, '#!/no/such/interpreter\n', { mode: 0o755 });
    const error = await failure(new FfmpegReader('x', { container: FLAC, ffmpeg: path }).next());
    expect(error.code).toBe('ERR_FFMPEG_FAILED');
    expect(error.message).toMatch(/^FFmpeg could not be started: .*/);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('FfmpegReader ends a program that hangs with the signal, untouched', async () => {
    const { script, running } = idle();
    const controller = new AbortController();
    const pending = reader(script, 'x.flac', { signal: controller.signal }).next();
    const pid = await running();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await gone(pid);
    await expect(reader(script, 'x', { signal: controller.signal }).next()).rejects.toBe(reason);
  });

  it('FfmpegReader ends a program that hangs with close, and gives undefined', async () => {
    const { script, running } = idle();
    const hanging = reader(script);
    const pending = hanging.next();
    const pid = await running();
    hanging.close();
    expect(await pending).toBeUndefined();
    hanging.close();
    expect(await hanging.next()).toBeUndefined();
    await gone(pid);
  });

  it('FfmpegReader closed while it starts leaves no process', async () => {
    const starting = reader('exec sleep 1000');
    const pending = starting.next();
    starting.close();
    expect(await pending).toBeUndefined();
  });

  it('FfmpegReader ends the program when the loop is left', async () => {
    const { script, running } = idle('RIFFxxxxWAVE');
    for await (const chunk of reader(script)) {
      expect(chunk.length).toBe(12);
      break;
    }
    await gone(await running());
  });

  it('FfmpegReader gives up on a program that does nothing for a minute', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { script, running } = idle();
    const pending = failure(reader(script).next());
    const pid = await running();
    await until(() => vi.getTimerCount() > 0);
    vi.advanceTimersByTime(60_000);
    const error = await pending;
    expect(error).toMatchObject({ code: 'ERR_FFMPEG_STALLED' });
    expect(error.message).toContain('60 s');
    await gone(pid);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('FfmpegReader waits for a slow source as long as it takes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let give = (_: Buffer) => {};
    async function* slow() {
      yield await new Promise<Buffer>((resolve) => {
        give = resolve;
      });
    }
    const slowly = reader('exec cat', slow());
    const pending = slowly.next();
    await until(() => vi.getTimerCount() > 0);
    for (let i = 0; i < 10; i++) vi.advanceTimersByTime(60_000);
    give(WAV_HEAD);
    expect(await pending).toEqual(WAV_HEAD);
    expect(await slowly.next()).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('FfmpegReader takes no more of a source than the program does', async () => {
    const { script, running } = idle();
    const { state, chunks } = endless();
    const hanging = reader(script, chunks);
    const pending = hanging.next();
    const pid = await running();
    expect(await settled(() => state.bytes)).toBeLessThanOrEqual(1024 * 1024);
    hanging.close();
    expect(await pending).toBeUndefined();
    await gone(pid);
    await until(() => state.returned);
  });

  it('FfmpegReader takes no more of a source than its own reader does', async () => {
    const { state, chunks } = endless(WAV_HEAD);
    const reading = reader('exec cat', chunks);
    await reading.next();
    expect(await settled(() => state.bytes)).toBeLessThanOrEqual(1024 * 1024);
    reading.close();
    await until(() => state.returned);
  });

  it('FfmpegReader lets go of a source that the program has had enough of', async () => {
    const { state, chunks } = endless(WAV_HEAD);
    expect(await all(reader('exec head -c 12', chunks))).toEqual(WAV_HEAD);
    await until(() => state.returned);
  });

  it('FfmpegReader passes the error of its source on and ends the program', async () => {
    const { script, running } = idle();
    const reason = new Error('the disk is gone');
    async function* broken() {
      yield WAV_HEAD;
      await running();
      throw reason;
    }
    await expect(reader(script, broken()).next()).rejects.toBe(reason);
    await gone(await running());
    await expect(reader('exec sleep 1000', Readable.from(broken())).next()).rejects.toBe(reason);
    await expect(reader('exec sleep 1000', Readable.from([{}])).next()).rejects.toBeInstanceOf(TypeError);
  });

  it('FfmpegReader leaves prism-media as it was for others', async () => {
    const { create, getInfo } = prism.FFmpeg as unknown as Record<string, unknown>;
    expect(create).toBeTypeOf('function');
    await all(reader(`printf 'RIFFxxxxWAVE'`));
    expect((prism.FFmpeg as unknown as Record<string, unknown>).create).toBe(create);
    expect(prism.FFmpeg.getInfo).toBe(getInfo);
  });

  it('FfmpegReader hands the path on as a file, whatever URL it looks like', async () => {
    const script = `printf 'RIFFxxxxWAVE'; for arg; do printf '%s\\n' "$arg"; done`;
    const said = (await all(reader(script, 'http://example.org/-i'))).toString();
    expect(said).toContain('\n-i\nfile:http://example.org/-i\n');
    expect(said).toContain('\n-protocol_whitelist\nfile,pipe,cache\n');
  });

  it('FfmpegReader warns of what the program complained of and read all the same', async () => {
    const complaining = reader(`printf 'RIFFxxxxWAVE'; echo 'invalid frame' >&2`);
    expect(complaining.warnings).toEqual([]);
    await all(complaining);
    expect(complaining.warnings).toEqual(['decode-errors']);
  });
});

describe.skipIf(withoutFfmpeg('recordings that FFmpeg decodes'))('FfmpegReader with FFmpeg', () => {
  const open = (path: string, source: string | AsyncIterable<Uint8Array> = path) =>
    new FfmpegReader(source, { container: audioContainer(path) as ForeignContainer });
  const made = (name: string, wav: string, ...args: string[]) => {
    const path = join(folderWith(), name);
    ffmpeg('-i', join(WAVS, wav), ...args, path);
    return path;
  };
  /** Cut where nothing is. */
  function* cut(bytes: Buffer, size: number) {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }

  it.each([
    ['speech-16k-mono-s16.wav', 's16'],
    ['speech-44k1-mono-s24.wav', 's32'],
    ['speech-44k1-stereo-s16.wav', 's16'],
  ])('FfmpegReader gives every sample of %s back from FLAC', async (wav, format) => {
    const path = made('x.flac', wav, '-sample_fmt', format);
    const decoded = readWav(await all(open(path)), { sample: 'float32' });
    const original = readWav(readFileSync(join(WAVS, wav)), { sample: 'float32' });
    expect(decoded.encoding).toBe('f32le');
    expect(decoded.warnings).toEqual(['size-unknown']);
    expect([decoded.sampleRateHz, decoded.channels, decoded.frames]).toEqual([
      original.sampleRateHz,
      original.channels,
      original.frames,
    ]);
    expect(Buffer.from(decoded.samples.buffer).equals(Buffer.from(original.samples.buffer))).toBe(true);
  });

  it('FfmpegReader gives the same from a path and from a stream, however it is cut', async () => {
    for (const name of ['x.flac', 'x.m4a', 'x.ogg']) {
      const path = made(name, 'speech-16k-mono-s16.wav', ...(name === 'x.ogg' ? ['-c:a', 'flac'] : []));
      const whole = await all(open(path));
      const bytes = readFileSync(path);
      for (const size of [7, 1000, bytes.length]) {
        const streamed = await all(open(path, Readable.from(cut(bytes, size))));
        expect(streamed.equals(whole), `${name} in chunks of ${size}`).toBe(true);
      }
    }
  });

  it('FfmpegReader gives the exact length of an MP3 file, and from a stream the padding at its end as well', async () => {
    const path = made('x.mp3', 'speech-16k-mono-s16.wav');
    const whole = readWav(await all(open(path)), { sample: 'float32' });
    expect(whole.frames).toBe(55_177);
    for (const size of [7, 10_000]) {
      const chunks = Readable.from(cut(readFileSync(path), size));
      const { frames, samples } = readWav(await all(open(path, chunks)), { sample: 'float32' });
      expect(frames).toBeGreaterThanOrEqual(55_177);
      expect(frames).toBeLessThan(55_177 + 1152); // samples in a frame of MPEG-1 layer III
      expect(samples.subarray(0, 55_177)).toEqual(whole.samples);
    }
  });

  it('FfmpegReader reads an MP4 whose index stands at its end from a stream too', async () => {
    const path = made('x.m4a', 'speech-48k-mono-s16.wav', '-af', 'aloop=40:size=165531', '-b:a', '192k');
    const bytes = readFileSync(path);
    expect(bytes.length).toBeGreaterThan(1_000_000);
    expect(bytes.indexOf('moov')).toBeGreaterThan(bytes.indexOf('mdat') + 1_000_000);
    const streaming = open(path, Readable.from(cut(bytes, 10_000)));
    const streamed = await all(streaming);
    expect(streaming.warnings).toEqual([]);
    expect(streamed.equals(await all(open(path)))).toBe(true);
  });

  it('FfmpegReader reads AMR, which FFmpeg seldom writes', async () => {
    // RFC 4867 §5.3: frames of 20 ms at 12.2 kbit/s, a byte for type and quality and 31 of codec bits.
    const frame = Buffer.alloc(32);
    frame[0] = 0x3c;
    const path = join(
      folderWith({ 'x.amr': Buffer.concat([Buffer.from('#!AMR\n'), ...Array(50).fill(frame)]) }),
      'x.amr',
    );
    const { sampleRateHz, channels, frames } = readWav(await all(open(path)));
    expect([sampleRateHz, channels, frames]).toEqual([8000, 1, 8000]);
  });

  it('FfmpegReader uses what is there of a cut recording, and says so', async () => {
    const path = made('x.flac', 'speech-16k-mono-s16.wav');
    truncateSync(path, 40_001);
    const reading = open(path);
    const { frames } = readWav(await all(reading));
    expect(frames).toBeGreaterThan(10_000);
    expect(frames).toBeLessThan(55_177);
    expect(reading.warnings).toEqual(['decode-errors']);
  });

  it('FfmpegReader fails on an MP4 whose index was cut off', async () => {
    const path = made('x.m4a', 'speech-16k-mono-s16.wav');
    truncateSync(path, 10_000);
    const error = await failure(all(open(path)));
    expect(error.code).toBe('ERR_FFMPEG_FAILED');
    expect(error.message).toMatch(/^this is an MP4 file .*moov atom not found/);
  });

  it('FfmpegReader fails on a video without sound', async () => {
    const path = join(folderWith(), 'x.mkv');
    ffmpeg('-f', 'lavfi', '-i', 'color=size=16x16:duration=0.2', path);
    const error = await failure(all(open(path)));
    expect(error.message).toContain('matches no streams');
  });
});
