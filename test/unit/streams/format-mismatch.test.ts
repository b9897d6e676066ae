// Mistakes in a chain of streams: caught when it is joined or at the first bytes, and told with the way out.
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import {
  AlawDecoder,
  AlawEncoder,
  type AudioTransform,
  MulawDecoder,
  MulawEncoder,
  ResampleStream,
  SampleConverter,
  WavDecoder,
  WavEncoder,
  writeWav,
} from '../../../src/index.js';
import { outputOf } from './contract.js';
import { noise } from './sound.js';

const mismatch = (message: RegExp) =>
  expect.objectContaining({
    name: 'TypeError',
    code: 'ERR_FORMAT_MISMATCH',
    message: expect.stringMatching(message),
  });

describe('two streams that do not fit', () => {
  const joins: [AudioTransform, AudioTransform, RegExp][] = [
    [
      new ResampleStream({ fromHz: 48_000, toHz: 16_000 }),
      new MulawEncoder(),
      /MulawEncoder takes s16le, mono, at 8000 Hz, and ResampleStream gives .* 16000 Hz: put ResampleStream\(\{ fromHz: 16000, toHz: 8000 \}\) between/,
    ],
    [
      new MulawEncoder({ channels: 2 }),
      new MulawEncoder(),
      /put SampleConverter\(\{ from: 'mulaw', to: 's16le', channels: 2, toChannels: 1 \}\) between/,
    ],
    [
      new MulawEncoder(),
      new AlawDecoder({ sampleRateHz: 16_000, channels: 2 }),
      /put SampleConverter\(\{ from: 'mulaw', to: 's16le', channels: 1, toChannels: 2 \}\), ResampleStream\(\{ fromHz: 8000, toHz: 16000, channels: 2 \}\), SampleConverter\(\{ from: 's16le', to: 'alaw', channels: 2 \}\) between/,
    ],
    [
      new MulawDecoder({ channels: 6 }),
      new AlawEncoder({ channels: 2 }),
      /put SampleConverter\(\{ from: 's16le', to: 's16le', channels: 6, toChannels: 1 \}\), SampleConverter\(\{ from: 's16le', to: 's16le', channels: 1, toChannels: 2 \}\) between/,
    ],
    [new WavEncoder({ sampleRateHz: 8000 }), new MulawEncoder(), /gives a WAV file: put WavDecoder between/],
    [new MulawDecoder(), new WavDecoder(), /takes a WAV file, and .*: put WavEncoder between/],
  ];
  it.each(joins)('are refused by pipeline before any byte', async (source, sink, message) => {
    await expect(pipeline(source, sink, new Writable())).rejects.toEqual(mismatch(message));
  });

  it('are refused when the source has read its header, and leave no listener', async () => {
    const decoder = new WavDecoder();
    const chain = pipeline(
      Readable.from([writeWav(noise(100), { sampleRateHz: 44_100 })]),
      decoder,
      new MulawEncoder(),
      new Writable(),
    );
    await expect(chain).rejects.toEqual(mismatch(/gives s16le, mono, at 44100 Hz/));
    expect(decoder.listenerCount('format')).toBe(0);
  });

  it('fit where a rate is unknown, and where the neighbour says nothing', async () => {
    const source = new SampleConverter({ from: 'f32le', to: 's16le' });
    await pipeline(Readable.from([Buffer.alloc(16)]), source, new MulawEncoder(), new PassThrough().resume());
  });

  it('leave no listeners once they are parted', () => {
    const decoder = new WavDecoder();
    const encoder = new MulawEncoder();
    const before = encoder.listenerCount('unpipe');
    decoder.pipe(encoder);
    expect(decoder.listenerCount('format')).toBe(1);
    decoder.unpipe(encoder);
    expect([decoder.listenerCount('format'), encoder.listenerCount('unpipe')]).toEqual([0, before]);
  });
});

describe('raw input', () => {
  const wav = Buffer.from(writeWav(noise(100), { sampleRateHz: 8000 }));
  const ogg = Buffer.from('OggS\0\u0002and so on');

  it.each([
    ['a WAV file', wav, /what comes is a WAV file: put WavDecoder before it/],
    ['an Ogg file', ogg, /put OggOpusDemuxer and OpusDecoderStream before it/],
  ])('that is %s is refused wherever it is cut', async (_, bytes, message) => {
    for (const size of [1, 3, bytes.length]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      await expect(outputOf(new MulawEncoder(), chunks)).rejects.toEqual(mismatch(message));
    }
  });

  it('that only begins like one passes, be it as short as that', async () => {
    for (const text of ['RIFF', 'RIFFxxxxWAV.', 'OggSx-', 'Ri']) {
      const output = await outputOf(new MulawEncoder(), [Buffer.from(text)]);
      expect(output.length).toBe(text.length / 2);
    }
  });

  it('that ends amid a frame is refused with what was left', async () => {
    const error = { name: 'RangeError', code: 'ERR_INVALID_LENGTH' };
    const output = outputOf(new MulawEncoder({ channels: 2 }), [Buffer.alloc(6)]);
    await expect(output).rejects.toMatchObject(error);
    await expect(output).rejects.toThrow(
      /frames of 4 bytes. The stream ended after 6 bytes, with 2 of a frame/,
    );
  });
});
