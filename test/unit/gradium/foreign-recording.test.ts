/** Recordings that FFmpeg decodes, through `transcribe`: a voice that is understood only if every sample came through. */
import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FfmpegError } from '../../../src/errors.js';
import { Gradium } from '../../../src/gradium/index.js';
import { startSandbox } from '../../../src/sandbox/index.js';
import { onWindows } from '../../on-windows.js';
import { politeStt, scriptedServer } from '../../speech/scripted-server.js';
import { ffmpeg, withoutFfmpeg } from '../../without-ffmpeg.js';
import { root } from '../audio/helpers.js';
import { folderWith } from '../cli/folder.js';

const VOICES = join(root, 'test/fixtures/audio/voice');
const TEXTS = JSON.parse(readFileSync(join(VOICES, 'TEXTS.json'), 'utf8')) as Record<string, string>;
const VOICE = 'voice-48k-mono-s16.wav';
const client = (baseUrl: string) => new Gradium({ apiKey: 'any', baseUrl });

describe.skipIf(withoutFfmpeg('transcripts of other containers'))('transcribe with FFmpeg', () => {
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;
  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterAll(() => sandbox.close());

  const made = (name: string, wav = VOICE, ...args: string[]) => {
    const path = join(folderWith(), name);
    ffmpeg('-i', join(VOICES, wav), ...args, path);
    return path;
  };

  it.each([
    ['mp3', 'call.mp3', []],
    ['mp4', 'call.m4a', []],
    ['aac', 'call.aac', []],
    ['flac', 'call.flac', []],
    ['matroska', 'call.webm', ['-c:a', 'libopus']],
    ['ogg', 'call.ogg', ['-c:a', 'libvorbis', '-q:a', '8']],
    ['aiff', 'call.aiff', []],
    ['flac', 'named-otherwise.wav', ['-f', 'flac']],
  ])('transcribe reads %s from %s, by path, in memory and from a stream', async (container, name, args) => {
    const path = made(name, VOICE, ...args);
    const { stt } = client(sandbox.url);
    const ofPath = await stt.transcribe(path);
    expect(ofPath.text).toBe(TEXTS[VOICE]);
    expect(ofPath.source).toMatchObject({
      name: path,
      container,
      encoding: 'f32le',
      sampleRateHz: 48_000,
      channels: 1,
    });
    expect(ofPath.wire).toEqual({ format: 'pcm_24000', untouched: false });
    expect(ofPath.warnings).toEqual([]);
    expect(ofPath.durationS).toBe(ofPath.source.frames / 48_000);
    expect(ofPath.words.at(-1)?.stopS).toBeLessThanOrEqual(ofPath.durationS);
    for (const source of [readFileSync(path), createReadStream(path, { highWaterMark: 5 })]) {
      const { text, source: facts } = await stt.transcribe(source);
      expect(text).toBe(TEXTS[VOICE]);
      expect(facts.container).toBe(container);
      expect(facts.name).toBeUndefined();
    }
  });

  it('transcribe encodes what FFmpeg decoded', async () => {
    const path = made('call.m4a');
    for (const source of [path, createReadStream(path)]) {
      const found = await client(sandbox.url).stt.transcribe(source, { wire: 'opus' });
      expect(found.text).toBe(TEXTS[VOICE]);
      expect(found.wire).toEqual({ format: 'opus', untouched: false });
      expect(found.source).toMatchObject({ container: 'mp4', encoding: 'f32le' });
      expect(found.durationS).toBe(found.source.frames / 48_000);
      expect(found.warnings).toEqual([]);
    }
  });

  it('transcribe mixes channels that FFmpeg decoded', async () => {
    const wav = 'voice-44k1-stereo-s24.wav';
    const { text, source } = await client(sandbox.url).stt.transcribe(made('x.flac', wav));
    expect(text).toBe(TEXTS[wav]);
    expect(source).toMatchObject({ channels: 2, sampleRateHz: 44_100 });
  });

  it('transcribe gives a file without sound no session', async () => {
    const path = join(folderWith(), 'empty.flac');
    ffmpeg('-f', 'lavfi', '-i', 'anullsrc=r=16000:cl=mono', '-t', '0', path);
    const { text, requestId, warnings, source } = await client('http://127.0.0.1:9').stt.transcribe(path);
    expect([text, requestId, warnings, source.container]).toEqual(['', '', ['no-audio'], 'flac']);
  });

  it('transcribe decodes again for a new attempt', async () => {
    const path = made('x.mp3');
    const busy = { status: 503, headers: { 'Retry-After': '0' } };
    const audio: Buffer[] = [];
    for (const refusals of [0, 2]) {
      await using server = await scriptedServer(
        (peer) => politeStt(peer),
        (_, nth) => (nth < refusals ? busy : undefined),
      );
      const { durationS } = await client(server.url).stt.transcribe(path);
      expect(durationS).toBeGreaterThan(1);
      expect(server.peers).toHaveLength(1);
      audio.push(server.peers[0]?.audio ?? Buffer.alloc(0));
    }
    expect(audio[0]?.length).toBeGreaterThan(10_000);
    expect(audio[1]).toEqual(audio[0]);
  });
});

describe.skipIf(onWindows('shell scripts'))('transcribe with an FFmpeg that misbehaves', () => {
  const fake = (script: string) => {
    const path = join(folderWith(), 'ffmpeg');
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  };
  const { stt } = client('http://127.0.0.1:9');
  const flac = Buffer.from('fLaC and more');

  it('transcribe fails with what FFmpeg said', async () => {
    const options = { ffmpeg: fake('echo Invalid data >&2; exit 1') };
    for (const source of [flac, Readable.from([flac])]) {
      const error = await stt.transcribe(source, options).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(FfmpegError);
      expect(error).toMatchObject({ code: 'ERR_FFMPEG_FAILED', exitCode: 1, stderr: 'Invalid data' });
    }
  });

  it('transcribe never passes a part that was decoded off as the whole', async () => {
    const sandbox = await startSandbox();
    const wav = join(VOICES, VOICE);
    const options = { ffmpeg: fake(`head -c 200000 "${wav}"; echo broken >&2; exit 1`) };
    await expect(client(sandbox.url).stt.transcribe(flac, options)).rejects.toMatchObject({
      code: 'ERR_FFMPEG_FAILED',
      stderr: 'broken',
    });
    await sandbox.close();
  });

  it.each([
    ['before', ''],
    ['after', `printf 'RIFFxxxxWAVE'; `],
  ])('transcribe that is aborted ends an FFmpeg that hangs, %s its first bytes', async (_, first) => {
    const marker = join(folderWith(), 'pid');
    const script = `${first}echo $$ > "${marker}.tmp"; mv "${marker}.tmp" "${marker}"; exec sleep 1000`;
    const controller = new AbortController();
    const reason = new Error('enough');
    const pending = stt.transcribe(flac, { ffmpeg: fake(script), signal: controller.signal });
    const settled = expect(pending).rejects.toBe(reason);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    while (!existsSync(marker)) await turn();
    const pid = Number(readFileSync(marker, 'utf8'));
    controller.abort(reason);
    await settled;
    const isThere = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    while (isThere()) await turn();
    expect(isThere()).toBe(false);
  });
});
