/**
 * Whole buffers off the event loop: the same results and errors as the functions that hold it, rejections only, aborts
 * at any moment, inputs that vanish. Workers and processes that end with jobs in flight: workers.test.ts.
 */
import { createHook } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  type AbortOptions,
  convertSamples,
  convertSamplesAsync,
  FormatError,
  readWav,
  readWavAsync,
  resample,
  resampleAsync,
  UnsupportedError,
  type WavAudio,
  writeOggOpusAsync,
  writeWav,
  writeWavAsync,
} from '../../../src/audio/index.js';
import { type GiveUp, native, type OwnSamples } from '../../../src/native/index.js';
import { fixture, sha256, thrown } from './helpers.js';

/** Far above the size from which a thread is worth it, and several slices of half a megabyte. */
const LARGE_BYTES = 3 << 20;

function noise(bytes: number): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}
const int16 = (samples: number) => new Int16Array(noise(2 * samples).buffer);
const float32 = (samples: number) => Float32Array.from(int16(samples), (x) => x / 30_000);
const largeBytes = noise(LARGE_BYTES);
const large16 = new Int16Array(largeBytes.buffer);
const large32 = float32(LARGE_BYTES / 4);
const detach = (array: Uint8Array | Int16Array | Float32Array) =>
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });

/** The same kind of array with the same bits: toEqual takes seconds for millions of samples. */
function expectSame(actual: ArrayBufferView, expected: ArrayBufferView): void {
  expect([actual.constructor, actual.byteLength, sha256(actual)]).toEqual([
    expected.constructor,
    expected.byteLength,
    sha256(expected),
  ]);
}
function expectSameWav(actual: WavAudio, expected: WavAudio): void {
  const { samples, ...facts } = actual;
  const { samples: expectedSamples, ...expectedFacts } = expected;
  expect(facts).toEqual(expectedFacts);
  expectSame(samples, expectedSamples);
}

type Rejection = Error & { code?: string; byteOffset?: number };
const rejection = (promise: Promise<unknown>): Promise<Rejection> =>
  promise.then(
    () => expect.unreachable('nothing was thrown'),
    (error) => error,
  );

/** Each function on an input of its own that is large enough for the pool. */
const jobs: Record<
  string,
  (options: AbortOptions) => { input: Uint8Array | Int16Array; promise: Promise<unknown> }
> = {
  resampleAsync: (options) => {
    const input = large16.slice();
    return { input, promise: resampleAsync(input, { fromHz: 8000, toHz: 16_000, ...options }) };
  },
  readWavAsync: (options) => {
    const input = writeWav(large16, { sampleRateHz: 8000 });
    return { input, promise: readWavAsync(input, options) };
  },
  writeWavAsync: (options) => {
    const input = large16.slice();
    return { input, promise: writeWavAsync(input, { sampleRateHz: 8000, ...options }) };
  },
  writeOggOpusAsync: (options) => {
    const input = large16.slice(0, 2 ** 16);
    return {
      input,
      promise: writeOggOpusAsync(input, { sampleRateHz: 48_000, complexity: 0, ...options }),
    };
  },
  convertSamplesAsync: (options) => {
    const input = largeBytes.slice();
    return { input, promise: convertSamplesAsync(input, { from: 's24le', to: 's16le', ...options }) };
  },
};
const names = Object.keys(jobs);

describe('results', () => {
  test.each([
    ['int16', 8000, 24_000, 1, large16],
    ['int16, stereo', 44_100, 16_000, 2, large16],
    ['float32, six channels', 48_000, 8000, 6, large32.subarray(0, 6 * 120_000)],
    ['equal rates', 8000, 8000, 1, large16],
  ] as const)('resampleAsync equals resample: %s', async (_, fromHz, toHz, channels, samples) => {
    const options = { fromHz, toHz, channels, quality: 'fast' } as const;
    expectSame(await resampleAsync(samples, options), resample(samples, options));
  });

  test.each(['s16', 's24', 'f64', 'alaw'] as const)('readWavAsync equals readWav: %s', async (encoding) => {
    for (const channels of [1, 3]) {
      const samples = large16.subarray(0, 1_500_000);
      const wav = writeWav(samples, { sampleRateHz: 8000, channels, encoding });
      expectSameWav(await readWavAsync(wav), readWav(wav));
      const asFloat = { sample: 'float32' } as const;
      expectSameWav(await readWavAsync(wav, asFloat), readWav(wav, asFloat));
    }
  });

  test('readWavAsync finds chunks before and after the audio, longer than slices, and a truncated end', async () => {
    const chunk = (id: string, body: Uint8Array) => {
      const header = Buffer.alloc(8);
      header.write(id, 'latin1');
      header.writeUInt32LE(body.length, 4);
      return Buffer.concat([header, body]);
    };
    const wav = Buffer.from(writeWav(large16, { sampleRateHz: 8000 }));
    const [riff, audio] = [wav.subarray(0, 12), wav.subarray(12)];
    const small = Array.from({ length: 3000 }, () => chunk('junk', noise(2)));
    const file = Buffer.concat([
      riff,
      chunk('LIST', noise(2 ** 20)),
      ...small,
      audio,
      chunk('id3 ', noise(2 ** 20)),
    ]);
    const cut = file.subarray(0, 3 << 20);
    for (const bytes of [file, cut]) expectSameWav(await readWavAsync(bytes), readWav(bytes));
    expectSame(readWav(file).samples, large16);
    expect((await readWavAsync(cut)).warnings).toContain('truncated');
  });

  test('writeWavAsync equals writeWav', async () => {
    for (const encoding of ['u8', 's16', 's24', 'f32', 'mulaw'] as const) {
      const options = { sampleRateHz: 8000, channels: 3, encoding };
      const odd = large16.subarray(0, 999_999); // with u8 and three channels: a pad byte
      expectSame(await writeWavAsync(odd, options), writeWav(odd, options));
      const floats = large32.subarray(0, 600_000);
      expectSame(await writeWavAsync(floats, options), writeWav(floats, options));
    }
  });

  test('convertSamplesAsync equals convertSamples', async () => {
    const bytes = largeBytes;
    for (const options of [
      { from: 'mulaw', to: 's16le' },
      { from: 's24be', to: 'f32le', channels: 4, toChannels: 1 },
      { from: 'u8', to: 'alaw', channels: 1, toChannels: 2 },
      { from: 's16le', to: 's24le', channels: 24_576 }, // a frame of 49 152 bytes
    ] as const)
      expectSame(await convertSamplesAsync(bytes, options), convertSamples(bytes, options));
  });

  test('frames longer than a slice are worked on whole', async () => {
    const options = { from: 'f64le', to: 's16le', channels: 65_535 } as const;
    const bytes = noise(4 * 8 * 65_535);
    expectSame(await convertSamplesAsync(bytes, options), convertSamples(bytes, options));
  });

  test('a view into a larger buffer is read from its own place', async () => {
    const view = large16.subarray(1001, 1_000_001);
    const options = { fromHz: 8000, toHz: 16_000, quality: 'fast' } as const;
    expectSame(await resampleAsync(view, options), resample(view.slice(), options));
  });

  test('empty inputs and small ones give what the other functions give', async () => {
    const rates = { fromHz: 8000, toHz: 16_000 };
    expect(await resampleAsync(new Int16Array(0), rates)).toEqual(new Int16Array(0));
    expect(await resampleAsync(int16(80), rates)).toEqual(resample(int16(80), rates));
    expect(await readWavAsync(fixture('cpython-pluck-pcm24.wav'))).toEqual(
      readWav(fixture('cpython-pluck-pcm24.wav')),
    );
    expect(await writeWavAsync(int16(0), { sampleRateHz: 1 })).toEqual(
      writeWav(int16(0), { sampleRateHz: 1 }),
    );
    expect(await convertSamplesAsync(noise(3), { from: 's24le', to: 'u8' })).toHaveLength(1);
  });

  test('the event loop turns while the pool works', async () => {
    let turns = 0;
    let pending = true;
    const turn = () => {
      turns++;
      if (pending) setImmediate(turn);
    };
    setImmediate(turn);
    await resampleAsync(large16, { fromHz: 8000, toHz: 48_000, quality: 'best' }).finally(() => {
      pending = false;
    });
    expect(turns).toBeGreaterThan(5); // one for each slice at least
  });

  test('jobs run side by side', async () => {
    const options = { fromHz: 8000, toHz: 16_000, quality: 'fast' } as const;
    const inputs = Array.from({ length: 8 }, (_, i) => large16.subarray(i * 1000, 600_000 + i * 1000));
    const outputs = await Promise.all(inputs.map((input) => resampleAsync(input, options)));
    outputs.forEach((output, i) => {
      expectSame(output, resample(inputs[i] as Int16Array, options));
    });
  });
});

describe('errors', () => {
  const same = async (promise: Promise<unknown>, run: () => unknown) => {
    const [error, expected] = [await rejection(promise), thrown(run)];
    expect(error).toBeInstanceOf(expected.constructor);
    expect([error.message, error.code, error.byteOffset]).toEqual([
      expected.message,
      expected.code,
      expected.byteOffset,
    ]);
  };
  // What no type allows.
  const any = (value: unknown) => value as never;

  test('mistakes of the caller reject, and are those of the other functions', async () => {
    const rates = { fromHz: 8000, toHz: 16_000 };
    for (const value of [
      undefined,
      null,
      5,
      'x',
      {},
      new Uint8Array(8),
      new Int16Array(new SharedArrayBuffer(8)),
    ])
      await same(resampleAsync(any(value), rates), () => resample(any(value), rates));
    for (const options of [
      { ...rates, toHz: 0 },
      { ...rates, channels: 65 },
      { ...rates, quality: 'x' },
    ])
      await same(resampleAsync(large16, any(options)), () => resample(large16, any(options)));
    await same(resampleAsync(int16(3), { ...rates, channels: 2 }), () =>
      resample(int16(3), { ...rates, channels: 2 }),
    );
    await same(readWavAsync(large16 as never), () => readWav(any(large16)));
    await same(readWavAsync(noise(8), any({ sample: 'x' })), () => readWav(noise(8), any({ sample: 'x' })));
    await same(writeWavAsync(large16, any({ sampleRateHz: 0 })), () =>
      writeWav(large16, { sampleRateHz: 0 }),
    );
    const odd = { sampleRateHz: 8000, channels: 7 };
    await same(writeWavAsync(large16, odd), () => writeWav(large16, odd));
    const mix = { from: 'u8', to: 'u8', channels: 2, toChannels: 3 } as const;
    await same(convertSamplesAsync(noise(6), mix), () => convertSamples(noise(6), mix));
    const options = await rejection(resampleAsync(large16, any(undefined)));
    expect([options.name, Reflect.get(options, 'code')]).toEqual(['TypeError', 'ERR_INVALID_ARG']);
    const gone = noise(8);
    detach(gone);
    await same(readWavAsync(gone), () => readWav(gone));
  });

  test('bytes that are no WAV file reject as readWav throws, wherever the fault lies', async () => {
    const large = Buffer.from(writeWav(large16, { sampleRateHz: 8000 }));
    const edit = (offset: number, text: string) => {
      const copy = Buffer.from(large);
      copy.write(text, offset, 'latin1');
      return copy;
    };
    const laterFault = Buffer.concat([
      large.subarray(0, 12),
      Buffer.from('junk\0\0\x10\0', 'latin1'),
      noise(2 ** 20),
    ]);
    for (const bytes of [
      largeBytes,
      edit(0, 'OggS'),
      edit(20, '\x02\0'), // ADPCM
      edit(22, '\0\0'), // no channels
      edit(36, 'junk'), // no audio
      laterFault, // no `fmt `, seen at the end
    ])
      await same(readWavAsync(bytes), () => readWav(bytes));
    expect(await rejection(readWavAsync(largeBytes))).toBeInstanceOf(FormatError);
    expect(await rejection(readWavAsync(edit(20, '\x02\0')))).toBeInstanceOf(UnsupportedError);
  });

  test.each(names)('%s rejects when its input is transferred in mid-work', async (name) => {
    const job = (jobs[name] as (typeof jobs)[string])({});
    detach(job.input);
    const error = await rejection(job.promise);
    expect([error.name, error.code]).toEqual(['TypeError', 'ERR_INVALID_ARG']);
    expect(error.message).toMatch(/transferred or resized/);
  });

  test('an input that shrinks in mid-work rejects; one that is written to does not', async () => {
    const buffer = Reflect.construct(ArrayBuffer, [LARGE_BYTES, { maxByteLength: LARGE_BYTES }]);
    const options = { from: 'u8', to: 's16le' } as const;
    const shrinking = convertSamplesAsync(new Uint8Array(buffer), options);
    buffer.resize(1000);
    expect((await rejection(shrinking)).message).toMatch(/transferred or resized/);
    const bytes = largeBytes.slice();
    const written = convertSamplesAsync(bytes, options);
    bytes.fill(0);
    expect(await written).toHaveLength(2 * LARGE_BYTES);
  });

  test('a signal that is none is refused', async () => {
    for (const signal of [null, {}, { aborted: false }, new EventTarget(), 'x'])
      for (const job of Object.values(jobs))
        expect(await rejection(job({ signal: any(signal) }).promise)).toMatchObject({
          name: 'TypeError',
          code: 'ERR_INVALID_ARG',
        });
  });
});

describe.each(names)('%s and its signal', (name) => {
  const start = jobs[name] as (typeof jobs)[string];

  test('rejects with the reason when it is aborted already, before the arguments are looked at', async () => {
    const reason = { mine: true };
    expect(await rejection(start({ signal: AbortSignal.abort(reason) }).promise)).toBe(reason);
    const { input, promise } = start({ signal: AbortSignal.abort(reason) });
    detach(input);
    expect(await rejection(promise)).toBe(reason);
  });

  test('rejects at once with the reason, whatever else happens', async () => {
    for (const reason of [new Error('enough'), 0, undefined]) {
      const controller = new AbortController();
      const { input, promise } = start({ signal: controller.signal });
      controller.abort(reason);
      detach(input);
      expect(await rejection(promise)).toBe(controller.signal.reason);
    }
  });

  test('leaves no listener behind, after success, failure and abort', async () => {
    const listeners = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length;
    const controller = new AbortController();
    const { promise } = start({ signal: controller.signal });
    expect(listeners(controller)).toBe(1);
    await promise;
    expect(listeners(controller)).toBe(0);
    const failing = start({ signal: controller.signal });
    detach(failing.input);
    await rejection(failing.promise);
    expect(listeners(controller)).toBe(0);
    const aborted = start({ signal: controller.signal });
    controller.abort();
    await rejection(aborted.promise);
    expect(listeners(controller)).toBe(0);
  });

  test('one signal serves many jobs without a warning', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    const controller = new AbortController();
    const promises = Array.from({ length: 12 }, () =>
      rejection(start({ signal: controller.signal }).promise),
    );
    controller.abort('all of them');
    expect(await Promise.all(promises)).toEqual(Array(12).fill('all of them'));
    await new Promise((resolve) => setImmediate(resolve)); // warnings come on a later turn
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });
});

/** How often a thread of the pool was asked to work while `run` did: once for each slice. */
async function countSlices(run: () => Promise<unknown>): Promise<number> {
  let slices = 0;
  const hook = createHook({
    init(_, type) {
      if (type === 'sluice-audio') slices++;
    },
  }).enable();
  await run().finally(() => hook.disable());
  return slices;
}

describe('slices', () => {
  const mb = 2 ** 20;

  test.each<[string, number, () => Promise<unknown>]>([
    ['input, where that is more', 6, () => resampleAsync(large16, { fromHz: 48_000, toHz: 8000 })],
    [
      'output, where that is more',
      12,
      () => resampleAsync(large16.subarray(0, mb / 2), { fromHz: 8000, toHz: 48_000 }),
    ],
    [
      'output of many channels',
      8,
      () => convertSamplesAsync(noise(mb / 64), { from: 'u8', to: 'f64le', toChannels: 32 }),
    ],
    [
      'a file, wider than its samples were',
      16,
      () => writeWavAsync(int16(mb), { sampleRateHz: 1, encoding: 'f64' }),
    ],
    [
      'samples, wider than in the file, and its header',
      1 + 8,
      () => readWavAsync(writeWav(int16(mb), { sampleRateHz: 1, encoding: 'u8' }), { sample: 'float32' }),
    ],
    [
      'sound to encode, which takes more time',
      16,
      () => writeOggOpusAsync(int16(mb / 2), { sampleRateHz: 48_000, complexity: 0 }),
    ],
  ])('hold at most half a megabyte of %s', async (_, atLeast, run) => {
    const slices = await countSlices(run);
    expect(slices).toBeGreaterThanOrEqual(atLeast);
    expect(slices).toBeLessThanOrEqual(atLeast + 1); // whole frames may make it one more
  });

  test.each<[string, () => Promise<unknown>]>([
    [
      'convertSamplesAsync',
      () => convertSamplesAsync(noise(mb / 128), { from: 'u8', to: 'f64le', toChannels: 64 }),
    ],
    ['writeWavAsync', () => writeWavAsync(int16(mb / 8), { sampleRateHz: 1, encoding: 'f64' })],
    [
      'readWavAsync',
      () => readWavAsync(writeWav(int16(mb / 8), { sampleRateHz: 1, encoding: 'u8' }), { sample: 'float32' }),
    ],
    ['resampleAsync', () => resampleAsync(int16(1000), { fromHz: 1000, toHz: 192_000 })],
  ])('%s leaves the loop for a short input whose output is long', async (_, run) => {
    expect(await countSlices(run)).toBeGreaterThan(0);
  });

  test('a job whose input and output are short never leaves the loop', async () => {
    const short = int16(1000);
    expect(await countSlices(() => resampleAsync(short, { fromHz: 8000, toHz: 16_000 }))).toBe(0);
    expect(await countSlices(() => writeWavAsync(short, { sampleRateHz: 8000 }))).toBe(0);
    expect(await countSlices(() => readWavAsync(writeWav(short, { sampleRateHz: 8000 })))).toBe(0);
  });
});

describe('the addon', () => {
  const fast = [8000, 16_000, 1, 'fast'] as const;

  test('takes no further slice of a job that was given up, and calls nothing back', async () => {
    const calls: string[] = [];
    const note = (name: string) => () => void calls.push(name);
    const slices = await countSlices(async () => {
      const giveUp = native.resample(large16, ...fast, note('resolve'), note('reject')) as GiveUp;
      giveUp();
      giveUp();
      // A job that comes later and ends tells that the first had its time.
      await resampleAsync(large16.subarray(0, 100_000), { fromHz: 8000, toHz: 16_000, quality: 'fast' });
    });
    expect(calls).toEqual([]);
    expect(slices).toBe(1 + 1);
  });

  test('giving up a job that has ended changes nothing', async () => {
    let giveUp = () => {};
    const samples = await new Promise<OwnSamples>((resolve, reject) => {
      giveUp = native.resample(large16, ...fast, resolve, reject) as GiveUp;
    });
    giveUp();
    expectSame(samples, native.resample(large16, ...fast));
  });

  test('does no work for given-up jobs that still wait for a thread', async () => {
    // CPU time, which does not depend on what else the machine does. Of 32 jobs of a slice each the four that a
    // thread of the pool has taken up run to the slice's end.
    const samples = large16.subarray(0, 240_000);
    const dear = [44_101, 48_000, 1, 'best'] as const;
    native.resample(samples.subarray(0, 1000), ...dear); // its taps
    const cpuMs = async (signal?: AbortSignal, abort = () => {}) => {
      const { user, system } = process.cpuUsage();
      const jobs = Array.from({ length: 32 }, () =>
        resampleAsync(samples, { fromHz: 44_101, toHz: 48_000, quality: 'best', ...(signal && { signal }) }),
      );
      abort();
      await Promise.allSettled(jobs);
      await resampleAsync(samples, { fromHz: 8000, toHz: 8000 }); // behind all of them in the pool's queue
      const used = process.cpuUsage({ user, system });
      return (used.user + used.system) / 1000;
    };
    const controller = new AbortController();
    const givenUp = await cpuMs(controller.signal, () => controller.abort());
    expect(givenUp).toBeLessThan((await cpuMs()) / 2);
  });

  test('refuses callbacks that are none', () => {
    const raw = native.resample as (...args: unknown[]) => unknown;
    const error = thrown(() => raw(large16, ...fast, () => {}, 5));
    expect([error.name, error.code]).toEqual(['TypeError', 'ERR_INVALID_ARG']);
  });
});
