// sluice convert: what it reads, what it writes, and that neither depends on where the bytes were cut.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as audio from '../../../src/audio/index.js';
import {
  convertSamples,
  decodeAlaw,
  decodeMulaw,
  encodeAlaw,
  encodeMulaw,
  readWav,
  resample,
  type SampleEncoding,
  writeWav,
} from '../../../src/audio/index.js';
import { RawSource } from '../../../src/cli/convert-source.js';
import { run } from '../../../src/cli/program.js';
import { onWindows } from '../../on-windows.js';
import { sine, toInt16 } from '../audio/helpers.js';
import { folderWith } from './folder.js';
import { MAIN, sluice, start } from './run.js';

const SPEECH_OPUS = new URL('../../fixtures/audio/ogg/speech-5ms-frames.opus', import.meta.url);

afterEach(() => vi.restoreAllMocks());

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

/** The bytes that become of a file. */
async function converted(name: string, bytes: Uint8Array, to: string, ...flags: string[]): Promise<Buffer> {
  const folder = folderWith({ [name]: bytes });
  expect(await convert(folder, name, to, ...flags)).toMatchObject({ code: 0 });
  expect(readdirSync(folder).sort()).toEqual([name, to].sort()); // no temporary file
  return readFileSync(join(folder, to));
}

/** What a command makes of standard input that comes in odd pieces. */
async function inPieces(args: string[], input: Uint8Array): Promise<Buffer> {
  const child = start(args);
  const pieces = Array.from({ length: Math.ceil(input.length / 9973) }, (_, i) =>
    input.subarray(i * 9973, (i + 1) * 9973),
  );
  Readable.from(pieces).pipe(child.stdin);
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  expect(stderr).toBe('');
  return stdout;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Bit by bit: toEqual takes seconds for so many. */
function expectSame(got: ArrayBufferView, wanted: ArrayBufferView): void {
  expect(got.byteLength).toBe(wanted.byteLength);
  expect(bytesOf(got).equals(bytesOf(wanted))).toBe(true);
}

/** Longer than any chunk and any block. */
const FRAMES = 90_001;
const LONG = toInt16(sine(FRAMES, 997, 44_100, 2)).map((x, i) => (i % 2 === 0 ? x : (x * 3) >> 3));
const LONG_WAV = writeWav(LONG, { sampleRateHz: 44_100, channels: 2 });

describe('sluice convert, chunk by chunk', () => {
  it('gives what the whole file would have given: 16-bit integers all the way', async () => {
    const wav = readWav(await converted('in.wav', LONG_WAV, 'out.wav', '--rate', '16000'));
    expect(wav).toMatchObject({ encoding: 's16le', channels: 2, warnings: [] });
    expectSame(wav.samples, resample(LONG, { fromHz: 44_100, toHz: 16_000, channels: 2 }));
  });

  it.each(['s24', 's16'] as const)(
    'gives what the whole file would have given: floats, rounded once, to %s',
    async (encoding) => {
      const flags = ['--rate', '22050', '--channels', '1', '--codec', encoding];
      const wav = readWav(await converted('in.wav', LONG_WAV, 'out.wav', ...flags), { sample: 'float32' });
      const floats = bytesOf(Float32Array.from(LONG, (x) => x / 32_768));
      const mono = convertSamples(floats, { from: 'f32le', to: 'f32le', channels: 2, toChannels: 1 });
      const expected = resample(new Float32Array(mono.buffer), { fromHz: 44_100, toHz: 22_050 });
      const options = { sampleRateHz: 22_050, encoding };
      expectSame(wav.samples, readWav(writeWav(expected, options), { sample: 'float32' }).samples);
    },
  );

  it('copies a mono source to many channels after its rate has changed', async () => {
    const mono = LONG.subarray(0, 50_000);
    const flags = ['--rate', '44100', '--channels', '3'];
    const source = writeWav(mono, { sampleRateHz: 8000 });
    const { samples, channels } = readWav(await converted('in.wav', source, 'out.wav', ...flags));
    expect(channels).toBe(3);
    const expected = resample(mono, { fromHz: 8000, toHz: 44_100 });
    for (const channel of [0, 1, 2])
      expectSame(
        samples.filter((_, i) => i % 3 === channel),
        expected,
      );
  });

  it('gives the same samples through pipes, however they cut', async () => {
    const flags = ['--rate', '24000', '--codec', 'f32'];
    const file = readWav(await converted('in.wav', LONG_WAV, 'out.wav', ...flags), { sample: 'float32' });
    const piped = await inPieces(['convert', '-', '-', ...flags], LONG_WAV);
    const out = readWav(piped, { sample: 'float32' });
    expect(out.warnings).toEqual(['size-unknown']); // standard output cannot be gone back in
    expectSame(out.samples, file.samples);
  });

  it('keeps room for RF64 only where the file could need it', async () => {
    const known = await converted('in.wav', LONG_WAV, 'out.wav');
    expectSame(known, LONG_WAV); // 44 bytes of header
    const folder = folderWith();
    const { code } = await sluice(['convert', '-', 'out.wav'], { stdin: LONG_WAV, cwd: folder });
    expect(code).toBe(0);
    const unknown = readFileSync(join(folder, 'out.wav'));
    expect(unknown.toString('latin1', 12, 16)).toBe('JUNK');
    const { warnings, samples } = readWav(unknown);
    expect(warnings).toEqual([]);
    expectSame(samples, LONG);
  });

  it('puts nothing behind the audio of a stream, where a reader would take it for a sample', async () => {
    const odd = writeWav(LONG.subarray(0, 101), { sampleRateHz: 8000, encoding: 'mulaw' });
    const { stdoutBytes } = await sluice(['convert', '-', '-'], { stdin: odd });
    expect(stdoutBytes.length).toBe(58 + 101);
    expect(await converted('in.wav', odd, 'out.wav')).toEqual(Buffer.from(odd)); // in a file, with its pad byte
  });

  it('can take the place of its own input', async () => {
    const folder = folderWith({ 'a.wav': LONG_WAV });
    expect(await convert(folder, 'a.wav', 'a.wav', '--codec', 'mulaw')).toMatchObject({ code: 0 });
    const { samples } = readWav(readFileSync(join(folder, 'a.wav')));
    expectSame(samples, decodeMulaw(encodeMulaw(LONG)));
  });
});

describe('sluice convert of inputs without a header', () => {
  const samples = LONG.subarray(0, 40_001);

  it.each<[string, SampleEncoding]>([
    ['pcm_16000', 's16le'],
    ['s16_16000', 's16le'],
    ['s16be_16000', 's16be'],
    ['s24_16000', 's24le'],
    ['s24le_16000', 's24le'],
    ['s32be_16000', 's32be'],
    ['f32_16000', 'f32le'],
    ['f64be_16000', 'f64be'],
  ])('reads %s', async (format, encoding) => {
    const raw = convertSamples(bytesOf(samples), { from: 's16le', to: encoding });
    const flags = ['--input-format', format, '--codec', 's16'];
    const wav = readWav(await converted('in.raw', raw, 'out.wav', ...flags));
    expect(wav).toMatchObject({ sampleRateHz: 16_000, channels: 1, warnings: [] });
    expectSame(wav.samples, samples);
  });

  it.each([
    ['ulaw_8000', encodeMulaw, decodeMulaw, 'mulaw'],
    ['mulaw_11025', encodeMulaw, decodeMulaw, 'mulaw'],
    ['alaw_8000', encodeAlaw, decodeAlaw, 'alaw'],
  ] as const)('reads %s, and keeps its codes', async (format, encode, decode, encoding) => {
    const wav = readWav(await converted('leg.bin', encode(samples), 'out.wav', '--input-format', format));
    const sampleRateHz = Number(format.split('_')[1]);
    expect(wav).toMatchObject({ encoding, sampleRateHz });
    expectSame(wav.samples, decode(encode(samples)));
  });

  it('reads interleaved channels, frames cut by chunks too', async () => {
    const raw = convertSamples(bytesOf(LONG), { from: 's16le', to: 's24le' });
    const flags = ['--input-format', 's24le_44100', '--input-channels', '2', '--codec', 's16'];
    const wav = readWav(await converted('in.s24', raw, 'out.wav', ...flags));
    expect(wav).toMatchObject({ channels: 2, frames: FRAMES });
    expectSame(wav.samples, LONG);
  });

  it('says what is odd: half a frame, no audio', async () => {
    const folder = folderWith({ 'half.raw': new Uint8Array(7), 'none.raw': '' });
    const format = ['--input-format', 'pcm_8000'];
    const half = await convert(folder, 'half.raw', 'half.wav', ...format);
    expect(half.stderr).toMatch(/^sluice: half\.raw: warning: partial-frame: .*\n$/);
    expect(readWav(readFileSync(join(folder, 'half.wav'))).frames).toBe(3);
    const none = await convert(folder, 'none.raw', 'none.wav', ...format, '--rate', '16000');
    expect(none.stderr).toMatch(/^sluice: none\.raw: warning: no-audio: .*\n$/);
    expect([half.code, none.code]).toEqual([0, 0]);
    expect(readWav(readFileSync(join(folder, 'none.wav')))).toMatchObject({
      sampleRateHz: 16_000,
      frames: 0,
      warnings: ['no-audio'],
    });
  });

  it('keeps 24 significant bits of 32-bit integers, as --help says', async () => {
    const fine = Int32Array.of(0x12345678, -0x12345678, 0x123456, -0x123456, 0x7fffff00);
    const raw = await converted('in.s32', bytesOf(fine), 'out.s32', '--input-format', 's32_8000');
    const rounded = Int32Array.from(fine, (x) => Math.fround(x));
    expect([...new Int32Array(raw.buffer, raw.byteOffset, raw.length / 4)]).toEqual([...rounded]);
    const { stdout } = await sluice(['convert', '--help']);
    expect(stdout.replace(/\s+/g, ' ')).toContain('samples wider than 24 bits are rounded to 24');
  });

  it.each(['RIFF', 'RIFX', 'RF64', 'BW64'])('warns that a WAV (%s) was read as samples', async (magic) => {
    const wav = Buffer.from(LONG_WAV.subarray(0, 1044));
    wav.write(magic, 'latin1');
    const folder = folderWith({ 'in.wav': wav, 'in.raw': wav.subarray(1) });
    const format = ['--input-format', 'pcm_48000', '--codec', 's16'];
    const warned = await convert(folder, 'in.wav', 'out.wav', ...format);
    expect(warned.code).toBe(0);
    expect(warned.stderr).toMatch(
      /^sluice: in\.wav: warning: wav-header-as-samples: .*leave --input-format out\n$/,
    );
    const samples = await convert(folder, 'in.raw', 'out.wav', ...format);
    expect(samples.stderr).not.toContain('wav-header-as-samples');
  });

  it('warns that Ogg was read as samples', async () => {
    const folder = folderWith({ 'in.opus': readFileSync(SPEECH_OPUS) });
    const { code, stderr } = await convert(folder, 'in.opus', 'out.wav', '--input-format', 'pcm_48000');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^sluice: in\.opus: warning: ogg-pages-as-samples: .*leave --input-format out\n/);
  });

  it('warns of a WAV that comes byte by byte too', () => {
    const format = { encoding: 'mulaw', sampleRateHz: 8000, channels: 1 } as const;
    const source = new RawSource(audio, format, { isInt16: () => true, resampled: false });
    for (const byte of Buffer.from('RIFF____WAVEfmt ')) source.process(Uint8Array.of(byte));
    expect(source.warnings()).toEqual(['wav-header-as-samples']);
  });

  it('reads and writes rates and channels that only a WAV can say', async () => {
    for (const [sampleRateHz, channels] of [
      [500, 1],
      [2_147_483_647, 3],
      [384_000, 100],
    ] as const) {
      const wav = writeWav(LONG.subarray(0, 600), { sampleRateHz, channels });
      const folder = folderWith({ 'in.wav': wav });
      const { stderr } = await convert(folder, 'in.wav', 'out.raw');
      const [, flags = ''] = /to be read with (.+)\n$/.exec(stderr) ?? [];
      expect(await convert(folder, 'out.raw', 'again.wav', ...flags.split(' '))).toMatchObject({ code: 0 });
      expectSame(readFileSync(join(folder, 'again.wav')), wav);
    }
  });

  it('refuses bytes that are no WAV and says how to name what they are', async () => {
    const folder = folderWith({ 'in.raw': Buffer.alloc(100) });
    const { code, stderr } = await convert(folder, 'in.raw', 'out.wav');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^sluice: in\.raw: the file begins with .*\(ERR_WAV_NOT_WAV, byte 0\)\n {2}next: .*--input-format/,
    );
    expect(readdirSync(folder)).toEqual(['in.raw']);
  });

  it.each([
    ['nothing', ''],
    ['half a header', 'RIFF\0\0\0'],
    ['another RIFF file', 'RIFF\0\0\0\0AVI LIST'],
    ['another container', 'fLaC\0\0\0\x22\0\0\0\0'],
  ])('does not take %s for samples', async (_, bytes) => {
    const folder = folderWith({ 'in.wav': bytes });
    const { code, stderr } = await convert(folder, 'in.wav', 'out.wav');
    expect(code).toBe(1);
    expect(stderr).toMatch(/\(ERR_(WAV_NOT_WAV, byte \d|FFMPEG_FAILED|FFMPEG_NOT_FOUND)\)\n/);
    expect(stderr).not.toContain('--input-format');
  });
});

describe('sluice convert to outputs without a header', () => {
  const mono = LONG.subarray(0, 40_000);
  const wav = writeWav(mono, { sampleRateHz: 8000 });

  it.each<[string, string[], Uint8Array]>([
    ['out.raw', [], bytesOf(mono)],
    ['out.PCM', [], bytesOf(mono)],
    ['out.s16', [], bytesOf(mono)],
    ['out.raw', ['--codec', 's24'], convertSamples(bytesOf(mono), { from: 's16le', to: 's24le' })],
    ['out.f32', [], convertSamples(bytesOf(mono), { from: 's16le', to: 'f32le' })],
    ['out.ulaw', [], encodeMulaw(mono)],
    ['out.mulaw', [], encodeMulaw(mono)],
    ['out.ul', ['--codec', 'mulaw'], encodeMulaw(mono)],
    ['out.alaw', [], encodeAlaw(mono)],
    ['out.al', [], encodeAlaw(mono)],
    ['out', ['--output-format', 'raw', '--codec', 'alaw'], encodeAlaw(mono)],
    ['out.wav', ['--output-format', 'raw'], bytesOf(mono)],
  ])('writes %s %j', async (name, flags, expected) => {
    expectSame(await converted('in.wav', wav, name, ...flags), expected);
  });

  it('writes a WAV under any name where that is asked for', async () => {
    const out = await converted('in.wav', wav, 'out.ulaw', '--output-format', 'wav');
    expectSame(out, wav);
  });

  it('writes them to standard output, and says how they are read again', async () => {
    const args = ['convert', '-', '-', '--output-format', 'raw', '--codec', 'mulaw'];
    const { code, stdoutBytes, stderr } = await sluice(args, { stdin: wav });
    expect(code).toBe(0);
    expect(stderr).toBe(
      'sluice: standard output: 5.00 s without a header, to be read with --input-format ulaw_8000\n',
    );
    expectSame(stdoutBytes, encodeMulaw(mono));
  });

  it('says an --input-format that reads the output again, channels included', async () => {
    const folder = folderWith({ 'in.wav': LONG_WAV });
    const { stderr } = await convert(folder, 'in.wav', 'out.raw');
    const [, flags = ''] = /to be read with (.+)\n$/.exec(stderr) ?? [];
    expect(flags).toBe('--input-format pcm_44100 --input-channels 2');
    await convert(folder, 'out.raw', 'again.wav', ...flags.split(' '));
    expectSame(readFileSync(join(folder, 'again.wav')), LONG_WAV);
  });
});

describe('sluice convert refuses', () => {
  it.each([
    ['a name that says nothing', ['x.wav', 'x.mp3'], /x\.mp3: the name says no format.*next: name it \.wav/s],
    ['no name at all', ['x.wav', 'x'], /x: the name says no format.*--output-format/s],
    [
      'a name that --codec denies',
      ['x.wav', 'x.ulaw', '--codec', 's16'],
      /says mulaw and --codec says s16.*next/s,
    ],
    [
      'an input format without a rate',
      ['x.raw', 'x.wav', '--input-format', 'pcm'],
      /an encoding \(u8.*pcm_16000/s,
    ],
    ['an input format with a wrong rate', ['x.raw', 'x.wav', '--input-format', 'pcm_0'], /1 to 2147483647/],
    [
      'an input format whose rate cannot be changed',
      ['x.raw', 'x.wav', '--input-format', 'pcm_999', '--rate', '8000'],
      /1000 to 192000 Hz, and --input-format says 999 Hz\n {2}next: leave --rate out/,
    ],
    ['an input without a name', ['', 'x.wav'], /'' is invalid for argument 'in'.*variables/],
    ['an output without a name', ['x.wav', ''], /'' is invalid for argument 'out'.*variables/],
    ['an unknown input format', ['x.raw', 'x.wav', '--input-format', 'toString_8000'], /an encoding \(u8/],
    [
      'channels of a WAV',
      ['x.wav', 'y.wav', '--input-channels', '2'],
      /without a header\n {2}next: add --input-format/,
    ],
    ['no channels', ['x.raw', 'y.wav', '--input-channels', '0'], /whole number from 1 to 65535/],
    [
      'an unknown output format',
      ['x.wav', 'y', '--output-format', 'mp3'],
      /Allowed choices are wav, ogg, raw/,
    ],
  ])('%s, exit 2', async (_, args, message) => {
    let stderr = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      stderr += String(text);
      return true;
    });
    expect(await run(['convert', ...args])).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('a mix that no rule knows and more channels than the resampler has, exit 2, and leaves the old file', async () => {
    const samples = new Int16Array(100 * 70);
    const folder = folderWith({
      'in.wav': writeWav(samples, { sampleRateHz: 8000, channels: 70 }),
      'out.wav': 'kept',
    });
    const mix = await convert(folder, 'in.wav', 'out.wav', '--channels', '2');
    expect(mix.stderr).toMatch(/70 channels cannot become 2\n {2}next: /);
    const rate = await convert(folder, 'in.wav', 'out.wav', '--rate', '16000');
    expect(rate.stderr).toMatch(/up to 64 channels, and here are 70\n {2}next: add --channels 1/);
    expect([mix.code, rate.code]).toEqual([2, 2]);
    expect(readFileSync(join(folder, 'out.wav'), 'utf8')).toBe('kept');
    expect(readdirSync(folder).sort()).toEqual(['in.wav', 'out.wav']);
    expect(await convert(folder, 'in.wav', 'out.wav', '--rate', '16000', '--channels', '1')).toMatchObject({
      code: 0,
    });
  });

  it('a file that ends too early or cannot be read, exit 1, and leaves the old file', async () => {
    const folder = folderWith({ 'in.wav': LONG_WAV.subarray(0, 30), 'out.wav': 'kept' });
    const early = await convert(folder, 'in.wav', 'out.wav');
    expect(early.stderr).toMatch(/^sluice: in\.wav: .*\(ERR_WAV_BAD_CHUNK, byte 12\)\n$/);
    const missing = await convert(folder, 'missing.wav', 'out.wav');
    expect(missing.stderr).toMatch(/^sluice: missing\.wav: ENOENT: .*\n {2}next: check the path\n$/);
    expect([early.code, missing.code]).toEqual([1, 1]);
    expect(readFileSync(join(folder, 'out.wav'), 'utf8')).toBe('kept');
    expect(readdirSync(folder).sort()).toEqual(['in.wav', 'out.wav']);
  });

  it('a file that is not there, exit 1, and makes no folder for its sake', async () => {
    const folder = folderWith();
    const { code, stderr } = await convert(folder, 'missing.wav', 'deep/er/out.wav');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sluice: missing\.wav: ENOENT: .*\n {2}next: check the path\n$/);
    expect(existsSync(join(folder, 'deep'))).toBe(false);
  });

  it.skipIf(onWindows('a full disk'))('a full disk, exit 1, naming the output', () => {
    const folder = folderWith({ 'in.wav': LONG_WAV });
    // A limit of 64 blocks on files stands for the disk: EFBIG instead of SIGXFSZ, since Node ignores that signal.
    const shell = `trap '' XFSZ; ulimit -f 64; exec "$0" "$1" convert in.wav out.wav`;
    const { status, stderr } = spawnSync('sh', ['-c', shell, process.execPath, MAIN], { cwd: folder });
    expect(stderr.toString()).toMatch(/^sluice: out\.wav: EFBIG: /);
    expect(status).toBe(1);
    expect(readdirSync(folder)).toEqual(['in.wav']);
  });
});
