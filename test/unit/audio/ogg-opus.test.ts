/** readOggOpus: every Ogg fixture is held to its house verdict; options, off the loop, what was encoded here. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  FormatError,
  OggOpusDecoder,
  OggOpusWriter,
  OpusEncoder,
  readOggOpus,
  readOggOpusAsync,
  UnsupportedError,
} from '../../../src/audio/index.js';
import { oggFixtures, sine, thrown } from './helpers.js';

const all = oggFixtures();
const readable = all.filter(([, , house]) => house.result === 'ok' || house.result === 'salvage');
const refused = all.filter(
  ([, , house]) => house.result === 'format-error' || house.result === 'unsupported',
);

/** A file of a sine, with nothing lost and nothing added. */
function encoded(frames: number, channels: number, serial: number): Buffer {
  const encoder = new OpusEncoder({ sampleRateHz: 48_000, channels, application: 'audio' });
  const writer = new OggOpusWriter({
    channels,
    preSkip: encoder.lookaheadFrames,
    inputSampleRateHz: 48_000,
    serial,
  });
  const sound = sine(frames, 440, 48_000, channels);
  const packets = Math.ceil((sound.length + encoder.lookaheadFrames * channels) / encoder.frameSamples);
  const padded = new Float32Array(packets * encoder.frameSamples);
  padded.set(sound);
  const pages: Uint8Array[] = [];
  for (let at = 0; at < padded.length; at += encoder.frameSamples)
    pages.push(writer.write(encoder.encode(padded.subarray(at, at + encoder.frameSamples))));
  pages.push(writer.finish({ samples: frames }));
  encoder.close();
  writer.close();
  return Buffer.concat(pages);
}

test('the fixtures cover both outcomes', () => {
  expect(readable.length).toBeGreaterThan(55);
  expect(refused.length).toBeGreaterThan(18);
  expect(readable.length + refused.length).toBe(all.length);
});

describe('readOggOpus delivers', () => {
  test.each(readable)('%s', (_, path, house) => {
    const audio = readOggOpus(readFileSync(path));
    const [first] = audio.links;
    expect(audio.frames).toBe(house.frames);
    expect(audio.channels).toBe(house.channels);
    expect(audio.sampleRateHz).toBe(house.rate);
    expect(audio.samples.length).toBe(house.frames * house.channels);
    expect([...audio.warnings].sort()).toEqual([...house.warnings].sort());
    expect(audio.warnings.includes('truncated') ? 'salvage' : 'ok').toBe(house.result);
    expect(first).toMatchObject({
      preSkip: house.preskip,
      gainDb: house.gain_q8 / 256,
      vendor: house.vendor,
      commentCount: house.comments,
    });
    if (house.links)
      expect(audio.links.map(({ channels, frames }) => ({ channels, frames }))).toEqual(house.links);
  });
});

describe('readOggOpus refuses', () => {
  test.each(refused)('%s', (_, path, house) => {
    const bytes = readFileSync(path);
    const error = thrown(() => readOggOpus(bytes));
    expect(error).toBeInstanceOf(house.result === 'unsupported' ? UnsupportedError : FormatError);
    expect(error.code).toMatch(/^ERR_/);
    expect(error.byteOffset).toBeGreaterThanOrEqual(0);
    expect(error.byteOffset).toBeLessThanOrEqual(bytes.length);
    for (const name of house.names ?? []) expect(error.message.toLowerCase()).toContain(name.toLowerCase());
  });
});

describe('OggOpusDecoder', () => {
  test('decodes at the rates of Opus, and at no others', () => {
    const ogg = encoded(48_001, 1, 7);
    for (const sampleRateHz of [8000, 12_000, 16_000, 24_000, 48_000]) {
      using decoder = new OggOpusDecoder({ sampleRateHz });
      const frames = decoder.process(ogg).length + decoder.flush().length;
      expect(frames).toBe(Math.ceil((48_001 * sampleRateHz) / 48_000));
      expect(decoder.info).toMatchObject({ sampleRateHz: 48_000, frames: 48_001 });
    }
    for (const sampleRateHz of [0, 44_100, 7.5])
      expect(thrown(() => new OggOpusDecoder({ sampleRateHz }))).toMatchObject({ code: 'ERR_INVALID_RATE' });
  });
});

describe('readOggOpus', () => {
  test('gives back every frame that OpusEncoder and OggOpusWriter took', () => {
    const frames = 48_001;
    const { samples, ...facts } = readOggOpus(encoded(frames, 1, 7), { sample: 'float32' });
    expect(facts).toMatchObject({ frames, channels: 1, warnings: [], links: [{ frames, serial: 7 }] });
    const sound = sine(frames, 440, 48_000);
    let signal = 0;
    let noise = 0;
    for (let i = 12_000; i < 36_000; i++) {
      signal += sound[i]! ** 2;
      noise += (sound[i]! - samples[i]!) ** 2;
    }
    expect(10 * Math.log10(signal / noise)).toBeGreaterThan(20);
  });

  test('mixes every link of a chain to the channels asked for, those of the first without', () => {
    const mono = encoded(9600, 1, 1);
    const stereo = encoded(4800, 2, 2);
    const chain = Buffer.concat([mono, stereo]);
    const like = readOggOpus(chain);
    expect(like).toMatchObject({ channels: 1, frames: 14_400 });
    expect(like.links.map(({ channels, frames }) => [channels, frames])).toEqual([
      [1, 9600],
      [2, 4800],
    ]);
    // The second link's channels are each other's opposites.
    expect(Math.max(...like.samples.subarray(9600 + 1000, 9600 + 4000).map(Math.abs))).toBeLessThan(500);
    const both = readOggOpus(chain, { channels: 2 });
    expect(both.samples.length).toBe(2 * 14_400);
    for (let i = 0; i < 9600; i++) expect(both.samples[2 * i]).toBe(both.samples[2 * i + 1]);
    expect(both.samples.slice(2 * 9600)).toEqual(readOggOpus(stereo).samples);
  });

  test('refuses what is no option', () => {
    const file = encoded(960, 1, 1);
    // @ts-expect-error: no such word
    expect(thrown(() => readOggOpus(file, { sample: 'int24' })).code).toBe('ERR_INVALID_ARG');
    for (const channels of [0, 256, 1.5])
      expect(thrown(() => readOggOpus(file, { channels })).code).toBe('ERR_INVALID_CHANNELS');
  });
});

describe('readOggOpusAsync', () => {
  test('agrees with readOggOpus, at every size', async () => {
    for (const frames of [960, 480_000]) {
      const file = encoded(frames, 2, 3);
      expect(await readOggOpusAsync(file)).toEqual(readOggOpus(file));
      expect(await readOggOpusAsync(file, { sample: 'float32', channels: 1 })).toEqual(
        readOggOpus(file, { sample: 'float32', channels: 1 }),
      );
    }
  });

  test('rejects with the same errors, and with the reason of an abort', async () => {
    const cut = encoded(480_000, 1, 3).subarray(100);
    const error = thrown(() => readOggOpus(cut));
    await expect(readOggOpusAsync(cut)).rejects.toMatchObject({ code: error.code, message: error.message });
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(readOggOpusAsync(encoded(960, 1, 1), { signal })).rejects.toBe(reason);
  });
});

/** Signal to noise in dB: `part` against what `whole` has in its place. */
function snrDb(part: Int16Array, whole: Int16Array): number {
  let signal = 0;
  let noise = 0;
  for (const [i, sample] of whole.entries()) {
    signal += sample ** 2;
    noise += (sample - (part[i] as number)) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

// Not the file with discontinuous transmission: in its pauses the decoder makes noise up.
describe('readOggOpus startS finds the decoder converged in speech', () => {
  const speech = readable.filter(([name]) => name.includes('speech-') && !name.includes('dtx'));

  test('the fixtures cover the durations of packets', () => expect(speech.length).toBeGreaterThan(9));

  test.each(speech)('%s', (_, path) => {
    const bytes = readFileSync(path);
    const { samples, sampleRateHz } = readOggOpus(bytes);
    let worst = Number.POSITIVE_INFINITY;
    for (let start = 6000; start < samples.length - 1920; start += 2500) {
      const whole = samples.subarray(start, start + 1920); // 40 ms
      if (whole.reduce((sum, sample) => sum + sample ** 2, 0) < 1920 * 100 ** 2) continue; // a pause
      const part = readOggOpus(bytes, {
        startS: start / sampleRateHz,
        endS: (start + 1920) / sampleRateHz,
      }).samples;
      expect(part.length).toBe(1920);
      worst = Math.min(worst, snrDb(part, whole));
    }
    // 38.7 dB or more with 200 ms of preroll, down to 8.0 dB with 80 ms
    expect(worst).toBeGreaterThan(30);
  });
});
