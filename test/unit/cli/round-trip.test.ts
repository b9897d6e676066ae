import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readOggOpus, readWav, writeWav } from '../../../src/audio/index.js';
import { RAW_INPUTS } from '../../../src/cli/options.js';
import { WIRE_FORMATS, type WireFormat } from '../../../src/format.js';
import type { Transcript } from '../../../src/gradium/index.js';
import { startSandbox } from '../../../src/sandbox/index.js';
import { onWindows } from '../../on-windows.js';
import { folderWith } from './folder.js';
import { said, sluice, start } from './run.js';

const WAVS = fileURLToPath(new URL('../../fixtures/audio/wav/', import.meta.url));
const fixture = (name: string) => join(WAVS, name);

const TEXT = "It's 5 o'clock, déjà vu – ça va? 😀 Grüße";

async function done(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await sluice(args, { cwd });
  expect(code, stderr).toBe(0);
  return stdout;
}

describe('sluice speak', () => {
  it('sluice speak then transcribe gives the text back at every output format', async () => {
    const folder = folderWith();
    const nameOf = (format: WireFormat) => (format === 'opus' ? 'opus.opus' : `${format}.wav`);
    for (const format of WIRE_FORMATS) {
      await done(['speak', '--sandbox', TEXT, '-o', nameOf(format), '--output-format', format], folder);
    }
    const lines = (await done(['transcribe', '--sandbox', '.', '-f', 'json'], folder)).trimEnd().split('\n');
    const texts = lines
      .map((line) => JSON.parse(line) as Transcript)
      .map(({ source, text }) => [source.name, text]);
    expect(texts.sort()).toEqual(WIRE_FORMATS.map((format) => [nameOf(format), TEXT]).sort());
  });

  it('sluice speak writes raw samples where the file is no WAV, and reads standard input', async () => {
    const folder = folderWith();
    const args = ['speak', '--sandbox', '-', '-o', '-', '--output-format', 'pcm_8000'];
    const { code, stdoutBytes } = await sluice(args, { stdin: TEXT });
    expect(code).toBe(0);
    await done(['speak', '--sandbox', TEXT, '-o', 'x.wav', '--output-format', 'pcm_8000'], folder);
    const { samples, sampleRateHz } = readWav(readFileSync(join(folder, 'x.wav')));
    expect(sampleRateHz).toBe(8000);
    expect(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).equals(stdoutBytes)).toBe(
      true,
    );
  });
});

describe('sluice speak of text that comes', () => {
  it('sluice speak gives samples to standard output before the text on standard input is whole', async () => {
    const args = ['speak', '--sandbox', '-', '-o', '-', '--output-format', 'pcm_8000'];
    const child = start(args);
    const audio: Buffer[] = [];
    child.stdout.on('data', (chunk) => audio.push(chunk));
    const bytes = Buffer.from('Grüße. Und');
    child.stdin.write(bytes.subarray(0, 3)); // within the ü
    child.stdin.write(bytes.subarray(3));
    await once(child.stdout, 'data');
    child.stdin.end(' mehr.');
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    // A step of 80 ms for each byte, and for each space.
    const steps = Buffer.byteLength('Grüße. Und mehr.');
    expect(Buffer.concat(audio)).toHaveLength(steps * 1280);
  });

  it('sluice speak --max-chars speaks a longer text by several sessions, into one file', async () => {
    const folder = folderWith();
    const text = 'One sentence here. Another one there. And a last one.';
    const { code } = await sluice(['speak', '--sandbox', '-', '-o', 'x.wav', '--max-chars', '20'], {
      stdin: text,
      cwd: folder,
    });
    expect(code).toBe(0);
    expect(readWav(readFileSync(join(folder, 'x.wav'))).warnings).toEqual([]);
    expect(await done(['transcribe', '--sandbox', 'x.wav'], folder)).toBe(`${text}\n`);
  });

  it('sluice speak --transport post gives the same samples, by POST', async () => {
    const sandbox = await startSandbox();
    onTestFinished(() => sandbox.close());
    const env = { GRADIUM_BASE_URL: sandbox.url, GRADIUM_API_KEY: 'any' };
    const args = ['speak', '-', '-o', '-', '--output-format', 'pcm_8000'];
    const live = await sluice(args, { env, stdin: TEXT });
    const posted = await sluice([...args, '--transport', 'post'], { env, stdin: TEXT });
    expect([live.code, posted.code]).toEqual([0, 0]);
    expect(posted.stdoutBytes.equals(live.stdoutBytes)).toBe(true);
    expect(sandbox.received().sessions.map(({ transport }) => transport)).toEqual(['websocket', 'post']);
  });

  it('sluice speak --voice takes an id or a name, which --language narrows', async () => {
    const sandbox = await startSandbox();
    onTestFinished(() => sandbox.close());
    const env = { GRADIUM_BASE_URL: sandbox.url, GRADIUM_API_KEY: 'any' };
    const speak = async (...args: string[]) => {
      const common = ['speak', 'a', '-o', '-', '--output-format', 'pcm_8000', '--voice'];
      expect((await sluice([...common, ...args], { env })).code).toBe(0);
    };
    await speak('emma');
    await speak('RI2y7oBdsQJmkgFF');
    await speak('Grandmother');
    await speak('Thomas', '--language', 'fr');
    await speak('Davi', '--language', 'any');
    expect(sandbox.received().sessions.map(({ setup }) => setup)).toMatchObject([
      { voice_id: 'YTpq7expH9539ERJ' },
      { voice_id: 'RI2y7oBdsQJmkgFF' },
      { voice: 'Grandmother' },
      { voice_id: '8nsAoui8Y5RK9PYw', json_config: { rewrite_rules: 'fr' } },
      { voice_id: 'M-FvVo9c-jGR4PgP' },
    ]);
  });

  it('sluice speak refuses standard input without a word, and writes nothing', async () => {
    const folder = folderWith();
    for (const output of ['x.wav', '-']) {
      const args = [
        'speak',
        '--sandbox',
        '-',
        '-o',
        output,
        '--output-format',
        output === '-' ? 'pcm' : 'wav',
      ];
      const { code, stderr, stdoutBytes } = await sluice(args, { stdin: ' \n', cwd: folder });
      expect(code).toBe(2);
      expect(stderr).toContain('there is no text to speak');
      expect(stdoutBytes).toHaveLength(0);
      expect(existsSync(join(folder, 'x.wav'))).toBe(false);
    }
  });
});

describe('sluice with Ogg Opus', () => {
  const transcribed = async (folder: string, ...args: string[]): Promise<Transcript> =>
    JSON.parse(await done(['transcribe', '--sandbox', '-f', 'json', ...args], folder));

  it('sluice speak to .opus then transcribe --wire opus gives the text back', async () => {
    const folder = folderWith();
    await done(['speak', '--sandbox', TEXT, '-o', 'hello.opus'], folder);
    expect(await done(['transcribe', '--sandbox', '--wire', 'opus', 'hello.opus'], folder)).toBe(`${TEXT}\n`);
    const transcript = await transcribed(folder, 'hello.opus');
    const { frames } = readOggOpus(readFileSync(join(folder, 'hello.opus')));
    expect(transcript).toMatchObject({
      text: TEXT,
      durationS: frames / 48_000,
      wire: { format: 'opus', untouched: true },
      source: { container: 'ogg', encoding: 'opus', sampleRateHz: 48_000, channels: 1, frames },
      warnings: [],
    });
  });

  it('sluice transcribe --wire opus encodes what is no Opus', async () => {
    const folder = folderWith();
    await done(['speak', '--sandbox', TEXT, '-o', 'hello.wav'], folder);
    expect(await transcribed(folder, '--wire', 'opus', 'hello.wav')).toMatchObject({
      text: TEXT,
      wire: { format: 'opus', untouched: false },
      source: { container: 'wav', encoding: 's16le' },
    });
  });

  it('sluice speak to .ogg, convert to mu-law and back to Opus, keeps the text', async () => {
    const folder = folderWith();
    await done(['speak', '--sandbox', TEXT, '-o', 'hello.ogg'], folder);
    await done(['convert', 'hello.ogg', 'phone.wav', '--rate', '8000', '--codec', 'mulaw'], folder);
    await done(['convert', 'phone.wav', 'phone.opus', '--bitrate', '12k'], folder);
    await done(['convert', 'hello.ogg', 'small.oga', '--bitrate', '16k'], folder);
    const lines = (await done(['transcribe', '--sandbox', '.', '-f', 'json'], folder)).trimEnd().split('\n');
    const results = lines.map((line) => JSON.parse(line) as Transcript);
    expect(results.map(({ source, text, wire }) => [source.name, text, wire.format]).sort()).toEqual([
      ['hello.ogg', TEXT, 'opus'],
      ['phone.opus', TEXT, 'opus'],
      ['phone.wav', TEXT, 'ulaw_8000'],
      ['small.oga', TEXT, 'opus'],
    ]);
  });

  it('sluice speak writes Ogg Opus to standard output, transcribe reads it from standard input', async () => {
    const spoken = await sluice(['speak', '--sandbox', TEXT, '-o', '-', '--output-format', 'opus']);
    expect(spoken.code).toBe(0);
    expect(spoken.stderr).toMatch(/standard output: \d+\.\d\d s, opus at 48000 Hz\n$/);
    const stdin = spoken.stdoutBytes;
    for (const wire of ['auto', 'opus', 'pcm_16000']) {
      const { stdout } = await sluice(['transcribe', '--sandbox', '--wire', wire, '-'], { stdin });
      expect(stdout, wire).toBe(`${TEXT}\n`);
    }
  });
});

describe('sluice transcribe --input-format', () => {
  it.each(Object.keys(RAW_INPUTS))(
    'sluice transcribe reads headerless %s that speak wrote',
    async (format) => {
      const folder = folderWith();
      await done(['speak', '--sandbox', TEXT, '-o', 'speech.raw', '--output-format', format], folder);
      const text = await done(['transcribe', '--sandbox', 'speech.raw', '--input-format', format], folder);
      expect(text).toBe(`${TEXT}\n`);
    },
  );
});

describe('sluice convert', () => {
  it('sluice convert keeps the text through 8 kHz, 24-bit 44.1 kHz stereo and mu-law', async () => {
    const folder = folderWith();
    await done(['speak', '--sandbox', TEXT, '-o', 'source.wav'], folder);
    const conversions: Record<string, string[]> = {
      'narrow.wav': ['--rate', '8000'],
      'studio.wav': ['--rate', '44100', '--codec', 's24', '--channels', '2'],
      'mulaw.wav': ['--rate', '8000', '--codec', 'mulaw'],
      'alaw.wav': ['--rate', '8000', '--codec', 'alaw'],
      'float.wav': ['--rate', '22050', '--codec', 'f32'],
    };
    for (const [name, flags] of Object.entries(conversions))
      await done(['convert', 'source.wav', name, ...flags], folder);
    await done(['convert', 'studio.wav', 'mono.wav', '--channels', '1'], folder);

    const probed = JSON.parse(await done(['probe', '.', '--json'], folder));
    const facts = Object.fromEntries(
      probed.map((info: { file: string; encoding: string; sampleRateHz: number; channels: number }) => [
        info.file,
        [info.encoding, info.sampleRateHz, info.channels],
      ]),
    );
    expect(facts).toEqual({
      'source.wav': ['s16le', 48000, 1],
      'narrow.wav': ['s16le', 8000, 1],
      'studio.wav': ['s24le', 44100, 2],
      'mono.wav': ['s24le', 44100, 1],
      'mulaw.wav': ['mulaw', 8000, 1],
      'alaw.wav': ['alaw', 8000, 1],
      'float.wav': ['f32le', 22050, 1],
    });
    const lines = (await done(['transcribe', '--sandbox', '.', '-f', 'json'], folder)).trimEnd().split('\n');
    expect(lines).toHaveLength(Object.keys(facts).length);
    for (const line of lines) {
      const { source, text } = JSON.parse(line) as Transcript;
      expect(text, source.name ?? '').toBe(TEXT);
    }
  });

  it.each([
    'speech-16k-mono-s16.wav',
    'speech-44k1-stereo-s16.wav',
    'speech-44k1-mono-s24.wav',
    'speech-8k-mono-mulaw-sox.wav',
    'speech-8k-stereo-alaw.wav',
    'float32-44k1-stereo-fact.wav',
    'rifx-s24-8k-3ch.wav',
  ])('sluice convert of %s without options keeps every sample', async (name) => {
    const { code, stdoutBytes } = await sluice(['convert', fixture(name), '-']);
    expect(code).toBe(0);
    const [before, after] = [readFileSync(fixture(name)), stdoutBytes].map((bytes) =>
      readWav(bytes, { sample: 'float32' }),
    );
    expect(after?.sampleRateHz).toBe(before?.sampleRateHz);
    expect(after?.samples).toEqual(before?.samples);
  });

  it('sluice convert mixes to the exact mean and copies one channel to many', async () => {
    const mono = await sluice(['convert', fixture('speech-44k1-stereo-s16.wav'), '-', '--channels', '1']);
    const source = readWav(readFileSync(fixture('speech-44k1-stereo-s16.wav'))).samples;
    const mixed = readWav(mono.stdoutBytes).samples;
    const mean = (frame: number) => ((source[2 * frame] ?? 0) + (source[2 * frame + 1] ?? 0)) / 2;
    for (const [frame, sample] of mixed.entries())
      expect(Math.abs(sample - mean(frame))).toBeLessThanOrEqual(0.5);
    const three = await sluice(['convert', '-', '-', '--channels', '3'], { stdin: mono.stdoutBytes });
    const { channels, samples } = readWav(three.stdoutBytes);
    expect(channels).toBe(3);
    expect(samples.filter((_, index) => index % 3 === 2)).toEqual(mixed);
  });

  it('sluice convert tells what is odd, and writes nothing when it fails', async () => {
    const folder = folderWith({ 'old.wav': 'kept' });
    const odd = await sluice(['convert', fixture('truncated-data.wav'), join(folder, 'x.wav')]);
    expect(odd.code).toBe(0);
    expect(odd.stderr).toMatch(/truncated-data\.wav: warning: truncated: /);
    const bad = await sluice(['convert', fixture('bad-zero-bits.wav'), join(folder, 'old.wav')]);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/bad-zero-bits\.wav: .*\(ERR_WAV_BAD_FMT, byte 34\)/);
    expect(readFileSync(join(folder, 'old.wav'), 'utf8')).toBe('kept');
    const unclear = await sluice([
      'convert',
      fixture('s24-8k-3ch.wav'),
      join(folder, 'y.wav'),
      '--channels',
      '2',
    ]);
    expect(unclear.code).toBe(2);
    expect(unclear.stderr).toMatch(/3 channels cannot become 2\n {2}next: /);
    expect(existsSync(join(folder, 'y.wav'))).toBe(false);
  });

  it.each([500, 384_000])('sluice convert names a way out for a WAV of %d Hz', async (sampleRateHz) => {
    const folder = folderWith({ 'odd.wav': writeWav(new Int16Array(1000), { sampleRateHz }) });
    const refused = await sluice(['convert', 'odd.wav', 'out.wav', '--rate', '8000'], { cwd: folder });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /odd\.wav: .*1000 to 192000 Hz.*`ffmpeg .* \(ERR_WAV_UNSUPPORTED_RATE, byte 24\)\n$/,
    );
    expect(existsSync(join(folder, 'out.wav'))).toBe(false);
    await done(['convert', 'odd.wav', 'out.wav', '--codec', 's24'], folder);
    expect(readWav(readFileSync(join(folder, 'out.wav'))).sampleRateHz).toBe(sampleRateHz);
  });
});

describe('sluice probe', () => {
  it('sluice probe notes what transcribe refuses', async () => {
    const silence = (sampleRateHz: number, seconds: number) =>
      writeWav(new Int16Array(sampleRateHz * seconds), { sampleRateHz, encoding: 'mulaw' });
    const folder = folderWith({
      '1-slow.wav': silence(500, 1),
      '2-fast.wav': silence(384_000, 1),
      '3-lowest.wav': silence(1000, 300),
      '4-highest.wav': silence(192_000, 1),
    });
    const rows = (await done(['probe', '.'], folder)).trimEnd().split('\n').slice(1);
    const rate = 'rate outside 1000 to 192000 Hz: resample it first';
    expect(rows.map((line) => line.split(/ {2,}/).slice(5))).toEqual([
      ['-', rate],
      ['-', rate],
      ['pcm_8000'],
      ['pcm_24000'],
    ]);
    const json = JSON.parse(await done(['probe', '.', '--json'], folder));
    expect(
      json.map(({ plan, notes }: { plan: { wire: string } | null; notes: string[] }) => [plan?.wire, notes]),
    ).toEqual([
      [undefined, [rate]],
      [undefined, [rate]],
      ['pcm_8000', []],
      ['pcm_24000', []],
    ]);
    expect(json[0].plan).toBeNull();
  });

  it('sluice probe prints a table, fails what it cannot read, and does the others', async () => {
    const { code, stdout, stderr } = await sluice(
      [
        'probe',
        'speech-8k-mono-mulaw-sox.wav',
        'bad-tag-0.wav',
        'truncated-data.wav',
        'speech-48k-mono-s16.wav',
      ],
      { cwd: WAVS },
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/bad-tag-0\.wav: .*ERR_WAV_UNSUPPORTED_ENCODING/);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(rows).toEqual([
      ['file', 'format', 'rate', 'channels', 'duration', 'sent as', 'notes'],
      ['speech-8k-mono-mulaw-sox.wav', 'wav mulaw', '8000 Hz', '1', '3.449 s', 'ulaw_8000, untouched'],
      ['truncated-data.wav', 'wav s32le', '44100 Hz', '1', '0.005 s', 'pcm_24000', 'truncated'],
      ['speech-48k-mono-s16.wav', 'wav s16le', '48000 Hz', '1', '3.449 s', 'pcm_24000'],
    ]);
  });

  it('sluice probe --json gives an object a file, standard input too', async () => {
    const stdin = readFileSync(fixture('speech-16k-mono-s16.wav'));
    const { code, stdout } = await sluice(['probe', '--json', '-'], { stdin });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({
        file: 'standard input',
        encoding: 's16le',
        sampleRateHz: 16000,
        frames: 55177,
        warnings: [],
        plan: { wire: 'pcm_16000', untouched: true, reason: expect.any(String) },
      }),
    ]);
    const none = await sluice(['probe', '--json', 'not-there.wav', fixture('reject-adpcm-ms-in-wav.wav')]);
    expect(none.code).toBe(1);
    expect(JSON.parse(none.stdout)).toEqual([
      {
        file: 'not-there.wav',
        error: expect.objectContaining({ code: 'ENOENT', next: 'check the path' }),
      },
      {
        file: fixture('reject-adpcm-ms-in-wav.wav'),
        error: expect.objectContaining({ code: 'ERR_WAV_UNSUPPORTED_ENCODING', byteOffset: 20 }),
      },
    ]);
  });
});

describe('sluice probe of a stream', () => {
  it('sluice probe tells of a stream what it tells of the file, however long, in the same memory', async () => {
    const seconds = 1200;
    const wav = writeWav(new Int16Array(seconds * 96_000), { sampleRateHz: 96_000 }); // 230 MB
    // Not resourceUsage().maxRSS: on Linux a process inherits the peak of the one that started it.
    const hook = `
      let peak = 0;
      const sample = () => { peak = Math.max(peak, process.memoryUsage.rss()); };
      setInterval(sample, 5).unref();
      process.on('exit', () => { sample(); console.error(peak); });`;
    const env = { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(hook)}"` };
    const { code, stdout, stderr } = await sluice(['probe', '-', '--json'], { stdin: wav, env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { frames: seconds * 96_000, durationS: seconds, warnings: [] },
    ]);
    expect(Number(stderr)).toBeGreaterThan(20e6);
    expect(Number(stderr)).toBeLessThan(200e6); // about 95 MB; 500 MB when the stream is kept
  });

  it('sluice probe does not wait for the end of what is no WAV', async () => {
    const child = start(['probe', '-']);
    const exited = once(child, 'close');
    child.stdin.write('no WAV at all, and no end'.repeat(200)); // Ogg may stand behind 4 kB of anything
    expect(await said(child.stderr, /\n/)).toMatch(/^sluice: standard input: .*\(ERR_WAV_NOT_WAV, byte 0\)/);
    expect(await exited).toEqual([1, null]);
  });

  it.skipIf(onWindows('devices'))('sluice probe reads a device as it reads a stream', async () => {
    const { code, stderr } = await sluice(['probe', '/dev/zero', '/dev/null']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sluice: \/dev\/zero: .*\(ERR_WAV_NOT_WAV, byte 0\)\n/);
    expect(stderr).toMatch(/\nsluice: \/dev\/null: the file is empty.*\(ERR_WAV_NOT_WAV, byte 0\)\n$/);
    expect(stderr).not.toContain('probeAudio');
  });
});

describe('sluice sandbox', () => {
  it('sluice sandbox prints how to use it, serves, and stops at SIGINT with exit 0', async () => {
    const child = start(['sandbox', '--fault', 'refuse:status=402,times=1', '--clock', 'audio']);
    const closed = once(child, 'close');
    child.stderr.resume();
    const text = await said(child.stdout, /GRADIUM_API_KEY=anything\n/);
    const [, url = ''] = /^(http:\/\/127\.0\.0\.1:\d+)\n/.exec(text) ?? [];
    expect(text).toContain(`\nexport GRADIUM_BASE_URL=${url}\nexport GRADIUM_API_KEY=anything\n`);
    const env = { GRADIUM_BASE_URL: url, GRADIUM_API_KEY: 'anything' };
    const wav = await sluice(['speak', '--sandbox', 'hello', '-o', '-']);
    const { code, stdout } = await sluice(['transcribe', '-c', '1', '-'], { env, stdin: wav.stdoutBytes });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' }); // refused once
    const again = await sluice(['transcribe', '-'], { env, stdin: wav.stdoutBytes });
    expect(again).toMatchObject({ code: 0, stdout: 'hello\n' });
    child.kill('SIGINT');
    expect(await closed).toEqual([0, null]);
  });

  it('sluice sandbox holds clients to its flags, and does not print its keys', async () => {
    const flags = ['--strict', '--key', 'gd_one', 'gd_two', '--self-hosted', 'stt', '--concurrency', '1'];
    const child = start(['sandbox', ...flags, '--session-limit', '1', '--max-chars', '5']);
    const closed = once(child, 'close');
    child.stderr.resume();
    const text = await said(child.stdout, /GRADIUM_BASE_URL=.*\n/);
    const [url = ''] = text.split('\n');
    expect(text).toBe(`${url}\n\nexport GRADIUM_BASE_URL=${url}\n`);
    const status = async (key: string): Promise<number> =>
      (await fetch(`${url}/api/api-keys/token`, { headers: { 'x-api-key': key } })).status;
    expect([await status('gd_one'), await status('gd_two'), await status('gd_three')]).toEqual([
      200, 200, 401,
    ]);
    const say = async (words: string): Promise<string> => {
      const body = JSON.stringify({ text: words, voice_id: 'YTpq7expH9539ERJ', output_format: 'ulaw_8000' });
      const headers = { 'x-api-key': 'gd_one' };
      return (await fetch(`${url}/post/speech/tts`, { method: 'POST', headers, body })).text();
    };
    expect(await say('12345')).toContain('"end_of_stream"');
    expect(await say('123456')).toContain('text limit of 5 characters');
    expect(await say('éééé ')).toContain('"end_of_stream"');
    child.kill('SIGINT');
    expect(await closed).toEqual([0, null]);
  });
});
