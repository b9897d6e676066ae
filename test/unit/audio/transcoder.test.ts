import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AudioFormat,
  convertSamples,
  decodeMulaw,
  encodeMulaw,
  type RawAudioFormat,
  type ResamplerQuality,
  readWav,
  resample,
  SAMPLE_ENCODINGS,
  Transcoder,
  type TranscoderOptions,
  writeWav,
} from '../../../src/audio/index.js';
import { sampleBytes } from '../../../src/format.js';
import { native } from '../../../src/native/index.js';
import { ambiguousWav, fixture, sine, thrown, toInt16 } from './helpers.js';

const bytesOf = (samples: Int16Array | Float32Array) =>
  new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
const asInt16 = (bytes: Uint8Array) => new Int16Array(new Uint8Array(bytes).buffer);
const asFloat32 = (bytes: Uint8Array) => new Float32Array(new Uint8Array(bytes).buffer);
const speech = fixture('speech-16k-mono-s16.wav');
const WAV = { container: 'wav' } as const;

/** All that comes out, in rooms of exactly what is asked for. */
function transcodeAll(transcoder: Transcoder, chunks: Iterable<Uint8Array>): Buffer {
  const parts: Uint8Array[] = [];
  for (const chunk of chunks) {
    const out = new Uint8Array(transcoder.maxOutputBytes(chunk.length));
    parts.push(out.subarray(0, transcoder.processInto(chunk, out)));
  }
  const out = new Uint8Array(transcoder.maxFlushBytes);
  expect(transcoder.flushInto(out)).toBe(out.length);
  return Buffer.concat([...parts, out]);
}

function transcodeWhole(options: TranscoderOptions, bytes: Uint8Array): Buffer {
  using transcoder = new Transcoder(options);
  return transcodeAll(transcoder, [bytes]);
}

describe('Transcoder', () => {
  test('makes of a WAV what readWav and resample make', () => {
    const { samples } = readWav(speech);
    for (const sampleRateHz of [8000, 16_000, 24_000, 44_100]) {
      const got = transcodeWhole({ from: WAV, to: { encoding: 's16le', sampleRateHz } }, speech);
      expect(asInt16(got)).toEqual(resample(samples, { fromHz: 16_000, toHz: sampleRateHz }));
    }
  });

  test('makes of a telephone line what decodeMulaw and resample make, and back', () => {
    const codes = encodeMulaw(toInt16(sine(8000, 440, 8000)));
    const line = { encoding: 'mulaw', sampleRateHz: 8000 } as const;
    const pcm = { encoding: 's16le', sampleRateHz: 24_000 } as const;
    const up = transcodeWhole({ from: line, to: pcm }, codes);
    expect(asInt16(up)).toEqual(resample(decodeMulaw(codes), { fromHz: 8000, toHz: 24_000 }));
    const down = transcodeWhole({ from: pcm, to: line }, up);
    expect(new Uint8Array(down)).toEqual(encodeMulaw(resample(asInt16(up), { fromHz: 24_000, toHz: 8000 })));
  });

  test.each(SAMPLE_ENCODINGS)('converts from and to %s as convertSamples does', (encoding) => {
    const samples = bytesOf(sine(500, 440, 8000));
    const f32 = { encoding: 'f32le', sampleRateHz: 8000 } as const;
    const other = { encoding, sampleRateHz: 8000 } as const;
    const to = transcodeWhole({ from: f32, to: other }, samples);
    expect(new Uint8Array(to)).toEqual(convertSamples(samples, { from: 'f32le', to: encoding }));
    const back = transcodeWhole({ from: other, to: f32 }, to);
    expect(new Uint8Array(back)).toEqual(convertSamples(to, { from: encoding, to: 'f32le' }));
  });

  test('mixes to one channel, copies one to several, keeps what is there', () => {
    const stereo = new Float32Array([0.5, 0.25, -0.5, 0, 1, -1]);
    const from = { encoding: 'f32le', sampleRateHz: 8000, channels: 2 } as const;
    const to = { encoding: 'f32le', sampleRateHz: 8000 } as const;
    const floats = (options: TranscoderOptions, samples: Float32Array) => [
      ...asFloat32(transcodeWhole(options, bytesOf(samples))),
    ];
    expect(floats({ from, to }, stereo)).toEqual([0.375, -0.25, 0]);
    expect(floats({ from, to: { ...to, channels: 2 } }, stereo)).toEqual([...stereo]);
    expect(floats({ from, to, channels: 'keep' }, stereo)).toEqual([...stereo]);
    const mono = new Float32Array([0.5, -1]);
    expect(floats({ from: to, to: { ...to, channels: 3 } }, mono)).toEqual([0.5, 0.5, 0.5, -1, -1, -1]);
  });

  test('resamples each channel that it keeps as if it were alone', () => {
    const left = toInt16(sine(4000, 440, 44_100));
    const right = toInt16(sine(4000, 1000, 44_100));
    const both = Int16Array.from({ length: 8000 }, (_, i) => (i % 2 ? right : left)[i >> 1] as number);
    const wav = writeWav(both, { sampleRateHz: 44_100, channels: 2 });
    const got = asInt16(
      transcodeWhole({ from: WAV, to: { encoding: 's16le', sampleRateHz: 16_000 }, channels: 'keep' }, wav),
    );
    const rates = { fromHz: 44_100, toHz: 16_000 };
    expect(got.filter((_, i) => i % 2 === 0)).toEqual(resample(left, rates));
    expect(got.filter((_, i) => i % 2 === 1)).toEqual(resample(right, rates));
  });

  test.each<ResamplerQuality>(['fast', 'default', 'best'])('resamples at quality %s', (quality) => {
    const samples = toInt16(sine(3000, 440, 48_000));
    const from = { encoding: 's16le', sampleRateHz: 48_000 } as const;
    const got = transcodeWhole({ from, to: { ...from, sampleRateHz: 8000 }, quality }, bytesOf(samples));
    expect(asInt16(got)).toEqual(resample(samples, { fromHz: 48_000, toHz: 8000, quality }));
  });

  test('gives the same bytes wherever the input was cut, of as many frames as the length law says', () => {
    const encoding = fc.constantFrom(...SAMPLE_ENCODINGS);
    const rate = fc.constantFrom(8000, 11_025, 16_000, 24_000, 44_100, 12_345);
    const channels = fc.integer({ min: 1, max: 3 });
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 3000 });
    const cuts = fc.array(fc.nat(400), { maxLength: 30 });
    fc.assert(
      fc.property(
        encoding,
        rate,
        channels,
        encoding,
        rate,
        bytes,
        cuts,
        (e, sampleRateHz, count, toEncoding, toHz, data, sizes) => {
          const from = { encoding: e, sampleRateHz, channels: count };
          const to = { encoding: toEncoding, sampleRateHz: toHz };
          using transcoder = new Transcoder({ from, to, channels: 'keep' });
          const whole = transcodeAll(transcoder, [data]);
          const frameBytes = sampleBytes(e) * count;
          const frames = Math.ceil((Math.floor(data.length / frameBytes) * toHz) / sampleRateHz);
          expect(transcoder.frames).toBe(frames);
          expect(whole.length).toBe(frames * sampleBytes(toEncoding) * count);
          expect(transcoder.leftoverBytes).toBe(data.length % frameBytes);
          expect(transcodeAll(transcoder, cut(data, sizes)).equals(whole)).toBe(true);
        },
      ),
    );
  });

  test('gives the same bytes wherever a WAV was cut', () => {
    const stereo = writeWav(sine(1000, 440, 22_050, 2), {
      sampleRateHz: 22_050,
      channels: 2,
      encoding: 's24',
    });
    using transcoder = new Transcoder({
      from: WAV,
      to: { encoding: 'f32be', sampleRateHz: 16_000, channels: 1 },
    });
    const whole = transcodeAll(transcoder, [stereo]);
    expect(whole.length).toBe(Math.ceil((1000 * 16_000) / 22_050) * 4);
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 40 }), (sizes) => {
        expect(transcodeAll(transcoder, cut(stereo, sizes)).equals(whole)).toBe(true);
      }),
    );
  });

  test('tells the format and the facts once the header is known, and the rest at the end', () => {
    const whole = writeWav(new Int16Array(16_000), { sampleRateHz: 8000, channels: 2 });
    const file = whole.subarray(0, whole.length - 8001);
    const to = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    using transcoder = new Transcoder({ from: WAV, to, channels: 'keep' });
    expect(transcoder.info).toBeUndefined();
    expect(transcoder.outputFormat).toBeUndefined();
    transcodeAll(transcoder, [file.subarray(0, 30), file.subarray(30)]);
    expect(transcoder.outputFormat).toEqual({ container: 'raw', ...to, channels: 2 });
    expect(transcoder.info).toMatchObject({ frames: 5999, missingFrames: 2001, warnings: ['truncated'] });
    expect(transcoder.leftoverBytes).toBe(3);
    expect(transcoder.frames).toBe(11_998);
    transcoder.reset();
    expect(transcoder.outputFormat).toBeUndefined();
    using mixed = new Transcoder({ from: WAV, to });
    expect(mixed.outputFormat).toEqual({ container: 'raw', ...to, channels: 1 }); // known beforehand
    using raw = new Transcoder({ from: { ...to, channels: 4 }, to, channels: 'keep' });
    expect(raw.outputFormat?.channels).toBe(4);
    expect(raw.info).toBeUndefined();
  });

  test('reads a WAV whose size is known as readWav does', () => {
    const wav = ambiguousWav();
    const to = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    const got = transcodeWhole({ from: WAV, to, sourceBytes: wav.length }, wav);
    expect(asInt16(got)).toEqual(readWav(wav).samples);
  });

  test('reports what no target can be made of, until reset', () => {
    const to = { encoding: 's16le', sampleRateHz: 8000, channels: 2 } as const;
    const six = writeWav(new Int16Array(60), { sampleRateHz: 8000, channels: 6 });
    const slow = writeWav(new Int16Array(60), { sampleRateHz: 500, channels: 2 });
    using transcoder = new Transcoder({ from: WAV, to });
    for (const [wav, name, code, byteOffset] of [
      [six, 'UnsupportedError', 'ERR_WAV_UNSUPPORTED_CHANNELS', 22],
      [slow, 'UnsupportedError', 'ERR_WAV_UNSUPPORTED_RATE', 24],
      [Buffer.from('this is no WAV file'), 'FormatError', 'ERR_WAV_NOT_WAV', 0],
    ] as const) {
      for (let i = 0; i < 2; i++)
        expect(thrown(() => transcodeAll(transcoder, [wav]))).toMatchObject({ name, code, byteOffset });
      expect(thrown(() => transcoder.flushInto(new Uint8Array(0)))).toMatchObject({ code });
      transcoder.reset();
    }
    const stereo = writeWav(new Int16Array(60), { sampleRateHz: 8000, channels: 2 });
    expect(transcodeAll(transcoder, [stereo])).toHaveLength(120);
  });

  test('takes nothing when the output is too small, and refuses shared memory', () => {
    const to = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    using transcoder = new Transcoder({ from: { encoding: 'u8', sampleRateHz: 8000 }, to });
    const chunk = new Uint8Array(100).fill(200);
    const room = transcoder.maxOutputBytes(100);
    expect(thrown(() => transcoder.processInto(chunk, new Uint8Array(room - 1)))).toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUTPUT_TOO_SMALL',
    });
    expect(transcodeAll(transcoder, [chunk])).toHaveLength(400);
    const memory = new Uint8Array(1000);
    expect(thrown(() => transcoder.processInto(memory.subarray(0, 100), memory))).toMatchObject({
      name: 'RangeError',
      code: 'ERR_INVALID_ARG',
    });
  });

  test('answers maxOutputBytes anew when a header comes, when the source ends and once it is closed', () => {
    const to = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    using transcoder = new Transcoder({ from: WAV, to });
    const unknown = transcoder.maxOutputBytes(100);
    expect(unknown).toBe(100 * 16 * 2); // 100 bytes might be samples at 1 kHz
    transcoder.processInto(speech.subarray(0, 1000), new Uint8Array(transcoder.maxOutputBytes(1000)));
    expect(transcoder.maxOutputBytes(100)).toBe(100);
    transcoder.flushInto(new Uint8Array(transcoder.maxFlushBytes));
    expect(transcoder.maxOutputBytes(100)).toBe(unknown);

    const raw = new Transcoder({ from: { encoding: 'u8', sampleRateHz: 16_000 }, to });
    for (const bytes of [100, 100, 7, 100]) expect(raw.maxOutputBytes(bytes)).toBe(2 * bytes);
    raw.close();
    expect(thrown(() => raw.maxOutputBytes(100))).toMatchObject({ name: 'TypeError', code: 'ERR_CLOSED' });
  });

  // What is called for each chunk is bound to its object (native/bindings/wrapped.h).
  test('of the addon lives as long as a method of its own, which nobody can replace', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const make = () => new native.Transcoder('raw', 'u8', 8000, 1, 's16le', 8000, 1, 'default', undefined);
    const methods = Array.from({ length: 50 }, () => make().processInto);
    for (let i = 0; i < 5; i++) {
      collect();
      await setImmediate();
    }
    for (const processInto of methods) {
      const out = new Uint8Array(6);
      expect(processInto(Uint8Array.of(0, 128, 129), out)).toBe(6);
      expect(asInt16(out)).toEqual(Int16Array.of(-32_768, 0, 256));
    }
    const own = Object.getOwnPropertyDescriptor(make(), 'processInto');
    expect(own).toMatchObject({ writable: false, configurable: false });
    expect(Object.getOwnPropertyDescriptor(own?.value, 'owner')).toMatchObject({
      writable: false,
      configurable: false,
    });
  });

  const raw: RawAudioFormat = { encoding: 's16le', sampleRateHz: 8000 };
  test.each<[string, string, string, Record<string, unknown>]>([
    ['no from', 'TypeError', 'ERR_INVALID_ARG', { to: raw }],
    ['no to', 'TypeError', 'ERR_INVALID_ARG', { from: WAV }],
    ['Ogg in', 'TypeError', 'ERR_INVALID_ARG', { from: { container: 'ogg' } satisfies AudioFormat, to: raw }],
    ['a WAV out', 'TypeError', 'ERR_INVALID_ARG', { from: WAV, to: { ...raw, container: 'wav' } }],
    [
      'an unknown container',
      'RangeError',
      'ERR_INVALID_ARG',
      { from: WAV, to: { ...raw, container: 'mp3' } },
    ],
    ['an unknown encoding', 'RangeError', 'ERR_INVALID_ARG', { from: WAV, to: { ...raw, encoding: 's12' } }],
    ['an unknown quality', 'RangeError', 'ERR_INVALID_ARG', { from: WAV, to: raw, quality: 'good' }],
    ['an unknown policy', 'RangeError', 'ERR_INVALID_ARG', { from: WAV, to: raw, channels: 'left' }],
    ['a policy that is a number', 'TypeError', 'ERR_INVALID_ARG', { from: WAV, to: raw, channels: 2 }],
    [
      'keep and a number',
      'TypeError',
      'ERR_INVALID_ARG',
      { from: WAV, to: { ...raw, channels: 2 }, channels: 'keep' },
    ],
    ['a rate too low', 'RangeError', 'ERR_INVALID_RATE', { from: { ...raw, sampleRateHz: 999 }, to: raw }],
    [
      'a rate too high',
      'RangeError',
      'ERR_INVALID_RATE',
      { from: WAV, to: { ...raw, sampleRateHz: 192_001 } },
    ],
    ['no channels', 'RangeError', 'ERR_INVALID_CHANNELS', { from: raw, to: { ...raw, channels: 0 } }],
    ['too many channels', 'RangeError', 'ERR_INVALID_CHANNELS', { from: WAV, to: { ...raw, channels: 65 } }],
    [
      'parts of a channel',
      'RangeError',
      'ERR_INVALID_CHANNELS',
      { from: WAV, to: { ...raw, channels: 1.5 } },
    ],
    ['a word for channels', 'TypeError', 'ERR_INVALID_ARG', { from: WAV, to: { ...raw, channels: '2' } }],
    [
      'too many kept',
      'RangeError',
      'ERR_INVALID_CHANNELS',
      { from: { ...raw, channels: 65 }, to: raw, channels: 'keep' },
    ],
    [
      'no rule',
      'RangeError',
      'ERR_INVALID_CHANNELS',
      { from: { ...raw, channels: 6 }, to: { ...raw, channels: 2 } },
    ],
  ])('refuses %s', (_, name, code, options) => {
    expect(thrown(() => new Transcoder(options as never))).toMatchObject({ name, code });
  });
});

function* cut(bytes: Uint8Array, sizes: number[]): Generator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at = Math.min(at + size, bytes.length);
  }
  yield bytes.subarray(at);
}
