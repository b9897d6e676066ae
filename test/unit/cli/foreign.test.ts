/** Containers that FFmpeg decodes, on the command line. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWav } from '../../../src/audio/index.js';
import type { Transcript } from '../../../src/gradium/index.js';
import { onWindows } from '../../on-windows.js';
import { ffmpeg, withoutFfmpeg } from '../../without-ffmpeg.js';
import { root } from '../audio/helpers.js';
import { folderWith } from './folder.js';
import { sluice, start } from './run.js';

const AUDIO = join(root, 'test/fixtures/audio');
const VOICE = join(AUDIO, 'voice/voice-48k-mono-s16.wav');
const STUDIO = join(AUDIO, 'wav/speech-44k1-mono-s24.wav');
const TEXT = 'Hello from Sluice';

function folderOf(files: Record<string, string[]>): string {
  const folder = folderWith();
  for (const [name, args] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    ffmpeg(...args, join(folder, name));
  }
  return folder;
}

describe.skipIf(withoutFfmpeg('commands on other containers'))('sluice with FFmpeg', () => {
  it('sluice transcribe takes a folder of every kind, and fails what is broken by name', async () => {
    const folder = folderOf({ 'a.mp3': ['-i', VOICE], 'b/c.flac': ['-i', VOICE], 'b/d.m4a': ['-i', VOICE] });
    writeFileSync(join(folder, 'b/broken.flac'), 'fLaC and no more');
    writeFileSync(join(folder, 'notes.txt'), 'no audio');
    const { code, stdout, stderr } = await sluice(['transcribe', '--sandbox', '.', '-f', 'json'], {
      cwd: folder,
    });
    expect(code).toBe(1);
    const transcripts = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Transcript);
    expect(transcripts.map(({ source, text }) => [source.name, source.container, text]).sort()).toEqual([
      ['a.mp3', 'mp3', TEXT],
      [join('b', 'c.flac'), 'flac', TEXT],
      [join('b', 'd.m4a'), 'mp4', TEXT],
    ]);
    expect(stderr).toMatch(
      /^sluice: b.broken\.flac: this is a FLAC file, and FFmpeg ended with .*\(ERR_FFMPEG_FAILED\)$/m,
    );
    expect(stderr).not.toContain('size-unknown');
  });

  it('sluice transcribe and sluice probe read other containers from standard input', async () => {
    const folder = folderOf({ 'a.webm': ['-i', VOICE, '-c:a', 'libopus'] });
    const stdin = readFileSync(join(folder, 'a.webm'));
    expect((await sluice(['transcribe', '--sandbox', '-'], { stdin })).stdout).toBe(`${TEXT}\n`);
    const [probed] = JSON.parse((await sluice(['probe', '-', '--json'], { stdin })).stdout);
    expect(probed).toMatchObject({ file: 'standard input', container: 'matroska', sampleRateHz: 48_000 });
  });

  it('sluice probe tells the exact length, and that FFmpeg decoded it', async () => {
    const folder = folderOf({ 'a.mp3': ['-i', VOICE], 'wrong-name.wav': ['-i', STUDIO, '-f', 'flac'] });
    const { code, stdout } = await sluice(['probe', '.', '--json'], { cwd: folder });
    expect(code).toBe(0);
    const [mp3, flac] = JSON.parse(stdout);
    const { frames } = readWav(readFileSync(VOICE));
    expect(mp3).toMatchObject({
      container: 'mp3',
      encoding: 'f32le',
      frames,
      durationS: frames / 48_000,
      warnings: [],
    });
    expect(mp3.plan.wire).toBe('pcm_24000');
    expect(mp3.notes).toEqual(['decoded by FFmpeg']);
    expect(mp3).not.toHaveProperty('dataOffset');
    expect(flac).toMatchObject({ container: 'flac', sampleRateHz: 44_100, frames: 121_052 });
    const table = await sluice(['probe', 'a.mp3'], { cwd: folder });
    expect(table.stdout).toMatch(
      /^a\.mp3 +mp3 f32le +48000 Hz +1 +\d+\.\d{3} s +pcm_24000 +decoded by FFmpeg$/m,
    );
  });

  it('sluice convert keeps 24 bits of FLAC, and makes 16 of what was lossy', async () => {
    const folder = folderOf({ 'a.flac': ['-i', STUDIO], 'b.mp3': ['-i', STUDIO] });
    const convert = async (...args: string[]) => {
      const { code, stderr } = await sluice(['convert', ...args], { cwd: folder });
      expect([code, stderr]).toEqual([0, '']);
      return readWav(readFileSync(join(folder, args[1] as string)));
    };
    const flac = await convert('a.flac', 'a.wav');
    const studio = readWav(readFileSync(STUDIO));
    expect(flac.encoding).toBe('s24le');
    expect(flac.samples).toEqual(studio.samples);
    expect((await convert('b.mp3', 'b.wav')).encoding).toBe('s16le');
    expect((await convert('b.mp3', 'c.wav', '--codec', 'f32')).encoding).toBe('f32le');
    const phone = await convert('b.mp3', 'd.wav', '--rate', '8000', '--codec', 'mulaw');
    expect(phone).toMatchObject({ encoding: 'mulaw', sampleRateHz: 8000 });
  });

  it('sluice convert reads another container from standard input', async () => {
    const folder = folderOf({ 'a.flac': ['-i', STUDIO] });
    const stdin = readFileSync(join(folder, 'a.flac'));
    const { code, stdoutBytes, stderr } = await sluice(['convert', '-', '-', '--codec', 's24'], { stdin });
    expect([code, stderr]).toEqual([0, '']);
    expect(readWav(stdoutBytes).samples).toEqual(readWav(readFileSync(STUDIO)).samples);
  });

  it('sluice warns of a recording that FFmpeg could not decode whole', async () => {
    const folder = folderOf({ 'a.flac': ['-i', STUDIO] });
    const whole = readFileSync(join(folder, 'a.flac'));
    writeFileSync(join(folder, 'a.flac'), whole.subarray(0, whole.length >> 1));
    const { code, stderr } = await sluice(['convert', 'a.flac', 'a.wav'], { cwd: folder });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^sluice: a\.flac: warning: decode-errors: FFmpeg found faults/);
  });
});

describe.skipIf(onWindows('shell scripts'))('sluice with an FFmpeg that is missing or misbehaves', () => {
  const folder = () => folderWith({ 'a.flac': 'fLaC and more' });

  it('sluice says how FFmpeg is installed', async () => {
    const env = { SLUICE_FFMPEG: '/no/such/ffmpeg' };
    for (const args of [
      ['transcribe', '--sandbox', 'a.flac'],
      ['probe', 'a.flac'],
      ['convert', 'a.flac', 'a.wav'],
    ]) {
      const { code, stdout, stderr } = await sluice(args, { env, cwd: folder() });
      expect([code, stdout], args[0]).toEqual([1, '']);
      expect(stderr).toContain('sluice: a.flac: this is a FLAC file, which is read through FFmpeg');
      expect(stderr).toMatch(/install ffmpeg.*\(ERR_FFMPEG_NOT_FOUND\)/);
    }
  });

  it('sluice convert that is interrupted ends an FFmpeg that hangs', async () => {
    const cwd = folder();
    const SLUICE_FFMPEG = join(cwd, 'ffmpeg');
    writeFileSync(SLUICE_FFMPEG, '#!/bin/sh\necho $$ > pid\nexec sleep 1000\n', { mode: 0o755 });
    const child = start(['convert', 'a.flac', 'a.wav'], { cwd, env: { SLUICE_FFMPEG } });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const pid = join(cwd, 'pid');
    const read = () => {
      try {
        return Number(readFileSync(pid, 'utf8'));
      } catch {
        return 0;
      }
    };
    while (read() === 0) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    const isThere = () => {
      try {
        return process.kill(read(), 0);
      } catch {
        return false;
      }
    };
    while (isThere()) await new Promise((resolve) => setImmediate(resolve));
    expect(isThere()).toBe(false);
  });
});
