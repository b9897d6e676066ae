/** Laws of OggOpusReader, OggOpusDecoder and OggPageReader that hold for any input, wherever it was cut. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OggOpusDecoder, OggOpusReader, OggPageReader, readOggOpus } from '../../src/audio/index.js';

const folder = new URL('../fixtures/audio/ogg/', import.meta.url);
const files = readdirSync(folder)
  .map((name) => readFileSync(new URL(name, folder)))
  .filter(({ length }) => length > 0 && length < 20_000);

/** One or two recordings behind each other, some of their bytes changed. */
const streams = fc
  .tuple(
    fc.array(fc.constantFrom(...files), { minLength: 1, maxLength: 2 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
  )
  .map(([parts, changes]) => {
    const bytes = Buffer.concat(parts);
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return bytes;
  });
const cuts = fc.array(fc.oneof(fc.nat(60), fc.nat(6000)), { maxLength: 40, size: 'max' });

interface Chunked<T> {
  process(chunk: Uint8Array): Iterable<T>;
  flush(): Iterable<T>;
}

/** What comes out until the end or an error, and that error. What comes to light at the end gives way to an error there. */
function outcome<T>(reader: Chunked<T>, bytes: Uint8Array, lengths: readonly number[]): [T[], unknown] {
  const found: T[] = [];
  const take = (items: Iterable<T>) => {
    for (const item of items) found.push(item);
  };
  try {
    let at = 0;
    for (const length of lengths) {
      take(reader.process(bytes.subarray(at, at + length)));
      at += length;
    }
    take(reader.process(bytes.subarray(at)));
    take(reader.flush());
    return [found, undefined];
  } catch (error) {
    const { name, code, byteOffset, message } = error as Error & { code: string; byteOffset: number };
    return [found, { name, code, byteOffset, message }];
  }
}

/** The same error, and the same before it as far as both go. */
function expectSame<T>([found, error]: [T[], unknown], [others, otherError]: [T[], unknown]): void {
  expect(error).toEqual(otherError);
  const length = error === undefined ? found.length : Math.min(found.length, others.length);
  expect(found.slice(0, length)).toEqual(others.slice(0, error === undefined ? others.length : length));
}

describe('wherever the input was cut', () => {
  test('OggOpusReader gives the same packets, facts and error', () => {
    fc.assert(
      fc.property(streams, cuts, (bytes, lengths) => {
        const whole = new OggOpusReader();
        const pieces = new OggOpusReader();
        expectSame(outcome(pieces, bytes, lengths), outcome(whole, bytes, []));
        expect(pieces.info).toEqual(whole.info);
        pieces.close();
        whole.close();
      }),
    );
  });

  test('OggPageReader gives the same pages, all of them parts of the input in its order', () => {
    fc.assert(
      fc.property(streams, cuts, (bytes, lengths) => {
        const reader = new OggPageReader();
        const [pages, error] = outcome(reader, bytes, lengths);
        expect(error).toBeUndefined();
        let at = 0;
        for (const page of pages) {
          const found = bytes.indexOf(page.bytes, at);
          expect(found).toBeGreaterThanOrEqual(at);
          at = found + page.bytes.length;
        }
        const { warnings } = reader;
        reader.reset();
        expect(outcome(reader, bytes, [])).toEqual([pages, undefined]);
        expect(reader.warnings).toEqual(warnings);
        reader.close();
      }),
    );
  });

  test('OggOpusDecoder gives the same samples and error, of any part', () => {
    const part = fc.record({ startS: fc.double({ min: 0, max: 4, noNaN: true }), length: fc.nat(2000) });
    fc.assert(
      fc.property(streams, cuts, part, (bytes, lengths, { startS, length }) => {
        const options = { channels: 1, startS, endS: startS + length / 1000 };
        const decoder = new OggOpusDecoder(options);
        const [samples, error] = outcome<number>(decoder, bytes, lengths);
        decoder.reset();
        expectSame(outcome<number>(decoder, bytes, []), [samples, error]);
        if (error === undefined) {
          const audio = readOggOpus(bytes, options);
          expect(
            Buffer.compare(Buffer.from(audio.samples.buffer), Buffer.from(Int16Array.from(samples).buffer)),
          ).toBe(0);
          const { frames } = readOggOpus(bytes);
          const clamp = (seconds: number) => Math.min(Math.round(seconds * 48_000), frames);
          expect(audio.frames).toBe(clamp(options.endS) - clamp(startS));
        }
        decoder.close();
      }),
      { numRuns: 30 },
    );
  });
});

describe('startS', () => {
  test.each([
    'speech-48k-20ms-ffmpeg.opus',
    'chained-three-mono.opus',
    'page-lost.opus',
    'speech-cvbr-fec.opus',
  ])('readOggOpus begins at the right frame of %s', (name) => {
    const bytes = readFileSync(new URL(name, folder));
    const whole = readOggOpus(bytes, { channels: 1 });
    for (const startS of [0.05, 0.5, 1.00001, 2.7]) {
      const begin = Math.round(startS * 48_000);
      const { samples } = readOggOpus(bytes, { channels: 1, startS, endS: startS + 0.5 });
      expect(samples.length).toBe(Math.max(0, Math.min(24_000, whole.frames - begin)));
      const errorAt = (shift: number) => {
        let error = 0;
        for (const [i, sample] of samples.entries())
          error += (sample - (whole.samples[begin + shift + i] ?? 0)) ** 2;
        return error;
      };
      // Closer to the whole at its place than one frame beside it.
      if (errorAt(1) > 0) expect(errorAt(0)).toBeLessThan(Math.min(errorAt(-1), errorAt(1)));
    }
  });
});
