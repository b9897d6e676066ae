import { describe, expect, test } from 'vitest';
import { readWav, type WavEncoding, WavWriter, writeWav } from '../../../src/audio/index.js';
import { sine, thrown, toInt16 } from './helpers.js';

const ENCODINGS: WavEncoding[] = ['u8', 's16', 's24', 's32', 'f32', 'f64', 'mulaw', 'alaw'];

/** What a file becomes whose writer goes back in it. */
function patched(streamed: Uint8Array, writer: WavWriter): Buffer {
  const patches = writer.patches();
  const end = Math.max(streamed.length, ...patches.map(({ offset, bytes }) => offset + bytes.length));
  const file = Buffer.alloc(end);
  file.set(streamed);
  for (const { offset, bytes } of patches) file.set(bytes, offset);
  return file;
}

/** A file of chunks: as it is streamed, and with its header patched. */
function files(writer: WavWriter, chunks: Iterable<Int16Array | Float32Array>) {
  const streamed = Buffer.concat([...[...chunks].map((chunk) => writer.process(chunk)), writer.flush()]);
  return { streamed, patched: patched(streamed, writer) };
}

describe('WavWriter', () => {
  const floats = sine(333, 997, 48_000, 3);

  test.each(ENCODINGS)('writes the %s samples that writeWav writes, streamed and patched', (encoding) => {
    const options = { sampleRateHz: 48_000, channels: 3, encoding };
    const expected = readWav(writeWav(floats, options), { sample: 'float32' });
    using writer = new WavWriter(options);
    const chunks = [0, 3, 300, 600].map((at, i, starts) => floats.subarray(at, starts[i + 1]));
    const { streamed, patched } = files(writer, chunks);
    expect(writer.frames).toBe(333);
    expect(readWav(patched, { sample: 'float32' })).toEqual(expected);
    expect(readWav(streamed, { sample: 'float32' })).toMatchObject({
      samples: expected.samples,
      warnings: ['size-unknown'],
    });
    expect(patched.readUInt32LE(4)).toBe(patched.length - 8);
  });

  test('without rf64 writes byte for byte what writeWav writes', () => {
    for (const encoding of ENCODINGS) {
      for (const channels of [1, 2, 3]) {
        const options = { sampleRateHz: 8000, channels, encoding };
        using writer = new WavWriter({ ...options, rf64: false });
        const samples = toInt16(floats).subarray(0, 111 * channels);
        const { patched } = files(writer, [samples.subarray(0, 6), samples.subarray(6)]);
        expect(patched).toEqual(Buffer.from(writeWav(samples, options)));
      }
    }
  });

  test('writes int16 by default and takes both kinds of samples', () => {
    using writer = new WavWriter({ sampleRateHz: 8000 });
    const { patched } = files(writer, [Int16Array.of(1, -2), Float32Array.of(0.5, 7)]);
    expect(readWav(patched)).toMatchObject({
      encoding: 's16le',
      channels: 1,
      samples: Int16Array.of(1, -2, 16_384, 32_767),
    });
  });

  test('patches a header of the same length at any moment', () => {
    using writer = new WavWriter({ sampleRateHz: 8000, encoding: 'alaw' });
    const first = writer.process(new Int16Array(0));
    expect(first.length).toBe(94);
    expect(writer.process(new Int16Array(7)).length).toBe(7);
    const patches = writer.patches();
    const [header, pad] = patches;
    expect(header).toMatchObject({ offset: 0, bytes: { length: first.length } });
    expect(Buffer.from(header?.bytes ?? []).readUInt32LE(90)).toBe(7);
    expect(pad).toEqual({ offset: 101, bytes: Uint8Array.of(0) });
    expect(writer.flush()).toEqual(new Uint8Array(0)); // a stream must not end in what is no audio
    expect(writer.patches()).toEqual(patches);
  });

  test('makes a whole file of no samples', () => {
    using writer = new WavWriter({ sampleRateHz: 8000 });
    const { patched } = files(writer, []);
    expect(readWav(patched)).toMatchObject({ frames: 0, warnings: ['no-audio'] });
  });

  test('begins a new file after flush and after reset', () => {
    using writer = new WavWriter({ sampleRateHz: 8000 });
    const one = files(writer, [Int16Array.of(1, 2, 3)]);
    expect(files(writer, [Int16Array.of(1, 2, 3)])).toEqual(one);
    writer.process(Int16Array.of(9));
    writer.reset();
    expect(writer.frames).toBe(0);
    expect(files(writer, [Int16Array.of(1, 2, 3)])).toEqual(one);
  });

  test('keeps a finished file until samples come: flushed again, or given none', () => {
    using writer = new WavWriter({ sampleRateHz: 8000 });
    const { patched: file } = files(writer, [new Int16Array(100)]);
    const patches = writer.patches();
    for (const again of [writer.flush(), writer.process(new Int16Array(0)), writer.flush()])
      expect(again).toEqual(new Uint8Array(0));
    expect(writer.frames).toBe(100);
    expect(writer.patches()).toEqual(patches);
    expect(files(writer, [new Int16Array(100)]).patched).toEqual(file);
  });

  test('writes into the caller’s memory, the same room at any moment', () => {
    using writer = new WavWriter({ sampleRateHz: 8000, channels: 2 });
    const room = writer.maxOutputBytes(2);
    const out = new Uint8Array(room + 5).fill(7);
    expect(writer.processInto(Int16Array.of(1, 2, 3, 4), out)).toBe(80 + 8);
    expect(out.subarray(88)).toEqual(new Uint8Array(room + 5 - 88).fill(7));
    expect(writer.maxOutputBytes(2)).toBe(room);
    expect(writer.processInto(Int16Array.of(5, 6), out)).toBe(4);
    expect(out.subarray(0, 4)).toEqual(Uint8Array.of(5, 0, 6, 0));
    expect(writer.flushInto(out)).toBe(0);
    for (const run of [
      () => writer.processInto(new Int16Array(4), new Uint8Array(room - 1)),
      () => writer.flushInto(new Uint8Array(writer.maxOutputBytes(0) - 1)),
    ])
      expect(thrown(run)).toMatchObject({ name: 'RangeError', code: 'ERR_OUTPUT_TOO_SMALL' });
  });

  test('refuses to write into the memory of its input', () => {
    using writer = new WavWriter({ sampleRateHz: 8000 });
    const memory = new ArrayBuffer(400);
    const run = () => writer.processInto(new Int16Array(memory, 0, 8), new Uint8Array(memory));
    expect(thrown(run)).toMatchObject({ code: 'ERR_INVALID_ARG' });
  });

  test.each([
    ['rate 0', { sampleRateHz: 0 }, 'ERR_INVALID_RATE'],
    ['a broken rate', { sampleRateHz: 8000.5 }, 'ERR_INVALID_RATE'],
    ['no channels', { sampleRateHz: 8000, channels: 0 }, 'ERR_INVALID_CHANNELS'],
    ['a frame above 65535 bytes', { sampleRateHz: 8000, channels: 40_000 }, 'ERR_INVALID_CHANNELS'],
    ['an unknown encoding', { sampleRateHz: 8000, encoding: 's16le' as 's16' }, 'ERR_INVALID_ARG'],
  ])('refuses %s with a RangeError', (_, options, code) => {
    expect(thrown(() => new WavWriter(options))).toMatchObject({ name: 'RangeError', code });
  });

  test('counts frames whose bytes the caller has, and gives the headers of the same file', () => {
    const samples = Int16Array.from({ length: 6 }, (_, i) => 1000 * i);
    const bytes = new Uint8Array(samples.buffer);
    using counting = new WavWriter({ sampleRateHz: 8000, channels: 2 });
    using writing = new WavWriter({ sampleRateHz: 8000, channels: 2 });
    const streamed = Buffer.concat([counting.count(2), counting.count(1), bytes, counting.flush()]);
    expect(streamed.equals(Buffer.concat([writing.process(samples), writing.flush()]))).toBe(true);
    expect(counting.patches()).toEqual(writing.patches());
    expect(counting.frames).toBe(3);
    for (const frames of [-1, 0.5, '1' as unknown as number])
      expect(thrown(() => counting.count(frames))).toMatchObject({ code: 'ERR_INVALID_ARG' });
  });

  test('refuses half a frame, and anything but close once it is closed', () => {
    const writer = new WavWriter({ sampleRateHz: 8000, channels: 2 });
    expect(thrown(() => writer.process(new Int16Array(3)))).toMatchObject({ code: 'ERR_INVALID_LENGTH' });
    writer.close();
    writer.close();
    for (const run of [() => writer.process(new Int16Array(2)), () => writer.patches(), () => writer.frames])
      expect(thrown(run)).toMatchObject({ name: 'TypeError', code: 'ERR_CLOSED' });
  });
});
