// Ogg Opus on the command line: sluice probe, sluice convert both ways. With a service: round-trip.test.ts.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as audio from '../../../src/audio/index.js';
import {
  convertSamples,
  decodeMulaw,
  encodeMulaw,
  OggOpusWriter,
  readOggOpus,
  readWav,
  resample,
  writeOggOpus,
  writeWav,
} from '../../../src/audio/index.js';
import { OpusSource, tagsOf } from '../../../src/cli/convert-opus.js';
import { run } from '../../../src/cli/program.js';
import { fixtures, oggFixtures, sine, toInt16 } from '../audio/helpers.js';
import { runTool, withTools } from '../audio/ogg-tools.js';
import { folderWith } from './folder.js';
import { sluice } from './run.js';

afterEach(() => vi.restoreAllMocks());

const OGGS = join(fixtures, 'ogg');
const ogg = (name: string) => readFileSync(join(OGGS, name));
const SPEECH = ogg('speech-16k-20ms-vbr-opusenc.opus');
/** FFmpeg must not help. */
const ALONE = { SLUICE_FFMPEG: '/no/such/ffmpeg' };

/** Runs `sluice convert` in this process, within a folder; what it said. */
async function convert(folder: string, from: string, to: string, ...flags: string[]) {
  let stderr = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  const code = await run(['convert', join(folder, from), join(folder, to), ...flags]);
  return { code, stderr: stderr.replaceAll(`${folder}/`, '') };
}

/** The bytes that become of a file, without a word. */
async function converted(name: string, bytes: Uint8Array, to: string, ...flags: string[]): Promise<Buffer> {
  const folder = folderWith({ [name]: bytes });
  expect(await convert(folder, name, to, ...flags)).toEqual({ code: 0, stderr: '' });
  expect(readdirSync(folder).sort()).toEqual([name, to].sort()); // no temporary file
  return readFileSync(join(folder, to));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Bit by bit: toEqual takes seconds for so many. */
function expectSame(got: ArrayBufferView, wanted: ArrayBufferView): void {
  expect(got.byteLength).toBe(wanted.byteLength);
  expect(bytesOf(got).equals(bytesOf(wanted))).toBe(true);
}

const FRAMES = 90_001;
const MONO = toInt16(sine(FRAMES, 997, 44_100));
const STEREO = toInt16(sine(FRAMES, 997, 44_100, 2));

interface Probed {
  file: string;
  warnings?: string[];
  error?: { code: string };
}

describe('sluice probe of Ogg Opus', () => {
  it('sluice probe gives every fixture its verdict', async () => {
    const { stdout, stderr } = await sluice(['probe', '--json', 'ogg'], { cwd: fixtures, env: ALONE });
    const results: Probed[] = JSON.parse(stdout);
    expect(results.length).toBe(oggFixtures().length);
    for (const [name, , { result, frames, channels, warnings }] of oggFixtures()) {
      const found = results.find(({ file }) => file === join(name)) as Probed;
      if (result === 'ok' || result === 'salvage') {
        const facts = { container: 'ogg', encoding: 'opus', sampleRateHz: 48_000, frames, channels };
        expect(found, name).toMatchObject({ ...facts, durationS: frames / 48_000 });
        expect(found.warnings?.sort(), name).toEqual([...warnings].sort());
      } else if (!name.includes('not-ogg-wav')) {
        expect(found.error?.code, name).toMatch(/^ERR_(OGG|OPUS|UNSUPPORTED|WAV|FFMPEG)_/);
      }
    }
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('sluice probe tells of a stream what it tells of the file, and that it is sent by its head', async () => {
    for (const name of ['chained-mono-then-stereo.opus', 'garbage-before-first-page.opus', 'no-eos.opus']) {
      const stdin = ogg(name);
      const piped = await sluice(['probe', '--json', '-'], { stdin });
      const [{ file, plan, notes, ...facts }] = JSON.parse(piped.stdout);
      expect(file).toBe('standard input');
      expect(plan, name).toMatchObject({ wire: 'opus', untouched: true });
      expect(notes).not.toContain('decoded to be sent');
      const [{ file: _, plan: __, notes: ___, ...wanted }] = JSON.parse(
        (await sluice(['probe', '--json', name], { cwd: OGGS })).stdout,
      );
      expect(facts, name).toEqual(wanted);
    }
  });

  it('sluice probe prints how it would be sent, and what speaks against sending it as it is', async () => {
    const names = [
      'speech-48k-20ms-ffmpeg.opus',
      'chained-three-mono.opus',
      'gain-minus6db.opus',
      'multichannel-6ch-family1.opus',
      'page-lost.opus',
      'truncated-mid-page.opus',
    ];
    const { code, stdout } = await sluice(['probe', ...names], { cwd: OGGS });
    expect(code).toBe(0);
    const rows = stdout.trimEnd().split('\n').slice(1);
    expect(rows.map((line) => line.split(/ {2,}/))).toEqual([
      [names[0], 'ogg opus', '48000 Hz', '1', '3.449 s', 'opus, untouched'],
      [
        names[1],
        'ogg opus',
        '48000 Hz',
        '1',
        '7.449 s',
        'pcm_24000',
        'chain of 3 streams, decoded to be sent',
      ],
      [names[2], 'ogg opus', '48000 Hz', '1', '3.449 s', 'opus, untouched', 'gain −6.02 dB'],
      [names[3], 'ogg opus', '48000 Hz', '6', '0.800 s', 'pcm_24000', 'decoded to be sent'],
      [names[4], 'ogg opus', '48000 Hz', '1', '2.449 s', 'pcm_24000', 'page-lost, decoded to be sent'],
      [names[5], 'ogg opus', '48000 Hz', '1', '2.994 s', 'opus, untouched', 'truncated'],
    ]);
  });

  it('sluice probe --json tells each link, its gain and its tags', async () => {
    const { stdout } = await sluice(['probe', '--json', 'gain-plus3db.opus'], { cwd: OGGS });
    const [info] = JSON.parse(stdout);
    expect(info).toMatchObject({ notes: ['gain +3 dB'], plan: { wire: 'opus', untouched: true } });
    expect(info.links).toEqual([
      expect.objectContaining({
        channels: 1,
        frames: 165_531,
        preSkip: 312,
        gainDb: 3,
        inputSampleRateHz: 16_000,
        vendor: 'libopus 1.3.1, libopusenc 0.2.1',
        comments: expect.arrayContaining([expect.stringMatching(/^ENCODER=opusenc/)]),
      }),
    ]);
  });
});

/** Seconds of packets of 120 ms whose frames are empty: a few bytes for each. */
function silence(seconds: number): Buffer {
  using writer = new OggOpusWriter({ channels: 1, preSkip: 312, inputSampleRateHz: 48_000 });
  const packets = Math.ceil((seconds * 1000) / 120) + 1;
  const pages = Array.from({ length: packets }, () => writer.write(Uint8Array.of((31 << 3) | 3, 6)));
  return Buffer.concat([...pages, writer.finish()]);
}

describe('sluice convert of Ogg Opus', () => {
  it.each(oggFixtures().filter(([, , { result }]) => result === 'ok' || result === 'salvage'))(
    'gives every sample of %s in 16 bits at 48 kHz, and warns of what is odd',
    async (name, path, { channels, warnings }) => {
      const bytes = readFileSync(path);
      const folder = folderWith({ 'in.opus': bytes });
      const { code, stderr } = await convert(folder, 'in.opus', 'out.wav');
      expect(code, stderr).toBe(0);
      const told = [...stderr.matchAll(/^sluice: in\.opus: warning: ([\w-]+): /gm)].map(
        ([, warning]) => warning,
      );
      expect(told.sort(), name).toEqual([...warnings].sort());
      const wav = readWav(readFileSync(join(folder, 'out.wav')));
      expect(wav).toMatchObject({ encoding: 's16le', sampleRateHz: 48_000, channels });
      expectSame(wav.samples, readOggOpus(bytes).samples);
    },
  );

  it('gives floats that were never rounded', async () => {
    const wav = await converted('in.ogg', SPEECH, 'out.wav', '--codec', 'f32');
    const wanted = readOggOpus(SPEECH, { sample: 'float32' });
    expectSame(readWav(wav, { sample: 'float32' }).samples, wanted.samples);
  });

  it('mixes and resamples in floats, and rounds once', async () => {
    const bytes = ogg('packets-span-pages.opus');
    const flags = ['--rate', '16000', '--channels', '1'];
    const { samples } = readWav(await converted('in.opus', bytes, 'out.wav', ...flags));
    const stereo = bytesOf(readOggOpus(bytes, { sample: 'float32' }).samples);
    const mono = convertSamples(stereo, { from: 'f32le', to: 'f32le', channels: 2, toChannels: 1 });
    const narrow = resample(new Float32Array(mono.buffer), { fromHz: 48_000, toHz: 16_000 });
    expectSame(samples, readWav(writeWav(narrow, { sampleRateHz: 16_000, encoding: 's16' })).samples);
  });

  it('becomes mu-law for a phone', async () => {
    const raw = await converted('in.opus', SPEECH, 'out.wav', '--rate', '8000', '--codec', 'mulaw');
    expect(readWav(raw)).toMatchObject({ encoding: 'mulaw', sampleRateHz: 8000, frames: 27_589 });
  });

  it('reads a pipe as it reads the file, whatever it is called', async () => {
    for (const name of ['speech-16k-20ms-vbr-opusenc.opus', 'garbage-before-first-page.opus']) {
      const stdin = ogg(name);
      const { code, stdoutBytes } = await sluice(['convert', '-', '-', '--output-format', 'raw'], { stdin });
      expect(code).toBe(0);
      expectSame(stdoutBytes, readOggOpus(stdin).samples);
    }
    const misnamed = await converted('in.wav', SPEECH, 'out.wav');
    expectSame(readWav(misnamed).samples, readOggOpus(SPEECH).samples);
  });

  it.each(['chained-mono-then-stereo.opus', 'multichannel-6ch-family1.opus', 'page-lost.opus'])(
    'gives the samples of %s however its bytes come',
    (name) => {
      const bytes = ogg(name);
      for (const sample of ['int16', 'float32'] as const) {
        const source = new OpusSource(audio, { isInt16: () => sample === 'int16', resampled: false });
        const got: Buffer[] = [];
        // The pieces are good until the next: copy them.
        const take = (pieces: Iterable<ArrayBufferView>) => {
          for (const piece of pieces) got.push(Buffer.from(bytesOf(piece)));
        };
        for (let at = 0; at < bytes.length; at += 97) take(source.process(bytes.subarray(at, at + 97)));
        take(source.flush());
        const whole = readOggOpus(bytes, { sample });
        expectSame(Buffer.concat(got), whole.samples);
        expect(source.format).toMatchObject({ encoding: 'opus', channels: whole.channels });
        expect(source.warnings()).toEqual(whole.warnings);
        source.close();
      }
    },
  );

  it('takes memory that does not grow with what a chunk decodes to', async () => {
    const stdin = silence(1800); // 45 kB, 173 MB of 16-bit samples
    // Not resourceUsage().maxRSS: on Linux a process inherits the peak of the one that started it.
    const hook = `
      let peak = 0;
      const sample = () => { peak = Math.max(peak, process.memoryUsage.rss()); };
      setInterval(sample, 5).unref();
      process.on('exit', () => { sample(); console.error(peak); });`;
    const env = { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(hook)}"` };
    const folder = folderWith({ 'in.opus': stdin });
    const args = ['convert', 'in.opus', 'out.wav', '--rate', '8000', '--codec', 'mulaw'];
    const { code, stderr } = await sluice(args, { cwd: folder, env });
    expect(code, stderr).toBe(0);
    expect(Number(stderr)).toBeGreaterThan(20e6);
    expect(Number(stderr)).toBeLessThan(200e6); // about 65 MB; 580 MB when a chunk is decoded at once
    expect(statSync(join(folder, 'out.wav')).size).toBeGreaterThan(1800 * 8000);
  });

  it('fails what is broken by name, code and offset, and leaves the old file', async () => {
    const folder = folderWith({ 'in.opus': ogg('bad-tags-missing.opus'), 'out.wav': 'kept' });
    const { code, stderr } = await convert(folder, 'in.opus', 'out.wav');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sluice: in\.opus: .*\(ERR_OPUS_BAD_TAGS, byte \d+\)\n$/);
    expect(readFileSync(join(folder, 'out.wav'), 'utf8')).toBe('kept');
    expect(readdirSync(folder).sort()).toEqual(['in.opus', 'out.wav']);
  });
});

describe('sluice convert to Ogg Opus', () => {
  it.each([
    [8000, 1],
    [16_000, 2],
    [44_100, 1],
    [22_050, 6],
    [96_000, 2],
    [1000, 1],
  ])('gives exactly as many samples as %d Hz in %d channels were', async (sampleRateHz, channels) => {
    const samples = toInt16(sine(30_001, 440, sampleRateHz, channels));
    const wav = writeWav(samples, { sampleRateHz, channels });
    const { frames, ...audio } = readOggOpus(await converted('in.wav', wav, 'out.opus'));
    expect(frames).toBe(Math.ceil((30_001 * 48_000) / sampleRateHz));
    expect(audio).toMatchObject({ channels, warnings: [], links: [{ inputSampleRateHz: sampleRateHz }] });
  });

  it('gives what the library gives of the whole', async () => {
    const wav = writeWav(STEREO, { sampleRateHz: 44_100, channels: 2 });
    const opus = await converted('in.wav', wav, 'out.opus', '--bitrate', '48k');
    const whole = writeOggOpus(STEREO, { sampleRateHz: 44_100, channels: 2, bitrate: 48_000 });
    expectSame(readOggOpus(opus).samples, readOggOpus(whole).samples);
  });

  it.each([
    ['out.opus', []],
    ['out.ogg', []],
    ['out.OGA', []],
    ['out', ['--codec', 'opus']],
    ['out.bin', ['--output-format', 'ogg']],
    ['out.wav', ['--output-format', 'ogg', '--codec', 'opus']],
  ])('writes %s %j', async (name, flags) => {
    const opus = await converted('in.wav', writeWav(MONO, { sampleRateHz: 44_100 }), name, ...flags);
    expect(readOggOpus(opus)).toMatchObject({ channels: 1, warnings: [] });
  });

  it('writes to standard output as it reads, pages whole', async () => {
    const stdin = writeWav(MONO, { sampleRateHz: 16_000 });
    const args = ['convert', '-', '-', '--codec', 'opus'];
    const { code, stdoutBytes, stderr } = await sluice(args, { stdin });
    expect([code, stderr]).toEqual([0, '']);
    expect(readOggOpus(stdoutBytes)).toMatchObject({ frames: FRAMES * 3, warnings: [] });
  });

  it('encodes at the rate that is asked for, and says it in the file', async () => {
    const wav = writeWav(MONO, { sampleRateHz: 44_100 });
    for (const rate of [8000, 11_025]) {
      const opus = readOggOpus(await converted('in.wav', wav, 'out.opus', '--rate', String(rate)));
      const frames = Math.ceil((FRAMES * rate) / 44_100);
      expect(opus.links[0]).toMatchObject({
        inputSampleRateHz: rate,
        frames: Math.ceil((frames * 48_000) / rate),
      });
    }
  });

  it('mixes, and copies to more channels', async () => {
    const stereo = writeWav(STEREO, { sampleRateHz: 44_100, channels: 2 });
    const mono = readOggOpus(await converted('in.wav', stereo, 'out.opus', '--channels', '1'));
    expect(mono.channels).toBe(1);
    const source = writeWav(MONO, { sampleRateHz: 44_100 });
    expect(readOggOpus(await converted('in.wav', source, 'out.opus', '--channels', '2')).channels).toBe(2);
  });

  it('spends the bits that --bitrate says', async () => {
    const noise = Int16Array.from({ length: 10 * 16_000 }, (_, i) => ((i * 7919) % 20_011) - 10_005);
    const wav = writeWav(noise, { sampleRateHz: 16_000 });
    const bitsPerSecond = async (bitrate: string) =>
      ((await converted('in.wav', wav, 'out.opus', '--bitrate', bitrate)).length * 8) / 10;
    const sizes = [await bitsPerSecond('12000'), await bitsPerSecond('24k'), await bitsPerSecond('64K')];
    for (const [i, wanted] of [12_000, 24_000, 64_000].entries()) {
      expect(sizes[i]).toBeGreaterThan(0.8 * wanted);
      expect(sizes[i]).toBeLessThan(1.2 * wanted);
    }
  });

  it('reads samples without a header', async () => {
    const flags = ['--input-format', 'ulaw_8000', '--input-channels', '1'];
    const opus = await converted('leg.ulaw', encodeMulaw(MONO), 'leg.opus', ...flags);
    const decoded = writeOggOpus(decodeMulaw(encodeMulaw(MONO)), { sampleRateHz: 8000 });
    expectSame(readOggOpus(opus).samples, readOggOpus(decoded).samples);
  });

  it('keeps the tags of Ogg Opus, but for those of its encoder', async () => {
    const tags = {
      TITLE: 'Call 17',
      artist: ['Ada', 'Grace'],
      ENCODER: 'x',
      encoder_options: 'y',
      LYRICS: 'a=b\nc',
    };
    const source = writeOggOpus(MONO, { sampleRateHz: 48_000, tags });
    const { links, frames, warnings } = readOggOpus(
      await converted('in.opus', source, 'out.opus', '--bitrate', '16k'),
    );
    expect([frames, warnings]).toEqual([FRAMES, []]);
    expect(links[0]?.comments).toEqual(['TITLE=Call 17', 'artist=Ada', 'artist=Grace', 'LYRICS=a=b\nc']);
  });

  it('can take the place of its own input', async () => {
    const folder = folderWith({ 'a.opus': SPEECH });
    expect(await convert(folder, 'a.opus', 'a.opus', '--bitrate', '12k')).toEqual({ code: 0, stderr: '' });
    const after = readFileSync(join(folder, 'a.opus'));
    expect(readOggOpus(after).frames).toBe(readOggOpus(SPEECH).frames);
    expect(after.length).toBeLessThan(SPEECH.length);
  });

  it('makes a file without sound of no sound', async () => {
    const folder = folderWith({ 'in.wav': writeWav(new Int16Array(0), { sampleRateHz: 8000 }) });
    const { code, stderr } = await convert(folder, 'in.wav', 'out.opus');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^sluice: in\.wav: warning: no-audio: .*\n$/)]);
    expect(readOggOpus(readFileSync(join(folder, 'out.opus'))).frames).toBe(0);
  });

  const many = (channels: number) =>
    writeWav(new Int16Array(100 * channels), { sampleRateHz: 8000, channels });
  it.each<[string, string, string[], RegExp]>([
    ['a bitrate of a WAV', 'x.wav', ['--bitrate', '24k'], /--bitrate is for Opus, .*next: name it \.opus/s],
    ['a bitrate of raw samples', 'x.raw', ['--bitrate', '24k'], /--bitrate is for Opus/],
    ['a bitrate that is none', 'x.opus', ['--bitrate', '24kb'], /whole number of bits a second from 500/],
    ['a bitrate below the least', 'x.opus', ['--bitrate', '499'], /whole number of bits a second from 500/],
    ['a fraction', 'x.opus', ['--bitrate', '1.5k'], /whole number of bits a second/],
    [
      'Opus in a WAV',
      'x.wav',
      ['--codec', 'opus'],
      /x\.wav: the name says wav and --codec says opus\n {2}next: /,
    ],
    [
      'Opus in mu-law',
      'x.ulaw',
      ['--codec', 'opus'],
      /the name says mulaw and --codec says opus\n {2}next: /,
    ],
    [
      'PCM in Opus',
      'x.opus',
      ['--codec', 's16'],
      /x\.opus: the name says opus and --codec says s16\n {2}next: /,
    ],
    [
      'Opus as raw samples',
      'x.opus',
      ['--output-format', 'raw', '--codec', 'opus'],
      /--output-format says raw and --codec says opus\n {2}next: /,
    ],
    [
      'PCM in Ogg',
      'x.bin',
      ['--output-format', 'ogg', '--codec', 'mulaw'],
      /--output-format says ogg and --codec says mulaw\n {2}next: /,
    ],
    [
      'a rate that is not resampled',
      'x.opus',
      ['--input-format', 'pcm_500'],
      /Opus takes inputs of 1000 to 192000 Hz, and --input-format says 500 Hz\n {2}next: /,
    ],
    [
      'nine channels',
      'x.opus',
      [],
      /Opus takes up to 8 channels, and here are 9\n {2}next: add --channels 1/,
    ],
    [
      'more bits than packets hold',
      'x.opus',
      ['--channels', '1', '--bitrate', '301k'],
      /500 to 300000 bits a second for each channel, and here are 1\n {2}next: /,
    ],
    [
      'fewer bits than channels need',
      'x.opus',
      ['--input-format', 'pcm_8000', '--input-channels', '2', '--bitrate', '999'],
      /500 to 300000 bits a second for each channel, and here are 2\n {2}next: /,
    ],
  ])('refuses %s, exit 2', async (_, to, flags, message) => {
    const folder = folderWith({ 'in.wav': many(9) });
    const { code, stderr } = await convert(folder, 'in.wav', to, ...flags);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(join(folder, to))).toBe(false);
  });

  it('refuses a WAV whose rate cannot be resampled, and names a way out', async () => {
    const folder = folderWith({ 'in.wav': writeWav(MONO, { sampleRateHz: 384_000 }) });
    const { code, stderr } = await convert(folder, 'in.wav', 'out.opus');
    expect(code).toBe(1);
    expect(stderr).toMatch(/1000 to 192000 Hz.*`ffmpeg .*\(ERR_WAV_UNSUPPORTED_RATE, byte 24\)\n$/);
  });
});

describe('tagsOf', () => {
  it('tagsOf leaves out what no file may hold', () => {
    expect(tagsOf(['A=1', 'no sign', '=no name', 'NÄME=x', 'B=a\0b', '__proto__=x', 'A=2'])).toEqual(
      Object.fromEntries([
        ['A', ['1', '2']],
        ['__proto__', ['x']],
      ]),
    );
  });
});

withTools('what sluice convert writes', ['opusinfo', 'opusdec'], () => {
  it.each([
    ['a mono WAV', writeWav(MONO, { sampleRateHz: 44_100 }), Math.ceil((FRAMES * 48_000) / 44_100)],
    ['Ogg Opus', SPEECH, 165_531],
  ])('of %s is without fault, and of the right length', async (_, bytes, frames) => {
    const folder = folderWith({ in: bytes });
    expect(await convert(folder, 'in', 'out.opus', '--bitrate', '24k')).toEqual({ code: 0, stderr: '' });
    expect(runTool('opusinfo', [join(folder, 'out.opus')])).not.toMatch(/warning|error/i);
    const raw = join(folder, 'out.raw');
    runTool('opusdec', ['--quiet', '--no-dither', '--rate', '48000', join(folder, 'out.opus'), raw]);
    expect(statSync(raw).size).toBe(2 * frames);
  });
});
