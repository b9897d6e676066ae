import { getEventListeners, once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMulaw, Loudness, type LoudnessOptions, stepLevels } from '../../../src/index.js';
import { cutAt, outputOf, streamContract } from './contract.js';
import { bytesOf, noise } from './sound.js';

const format = { encoding: 's16le', sampleRateHz: 16_000, channels: 2 } as const;
const samples = noise(150_000);

streamContract('Loudness', {
  make: (options) => new Loudness({ ...options, format }),
  input: bytesOf(samples),
  expected: bytesOf(samples),
});

type Told = [event: string, startMs: number];

async function eventsOf(chunks: Uint8Array[], options: LoudnessOptions) {
  const loudness = new Loudness(options);
  const told: Told[] = [];
  const levels: number[] = [];
  for (const event of ['speech', 'silence'] as const)
    loudness.on(event, ({ startMs }) => told.push([event, startMs]));
  loudness.on('level', ({ levelDb }) => levels.push(levelDb));
  await outputOf(loudness, chunks);
  return { told, levels };
}

/** 8 kHz, mono: so many seconds of silence, then of noise, and so on. */
function talk(...seconds: number[]): Int16Array<ArrayBuffer> {
  const parts = seconds.map((s, i) => (i % 2 === 0 ? new Int16Array(s * 8000) : noise(s * 8000)));
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

describe('Loudness', () => {
  it('tells the levels that stepLevels gives, the last step shorter', async () => {
    const part = samples.subarray(0, 10_000);
    const { levels } = await eventsOf([bytesOf(part)], { format });
    expect(levels).toEqual([...stepLevels(part, 2 * 1280)]);
    expect(levels.length).toBe(4);
  });

  it('tells speech at its first step, and silence when it has lasted', async () => {
    const mulaw = { encoding: 'mulaw', sampleRateHz: 8000 } as const;
    // Silence of 0.32 s within the talk is too short to be told.
    const sound = talk(0.8, 1.6, 0.32, 0.8, 2, 0.4);
    const { told } = await eventsOf([encodeMulaw(sound)], { format: mulaw });
    expect(told).toEqual([
      ['speech', 800],
      ['silence', 3520],
      ['speech', 5520],
    ]);
  });

  it('tells the same wherever the input is cut', async () => {
    const options = { format: { encoding: 's16le', sampleRateHz: 8000 } as const, stepMs: 33 };
    const bytes = bytesOf(talk(0.5, 0.7, 1.1, 0.2));
    const whole = await eventsOf([bytes], options);
    expect(whole.told.length).toBe(3);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length - 1), { maxLength: 9 }), async (cuts) => {
        expect(await eventsOf(cutAt(bytes, cuts), options)).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('tells nothing more when it is destroyed by who listens', async () => {
    for (const event of ['level', 'speech'] as const) {
      const loudness = new Loudness({ format });
      const told: string[] = [];
      for (const name of ['level', 'speech', 'data'] as const) loudness.on(name, () => told.push(name));
      loudness.once(event, () => loudness.destroy());
      loudness.end(bytesOf(samples));
      await once(loudness, 'close');
      expect(told).toEqual(event === 'level' ? ['level'] : ['level', 'speech']);
    }
  });

  it('refuses steps of more samples than memory is for, and listens to no signal then', () => {
    const { signal } = new AbortController();
    const all = { encoding: 'u8', sampleRateHz: 192_000, channels: 65_535 } as const;
    for (const stepMs of [undefined, 10_000])
      expect(() => new Loudness({ format: all, signal, ...(stepMs && { stepMs }) })).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
      );
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    new Loudness({ format: { ...all, channels: 8 }, stepMs: 8_000 }).destroy();
  });

  it.each([
    [{ format: { encoding: 's16le' } }, 'ERR_INVALID_ARG'],
    [{ format, stepMs: 0 }, 'ERR_INVALID_OPTION'],
    [{ format, silenceDb: 1 }, 'ERR_INVALID_OPTION'],
    [{ format: { container: 'wav' } }, 'ERR_INVALID_ARG'],
    [{}, 'ERR_INVALID_ARG'],
  ])('refuses %j with %s', (options, code) => {
    expect(() => new Loudness(options as LoudnessOptions)).toThrow(expect.objectContaining({ code }));
  });
});
