/** Laws of src/gradium: what arrives in pieces is what arrives at once. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeWav } from '../../src/audio/index.js';
import { collectAudio } from '../../src/gradium/tts-audio.js';
import { WavHead } from '../../src/gradium/wav-head.js';

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
  const wav = Buffer.from(writeWav(new Int16Array(frames).fill(7), { sampleRateHz: 48_000 }));
  wav.writeUInt32LE(0xffffffff, 4);
  wav.writeUInt32LE(0xffffffff, 40);
  return wav;
}

describe('collectAudio', () => {
  test('collectAudio gives the same file however a WAV was cut into messages, with its true sizes', () => {
    fc.assert(
      fc.property(cuts, fc.integer({ min: 1, max: 2000 }), (sizes, frames) => {
        const collected = collectAudio(cut(streamedWav(frames), sizes), 'wav', 0);
        expect(collected?.data).toEqual(
          Buffer.from(writeWav(new Int16Array(frames).fill(7), { sampleRateHz: 48_000 })),
        );
        expect(collected?.durationS).toBe(frames / 48_000);
      }),
      { numRuns: 50 },
    );
  });
});

describe('WavHead', () => {
  const file = readFileSync(
    new URL('../fixtures/audio/wav/speech-16k-mono-s16-list-before-data-jfk.wav', import.meta.url),
  ).subarray(0, 5000);

  test('WavHead finds the same header and keeps every byte however the file was cut', () => {
    fc.assert(
      fc.property(cuts, (sizes) => {
        const head = new WavHead();
        const seen: Buffer[] = [];
        const info = cut(file, sizes)
          .map((piece) => {
            seen.push(piece);
            return head.push(piece);
          })
          .find((found) => found !== undefined);
        expect(info).toMatchObject({ encoding: 's16le', sampleRateHz: 16_000, channels: 1 });
        expect(Buffer.concat(seen).subarray(0, head.bytes().length)).toEqual(Buffer.from(head.bytes()));
        head.close();
      }),
      { numRuns: 50 },
    );
  });
});
