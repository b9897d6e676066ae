/** Laws of WavReader and WavWriter that hold for any input, wherever it was cut. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FormatError,
  readWav,
  UnsupportedError,
  type WavEncoding,
  WavReader,
  WavWriter,
  writeWav,
} from '../../src/audio/index.js';

// Without size 'max' fast-check would hardly ever make more than ten of anything.
const cuts = fc.array(fc.nat(60), { maxLength: 40, size: 'max' });
const encodings = fc.constantFrom<WavEncoding[]>('u8', 's16', 's24', 's32', 'f32', 'f64', 'mulaw', 'alaw');
const sampleTypes = fc.constantFrom('int16' as const, 'float32' as const);

/** `data` in pieces of the given lengths, in units of `unit` elements; the rest in one piece. */
function cut<T extends Uint8Array | Int16Array | Float32Array>(data: T, lengths: number[], unit = 1): T[] {
  const pieces: T[] = [];
  let start = 0;
  for (const length of lengths) {
    const end = Math.min(start + length * unit, data.length);
    pieces.push(data.subarray(start, end) as T);
    start = end;
  }
  return [...pieces, data.subarray(start) as T];
}

function joined(parts: readonly ArrayBufferView[]): Buffer {
  return Buffer.concat(
    parts.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  );
}

/** The samples and facts of a file, or the error that it is. */
function outcome<T extends object>(run: () => T): T | { name: string; code: string; byteOffset: number } {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof UnsupportedError)) throw error;
    const { name, code, byteOffset } = error;
    return { name, code, byteOffset };
  }
}

describe('WavReader', () => {
  const read = (pieces: Uint8Array[], sample: 'int16' | 'float32', fileBytes: number) =>
    outcome(() => {
      using reader = new WavReader({ sample, fileBytes });
      const parts = pieces.map((piece) => {
        const room = reader.maxOutputSamples(piece.length);
        const part = reader.process(piece);
        expect(part.length).toBeLessThanOrEqual(room);
        return part;
      });
      const { frames, missingFrames, warnings, encoding, sampleRateHz, channels } = reader.finish();
      return { samples: joined(parts), frames, missingFrames, warnings, encoding, sampleRateHz, channels };
    });

  const readWhole = (bytes: Uint8Array, sample: 'int16' | 'float32') =>
    outcome(() => {
      const { samples, bitsPerSample: _, ...facts } = readWav(bytes, { sample });
      return { samples: joined([samples]), ...facts };
    });

  test('gives what readWav gives, wherever the file was cut', () => {
    const file = fc.record({
      samples: fc.int16Array({ maxLength: 400, size: 'max' }),
      channels: fc.integer({ min: 1, max: 5 }),
      encoding: encodings,
      sample: sampleTypes,
      lost: fc.oneof(fc.constant(0), fc.nat(100)),
      cuts,
    });
    fc.assert(
      fc.property(file, ({ samples, channels, encoding, sample, lost, cuts }) => {
        const whole = samples.subarray(0, samples.length - (samples.length % channels));
        const bytes = writeWav(whole, { sampleRateHz: 8000, channels, encoding });
        const there = bytes.subarray(0, bytes.length - lost);
        expect(read(cut(there, cuts), sample, there.length)).toEqual(readWhole(there, sample));
      }),
      { numRuns: 300 },
    );
  });

  test('gives what readWav gives of a file with any of its bytes changed', () => {
    const damage = fc.array(fc.tuple(fc.nat(79), fc.nat(255)), { maxLength: 3 });
    fc.assert(
      fc.property(damage, cuts, sampleTypes, (damage, cuts, sample) => {
        using writer = new WavWriter({ sampleRateHz: 8000, channels: 2, encoding: 's24' });
        const bytes = joined([writer.process(new Int16Array(60).fill(1234)), writer.flush()]);
        for (const patch of writer.patches()) bytes.set(patch.bytes, patch.offset);
        for (const [at, value] of damage) bytes[at] = value;
        expect(read(cut(bytes, cuts), sample, bytes.length)).toEqual(readWhole(bytes, sample));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('WavWriter', () => {
  test('writes the same bytes wherever the samples were cut, and a header of one length', () => {
    const input = fc.record({
      ints: fc.int16Array({ maxLength: 400, size: 'max' }),
      float32: fc.boolean(),
      channels: fc.integer({ min: 1, max: 5 }),
      encoding: encodings,
      rf64: fc.boolean(),
      cuts,
    });
    fc.assert(
      fc.property(input, ({ ints, float32, channels, encoding, rf64, cuts }) => {
        const whole = ints.subarray(0, ints.length - (ints.length % channels));
        const samples = float32 ? Float32Array.from(whole, (x) => x / 32_768) : whole;
        using writer = new WavWriter({ sampleRateHz: 8000, channels, encoding, rf64 });
        const write = (pieces: (Int16Array | Float32Array)[]) => {
          const parts = pieces.map((piece) => {
            const bytes = writer.process(piece);
            expect(bytes.length).toBeLessThanOrEqual(writer.maxOutputBytes(piece.length / channels));
            return bytes;
          });
          return { streamed: joined([...parts, writer.flush()]), patches: writer.patches() };
        };
        const { streamed, patches } = write([samples]);
        if (samples.length === 0) writer.reset(); // else the first samples begin a new file
        expect(write(cut(samples, cuts, channels))).toEqual({ streamed, patches });
        expect(writer.frames).toBe(samples.length / channels);
        const file = Buffer.concat([streamed, new Uint8Array(streamed.length % 2)]);
        for (const { offset, bytes } of patches) file.set(bytes, offset);
        expect(file.readUInt32LE(4)).toBe(file.length - 8);
        const expected = readWav(writeWav(samples, { sampleRateHz: 8000, channels, encoding }));
        expect(readWav(file)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
