/** What every export makes of its arguments alike: the words of its errors, memory that is gone or never was, types. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  AudioFramer,
  decodeMulaw,
  decodeMulawInto,
  Resampler,
  readWav,
  readWavAsync,
  resample,
  resampleAsync,
  type SampleType,
  WavReader,
  WavWriter,
  writeWav,
} from '../../../src/audio/index.js';
import { thrown } from './helpers.js';

/** What no type allows. */
const any = (value: unknown) => value as never;
const rates = { fromHz: 8000, toHz: 16_000 };
const wav = writeWav(new Int16Array(100), { sampleRateHz: 8000 });
const framer = () => new AudioFramer({ from: { container: 'wav' }, to: 'pcm' });
const writer = () => new WavWriter({ sampleRateHz: 8000 });

describe('messages', () => {
  test.each<[unknown, string]>([
    [undefined, 'undefined'],
    [new Float64Array(2), 'a Float64Array'],
    [new BigInt64Array(2), 'a BigInt64Array'],
    [new BigUint64Array(2), 'a BigUint64Array'],
    [new Uint8Array(2), 'a Uint8Array'],
    [{}, 'an object'],
  ])('say which arrays may hold samples: %# of those that may not', (value, name) => {
    for (const run of [
      () => resample(any(value), rates),
      () => writeWav(any(value), { sampleRateHz: 8000 }),
      () => writer().processInto(any(value), new Uint8Array(100)),
    ])
      expect(thrown(run)).toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG',
        message: `samples must be an Int16Array or a Float32Array, got ${name}`,
      });
  });

  test('name a limit that a number can reach', () => {
    for (const run of [
      () => new WavReader({ fileBytes: 2 ** 53 }),
      () => new AudioFramer({ from: { container: 'wav' }, to: 'pcm', sourceBytes: 2 ** 53 }),
    ])
      expect(thrown(run).message).toContain('from 0 to 9007199254740991, got 9.00719925474099e+15');
    new WavReader({ fileBytes: 2 ** 53 - 1 }).close();
  });

  test.each([
    ['a'.repeat(36), `'${'a'.repeat(36)}'`],
    ['a'.repeat(39), `'${'a'.repeat(39)}'`],
    ['a'.repeat(40), `'${'a'.repeat(39)}…'`],
    ['é'.repeat(20), `'${'é'.repeat(19)}…'`],
  ])('cut a long text, and only that: %s', (quality, shown) => {
    const { message } = thrown(() => resample(new Int16Array(4), { ...rates, quality: any(quality) }));
    expect(message).toMatch(new RegExp(`, got ${shown}$`));
  });

  test('tell the names that JavaScript knows, where the output is too small', () => {
    const resampler = new Resampler(rates);
    for (const run of [
      () => resampler.processInto(new Int16Array(80), new Int16Array(2)),
      () => resampler.flushInto(new Int16Array(2)),
    ])
      expect(thrown(run).message).toMatch(
        /^out holds 2 frames, .*maxOutputFrames\(n\).*maxOutputFrames\(0\)/,
      );
  });

  test('do not tell to copy an output in shared memory', () => {
    const shared = new Int16Array(new SharedArrayBuffer(4000));
    const { message } = thrown(() => new Resampler(rates).processInto(new Int16Array(4), shared));
    expect(message).toMatch(/^out must not lie in a SharedArrayBuffer.*memory of its own/);
  });
});

describe('options', () => {
  test('null is none of the words, for every function alike', async () => {
    const mistakes = [
      () => readWav(wav, { sample: any(null) }),
      () => new WavReader({ sample: any(null) }),
      () => new Resampler({ ...rates, sample: any(null) }),
      () =>
        new AudioFramer({ from: { container: any(null), encoding: 'u8', sampleRateHz: 8000 }, to: 'pcm' }),
    ].map(thrown);
    const rejected = await readWavAsync(wav, { sample: any(null) }).catch((error) => error);
    for (const error of [...mistakes, rejected])
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
  });

  test('AudioFramer says what does with Ogg Opus', () => {
    const raw = { encoding: 's16le', sampleRateHz: 48_000 } as const;
    const code = 'ERR_INVALID_ARG';
    for (const from of [raw, { container: 'wav' }, { container: 'ogg' }, undefined] as const) {
      const message = expect.stringMatching(/OggPageReader.*OggOpusEncoder/);
      expect(thrown(() => new AudioFramer({ from: any(from), to: 'opus' }))).toMatchObject({ code, message });
    }
    const message = expect.stringContaining('OggOpusDecoder');
    expect(thrown(() => new AudioFramer({ from: { container: 'ogg' }, to: 'pcm' }))).toMatchObject({
      code,
      message,
    });
  });
});

test.each<[string, { close(): void }, ((object: never) => unknown)[]]>([
  [
    'Resampler',
    new Resampler(rates),
    [
      (r: Resampler) => r.process(any('x')),
      (r: Resampler) => r.processInto(any('x'), any('x')),
      (r: Resampler) => r.flushInto(any('x')),
      (r: Resampler) => r.maxOutputFrames(any('x')),
    ],
  ],
  [
    'WavReader',
    new WavReader(),
    [
      (r: WavReader) => r.process(any('x')),
      (r: WavReader) => r.processInto(any('x'), any('x')),
      (r: WavReader) => r.maxOutputSamples(any('x')),
    ],
  ],
  [
    'WavWriter',
    writer(),
    [
      (w: WavWriter) => w.process(any('x')),
      (w: WavWriter) => w.processInto(any('x'), any('x')),
      (w: WavWriter) => w.flushInto(any('x')),
      (w: WavWriter) => w.maxOutputBytes(any('x')),
    ],
  ],
  [
    'AudioFramer',
    framer(),
    [
      (f: AudioFramer) => f.processInto(any('x'), any('x')),
      (f: AudioFramer) => f.flushInto(any('x')),
      (f: AudioFramer) => f.maxOutputBytes(any('x')),
    ],
  ],
])('a closed %s says so, whatever it is given', (_, object, calls) => {
  object.close();
  for (const call of calls)
    expect(thrown(() => call(any(object)))).toMatchObject({ name: 'TypeError', code: 'ERR_CLOSED' });
});

describe('memory', () => {
  afterEach(() => vi.unstubAllGlobals());
  const four = new Int16Array(4);

  test.each<[string, () => unknown]>([
    ['Resampler.process', () => new Resampler(rates).process(four)],
    ['Resampler.flush', () => new Resampler({ ...rates, sample: 'float32' }).flush()],
    ['WavReader.process', () => new WavReader().process(wav)],
    ['WavWriter.process', () => writer().process(four)],
    ['WavWriter.flush', () => writer().flush()],
  ])('%s says ERR_TOO_LARGE when there is none for the result', (_, run) => {
    run(); // without trouble
    class NoMemory {
      constructor() {
        throw new RangeError('Array buffer allocation failed');
      }
    }
    for (const Type of [Int16Array, Float32Array, Uint8Array]) vi.stubGlobal(Type.name, NoMemory);
    expect(thrown(run)).toMatchObject({ name: 'RangeError', code: 'ERR_TOO_LARGE' });
  });

  test('a result longer than any array is ERR_TOO_LARGE too', () => {
    const resampler = new Resampler({ fromHz: 1000, toHz: 192_000 });
    const hours = new Int16Array(2 ** 28); // never touched, so never in memory
    expect(thrown(() => resampler.process(hours))).toMatchObject({
      name: 'RangeError',
      code: 'ERR_TOO_LARGE',
    });
  });

  /** A view whose resizable buffer has ended before it, or within it. */
  function outOfBounds<T>(
    Type: new (buffer: ArrayBuffer, offset: number, length: number) => T,
    bytes: number,
  ): T {
    const buffer = Reflect.construct(ArrayBuffer, [64, { maxByteLength: 64 }]);
    const view = new Type(buffer, 32, 4);
    buffer.resize(bytes);
    return view;
  }

  test.each([0, 16, 32, 34])(
    'that was resized away below a view is an error, no silence: %i bytes',
    (bytes) => {
      for (const run of [
        () => decodeMulaw(outOfBounds(Uint8Array, bytes)),
        () => decodeMulawInto(new Uint8Array(0), outOfBounds(Int16Array, bytes)),
        () => new Resampler({ ...rates, sample: 'float32' }).process(outOfBounds(Float32Array, bytes)),
      ])
        expect(thrown(run)).toMatchObject({
          name: 'TypeError',
          code: 'ERR_INVALID_ARG',
          message: expect.stringContaining('has lost its memory'),
        });
    },
  );

  test('that was transferred is an error, and an empty array in bounds is none', () => {
    const gone = new Uint8Array(8);
    structuredClone(gone, { transfer: [gone.buffer] });
    expect(thrown(() => decodeMulaw(gone)).message).toContain('has lost its memory');
    const buffer = Reflect.construct(ArrayBuffer, [64, { maxByteLength: 64 }]);
    expect(decodeMulaw(new Uint8Array(buffer, 64))).toEqual(new Int16Array(0)); // grows with its buffer
    expect(decodeMulaw(new Uint8Array(0))).toEqual(new Int16Array(0));
  });
});

test('results are made without running what someone put on Array.prototype', () => {
  const truncated = wav.subarray(0, 150);
  let ran = 0;
  Object.defineProperty(Array.prototype, 0, { set: () => ran++, get: () => undefined, configurable: true });
  try {
    const { warnings } = readWav(truncated);
    Reflect.deleteProperty(Array.prototype, 0); // before anything else makes arrays
    expect(ran).toBe(0);
    expect(Object.getOwnPropertyDescriptor(warnings, 0)).toEqual({
      value: 'truncated',
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect(warnings).toHaveLength(1);
  } finally {
    Reflect.deleteProperty(Array.prototype, 0);
  }
});

// What these say is held by the type check of the tests; the run only shows that the types tell the truth.
describe('types', () => {
  test('results own an ArrayBuffer, of the kind that came in', async () => {
    const int16: Int16Array<ArrayBuffer> = resample(new Int16Array(8), rates);
    const float32: Float32Array<ArrayBuffer> = await resampleAsync(new Float32Array(8), rates);
    const flushed: Int16Array<ArrayBuffer> = new Resampler(rates).flush();
    const read: Float32Array<ArrayBuffer> = new WavReader({ sample: 'float32' }).process(wav);
    const whole: Int16Array<ArrayBuffer> = readWav(wav).samples;
    const either: Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer> = resample(
      whole as Int16Array | Float32Array,
      rates,
    );
    const shared = new Int16Array(new SharedArrayBuffer(8)); // a type that fits; the addon refuses it
    expect(thrown(() => new Resampler(rates).process(shared)).message).toContain('SharedArrayBuffer');
    for (const array of [int16, float32, flushed, read, whole, either])
      expect(array.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test('a subclass is not promised back', () => {
    class Mine extends Int16Array {
      hello() {}
    }
    const result = resample(new Mine(8), rates);
    // @ts-expect-error: an Int16Array has no such method
    expect(result.hello).toBeUndefined();
  });

  test('float32 has to be asked for in the options too', () => {
    // @ts-expect-error: it would give an Int16Array
    expect(new WavReader<'float32'>().process(wav)).toBeInstanceOf(Int16Array);
    // @ts-expect-error: it would give an Int16Array
    expect(new Resampler<'float32'>(rates).flush()).toBeInstanceOf(Int16Array);
    const sample = 'float32' as SampleType;
    const either: Int16Array | Float32Array = new WavReader({ sample }).process(wav);
    expect(either).toBeInstanceOf(Float32Array);
  });
});
