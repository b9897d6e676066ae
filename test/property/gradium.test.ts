/** Laws of src/gradium: what arrives in pieces is what arrives at once. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeWav } from '../../src/audio/index.js';
import { SampleStream } from '../../src/gradium/sample-stream.js';
import { SourceHead } from '../../src/gradium/source-head.js';

const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20, size: 'max' });

/** `data` in pieces of these sizes, over and over. */
function cut(data: Buffer, sizes: number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < data.length; i++) {
    const size = Number(sizes[i % sizes.length]);
    pieces.push(data.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** A WAV as the service streams it: both sizes unknown. */
function streamedWav(frames: number): Buffer {
  const wav = Buffer.from(
    writeWav(
      Int16Array.from({ length: frames }, (_, i) => i),
      { sampleRateHz: 48_000 },
    ),
  );
  wav.writeUInt32LE(0xffffffff, 4);
  wav.writeUInt32LE(0xffffffff, 40);
  return wav;
}

describe('SampleStream', () => {
  test('SampleStream gives the same samples however a WAV was cut into messages, a frame never cut', () => {
    fc.assert(
      fc.property(cuts, fc.integer({ min: 1, max: 2000 }), (sizes, frames) => {
        const stream = new SampleStream('wav');
        const pieces = cut(streamedWav(frames), sizes).map((piece) => stream.push(piece));
        stream.finish();
        expect(pieces.every(({ length }) => length % 2 === 0)).toBe(true);
        expect(Buffer.concat(pieces)).toEqual(streamedWav(frames).subarray(44));
        expect(stream.frames).toBe(frames);
        expect(stream.layout).toMatchObject({ encoding: 's16le', sampleRateHz: 48_000, channels: 1 });
        expect(stream.layout?.head).toEqual(streamedWav(frames).subarray(0, 44));
      }),
      { numRuns: 50 },
    );
  });
});

describe('SourceHead', () => {
  const fixture = (path: string) => readFileSync(new URL(`../fixtures/audio/${path}`, import.meta.url));

  test.each([
    ['wav', 'wav/speech-16k-mono-s16-list-before-data-jfk.wav', { encoding: 's16le', sampleRateHz: 16_000 }],
    ['ogg', 'ogg/tags-many-comments.opus', { encoding: 'opus', sampleRateHz: 48_000 }],
  ] as const)(
    'SourceHead finds the same %s header and keeps every byte however %s was cut',
    (container, path, want) => {
      const file = fixture(path).subarray(0, 12_000);
      fc.assert(
        fc.property(cuts, (sizes) => {
          const head = new SourceHead({ container });
          const seen: Buffer[] = [];
          const info = cut(file, sizes)
            .map((piece) => {
              seen.push(piece);
              return head.push(piece);
            })
            .find((found) => found !== undefined);
          expect(info).toMatchObject({ ...want, container, channels: 1 });
          expect(Buffer.concat(seen).subarray(0, head.bytes().length)).toEqual(Buffer.from(head.bytes()));
          head.close();
        }),
        { numRuns: 50 },
      );
    },
  );
});
