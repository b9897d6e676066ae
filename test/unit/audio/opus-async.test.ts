/**
 * Opus off the event loop: the same packets and samples as the calls that hold it, one job at a time, objects that are
 * closed, dropped or wanted back in mid-work. Workers and processes that end then: workers.test.ts.
 */
import { createHook } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  type AbortOptions,
  OpusDecoder,
  type OpusDecoderOptions,
  OpusEncoder,
  type OpusEncoderOptions,
  type OpusPackets,
} from '../../../src/audio/index.js';
import { type GiveUp, native } from '../../../src/native/index.js';
import { sha256, sine, thrown, toInt16 } from './helpers.js';

type Rejection = Error & { code?: string; byteOffset?: number };
const rejection = (promise: Promise<unknown>): Promise<Rejection> =>
  promise.then(
    () => expect.unreachable('nothing was thrown'),
    (error) => error,
  );
const any = (value: unknown) => value as never;
const detach = (array: Uint8Array | Int16Array) =>
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });

/** Packets of what nobody would call silence. */
function input(encoder: OpusEncoder, packets: number): Int16Array {
  return toInt16(sine(packets * encoder.frameSamples, 440, 16_000)).map((x, i) => x + ((i * 7919) % 1009));
}

function encoded(encoder: OpusEncoder, samples: Int16Array | Float32Array): OpusPackets {
  const packets = samples.length / encoder.frameSamples;
  const out = new Uint8Array(packets * encoder.maxPacketBytes);
  const sizes = new Uint32Array(packets);
  return { bytes: out.slice(0, encoder.encodeFramesInto(samples, out, sizes)), sizes };
}

function packetsOf(count: number, options: Partial<OpusEncoderOptions> = {}): OpusPackets {
  using encoder = new OpusEncoder({ sampleRateHz: 16_000, complexity: 0, ...options });
  return encoded(encoder, input(encoder, count));
}

function decoded(
  decoder: OpusDecoder<'int16' | 'float32'>,
  { bytes, sizes }: OpusPackets,
  Type = Int16Array,
) {
  const out = new (Type as typeof Int16Array)(sizes.length * 5760 * decoder.channels);
  return out.slice(0, decoder.decodePacketsInto(bytes, sizes, out) * decoder.channels);
}

const digest = (result: ArrayBufferView | OpusPackets) =>
  'sizes' in result ? [sha256(result.bytes), sha256(result.sizes)] : [sha256(result)];
const sameBits = (a: ArrayBufferView, b: ArrayBufferView) =>
  a.byteLength === b.byteLength && sha256(a) === sha256(b);
function expectSame(actual: OpusPackets, expected: OpusPackets): void {
  expect(actual.sizes).toEqual(expected.sizes);
  expect(sameBits(actual.bytes, expected.bytes)).toBe(true);
}

/** How often a thread of the pool was asked to work while `run` did: once for each slice. */
async function countSlices(run: () => Promise<unknown>): Promise<number> {
  let slices = 0;
  const hook = createHook({
    init(_, type) {
      if (type === 'sluice-audio') slices++;
    },
  }).enable();
  await run().finally(() => hook.disable());
  return slices;
}

describe('results', () => {
  test.each<[string, Partial<OpusEncoderOptions>, number]>([
    ['speech', {}, 150],
    ['stereo of 2.5 ms', { sampleRateHz: 48_000, channels: 2, frameMs: 2.5, application: 'audio' }, 1000],
    ['six channels', { sampleRateHz: 48_000, channels: 6 }, 60],
    ['120 ms', { sampleRateHz: 24_000, frameMs: 120 }, 20],
    ['silence left out', { dtx: true, signal: 'voice' }, 100],
  ])(
    'equal those of the synchronous calls bit for bit, and so does what follows: %s',
    async (_, options, count) => {
      const all = { sampleRateHz: 16_000, complexity: 3, ...options };
      using encoder = new OpusEncoder(all);
      using sync = new OpusEncoder(all);
      const samples = input(encoder, count);
      const floats = Float32Array.from(samples, (x) => (options.dtx ? 0 : x / 30_000));
      for (const part of [samples, floats, samples]) {
        const wanted = encoded(sync, part);
        const packets = await encoder.encodeFramesAsync(part);
        expectSame(packets, wanted);
        expect(packets.bytes.buffer.byteLength).toBe(packets.bytes.length);
        for (const sample of ['int16', 'float32'] as const) {
          const decoding: OpusDecoderOptions<typeof sample> = {
            sampleRateHz: 48_000,
            layout: sync.layout,
            sample,
          };
          using decoder = new OpusDecoder<'int16' | 'float32'>({ ...decoding, sample });
          using syncDecoder = new OpusDecoder<'int16' | 'float32'>({ ...decoding, sample });
          for (let i = 0; i < 2; i++) {
            const heard = await decoder.decodePacketsAsync(packets.bytes, packets.sizes);
            const wantedSound = decoded(syncDecoder, wanted, any(heard.constructor));
            expect(heard).toBeInstanceOf(sample === 'int16' ? Int16Array : Float32Array);
            expect(sameBits(heard, wantedSound)).toBe(true);
          }
        }
      }
    },
  );

  test('of nothing are nothing', async () => {
    using encoder = new OpusEncoder({ sampleRateHz: 48_000 });
    using decoder = new OpusDecoder({ sampleRateHz: 48_000 });
    const nothing = await encoder.encodeFramesAsync(new Int16Array(0));
    expect(nothing).toEqual({ bytes: new Uint8Array(0), sizes: new Uint32Array(0) });
    expect(await decoder.decodePacketsAsync(nothing.bytes, nothing.sizes)).toEqual(new Int16Array(0));
  });

  test('come in slices, between which the event loop turns; a packet or two are decoded at once', async () => {
    using encoder = new OpusEncoder({ sampleRateHz: 16_000, complexity: 0 });
    using decoder = new OpusDecoder({ sampleRateHz: 16_000 });
    const samples = input(encoder, 500); // 10 s
    let packets = { bytes: new Uint8Array(0), sizes: new Uint32Array(0) };
    const encode = async () => {
      packets = await encoder.encodeFramesAsync(samples);
    };
    expect(await countSlices(encode)).toBe(10 + 1); // and one that copies the packets
    expect(await countSlices(() => decoder.decodePacketsAsync(packets.bytes, packets.sizes))).toBe(5);
    const two = packets.sizes.slice(0, 2);
    const bytes = packets.bytes.slice(0, (two[0] as number) + (two[1] as number));
    expect(await countSlices(() => decoder.decodePacketsAsync(bytes, two))).toBe(0);
  });
});

/** Each codec: a job of several slices, what may not be called meanwhile, and what tells a used object from a new one. */
const codecs = {
  encodeFramesAsync: () => {
    const encoder = new OpusEncoder({ sampleRateHz: 16_000, complexity: 0 });
    const samples = input(encoder, 200);
    const frame = samples.slice(0, encoder.frameSamples);
    return {
      object: encoder,
      input: samples,
      start: (options?: AbortOptions) => encoder.encodeFramesAsync(samples, options),
      others: [
        () => encoder.encode(frame),
        () => encoder.encodeInto(frame, new Uint8Array(2000)),
        () => encoder.encodeFramesInto(frame, new Uint8Array(2000), new Uint32Array(1)),
        () => encoder.reset(),
      ],
      constants: [() => encoder.frameSamples, () => encoder.maxPacketBytes, () => encoder.lookaheadFrames],
      next: () => Buffer.from(encoded(encoder, frame).bytes).toString('hex'),
    };
  },
  decodePacketsAsync: () => {
    const decoder = new OpusDecoder({ sampleRateHz: 16_000 });
    const { bytes, sizes } = packetsOf(400);
    const packet = bytes.slice(0, sizes[0]);
    const room = new Int16Array(6000);
    return {
      object: decoder,
      input: bytes,
      start: (options?: AbortOptions) => decoder.decodePacketsAsync(bytes, sizes, options),
      others: [
        () => decoder.decode(packet),
        () => decoder.decodeInto(packet, room),
        () => decoder.decodePacketsInto(packet, Uint32Array.of(packet.length), room),
        () => decoder.conceal(320),
        () => decoder.concealInto(320, room),
        () => decoder.decodeFec(packet, 320),
        () => decoder.decodeFecInto(packet, 320, room),
        () => decoder.reset(),
      ],
      constants: [() => decoder.packetFrames(packet)],
      next: () => sha256(decoder.decode(packet)),
    };
  },
};

describe.each(Object.entries(codecs))('%s', (_, make) => {
  const fresh = () => {
    const codec = make();
    const result = codec.next();
    codec.object.close();
    return result;
  };

  test('has the codec to itself: all that needs it is refused with ERR_BUSY until it is settled', async () => {
    const { object, start, others, constants } = make();
    const values = constants.map((call) => call());
    const first = start();
    for (const call of others) expect(thrown(call)).toMatchObject({ name: 'TypeError', code: 'ERR_BUSY' });
    expect(constants.map((call) => call())).toEqual(values);
    expect(await rejection(start())).toMatchObject({ name: 'TypeError', code: 'ERR_BUSY' });
    await first;
    for (const call of others) call();
    await start();
    object.close();
  });

  test('survives close(), which frees the object for good', async () => {
    const wanted = digest(await make().start());
    const { object, start, others, constants } = make();
    const promise = start();
    object.close();
    for (const call of [...others, ...constants]) expect(thrown(call)).toMatchObject({ code: 'ERR_CLOSED' });
    expect(digest(await promise)).toEqual(wanted);
    expect(await rejection(start())).toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('survives the collection of an object that nobody holds', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const wanted = digest(await make().start());
    const promises = Array.from({ length: 20 }, () => make().start());
    for (let i = 0; i < 5; i++) {
      collect();
      await turn();
    }
    for (const result of await Promise.all(promises)) expect(digest(result)).toEqual(wanted);
  });

  test('rejects at once with the reason of its signal, and the object is as new at once', async () => {
    const reference = fresh();
    for (let turns = 0; turns < 10; turns++) {
      const { object, start, next } = make();
      next(); // it has a past
      const controller = new AbortController();
      let ended = false;
      const promise = start({ signal: controller.signal }).then(
        () => {
          ended = true;
        },
        (reason) => reason,
      );
      for (let i = 0; i < turns; i++) await turn();
      if (!ended) {
        controller.abort('enough');
        expect(next()).toBe(reference);
        expect(await promise).toBe('enough');
        expect(next()).not.toBe(reference); // what was given up has no hand in it any more
      }
      object.close();
    }
  });

  test('aborted before it begins, takes nothing', async () => {
    const { object, start, next } = make();
    const [first, used] = [next(), next()];
    expect(used).not.toBe(first);
    object.reset();
    next();
    expect(await start({ signal: AbortSignal.abort('before') }).catch((reason) => reason)).toBe('before');
    expect(next()).toBe(used);
    object.close();
  });

  test('rejects when its input is transferred in mid-work, and the object is as new', async () => {
    const { object, start, next, input: samples } = make();
    const reference = fresh();
    next();
    const promise = start();
    detach(samples);
    const error = await rejection(promise);
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
    expect(error.message).toMatch(/transferred or resized/);
    expect(next()).toBe(reference);
    object.close();
  });

  test('refuses a signal or options that are none, and takes nothing', async () => {
    const { object, start, next } = make();
    const [, used] = [next(), next()];
    object.reset();
    next();
    for (const options of [null, 5, { signal: {} }])
      expect(await rejection(start(any(options)))).toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG',
      });
    expect(next()).toBe(used);
    object.close();
  });
});

describe('mistakes reject as the synchronous calls throw, before anything is taken', () => {
  const same = async (promise: Promise<unknown>, run: () => unknown) => {
    const [error, expected] = [await rejection(promise), thrown(run)];
    expect([error.constructor, error.message, error.code, error.byteOffset]).toEqual([
      expected.constructor,
      expected.message,
      expected.code,
      expected.byteOffset,
    ]);
  };

  test('encodeFramesAsync', async () => {
    using encoder = new OpusEncoder({ sampleRateHz: 16_000 });
    const frame = input(encoder, 1);
    const wanted = [encoder.encode(frame), encoder.encode(frame)];
    encoder.reset();
    expect(encoder.encode(frame)).toEqual(wanted[0]);
    const shared = new Int16Array(new SharedArrayBuffer(640));
    for (const samples of [
      undefined,
      'x',
      new Uint8Array(640),
      shared,
      frame.subarray(1),
      new Float32Array(321),
    ])
      await same(encoder.encodeFramesAsync(any(samples)), () =>
        encoder.encodeFramesInto(any(samples), new Uint8Array(9000), new Uint32Array(9)),
      );
    expect(encoder.encode(frame)).toEqual(wanted[1]);
  });

  test('decodePacketsAsync', async () => {
    const { bytes, sizes } = packetsOf(300);
    using decoder = new OpusDecoder({ sampleRateHz: 16_000 });
    const half = bytes.subarray(0, sizes[0]);
    const wanted = [decoder.decode(half), decoder.decode(half)];
    decoder.reset();
    decoder.decode(half);
    const last = bytes.length - (sizes.at(-1) as number);
    const bad = bytes.slice();
    bad.set([0xff, 0], last); // so many Opus frames: none
    const short = sizes.subarray(1);
    const long = Uint32Array.from([...sizes, 1]);
    const empty = Uint32Array.from([0, ...sizes]);
    for (const [packets, lengths] of [
      [bad, sizes],
      [bytes, short],
      [bytes, long],
      [bytes, empty],
      [undefined, sizes],
      [bytes, [...sizes]],
      [new Int16Array(5), sizes],
    ])
      await same(decoder.decodePacketsAsync(any(packets), any(lengths)), () =>
        decoder.decodePacketsInto(any(packets), any(lengths), new Int16Array(300 * 320)),
      );
    expect(await rejection(decoder.decodePacketsAsync(bad, sizes))).toMatchObject({
      code: 'ERR_OPUS_BAD_PACKET',
      byteOffset: last,
    });
    expect(decoder.decode(half)).toEqual(wanted[1]);
  });

  test('packets that turn bad, longer or shorter in mid-work', async () => {
    // Of CELT, whose length a byte says; all of them, so that it does not matter which slice is being worked on.
    const celt = {
      sampleRateHz: 48_000,
      application: 'lowdelay',
      bitrateMode: 'cbr',
      bitrate: 32_000,
    } as const;
    const { bytes, sizes } = packetsOf(300, celt);
    for (const change of [(toc: number) => toc | 3, (toc: number) => toc + 1, (toc: number) => toc - 8]) {
      using decoder = new OpusDecoder({ sampleRateHz: 48_000 });
      const packets = bytes.slice();
      const promise = decoder.decodePacketsAsync(packets, sizes);
      for (let i = 0; i < packets.length; i += sizes[0] as number)
        packets.set([change(packets[i] as number), 0], i);
      const error = await rejection(promise);
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
      expect(error.message).toMatch(/written to/);
      expect(decoder.decode(bytes.subarray(0, sizes[0]))).toHaveLength(960);
    }
  });

  test('sizes that change in mid-work do not matter: they are copied', async () => {
    const { bytes, sizes } = packetsOf(300);
    using decoder = new OpusDecoder({ sampleRateHz: 16_000 });
    const wanted = decoded(decoder, { bytes, sizes });
    decoder.reset();
    const promise = decoder.decodePacketsAsync(bytes, sizes);
    sizes.fill(0);
    expect(sameBits(await promise, wanted)).toBe(true);
  });
});

describe('the addon', () => {
  const raw = () => new native.OpusEncoder(16_000, 1, 20_000, 'voip', 0, 'cvbr', 0, 'auto', false, false, 0);

  test('does the same work at once without callbacks', async () => {
    using encoder = new OpusEncoder({ sampleRateHz: 16_000, complexity: 0 });
    const samples = input(encoder, 120);
    const packets = raw().encodeFrames(samples);
    expectSame(packets, await encoder.encodeFramesAsync(samples));
    using decoder = new OpusDecoder({ sampleRateHz: 16_000 });
    const rawDecoder = new native.OpusDecoder(16_000, 1, 0, Uint8Array.of(0), 0);
    expect(
      sameBits(rawDecoder.decodePackets(packets.bytes, packets.sizes, false), decoded(decoder, packets)),
    ).toBe(true);
  });

  test('refuses callbacks that are none, and takes nothing', () => {
    const encoder = raw();
    const frame = new Int16Array(320).fill(1000);
    const wanted = raw().encodeFrames(frame).bytes;
    const call = encoder.encodeFrames.bind(encoder) as (...args: unknown[]) => unknown;
    expect(thrown(() => call(frame, () => {}, 5))).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG',
    });
    expect(encoder.encodeFrames(frame).bytes).toEqual(wanted);
  });

  test('giving up a job that has ended changes nothing', async () => {
    const encoder = raw();
    const reference = raw();
    const samples = new Int16Array(320 * 100).map((_, i) => (i * 7919) % 5003);
    let giveUp = () => {};
    await new Promise<unknown>((resolve, reject) => {
      giveUp = encoder.encodeFrames(samples, resolve, reject) as GiveUp;
    });
    giveUp();
    reference.encodeFrames(samples);
    expectSame(encoder.encodeFrames(samples), reference.encodeFrames(samples));
  });
});
