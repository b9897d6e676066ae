// Each stream gives what the function of the same work gives of the whole: the contract with their own inputs.
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import {
  AudioTransform,
  convertSamples,
  MulawEncoder,
  Rechunk,
  ResampleStream,
  readWav,
  resample,
  SampleConverter,
  WavDecoder,
  WavEncoder,
  writeWav,
} from '../../../src/index.js';
import { cutAt, expectBytes, outputOf, streamContract } from './contract.js';
import { bytesOf, noise } from './sound.js';

/** Counts what it is told. */
class Counted extends AudioTransform {
  readonly calls: string[] = [];
  protected override processAudio(part: Buffer): void {
    this.calls.push('process');
    this.push(part);
  }
  protected override endAudio(): void {
    this.calls.push('end');
  }
  protected override release(): void {
    this.calls.push('release');
  }
}

const samples = noise(150_000);
const bytes = bytesOf(samples);
const mulaw = { encoding: 'mulaw', sampleRateHz: 8000 } as const;

const narrow = { from: 's24le', to: 'mulaw', channels: 3, toChannels: 1 } as const;
const wide = bytes.subarray(0, bytes.length - (bytes.length % 9));
streamContract('SampleConverter, three channels of 24 bits to one', {
  make: (options) => new SampleConverter({ ...options, ...narrow }),
  input: wide,
  expected: convertSamples(wide, narrow),
});

const down = { fromHz: 44_100, toHz: 8_000, channels: 2 };
streamContract('ResampleStream, down, stereo', {
  make: (options) => new ResampleStream({ ...options, ...down }),
  input: bytes,
  expected: bytesOf(resample(samples, down)),
});

const up = { fromHz: 8_000, toHz: 48_000, sample: 'float32' } as const;
const floats = Float32Array.from(samples.subarray(0, 60_000), (sample) => sample / 32_768);
streamContract('ResampleStream, up, float32', {
  make: (options) => new ResampleStream({ ...options, ...up }),
  input: bytesOf(floats),
  expected: bytesOf(resample(floats, up)),
});

const file = writeWav(samples, { sampleRateHz: 16_000, channels: 2, encoding: 's24' });
streamContract('WavDecoder', {
  make: (options) => new WavDecoder(options),
  input: file,
  expected: bytes,
  empty: 'ERR_WAV_NOT_WAV',
});
streamContract('WavDecoder, to floats', {
  make: (options) => new WavDecoder({ ...options, encoding: 'f32le' }),
  input: file,
  expected: bytesOf(readWav(file, { sample: 'float32' }).samples),
  empty: 'ERR_WAV_NOT_WAV',
});

const streamed = new WavEncoder({ sampleRateHz: 16_000, channels: 2 });
const wav = await outputOf(streamed, [bytes]);
streamContract('WavEncoder', {
  make: (options) => new WavEncoder({ ...options, sampleRateHz: 16_000, channels: 2 }),
  input: bytes,
  expected: wav,
  empty: await outputOf(new WavEncoder({ sampleRateHz: 16_000, channels: 2 }), []),
});

streamContract('Rechunk, of any bytes', {
  make: (options) => new Rechunk({ ...options, bytes: 3_200 }),
  input: bytes,
  expected: bytes,
});
const padded = Buffer.concat([bytes, Buffer.alloc(1_000 * 160 - (bytes.length % 160_000), 0xff)]);
streamContract('Rechunk, padded', {
  make: (options) => new Rechunk({ ...options, durationMs: 20_000, format: mulaw, atEnd: 'pad' }),
  input: bytes,
  expected: padded,
});

describe('WavDecoder', () => {
  it('tells the format before any samples, and all facts at the end', async () => {
    const decoder = new WavDecoder();
    const order: string[] = [];
    decoder.on('format', (format) => order.push(`${format.sampleRateHz} Hz, ${format.channels} channels`));
    decoder.on('data', () => order.push('samples'));
    expect(decoder.info).toBeUndefined();
    decoder.end(file.subarray(0, -3));
    await new Promise((resolve) => decoder.once('close', resolve));
    expect(order.slice(0, 2)).toEqual(['16000 Hz, 2 channels', 'samples']);
    expect(decoder.outputFormat).toEqual({ encoding: 's16le', sampleRateHz: 16_000, channels: 2 });
    expect(decoder.info).toMatchObject({ frames: 74_999, missingFrames: 1, warnings: ['truncated'] });
  });

  it('tells the format of a file without samples', async () => {
    const decoder = new WavDecoder();
    await outputOf(decoder, [writeWav(new Int16Array(0), { sampleRateHz: 8000 })]);
    expect(decoder.outputFormat).toEqual({ encoding: 's16le', sampleRateHz: 8000, channels: 1 });
  });

  it('keeps its samples when another stream works while the format is told', async () => {
    const decoder = new WavDecoder();
    const other = new SampleConverter({ from: 's16le', to: 's32le' });
    decoder.once('format', () => other.write(Buffer.alloc(1_000, 0x55)));
    expectBytes(await outputOf(decoder, [file]), bytes);
  });

  it('ends with the FormatError of what is no WAV', async () => {
    const error = { name: 'FormatError', code: 'ERR_WAV_NOT_WAV', byteOffset: 0 };
    await expect(outputOf(new WavDecoder(), [Buffer.from('no wav at all')])).rejects.toMatchObject(error);
  });
});

describe('WavEncoder', () => {
  it('gives patches that make the file whole', () => {
    const whole = Buffer.from(wav);
    for (const patch of streamed.patches()) whole.set(patch.bytes, patch.offset);
    const audio = readWav(whole);
    expect(audio).toMatchObject({ frames: 75_000, channels: 2, sampleRateHz: 16_000, warnings: [] });
    expectBytes(bytesOf(audio.samples), bytes);
  });
});

describe('ResampleStream', () => {
  it('does not let a NaN or an infinity spoil its neighbours', async () => {
    const options = { fromHz: 8_000, toHz: 16_000, sample: 'float32' } as const;
    const bad = floats
      .slice(0, 8_000)
      .fill(Number.NaN, 4_000, 4_001)
      .fill(Number.POSITIVE_INFINITY, 6_000, 6_001);
    const good = bad.map((sample) => (Number.isNaN(sample) ? 0 : Math.min(sample, 16)));
    const out = await outputOf(new ResampleStream(options), [bytesOf(bad)]);
    expectBytes(out, bytesOf(resample(good, options)));
  });

  it('gives what it gets where the rates are one', async () => {
    expectBytes(await outputOf(new ResampleStream({ fromHz: 8_000, toHz: 8_000 }), [bytes]), bytes);
  });
});

describe('channels', () => {
  it.each([
    [/^toChannels .* 1 to 64, got 65$/, () => new SampleConverter({ from: 's16le', to: 'u8', channels: 65 })],
    [/^toChannels .* 1 to 64, got 0$/, () => new SampleConverter({ from: 's16le', to: 'u8', toChannels: 0 })],
    [
      /^no rule makes 2 channels of 3/,
      () => new SampleConverter({ from: 's16le', to: 'u8', channels: 3, toChannels: 2 }),
    ],
    [/^channels .* 1 to 64, got 0$/, () => new ResampleStream({ fromHz: 8_000, toHz: 16_000, channels: 0 })],
    [
      /^channels .* 1 to 64, got 65$/,
      () => new ResampleStream({ fromHz: 8_000, toHz: 16_000, channels: 65 }),
    ],
    [/^channels .* 1 to 64, got 65$/, () => new MulawEncoder({ channels: 65 })],
  ])('are refused at once, by the name of the option: %s', (message, make) => {
    expect(make).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_CHANNELS',
        message: expect.stringMatching(message),
      }),
    );
  });

  it('of any number become one', async () => {
    const stream = new SampleConverter({ from: 'u8', to: 's16le', channels: 65, toChannels: 1 });
    expectBytes(await outputOf(stream, [Buffer.alloc(130, 0x80)]), Buffer.alloc(4));
  });
});

describe('Rechunk', () => {
  it.each([
    ['short', [160, 160, 80]],
    ['pad', [160, 160, 160]],
    ['drop', [160, 160]],
  ] as const)('gives exact chunks to any reader, the last one %s', async (atEnd, sizes) => {
    const codes = Buffer.alloc(400, 0x11);
    for (const chunks of [[codes], cutAt(codes, [1, 160, 170, 399])]) {
      const stream = new Rechunk({ durationMs: 20, format: mulaw, atEnd });
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
      const got = (await stream.toArray()) as Buffer[];
      expect(got.map(({ length }) => length)).toEqual(sizes);
      if (atEnd === 'pad') expect(got[2]?.subarray(79, 82)).toEqual(Buffer.of(0x11, 0xff, 0xff));
    }
  });

  it.each([
    [{}, 'ERR_INVALID_ARG'],
    [{ bytes: 160, durationMs: 20 }, 'ERR_INVALID_ARG'],
    [{ durationMs: 20 }, 'ERR_INVALID_ARG'],
    [{ bytes: 160, atEnd: 'pad' as const }, 'ERR_INVALID_ARG'],
    [{ bytes: 0 }, 'ERR_INVALID_OPTION'],
    [{ bytes: 1.5 }, 'ERR_INVALID_OPTION'],
    [{ bytes: 3, format: { encoding: 's16le' as const } }, 'ERR_INVALID_OPTION'],
    [{ durationMs: 0.1, format: mulaw }, 'ERR_INVALID_OPTION'],
  ])('refuses %j with %s', (options, code) => {
    expect(() => new Rechunk(options)).toThrow(expect.objectContaining({ code }));
  });
});

describe('streams of one format', () => {
  it('go together from a WAV to a phone line and back', async () => {
    const talk = writeWav(noise(44_100), { sampleRateHz: 44_100 });
    const steps = [
      new WavDecoder(),
      new ResampleStream({ fromHz: 44_100, toHz: 8_000 }),
      new SampleConverter({ from: 's16le', to: 'mulaw', sampleRateHz: 8_000 }),
      new Rechunk({ durationMs: 20, format: mulaw, atEnd: 'pad' }),
    ] as const;
    const frames: Buffer[] = [];
    await pipeline([talk], ...steps, async (source: AsyncIterable<Buffer>) => {
      for await (const frame of source) frames.push(frame);
    });
    expect(frames.map(({ length }) => length)).toEqual(new Array(50).fill(160));
  });
});

describe('AudioTransform', () => {
  it('ends nothing that was destroyed by who listens to the last of it', async () => {
    const format = { encoding: 's16le' } as const;
    const transform = new Counted({}, { input: format, output: format });
    transform.on('data', () => transform.destroy());
    transform.end(Buffer.from('RIFF')); // waits for the end: a WAV may begin so
    await once(transform, 'close');
    expect(transform.calls).toEqual(['process', 'release']);
  });
});
