import { spawnSync } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { Resampler, resample, type SampleArray, type SampleType } from '../../../src/audio/index.js';
import { addonPath, sha256, sine, thrown, toInt16 } from './helpers.js';
import { transpiledAudio } from './transpile.js';

const audio = transpiledAudio();
afterAll(() => audio.remove());

/** Signal to noise against the same sine sampled at the other rate, the first and last tenth left out. */
function snrDb(got: Float32Array, want: Float32Array): number {
  let signal = 0;
  let noise = 0;
  for (let i = Math.floor(want.length * 0.1); i < want.length * 0.9; i++) {
    signal += (want[i] as number) ** 2;
    noise += ((got[i] as number) - (want[i] as number)) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

describe('resample', () => {
  test.each([
    [8000, 24_000],
    [48_000, 16_000],
    [44_100, 24_000],
    [16_000, 44_100],
  ])('%i to %i Hz is the same sine, in time and in level', (fromHz, toHz) => {
    const got = resample(sine(fromHz / 2, 997, fromHz), { fromHz, toHz });
    const want = sine(toHz / 2, 997, toHz);
    expect(got.length).toBe(want.length);
    expect(snrDb(got, want)).toBeGreaterThan(90); // dsp.md's gate for float32 tones
  });

  test('keeps channels apart', () => {
    const both = resample(sine(4800, 997, 48_000, 2), { fromHz: 48_000, toHz: 24_000, channels: 2 });
    const one = resample(sine(4800, 997, 48_000), { fromHz: 48_000, toHz: 24_000 });
    expect(both.length).toBe(2 * one.length);
    one.forEach((x, i) => {
      expect(both[2 * i]).toBe(x);
      expect(both[2 * i + 1]).toBe(-x);
    });
  });

  test('gives the type it took, as long as the law says, in memory of its own', () => {
    const s16 = resample(toInt16(sine(1001, 440, 44_100)), { fromHz: 44_100, toHz: 8000 });
    expect(s16).toBeInstanceOf(Int16Array);
    expect(s16.length).toBe(Math.ceil((1001 * 8000) / 44_100));
    expect(s16.buffer.byteLength).toBe(s16.byteLength);
    expect(resample(new Float32Array(0), { fromHz: 8000, toHz: 16_000 })).toEqual(new Float32Array(0));
  });

  test('has three qualities', () => {
    const samples = sine(800, 997, 8000);
    const outputs = (['fast', 'default', 'best'] as const).map((quality) =>
      resample(samples, { fromHz: 8000, toHz: 16_000, quality }).join(),
    );
    expect(new Set(outputs).size).toBe(3);
  });

  test('leaves samples alone when the rates agree', () => {
    const samples = toInt16(sine(100, 997, 8000));
    const same = resample(samples, { fromHz: 8000, toHz: 8000 });
    expect(same).toEqual(samples);
    expect(same.buffer).not.toBe(samples.buffer);
  });

  test.each([
    [1000, 192_000, 64],
    [192_000, 1000, 64],
    [44_101, 48_000, 3],
    [44_100, 48_000, 64],
    [16_000, 8000, 2],
    [8000, 8000, 5],
  ])('%i to %i Hz on %i channels is what a stream gives, from one frame on', (fromHz, toHz, channels) => {
    for (const quality of ['fast', 'best'] as const) {
      for (const frames of [1, 2, 255]) {
        const options = { fromHz, toHz, channels, quality };
        const samples = Int16Array.from({ length: frames * channels }, (_, i) => 20_000 * Math.sin(i * i));
        const floats = Float32Array.from(samples, (x) => x / 32_768);
        expect(sha256(resample(samples, options))).toBe(sha256(stream(new Resampler(options), samples)));
        const inFloat = new Resampler({ ...options, sample: 'float32' });
        expect(sha256(resample(floats, options))).toBe(sha256(stream(inFloat, floats)));
      }
    }
  });

  function stream<S extends SampleType>(resampler: Resampler<S>, samples: SampleArray<S>): Uint8Array {
    const parts = [resampler.process(samples), resampler.flush()];
    resampler.close();
    return Buffer.concat(parts.map(({ buffer }) => new Uint8Array(buffer)));
  }

  test('takes memory by the length of its input, not by its channels and rates', () => {
    const program = `
      import { resample } from ${JSON.stringify(pathToFileURL(audio.index).href)};
      const options = { fromHz: 1000, toHz: 192_000, channels: 64 };
      const before = process.resourceUsage().maxRSS;
      resample(new Float32Array(64), options);
      console.log(process.resourceUsage().maxRSS - before);`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, SLUICE_ADDON: addonPath },
      encoding: 'utf8',
    });
    expect(child.stderr).toBe('');
    // kB. A block of 4096 frames would become 200 MB of output; the taps and their design take a few.
    expect(Number(child.stdout)).toBeLessThan(40_000);
  });

  test.each([
    ['a rate below 1 kHz', { fromHz: 999, toHz: 8000 }, 'ERR_INVALID_RATE'],
    ['a rate above 192 kHz', { fromHz: 8000, toHz: 192_001 }, 'ERR_INVALID_RATE'],
    ['a broken rate', { fromHz: 8000, toHz: 11_025.5 }, 'ERR_INVALID_RATE'],
    ['65 channels', { fromHz: 8000, toHz: 16_000, channels: 65 }, 'ERR_INVALID_CHANNELS'],
    ['a broken frame', { fromHz: 8000, toHz: 16_000, channels: 3 }, 'ERR_INVALID_LENGTH'],
    ['an unknown quality', { fromHz: 8000, toHz: 16_000, quality: 'good' as 'best' }, 'ERR_INVALID_ARG'],
  ])('refuses %s with a RangeError', (_, options, code) => {
    expect(thrown(() => resample(new Int16Array(100), options))).toMatchObject({ name: 'RangeError', code });
  });
});

describe('Resampler', () => {
  test('refuses a DataView by name', () => {
    const resampler = new Resampler({ fromHz: 8000, toHz: 16_000 });
    const view = new DataView(new ArrayBuffer(8)) as never;
    expect(thrown(() => resampler.process(view))).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG',
    });
    expect(thrown(() => resampler.process(view)).message).toContain('chunk');
  });

  const options = { fromHz: 44_100, toHz: 24_000 } as const;
  const samples = toInt16(sine(5000, 997, 44_100));

  test('process and flush add up to resample', () => {
    const resampler = new Resampler(options);
    const parts = [
      resampler.process(samples.subarray(0, 1)),
      resampler.process(samples.subarray(1, 3000)),
      resampler.process(samples.subarray(3000)),
      resampler.flush(),
    ];
    expect(Int16Array.from(parts.flatMap((p) => [...p]))).toEqual(resample(samples, options));
    for (const part of parts) expect(part.buffer.byteLength).toBe(part.byteLength);
  });

  test('processInto and flushInto do the same in memory of the caller', () => {
    const resampler = new Resampler({ ...options, sample: 'float32' });
    const input = sine(5000, 997, 44_100);
    const out = new Float32Array(resampler.maxOutputFrames(5000) + resampler.maxOutputFrames(0));
    const frames = resampler.processInto(input, out);
    const total = frames + resampler.flushInto(out.subarray(frames));
    expect(out.slice(0, total)).toEqual(resample(input, options));
  });

  test('is as new after flush and after reset', () => {
    const resampler = new Resampler(options);
    const first = [...resampler.process(samples), ...resampler.flush()];
    expect([...resampler.process(samples), ...resampler.flush()]).toEqual(first);
    resampler.process(samples.subarray(7));
    resampler.reset();
    expect([...resampler.process(samples), ...resampler.flush()]).toEqual(first);
  });

  test('tells its latency, at most 12 ms', () => {
    const { latencyFrames } = new Resampler(options);
    expect(latencyFrames).toBeGreaterThan(0);
    expect(latencyFrames).toBeLessThanOrEqual(0.012 * 44_100);
  });

  test('takes nothing when the output is too small', () => {
    const resampler = new Resampler(options);
    const small = thrown(() => resampler.processInto(samples, new Int16Array(10)));
    expect(small).toMatchObject({ name: 'RangeError', code: 'ERR_OUTPUT_TOO_SMALL' });
    expect(Int16Array.from([...resampler.process(samples), ...resampler.flush()])).toEqual(
      resample(samples, options),
    );
  });

  test('refuses the other sample type, shared memory and broken frames', () => {
    const resampler = new Resampler({ ...options, channels: 2 });
    const floats = new Float32Array(4) as unknown as Int16Array;
    expect(thrown(() => resampler.process(floats))).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG',
    });
    expect(thrown(() => resampler.process(new Int16Array(3)))).toMatchObject({ code: 'ERR_INVALID_LENGTH' });
    const shared = new Int16Array(1000);
    expect(thrown(() => resampler.processInto(shared.subarray(0, 10), shared))).toMatchObject({
      name: 'RangeError',
      code: 'ERR_INVALID_ARG',
    });
  });

  test('tells V8 about its memory, so that what is dropped without close() is collected in time', async () => {
    // 3000 of these hold 640 MB together; the JavaScript objects alone are too small to wake the collector.
    const before = process.memoryUsage().rss;
    let most = 0;
    for (let round = 0; round < 150; round++) {
      for (let i = 0; i < 20; i++) new Resampler({ ...options, channels: 64 });
      await setImmediate(); // finalizers run between turns of the event loop
      most = Math.max(most, process.memoryUsage().rss);
    }
    expect(most - before).toBeLessThan(320e6);
  });

  test('says that it is closed, however often it is closed', () => {
    const resampler = new Resampler(options);
    resampler.close();
    resampler.close();
    resampler[Symbol.dispose]();
    const uses: (() => unknown)[] = [
      () => resampler.process(samples),
      () => resampler.processInto(samples, new Int16Array(9999)),
      () => resampler.flush(),
      () => resampler.flushInto(new Int16Array(9999)),
      () => resampler.maxOutputFrames(1),
      () => resampler.latencyFrames,
      () => resampler.reset(),
    ];
    for (const use of uses) expect(thrown(use)).toMatchObject({ name: 'TypeError', code: 'ERR_CLOSED' });
  });
});
