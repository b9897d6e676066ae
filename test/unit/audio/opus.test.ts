import { describe, expect, test } from 'vitest';
import { OpusDecoder, OpusEncoder, type OpusFrameMs } from '../../../src/audio/index.js';
import { sine, thrown, toInt16 } from './helpers.js';

const FRAME_MS: OpusFrameMs[] = [2.5, 5, 10, 20, 40, 60, 80, 100, 120];
const RATES = [8000, 12_000, 16_000, 24_000, 48_000];

/** Signal to noise of the frames of one channel from `settled` on, `delay` frames late. */
function snrDb(
  want: Float32Array,
  got: ArrayLike<number>,
  { delay = 0, settled = 0, channels = 1, channel = 0, scale = 1 },
): number {
  let signal = 0;
  let noise = 0;
  for (let i = settled; (i + delay) * channels < got.length; i++) {
    const x = want[i * channels + channel] as number;
    signal += x ** 2;
    noise += ((got[(i + delay) * channels + channel] as number) / scale - x) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

function encodeAll(encoder: OpusEncoder, samples: Int16Array | Float32Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let i = 0; i < samples.length; i += encoder.frameSamples)
    packets.push(encoder.encode(samples.subarray(i, i + encoder.frameSamples)));
  return packets;
}

function join<T extends Int16Array | Float32Array | Uint8Array>(parts: T[], Type: new (length: number) => T) {
  const all = new Type(parts.reduce((sum, part) => sum + part.length, 0));
  let length = 0;
  for (const part of parts) {
    all.set(part, length);
    length += part.length;
  }
  return all;
}

describe('OpusEncoder and OpusDecoder', () => {
  test.each(RATES)('at %i Hz give back the input, lookaheadFrames late', (sampleRateHz) => {
    const options = { sampleRateHz, application: 'audio', bitrate: 96_000 } as const;
    using encoder = new OpusEncoder(options);
    using decoder = new OpusDecoder({ sampleRateHz, sample: 'float32' });
    const input = sine(sampleRateHz / 2, 997, sampleRateHz);
    const output = join(
      encodeAll(encoder, input).map((packet) => decoder.decode(packet)),
      Float32Array,
    );
    expect(output.length).toBe(input.length);
    const times = { delay: encoder.lookaheadFrames, settled: sampleRateHz / 10 };
    expect(snrDb(input, output, times)).toBeGreaterThan(30); // as in opus_codec_test.cpp
  });

  test.each(FRAME_MS)('take packets of %d ms', (frameMs) => {
    using encoder = new OpusEncoder({ sampleRateHz: 48_000, channels: 2, frameMs });
    using decoder = new OpusDecoder({ sampleRateHz: 24_000, channels: 2 });
    expect(encoder.frameSamples).toBe(frameMs * 48 * 2);
    const packet = encoder.encode(new Int16Array(encoder.frameSamples));
    expect(packet.length).toBeLessThanOrEqual(encoder.maxPacketBytes);
    expect(decoder.packetFrames(packet)).toBe(frameMs * 24);
    expect(decoder.decode(packet)).toEqual(new Int16Array(frameMs * 24 * 2));
  });

  test('keep six channels apart by the layout', () => {
    using encoder = new OpusEncoder({
      sampleRateHz: 48_000,
      channels: 6,
      bitrate: 600_000,
      application: 'audio',
    });
    expect(encoder.layout).toEqual({ streams: 4, coupled: 2, mapping: Uint8Array.of(0, 4, 1, 2, 3, 5) });
    using decoder = new OpusDecoder({ sampleRateHz: 48_000, layout: encoder.layout, sample: 'float32' });
    expect(decoder.channels).toBe(6);
    const input = new Float32Array(48_000 * 6).map(
      (_, i) => Math.sin(((i % 6) + 5) * 0.01 * Math.floor(i / 6)) / 2,
    );
    const output = join(
      encodeAll(encoder, input).map((packet) => decoder.decode(packet)),
      Float32Array,
    );
    for (let channel = 0; channel < 5; channel++) {
      const times = { delay: encoder.lookaheadFrames, settled: 4800, channels: 6, channel };
      expect(snrDb(input, output, times)).toBeGreaterThan(18);
    }
  });

  test('many at once are the same as one by one', () => {
    const samples = toInt16(sine(16_000, 440, 16_000));
    using encoder = new OpusEncoder({ sampleRateHz: 16_000 });
    using decoder = new OpusDecoder({ sampleRateHz: 16_000 });
    const packets = encodeAll(encoder, samples);
    const wanted = packets.map((packet) => decoder.decode(packet));
    encoder.reset();
    decoder.reset();
    const out = new Uint8Array(packets.length * encoder.maxPacketBytes);
    const sizes = new Uint32Array(packets.length);
    const bytes = out.subarray(0, encoder.encodeFramesInto(samples, out, sizes));
    expect([...sizes]).toEqual(packets.map((packet) => packet.length));
    expect(bytes).toEqual(join(packets, Uint8Array));
    const room = new Int16Array(16_000);
    expect(decoder.decodePacketsInto(bytes, sizes, room)).toBe(16_000);
    expect(room).toEqual(join(wanted, Int16Array));
  });

  test('…Into gives what the others give', () => {
    const samples = sine(960, 440, 48_000);
    using encoder = new OpusEncoder({ sampleRateHz: 48_000 });
    using decoder = new OpusDecoder({ sampleRateHz: 48_000 });
    const packet = encoder.encode(samples);
    const decoded = decoder.decode(packet);
    const concealed = decoder.conceal(960);
    const recovered = decoder.decodeFec(packet, 480);
    encoder.reset();
    decoder.reset();
    const out = new Uint8Array(encoder.maxPacketBytes + 5);
    expect(out.subarray(0, encoder.encodeInto(samples, out))).toEqual(packet);
    const room = new Int16Array(2000);
    expect(decoder.decodeInto(packet, room)).toBe(960);
    expect(room.subarray(0, 960)).toEqual(decoded);
    expect(decoder.concealInto(960, room)).toBe(960);
    expect(room.subarray(0, 960)).toEqual(concealed);
    expect(decoder.decodeFecInto(packet, 480, room)).toBe(480);
    expect(room.subarray(0, 480)).toEqual(recovered);
  });

  test('take every option', () => {
    const sizes = (options: Partial<ConstructorParameters<typeof OpusEncoder>[0]>) => {
      using encoder = new OpusEncoder({ sampleRateHz: 48_000, bitrate: 32_000, ...options });
      return encodeAll(encoder, sine(9600, 440, 48_000)).map((packet) => packet.length);
    };
    expect(Math.max(...sizes({ bitrateMode: 'vbr' }))).toBeLessThan(400);
    expect(new Set(sizes({ bitrateMode: 'cbr' }))).toEqual(new Set([80]));
    expect(new Set(sizes({ bitrateMode: 'cbr', bitrate: 'max' }))).toEqual(new Set([1276]));
    expect(Math.max(...sizes({ bitrate: 'auto' }))).toBeGreaterThan(100);
    const plain = sizes({});
    for (const options of [{ complexity: 0 }, { application: 'lowdelay' }] as const)
      expect(sizes(options)).not.toEqual(plain);
    using lowDelay = new OpusEncoder({ sampleRateHz: 48_000, application: 'lowdelay' });
    expect(lowDelay.lookaheadFrames).toBe(120);
    using silence = new OpusEncoder({ sampleRateHz: 16_000, dtx: true, signal: 'voice' });
    const packets = encodeAll(silence, new Int16Array(32_000));
    expect(packets.filter((packet) => packet.length <= 2).length).toBeGreaterThan(80);
    using loud = new OpusDecoder({ sampleRateHz: 48_000, sample: 'float32' });
    using quiet = new OpusDecoder({ sampleRateHz: 48_000, sample: 'float32', gainDb: -20 });
    using encoder = new OpusEncoder({ sampleRateHz: 48_000 });
    const packet = encodeAll(encoder, sine(4800, 440, 48_000))[4] as Uint8Array;
    const tenth = loud.decode(packet).map((x) => x / 10);
    quiet.decode(packet).forEach((x, i) => {
      expect(x).toBeCloseTo(tenth[i] as number, 4);
    });
  });
});

describe('OpusEncoder', () => {
  test.each([
    [{ sampleRateHz: 44_100 }, 'RangeError', 'ERR_INVALID_RATE'],
    [{ sampleRateHz: '8000' }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ channels: 9 }, 'RangeError', 'ERR_INVALID_CHANNELS'],
    [{ frameMs: 30 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ frameMs: '20' }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ bitrate: 0 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ bitrate: 499 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ bitrate: 300_001 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ bitrate: 0xffffffff }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ bitrate: 24_000.5 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ bitrate: 'fast' }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ bitrateMode: 'abr' }, 'RangeError', 'ERR_INVALID_ARG'],
    [{ application: 'phone' }, 'RangeError', 'ERR_INVALID_ARG'],
    [{ signal: 1 }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ complexity: 11 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ complexity: -1 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ fec: 1 }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ dtx: null }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ packetLossPercent: 101 }, 'RangeError', 'ERR_INVALID_OPTION'],
  ])('refuses %o', (options, name, code) => {
    const error = thrown(() => new OpusEncoder({ sampleRateHz: 48_000, ...options } as never));
    expect([error.name, error.code]).toEqual([name, code]);
  });

  test('refuses a frame of the wrong length and too little room, and is as before', () => {
    using encoder = new OpusEncoder({ sampleRateHz: 48_000 });
    const frame = sine(960, 440, 48_000);
    const packet = encoder.encode(frame);
    encoder.reset();
    for (const length of [0, 1, 959])
      expect(thrown(() => encoder.encode(frame.subarray(0, length))).code).toBe('ERR_INVALID_LENGTH');
    const room = new Uint8Array(encoder.maxPacketBytes - 1);
    expect(thrown(() => encoder.encodeInto(frame, room)).code).toBe('ERR_OUTPUT_TOO_SMALL');
    const sizes = new Uint32Array(0);
    const bytes = new Uint8Array(encoder.maxPacketBytes);
    expect(thrown(() => encoder.encodeFramesInto(frame, bytes, sizes)).code).toBe('ERR_OUTPUT_TOO_SMALL');
    expect(thrown(() => encoder.encodeInto(frame, new Uint8Array(frame.buffer))).code).toBe(
      'ERR_INVALID_ARG',
    );
    expect(thrown(() => encoder.encodeFramesInto(frame, bytes, [960] as never)).code).toBe('ERR_INVALID_ARG');
    expect(encoder.encode(frame)).toEqual(packet);
  });

  test('is closed for good', () => {
    const encoder = new OpusEncoder({ sampleRateHz: 48_000 });
    encoder.close();
    encoder.close();
    expect(thrown(() => encoder.encode(new Int16Array(960))).code).toBe('ERR_CLOSED');
    expect(thrown(() => encoder.frameSamples).code).toBe('ERR_CLOSED');
  });
});

describe('OpusDecoder', () => {
  test.each([
    [{ sampleRateHz: 44_100 }, 'RangeError', 'ERR_INVALID_RATE'],
    [{ channels: 3 }, 'RangeError', 'ERR_INVALID_CHANNELS'],
    [{ channels: '2' }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ gainDb: 128 }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ gainDb: Number.NaN }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ sample: 'int32' }, 'RangeError', 'ERR_INVALID_ARG'],
    [{ layout: null }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ layout: { streams: 1, coupled: 0, mapping: [0] } }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ layout: { streams: 1, coupled: 0, mapping: new Uint8Array(0) } }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ layout: { streams: 1, coupled: 2, mapping: Uint8Array.of(0) } }, 'RangeError', 'ERR_INVALID_OPTION'],
    [{ layout: { streams: 1, coupled: 0, mapping: Uint8Array.of(1) } }, 'RangeError', 'ERR_INVALID_OPTION'],
  ])('refuses %o', (options, name, code) => {
    const error = thrown(() => new OpusDecoder({ sampleRateHz: 48_000, ...options } as never));
    expect([error.name, error.code]).toEqual([name, code]);
  });

  test('refuses a bad packet with where it lies, and is as before', () => {
    using encoder = new OpusEncoder({ sampleRateHz: 48_000 });
    using decoder = new OpusDecoder({ sampleRateHz: 48_000 });
    const packets = encodeAll(encoder, sine(2880, 440, 48_000));
    const wanted = packets.map((packet) => decoder.decode(packet));
    decoder.reset();
    for (const bad of [new Uint8Array(0), Uint8Array.of(0x7b, 0), Uint8Array.of(0x79, 1, 2, 3)]) {
      expect(thrown(() => decoder.decode(bad))).toMatchObject({
        name: 'FormatError',
        code: 'ERR_OPUS_BAD_PACKET',
      });
      expect(thrown(() => decoder.decodeFec(bad, 960)).code).toBe('ERR_OPUS_BAD_PACKET');
    }
    const bytes = join([packets[0] as Uint8Array, Uint8Array.of(0x7b, 0)], Uint8Array);
    const sizes = Uint32Array.of(bytes.length - 2, 2);
    const error = thrown(() => decoder.decodePacketsInto(bytes, sizes, new Int16Array(9600)));
    expect(error).toMatchObject({ code: 'ERR_OPUS_BAD_PACKET', byteOffset: bytes.length - 2 });
    expect(packets.map((packet) => decoder.decode(packet))).toEqual(wanted);
  });

  test('conceals multiples of 2.5 ms, and nothing else', () => {
    using decoder = new OpusDecoder({ sampleRateHz: 8000, channels: 2, sample: 'float32' });
    expect(decoder.conceal(20)).toEqual(new Float32Array(40));
    expect(decoder.conceal(8000).length).toBe(16_000);
    for (const frames of [0, -20, 21, 20.5, Number.NaN, 2 ** 40])
      expect(thrown(() => decoder.conceal(frames)).name).toBe('RangeError');
    expect(thrown(() => decoder.conceal('20' as never)).name).toBe('TypeError');
    expect(thrown(() => decoder.concealInto(40, new Float32Array(79))).code).toBe('ERR_OUTPUT_TOO_SMALL');
  });

  test('brings back a lost packet from the one after it', () => {
    const rate = 16_000;
    using encoder = new OpusEncoder({
      sampleRateHz: rate,
      signal: 'voice',
      bitrate: 32_000,
      fec: true,
      packetLossPercent: 25,
    });
    // Syllables of a gliding pitch.
    let phase = 0;
    const voice = new Float32Array(2 * rate).map((_, i) => {
      const t = i / rate;
      phase += (2 * Math.PI * (130 + 40 * Math.sin(2 * Math.PI * 2.3 * t))) / rate;
      let x = 0;
      for (let k = 1; k <= 12; k++) x += Math.sin(k * phase) / k;
      return 0.2 * Math.sin(Math.PI * 5 * t) ** 2 * x;
    });
    const packets = encodeAll(encoder, voice);
    using whole = new OpusDecoder({ sampleRateHz: rate, sample: 'float32' });
    const sound = packets.map((packet) => whole.decode(packet));
    const errorDb = (replace: (decoder: OpusDecoder<'float32'>, next: Uint8Array) => Float32Array) => {
      using decoder = new OpusDecoder({ sampleRateHz: rate, sample: 'float32' });
      const lost: Float32Array[] = [];
      const found: Float32Array[] = [];
      packets.slice(0, -1).forEach((packet, i) => {
        if (i % 5 === 4) {
          lost.push(sound[i] as Float32Array);
          found.push(replace(decoder, packets[i + 1] as Uint8Array));
        } else {
          decoder.decode(packet);
        }
      });
      return -snrDb(join(lost, Float32Array), join(found, Float32Array), {});
    };
    const concealed = errorDb((decoder) => decoder.conceal(320));
    const recovered = errorDb((decoder, next) => decoder.decodeFec(next, 320));
    expect(concealed).toBeLessThan(-1);
    expect(recovered).toBeLessThan(concealed - 3);
  });

  test('is closed for good', () => {
    const decoder = new OpusDecoder({ sampleRateHz: 48_000 });
    decoder.close();
    decoder.close();
    expect(thrown(() => decoder.decode(Uint8Array.of(0xf8, 1))).code).toBe('ERR_CLOSED');
  });
});
