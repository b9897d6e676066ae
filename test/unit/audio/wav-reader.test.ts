import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  AudioFramer,
  probeAudio,
  readWav,
  WavReader,
  WavWriter,
  writeWav,
} from '../../../src/audio/index.js';
import { ambiguousWav, fixture, frameAll, messageAudio, sha256, thrown, wavFixtures } from './helpers.js';

/** All samples of a file that comes in pieces of `size` bytes, and its facts. */
function readInPieces(bytes: Uint8Array, size: number, reader: WavReader<'int16' | 'float32'>) {
  const parts: (Int16Array | Float32Array)[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(reader.process(bytes.subarray(at, at + size)));
  const info = reader.finish();
  const samples = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return { info, samples };
}

describe('WavReader', () => {
  const fixtures = wavFixtures();

  test.each(fixtures)('reads %s as the house verdict says, however it is cut', (_, path, house) => {
    const bytes = readFileSync(path);
    const smallest = bytes.length < 20_000 ? 1 : 997; // a megabyte byte by byte would take a second
    for (const size of [smallest, 1013, bytes.length + 1]) {
      using reader = new WavReader({ sample: 'float32', fileBytes: bytes.length });
      if (house.result === 'format-error' || house.result === 'unsupported') {
        const error = thrown(() => readInPieces(bytes, size, reader));
        expect(error.name).toBe(house.result === 'unsupported' ? 'UnsupportedError' : 'FormatError');
        expect(error).toMatchObject(pick(thrown(() => readWav(bytes))));
        continue;
      }
      const { info, samples } = readInPieces(bytes, size, reader);
      expect(info).toMatchObject({
        frames: house.frames,
        channels: house.channels,
        sampleRateHz: house.rate,
        durationS: house.frames / house.rate,
      });
      expect([...info.warnings].sort()).toEqual([...house.warnings].sort());
      expect(sha256(samples)).toBe(house.f32_sha256);
    }
  });
  const pick = ({ code, byteOffset, message }: ReturnType<typeof thrown>) => ({ code, byteOffset, message });

  test('gives int16 by default, in arrays of their own', () => {
    const bytes = fixture('cpython-pluck-pcm24.wav');
    using reader = new WavReader();
    const samples = reader.process(bytes);
    expect(samples).toEqual(readWav(bytes).samples);
    expect(samples.buffer.byteLength).toBe(samples.byteLength);
    expect(reader.process(new Uint8Array(0))).toEqual(new Int16Array(0));
  });

  test('knows the header as soon as it is there, and the frames so far', () => {
    const bytes = writeWav(new Int16Array(100), { sampleRateHz: 8000, channels: 2 });
    using reader = new WavReader();
    reader.process(bytes.subarray(0, 43));
    expect(reader.info).toBeUndefined();
    reader.process(bytes.subarray(43, 44));
    expect(reader.info).toMatchObject({ encoding: 's16le', sampleRateHz: 8000, channels: 2, frames: 0 });
    reader.process(bytes.subarray(44, 44 + 4 * 7 + 2));
    expect(reader.info).toMatchObject({ container: 'wav', frames: 7, durationS: 7 / 8000, dataOffset: 44 });
  });

  test('says at the end what is odd', () => {
    const whole = writeWav(new Int16Array(1000), { sampleRateHz: 8000, channels: 2 });
    using reader = new WavReader();
    reader.process(whole.subarray(0, whole.length - 403));
    expect(reader.finish()).toMatchObject({ frames: 399, missingFrames: 101, warnings: ['truncated'] });
    expect(reader.finish()).toMatchObject({ frames: 399 });
    expect(reader.process(new Uint8Array(0))).toEqual(new Int16Array(0)); // no new file yet
    expect(reader.finish()).toMatchObject({ frames: 399 });
  });

  test('begins a new file after finish and after reset', () => {
    const [a, b] = [8000, 16_000].map((sampleRateHz) => writeWav(Int16Array.of(1, 2), { sampleRateHz }));
    using reader = new WavReader();
    for (const [file, sampleRateHz] of [
      [a, 8000],
      [b, 16_000],
    ] as const) {
      expect(reader.process(file as Uint8Array)).toEqual(Int16Array.of(1, 2));
      expect(reader.finish().sampleRateHz).toBe(sampleRateHz);
    }
    reader.process((a as Uint8Array).subarray(0, 45));
    reader.reset();
    expect(reader.info).toBeUndefined();
    expect(reader.process(b as Uint8Array)).toEqual(Int16Array.of(1, 2));
  });

  test('repeats an error until reset', () => {
    using reader = new WavReader();
    for (const run of [
      () => reader.process(Buffer.from('this is no WAV file')),
      () => reader.process(fixture('cpython-pluck-pcm16.wav')),
      () => reader.finish(),
    ])
      expect(thrown(run)).toMatchObject({ name: 'FormatError', code: 'ERR_WAV_NOT_WAV', byteOffset: 0 });
    reader.reset();
    expect(reader.process(fixture('cpython-pluck-pcm16.wav')).length).toBe(3307 * 2);
  });

  test('goes by the size of the file where it is told', () => {
    const bytes = ambiguousWav();
    using told = new WavReader({ fileBytes: bytes.length });
    expect(told.process(bytes).length).toBe(readWav(bytes).samples.length);
    using untold = new WavReader();
    expect(untold.process(bytes).length).not.toBe(1600);
  });

  /** A WAV of 3232 samples of silence, its RIFF size, its chunk between `fmt ` and `data` and its data size given. */
  function oddWav(riffBytes: number, between: string, dataBytes: number): Buffer {
    const [fmt, data] = [
      Buffer.from(writeWav(new Int16Array(0), { sampleRateHz: 16_000 })),
      Buffer.alloc(6464),
    ];
    fmt.writeUInt32LE(riffBytes, 4);
    const head = Buffer.from('data\0\0\0\0');
    head.writeUInt32LE(dataBytes, 4);
    return Buffer.concat([fmt.subarray(0, 36), Buffer.from(between, 'latin1'), head, data]);
  }

  test.each([
    ['a recording whose recorder was killed', oddWav(8, '', 0), ['size-unknown']],
    ['a chunk without its pad byte', oddWav(6513, 'junk\x05\0\0\0hello', 6464), ['unpadded-chunk']],
    ['a placeholder for a size', oddWav(0x7ffff024, '', 0x7ffff000), ['size-unknown']],
  ])(
    'reads %s as readWav, probeAudio and AudioFramer do, from a file and from a pipe',
    (_, bytes, warnings) => {
      const facts = { frames: 3232, missingFrames: 0, warnings };
      expect(readWav(bytes)).toMatchObject(facts);
      expect(probeAudio(bytes)).toMatchObject(facts);
      for (const options of [{ fileBytes: bytes.length }, {}]) {
        using reader = new WavReader(options);
        expect(reader.process(bytes)).toEqual(new Int16Array(3232));
        expect(reader.finish()).toMatchObject(facts);
      }
      const framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm_16000' });
      expect(messageAudio(frameAll(framer, [bytes])).length).toBe(6464);
      expect(framer.sourceInfo).toMatchObject(facts);
    },
  );

  test('wants room for what a call may give, and takes nothing without it', () => {
    const bytes = writeWav(new Int16Array(64).fill(5), { sampleRateHz: 8000, channels: 2, encoding: 's24' });
    using reader = new WavReader();
    expect(reader.maxOutputSamples(100)).toBe(100);
    expect(reader.processInto(bytes.subarray(0, 44 + 4), new Int16Array(48))).toBe(0); // 4 of 6 bytes of a frame
    expect(reader.maxOutputSamples(1)).toBe(0);
    expect(reader.maxOutputSamples(8)).toBe(4);
    const rest = bytes.subarray(48, 56);
    expect(thrown(() => reader.processInto(rest, new Int16Array(3)))).toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUTPUT_TOO_SMALL',
    });
    const out = new Int16Array(10).fill(-1);
    expect(reader.processInto(rest, out)).toBe(4);
    expect(out).toEqual(Int16Array.of(5, 5, 5, 5, -1, -1, -1, -1, -1, -1));
  });

  test('refuses everything but close once it is closed', () => {
    const reader = new WavReader();
    reader.close();
    reader.close();
    for (const run of [() => reader.process(new Uint8Array(1)), () => reader.finish(), () => reader.info])
      expect(thrown(run)).toMatchObject({ name: 'TypeError', code: 'ERR_CLOSED' });
  });

  test('reads the header of a file above 4 GiB', () => {
    using writer = new WavWriter({ sampleRateHz: 8000, encoding: 'mulaw' });
    const header = Buffer.from(writer.process(new Int16Array(0)));
    header.write('RF64', 0, 'latin1');
    header.write('ds64', 12, 'latin1');
    header.writeBigUInt64LE(2n ** 33n, 28);
    using reader = new WavReader();
    reader.process(header);
    reader.process(new Uint8Array(10));
    expect(reader.finish()).toMatchObject({
      frames: 10,
      missingFrames: 2 ** 33 - 10,
      warnings: ['truncated'],
    });
  });
});
