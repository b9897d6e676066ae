import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { probeAudio, UnsupportedError, WavWriter, writeWav } from '../../../src/audio/index.js';
import { onWindows } from '../../on-windows.js';
import { fixtures, thrown } from './helpers.js';

// The real file system, with the reads counted.
vi.mock(import('node:fs'), async (original) => {
  const fs = await original();
  return { ...fs, readSync: vi.fn(fs.readSync) as typeof fs.readSync };
});

const folder = mkdtempSync(join(tmpdir(), 'sluice-probe-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('probeAudio', () => {
  test('tells a file by its header', () => {
    expect(probeAudio(join(fixtures, 'wav/speech-16k-mono-s16-list-before-data-jfk.wav'))).toEqual({
      container: 'wav',
      encoding: 's16le',
      sampleRateHz: 16_000,
      channels: 1,
      bitsPerSample: 16,
      frames: 176_000,
      durationS: 11,
      missingFrames: 0,
      dataOffset: 78,
      warnings: [],
    });
  });

  /** A sparse file: audio that was never written. */
  function longFile(header: Uint8Array, audioBytes: number): string {
    const path = join(folder, 'long.wav');
    const file = openSync(path, 'w');
    writeSync(file, header);
    ftruncateSync(file, header.length + audioBytes);
    closeSync(file);
    return path;
  }

  test('reads only the headers of a long file', () => {
    const header = writeWav(new Int16Array(0), { sampleRateHz: 48_000, channels: 2 });
    new DataView(header.buffer).setUint32(40, 3_000_000_000, true);
    const path = longFile(header, 3_000_000_000);
    vi.mocked(readSync).mockClear();
    expect(probeAudio(path)).toMatchObject({ frames: 750_000_000, durationS: 15_625, missingFrames: 0 });
    expect(readSync).toHaveBeenCalledTimes(1);
  });

  test.each([2 ** 32 - 2, 2 ** 32, 5 * 2 ** 30])(
    'reads the header of a stream of %d bytes to its end',
    (bytes) => {
      using writer = new WavWriter({ sampleRateHz: 48_000 });
      expect(probeAudio(longFile(writer.flush(), bytes))).toMatchObject({
        frames: bytes / 2,
        missingFrames: 0,
        warnings: ['size-unknown'],
      });
    },
  );

  test('counts what is there, not what the header says', () => {
    const path = join(folder, 'cut.wav');
    const bytes = writeWav(new Int16Array(8000), { sampleRateHz: 8000 });
    writeFileSync(path, bytes.subarray(0, 44 + 6000));
    expect(probeAudio(path)).toMatchObject({ frames: 3000, missingFrames: 5000, warnings: ['truncated'] });
  });

  test('names other containers', () => {
    const error = thrown(() => probeAudio(Buffer.from('fLaC\0\0\0\0\0\0\0\0\0\0\0\0')));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.code).toBe('ERR_UNSUPPORTED_CONTAINER');
    expect(error.message).toContain('FLAC');
  });

  test('passes on what the file system says', () => {
    expect(thrown(() => probeAudio(join(folder, 'none.wav')))).toMatchObject({ code: 'ENOENT' });
  });

  test('refuses a folder', () => {
    expect(thrown(() => probeAudio(folder))).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
  });

  test.skipIf(onWindows('named pipes'))('refuses a named pipe without waiting for its writer', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(thrown(() => probeAudio(pipe))).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
  });
});
