// OggOpusEncoder, writeOggOpus and writeOggOpusAsync: options, manners, lengths, the sound. All rates, packets and
// pages: test/native/ogg_opus_encoder_test.cpp; what other people's software says of the files: ogg-peers.test.ts.
import { describe, expect, test } from 'vitest';
import {
  OggOpusEncoder,
  type OggOpusEncoderOptions,
  readOggOpus,
  type WriteOggOpusOptions,
  writeOggOpus,
  writeOggOpusAsync,
} from '../../../src/audio/index.js';
import { thrown } from './helpers.js';

/** A sine of `hz` in every channel, at 0.3 of full scale. */
function tone(frames: number, rateHz: number, channels = 1, hz = 440): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: frames * channels },
    (_, i) => 0.3 * Math.sin((2 * Math.PI * hz * Math.floor(i / channels)) / rateHz),
  );
}
const toInt16 = (samples: Float32Array) => Int16Array.from(samples, (x) => Math.round(x * 32_768));
const at48k = (frames: number, rateHz: number) => Math.ceil((frames * 48_000) / rateHz);

/** dB by which the tone of 440 Hz stands above what is not it, over frames of mono at 48 kHz. */
function snrDb(samples: Float32Array, from: number, to: number): number {
  const want = tone(samples.length, 48_000);
  let [signal, noise] = [0, 0];
  for (let i = from; i < to; i++) {
    const wanted = want[i] ?? 0;
    signal += wanted ** 2;
    noise += (wanted - (samples[i] ?? 0)) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

describe('writeOggOpus', () => {
  test.each([1000, 8000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])(
    'makes exactly ceil(n · 48000 / rate) frames: %i Hz',
    (sampleRateHz) => {
      for (const frames of [0, 1, 2, 999, sampleRateHz / 5 + 1]) {
        const samples = toInt16(tone(frames, sampleRateHz));
        const read = readOggOpus(writeOggOpus(samples, { sampleRateHz, complexity: 0 }));
        expect(read.frames).toBe(at48k(frames, sampleRateHz));
        expect(read.warnings).toEqual(frames === 0 ? ['no-audio'] : []);
        expect(read.links[0]).toMatchObject({ channels: 1, preSkip: 312, inputSampleRateHz: sampleRateHz });
      }
    },
  );

  test.each(['int16', 'float32'] as const)('keeps the sound in place and to its end: %s', (sample) => {
    const float = tone(22_050, 22_050);
    const samples = sample === 'float32' ? float : toInt16(float);
    const file = writeOggOpus(samples, { sampleRateHz: 22_050, bitrate: 64_000 });
    const read = readOggOpus(file, { sample: 'float32' });
    expect(snrDb(read.samples, 4800, 48_000)).toBeGreaterThan(25); // a millisecond late: below 0 dB
    expect(snrDb(read.samples, 47_760, 48_000)).toBeGreaterThan(12); // the last 5 ms
  });

  test('writes tags, serial number and channels', () => {
    const tags = { TITLE: 'Größe', ARTIST: ['Ada', 'Grace'] };
    const options = { sampleRateHz: 48_000, channels: 6, tags, serial: 9, pageMs: 20 };
    const [link] = readOggOpus(writeOggOpus(new Int16Array(6000), options)).links;
    const comments = ['TITLE=Größe', 'ARTIST=Ada', 'ARTIST=Grace'];
    expect(link).toMatchObject({ channels: 6, frames: 1000, serial: 9, vendor: 'sluice-audio', comments });
  });

  test('is read in the order of WAV files', () => {
    for (const channels of [3, 4, 5]) {
      const loud = channels - 1; // of Vorbis order another channel, but for 4
      const samples = new Float32Array(24_000 * channels);
      tone(24_000, 48_000).forEach((x, i) => {
        samples[i * channels + loud] = x;
      });
      const file = writeOggOpus(samples, { sampleRateHz: 48_000, channels, bitrate: 96_000 * channels });
      const read = readOggOpus(file, { sample: 'float32' });
      const energies = Array.from({ length: channels }, (_, c) =>
        read.samples.reduce((sum, x, i) => (i % channels === c ? sum + x * x : sum), 0),
      );
      expect(energies.indexOf(Math.max(...energies))).toBe(loud);
    }
  });

  test('obeys the options of the codec', () => {
    const samples = tone(48_000, 48_000);
    const bytes = (options: Partial<WriteOggOpusOptions>) =>
      writeOggOpus(samples, { sampleRateHz: 48_000, ...options }).length;
    expect(bytes({ bitrate: 16_000 })).toBeLessThan(bytes({ bitrate: 64_000 }));
    expect(bytes({ bitrate: 16_000, bitrateMode: 'cbr' })).toBeLessThan(2000 + 500);
    expect(bytes({ bitrate: 16_000, frameMs: 2.5 })).toBeGreaterThan(bytes({ bitrate: 16_000, frameMs: 60 }));
    const [link] = readOggOpus(
      writeOggOpus(samples, { sampleRateHz: 48_000, application: 'lowdelay' }),
    ).links;
    expect(link).toMatchObject({ preSkip: 120, frames: 48_000 });
    const silence = new Int16Array(48_000);
    const dtx = { sampleRateHz: 48_000, application: 'voip', content: 'voice', bitrate: 16_000 } as const;
    const sizes = [true, false].map((on) => writeOggOpus(silence, { ...dtx, dtx: on }).length);
    expect(sizes[0]).toBeLessThan(sizes[1] ?? 0);
  });

  test.each<[Record<string, unknown>, string, string]>([
    [{ sampleRateHz: 999 }, 'RangeError', 'ERR_INVALID_RATE'],
    [{ sampleRateHz: 192_001 }, 'RangeError', 'ERR_INVALID_RATE'],
    [{ sampleRateHz: undefined }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ channels: 0 }, 'RangeError', 'ERR_INVALID_CHANNELS'],
    [{ channels: 9 }, 'RangeError', 'ERR_INVALID_CHANNELS'],
    [{ channels: 3 }, 'RangeError', 'ERR_INVALID_LENGTH'],
    [{ bitrate: 1 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ frameMs: 15 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ pageMs: 4001 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ serial: 2 ** 32 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ content: 'speech' }, 'RangeError', 'ERR_INVALID_ARG'],
    [{ content: 1 }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ tags: { 'A=B': '' } }, 'RangeError', 'ERR_INVALID_OPTION'],
  ])('refuses %o, now and later', async (change, name, code) => {
    const options = { sampleRateHz: 48_000, ...change } as unknown as WriteOggOpusOptions;
    expect(thrown(() => writeOggOpus(new Int16Array(100), options))).toMatchObject({ name, code });
    await expect(writeOggOpusAsync(new Int16Array(100), options)).rejects.toMatchObject({ name, code });
    if (code !== 'ERR_INVALID_LENGTH')
      expect(thrown(() => new OggOpusEncoder(options))).toMatchObject({ name, code });
  });
});

// Aborts, slices, inputs that vanish: async.test.ts.
describe('writeOggOpusAsync', () => {
  const samples = tone(100_001, 44_100, 2);
  const options = { sampleRateHz: 44_100, channels: 2, complexity: 0, serial: 5 };

  test('gives the bytes that writeOggOpus gives', async () => {
    expect(await writeOggOpusAsync(samples, options)).toEqual(writeOggOpus(samples, options));
    const int16 = toInt16(samples);
    expect(await writeOggOpusAsync(int16, options)).toEqual(writeOggOpus(int16, options));
    const none = new Int16Array(0);
    expect(await writeOggOpusAsync(none, options)).toEqual(writeOggOpus(none, options));
  });

  test('gives the bytes of OggOpusEncoder, with tags larger than all else', async () => {
    const tagged = { ...options, tags: { COVER: 'x'.repeat(3_000_000) } };
    using encoder = new OggOpusEncoder({ ...tagged, sample: 'float32' });
    const parts = [0, 60_000, 120_000, 180_000].map((at) =>
      encoder.process(samples.subarray(at, at + 60_000)),
    );
    const wanted = Buffer.concat([...parts, encoder.flush()]);
    expect(wanted.equals(await writeOggOpusAsync(samples, tagged))).toBe(true);
    expect(wanted.equals(writeOggOpus(samples, tagged))).toBe(true);
  });
});

describe('OggOpusEncoder', () => {
  const OPTIONS: OggOpusEncoderOptions<'int16'> = {
    sampleRateHz: 44_100,
    complexity: 0,
    serial: 7,
    pageMs: 100,
  };
  const samples = toInt16(tone(30_000, 44_100));
  const whole = writeOggOpus(samples, OPTIONS);
  const link = (encoder: OggOpusEncoder, piece = 4410) => {
    const parts = [];
    for (let at = 0; at < samples.length; at += piece)
      parts.push(encoder.process(samples.subarray(at, at + piece)));
    return Buffer.concat([...parts, encoder.flush()]);
  };

  test('gives the bytes of the whole, however the samples are cut', () => {
    for (const piece of [100, 441, 4410, 30_000]) {
      using encoder = new OggOpusEncoder(OPTIONS);
      expect(link(encoder, piece)).toEqual(Buffer.from(whole));
    }
  });

  test('writes into the caller’s memory what process gives', () => {
    using encoder = new OggOpusEncoder(OPTIONS);
    const room = new Uint8Array(encoder.maxOutputBytes(1000) + 3);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < samples.length; at += 1000) {
      room.fill(7);
      const bytes = encoder.processInto(samples.subarray(at, at + 1000), room);
      expect(room.subarray(-3)).toEqual(Uint8Array.of(7, 7, 7));
      parts.push(room.slice(0, bytes));
    }
    const end = new Uint8Array(encoder.maxFlushBytes);
    parts.push(end.subarray(0, encoder.flushInto(end)));
    expect(Buffer.concat(parts)).toEqual(Buffer.from(whole));
  });

  test('begins another link after flush, and flushes nothing twice', () => {
    using encoder = new OggOpusEncoder(OPTIONS);
    const links = [link(encoder), encoder.flush(), encoder.process(new Int16Array(0)), encoder.flush()];
    expect(links.slice(1).map(({ length }) => length)).toEqual([0, 0, 0]);
    const read = readOggOpus(Buffer.concat([...links, link(encoder)]));
    expect(read.warnings).toEqual([]);
    expect(read.links.map(({ frames, serial }) => [frames, serial])).toEqual([
      [at48k(30_000, 44_100), 7],
      [at48k(30_000, 44_100), 8],
    ]);
  });

  test('is as new after reset', () => {
    using encoder = new OggOpusEncoder(OPTIONS);
    encoder.process(toInt16(tone(12_345, 44_100, 1, 1000)));
    encoder.reset();
    expect(link(encoder)).toEqual(Buffer.from(whole));
    encoder.reset();
    expect(link(encoder)).toEqual(Buffer.from(whole));
  });

  test('gives pages soon with pageMs 0', () => {
    using encoder = new OggOpusEncoder({ sampleRateHz: 8000, pageMs: 0, complexity: 0 });
    const pages = Array.from({ length: 5 }, () => encoder.process(new Int16Array(160)).length);
    expect(pages[0]).toBeGreaterThan(100); // the headers
    for (const bytes of pages.slice(1)) expect(bytes).toBeGreaterThan(27);
  });

  test('takes float32 where its options say so, and only that', () => {
    using encoder = new OggOpusEncoder({ sampleRateHz: 48_000, sample: 'float32' });
    const file = Buffer.concat([encoder.process(tone(5000, 48_000)), encoder.flush()]);
    expect(readOggOpus(file).frames).toBe(5000);
    const other = () => encoder.process(new Int16Array(8) as unknown as Float32Array);
    expect(thrown(other)).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
  });

  test('refuses what it cannot take, and goes on', () => {
    using encoder = new OggOpusEncoder({ ...OPTIONS, channels: 2 });
    const odd = () => encoder.process(new Int16Array(3));
    expect(thrown(odd)).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_LENGTH' });
    const small = new Uint8Array(encoder.maxOutputBytes(2) - 1);
    const narrow = () => encoder.processInto(new Int16Array(4), small);
    expect(thrown(narrow)).toMatchObject({ name: 'RangeError', code: 'ERR_OUTPUT_TOO_SMALL' });
    const end = () => encoder.flushInto(new Uint8Array(encoder.maxFlushBytes - 1));
    expect(thrown(end)).toMatchObject({ name: 'RangeError', code: 'ERR_OUTPUT_TOO_SMALL' });
    const file = Buffer.concat([encoder.process(new Int16Array(4)), encoder.flush()]);
    expect(readOggOpus(file).frames).toBe(at48k(2, 44_100));
  });

  test('says so once it is closed', () => {
    const encoder = new OggOpusEncoder(OPTIONS);
    encoder.close();
    encoder.close();
    for (const call of [
      () => encoder.process(samples),
      () => encoder.flush(),
      () => encoder.maxOutputBytes(1),
      () => encoder.maxFlushBytes,
      () => encoder.reset(),
    ])
      expect(thrown(call)).toMatchObject({ name: 'TypeError', code: 'ERR_CLOSED' });
  });
});
