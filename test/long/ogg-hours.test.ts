// Hours of Ogg Opus through the streaming classes: memory stays flat, and no sample is gained or lost on the way.
// Minutes of work, so it is `npm run test:long`. Not here: what a single packet or page means (test/unit/audio).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  OggOpusDecoder,
  OggOpusEncoder,
  OggOpusReader,
  OggOpusWriter,
  OpusEncoder,
  readWav,
} from '../../src/audio/index.js';

const RATE_HZ = 16_000;
const HOURS = 4;
const PRE_SKIP = 312;
/** What may come and go with the garbage collector; hours of sound or packets are far more (given with each test). */
const MAX_GROWTH_BYTES = 24 * 1024 * 1024;

/** Real speech, a minute of it. */
function minuteOfSpeech(): Int16Array<ArrayBuffer> {
  const path = 'test/fixtures/audio/wav/speech-16k-mono-s16-list-before-data-jfk.wav';
  const { samples } = readWav(readFileSync(path));
  return Int16Array.from({ length: 60 * RATE_HZ }, (_, i) => samples[i % samples.length] as number);
}

/** Calls `hour` so often; how many bytes of memory came to be resident since the end of the first. */
function growthOver(hours: number, hour: () => void): number {
  hour();
  const before = process.memoryUsage.rss();
  for (let i = 1; i < hours; i++) hour();
  return process.memoryUsage.rss() - before;
}

/** One stream, written while it is read: an hour's pages a call, and its end. */
function stream(minute: Int16Array<ArrayBuffer>) {
  const encoder = new OpusEncoder({ sampleRateHz: RATE_HZ, complexity: 0 });
  const size = encoder.frameSamples;
  const packets = Array.from({ length: minute.length / size }, (_, i) =>
    encoder.encode(minute.subarray(i * size, (i + 1) * size)),
  );
  const writer = new OggOpusWriter({ channels: 1, preSkip: PRE_SKIP, inputSampleRateHz: RATE_HZ });
  const room = new Uint8Array(writer.maxOutputBytes(encoder.maxPacketBytes));
  return {
    hour(take: (page: Uint8Array) => void): void {
      for (let i = 0; i < 60; i++) {
        for (const packet of packets) {
          const bytes = writer.writeInto(packet, room);
          if (bytes > 0) take(room.subarray(0, bytes));
        }
      }
    },
    end: () => writer.finish(),
  };
}

describe('hours of Ogg Opus', () => {
  const minute = minuteOfSpeech();
  const frames = (hours: number): number => hours * 3600 * 48_000 - PRE_SKIP;

  it('go through OggOpusReader in flat memory', () => {
    const hours = 40; // 400 MB of packets
    const { hour, end } = stream(minute);
    const reader = new OggOpusReader();
    let counted = 0;
    const take = (page: Uint8Array): void => {
      for (const packet of reader.process(page)) counted += packet.end - packet.begin;
    };
    const growth = growthOver(hours, () => hour(take));
    take(end());
    expect(reader.flush()).toEqual([]);
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    expect(counted).toBe(frames(hours));
    expect(reader.info).toMatchObject({ frames: counted, warnings: [] });
  });

  it('go through OggOpusDecoder in flat memory, pushed and read', () => {
    const { hour, end } = stream(minute); // 345 MB of samples an hour
    const decoder = new OggOpusDecoder();
    const out = new Int16Array(48_000);
    let counted = 0;
    const read = (): void => {
      for (let got = decoder.readInto(out); got > 0; got = decoder.readInto(out)) counted += got;
    };
    const growth = growthOver(HOURS, () =>
      hour((page) => {
        decoder.push(page);
        read();
      }),
    );
    decoder.push(end());
    read();
    decoder.end();
    read();
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    expect(counted).toBe(frames(HOURS));
    expect(decoder.info?.warnings).toEqual([]);
  });

  it('go through OggOpusDecoder in flat memory, processed', () => {
    const { hour, end } = stream(minute);
    const decoder = new OggOpusDecoder();
    let counted = 0;
    const take = (page: Uint8Array): void => {
      counted += decoder.process(page).length;
    };
    const growth = growthOver(HOURS, () => hour(take));
    take(end());
    counted += decoder.flush().length;
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    expect(counted).toBe(frames(HOURS));
  });

  it('come out of OggOpusEncoder in flat memory', () => {
    const encoder = new OggOpusEncoder({ sampleRateHz: RATE_HZ, complexity: 0 });
    const out = new Uint8Array(encoder.maxOutputBytes(RATE_HZ));
    let bytes = 0;
    const growth = growthOver(HOURS, () => {
      for (let second = 0; second < 3600; second++) {
        const at = (second % 60) * RATE_HZ;
        bytes += encoder.processInto(minute.subarray(at, at + RATE_HZ), out);
      }
    });
    const end = Buffer.from(encoder.flush());
    const lastGranule = end.readBigInt64LE(end.lastIndexOf('OggS') + 6); // RFC 3533, 6
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    expect(lastGranule).toBe(BigInt(HOURS * 3600 * 48_000 + PRE_SKIP));
    expect(bytes).toBeGreaterThan(HOURS * 3600 * 1000); // more than 8 kb/s
  });
});
