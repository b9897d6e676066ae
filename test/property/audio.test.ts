/** Laws of src/audio that hold for any input: chunk invariance, round trips, lengths, "any bytes give output or a typed error". */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AudioFormat,
  AudioFramer,
  convertSamples,
  convertSamplesAsync,
  decodeAlaw,
  decodeMulaw,
  encodeAlaw,
  encodeMulaw,
  FormatError,
  OggOpusEncoder,
  probeAudio,
  Resampler,
  readOggOpus,
  readWav,
  readWavAsync,
  resample,
  resampleAsync,
  SAMPLE_ENCODINGS,
  stepLevels,
  UnsupportedError,
  type WavAudio,
  WIRE_FORMATS,
  type WireFormat,
  writeOggOpus,
  writeOggOpusAsync,
  writeWav,
  writeWavAsync,
} from '../../src/audio/index.js';
import { sampleBytes } from '../../src/format.js';
import { frameAll, messageAudio, parseMessages, sha256 } from '../unit/audio/helpers.js';

type Samples = Int16Array | Float32Array;

const rates = fc.oneof(
  fc.constantFrom(8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
  fc.constantFrom(1000, 11_025, 12_345, 96_000, 192_000),
);
/** Noise of up to 6 000 bytes: as random as single bytes drawn by fast-check, and much faster. */
const anyBytes = fc.tuple(fc.nat(6000), fc.integer()).map(([length, seed]) => noise(length, seed));
// Without size 'max' fast-check would hardly ever make more than ten of anything.
const cuts = fc.array(fc.nat(700), { maxLength: 30, size: 'max' });

function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}

/** `data` in pieces of the given lengths, in units of `unit` elements; the rest in one piece. */
function* cut<T extends Uint8Array | Int16Array | Float32Array>(
  data: T,
  lengths: number[],
  unit = 1,
): Generator<T> {
  let start = 0;
  for (const length of lengths) {
    yield data.subarray(start, start + length * unit) as T;
    start = Math.min(start + length * unit, data.length);
  }
  yield data.subarray(start) as T;
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

/** int16 samples that use the whole range: from random bytes. */
function int16Of(bytes: Uint8Array, channels: number): Int16Array {
  const samples = new Int16Array(bytes.slice(0, bytes.length - (bytes.length % 2)).buffer);
  return samples.slice(0, samples.length - (samples.length % channels));
}

describe('Resampler', () => {
  const input = fc.record({
    bytes: anyBytes,
    channels: fc.integer({ min: 1, max: 3 }),
    fromHz: rates,
    toHz: rates,
    cuts,
  });

  test('output does not depend on where the input was cut, int16 and float32, and obeys the length law', () => {
    fc.assert(
      fc.property(
        input,
        fc.constantFrom('int16', 'float32'),
        ({ bytes, channels, fromHz, toHz, cuts }, sample) => {
          const int16 = int16Of(bytes, channels);
          const samples = sample === 'int16' ? int16 : Float32Array.from(int16, (x) => x / 32_768);
          const whole = resample(samples, { fromHz, toHz, channels });
          using resampler = new Resampler({ fromHz, toHz, channels, sample });
          const parts: Buffer[] = [];
          for (const chunk of cut(samples, cuts, channels)) {
            const part = resampler.process(chunk);
            expect(part.length / channels).toBeLessThanOrEqual(
              resampler.maxOutputFrames(chunk.length / channels),
            );
            parts.push(bytesOf(part));
          }
          parts.push(bytesOf(resampler.flush()));
          expect(whole.length).toBe(Math.ceil(((int16.length / channels) * toHz) / fromHz) * channels);
          expect(Buffer.concat(parts).equals(bytesOf(whole))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('OggOpusEncoder', () => {
  const input = fc.record({
    bytes: anyBytes,
    channels: fc.integer({ min: 1, max: 8 }),
    sampleRateHz: rates,
    frameMs: fc.constantFrom(...([2.5, 5, 10, 20, 40, 60, 80, 100, 120] as const)),
    pageMs: fc.constantFrom(0, 20, 1000, 4000),
    serial: fc.nat(0xffff_ffff),
    sample: fc.constantFrom('int16', 'float32'),
    cuts,
  });

  test('output does not depend on where the input was cut, and reads back with its length and no warning', () => {
    fc.assert(
      fc.property(input, ({ bytes, sample, cuts, ...stream }) => {
        const { channels, sampleRateHz } = stream;
        const options = { ...stream, complexity: 0 };
        const int16 = int16Of(bytes, channels);
        const samples = sample === 'int16' ? int16 : Float32Array.from(int16, (x) => x / 32_768);
        const whole = writeOggOpus(samples, options);
        using encoder = new OggOpusEncoder({ ...options, sample });
        const parts = [...cut(samples, cuts, channels)].map((chunk) => encoder.process(chunk));
        expect(Buffer.concat([...parts, encoder.flush()]).equals(whole)).toBe(true);
        const { frames, warnings } = readOggOpus(whole);
        expect(frames).toBe(Math.ceil(((int16.length / channels) * 48_000) / sampleRateHz));
        expect(warnings).toEqual(frames === 0 ? ['no-audio'] : []);
      }),
      { numRuns: 60 },
    );
  });
});

describe('AudioFramer', () => {
  const rawSource: fc.Arbitrary<AudioFormat> = fc.record({
    encoding: fc.constantFrom(...SAMPLE_ENCODINGS),
    sampleRateHz: rates,
    channels: fc.integer({ min: 1, max: 3 }),
  });
  const wires = fc.constantFrom(...WIRE_FORMATS).filter((wire) => wire !== 'opus');
  const steps = fc.integer({ min: 1, max: 5 });

  function frame(
    from: AudioFormat,
    to: WireFormat,
    stepsPerMessage: number,
    chunks: Iterable<Uint8Array>,
  ): string {
    using framer = new AudioFramer({ from, to, stepsPerMessage });
    return frameAll(framer, chunks);
  }

  function checkMessages(text: string, from: AudioFormat, to: WireFormat, stepsPerMessage: number): void {
    using framer = new AudioFramer({ from, to, stepsPerMessage });
    const messages = parseMessages(text).map((message) => JSON.stringify(message));
    expect(messages.join('')).toBe(text);
    for (const message of messages.slice(0, -1)) expect(message.length).toBe(framer.messageBytes);
    expect((messages.at(-1) ?? '').length).toBeLessThanOrEqual(framer.messageBytes);
  }

  test('messages do not depend on where raw input was cut', () => {
    const anyRaw = rawSource.chain((from) =>
      fc.record({
        from: fc.constant(from),
        to: wires.filter((wire) => wire !== 'wav'),
        bytes: anyBytes,
        cuts,
        steps,
      }),
    );
    fc.assert(
      fc.property(anyRaw, ({ from, to, bytes, cuts, steps }) => {
        const whole = frame(from, to, steps, [bytes]);
        expect(frame(from, to, steps, cut(bytes, cuts))).toBe(whole);
        checkMessages(whole, from, to, steps);
      }),
      { numRuns: 150 },
    );
  });

  test('messages do not depend on where a WAV was cut', () => {
    const anyWav = fc.record({
      bytes: anyBytes,
      channels: fc.integer({ min: 1, max: 3 }),
      sampleRateHz: rates,
      encoding: fc.constantFrom('u8', 's16', 's24', 's32', 'f32', 'f64', 'mulaw', 'alaw'),
      to: wires,
      steps,
      cuts: fc.array(fc.nat(60), { maxLength: 40, size: 'max' }),
    });
    fc.assert(
      fc.property(anyWav, ({ bytes, channels, sampleRateHz, encoding, to, steps, cuts }) => {
        const wav = writeWav(int16Of(bytes, channels), { sampleRateHz, channels, encoding });
        const from = { container: 'wav' } as const;
        const whole = frame(from, to, steps, [wav]);
        expect(frame(from, to, steps, cut(wav, cuts))).toBe(whole);
        checkMessages(whole, from, to, steps);
        if (to === 'wav') expect(messageAudio(whole)).toEqual(Buffer.from(wav));
      }),
      { numRuns: 150 },
    );
  });

  test('wire frames obey the length law', () => {
    const law = fc.record({
      frames: fc.nat(3000),
      sampleRateHz: rates,
      wireHz: fc.constantFrom(8000, 22_050, 24_000),
    });
    fc.assert(
      fc.property(law, ({ frames, sampleRateHz, wireHz }) => {
        using framer = new AudioFramer({
          from: { encoding: 's16le', sampleRateHz },
          to: `pcm_${wireHz}` as WireFormat,
        });
        const text = frameAll(framer, [new Uint8Array(frames * 2)]);
        expect(framer.wireFrames).toBe(Math.ceil((frames * wireHz) / sampleRateHz));
        expect(messageAudio(text).length).toBe(framer.wireFrames * 2);
      }),
      { numRuns: 60 },
    );
  });
});

describe('round trips', () => {
  test('writeWav then readWav gives the samples back, for every encoding that holds them', () => {
    fc.assert(
      fc.property(
        anyBytes,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fc.constantFrom('s16', 's24', 's32', 'f32', 'f64'),
        (bytes, channels, sampleRateHz, encoding) => {
          const samples = int16Of(bytes, channels);
          const wav = writeWav(samples, { sampleRateHz, channels, encoding });
          const audio = readWav(wav);
          expect(audio.samples).toEqual(samples);
          expect(audio).toMatchObject({ sampleRateHz, channels, missingFrames: 0 });
          expect(probeAudio(wav).frames).toBe(samples.length / channels);
        },
      ),
    );
  });

  test('float32 survives writeWav bit by bit, NaN and infinities included', () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 500, size: 'max' }), (samples) => {
        const audio = readWav(writeWav(samples, { sampleRateHz: 8000 }), { sample: 'float32' });
        expect(new Uint8Array(audio.samples.buffer)).toEqual(new Uint8Array(samples.slice().buffer));
      }),
    );
  });

  test('a wider encoding and back again is the same', () => {
    const wider = {
      u8: 's16le',
      s16le: 's24be',
      s24le: 'f32le',
      s24be: 's24in32le',
      s32be: 'f64le',
    } as const;
    fc.assert(
      fc.property(anyBytes, fc.constantFrom('u8', 's16le', 's24le', 's24be', 's32be'), (bytes, from) => {
        const width = { u8: 1, s16le: 2, s24le: 3, s24be: 3, s32be: 4 }[from];
        const whole = bytes.subarray(0, bytes.length - (bytes.length % width));
        const wide = convertSamples(whole, { from, to: wider[from] });
        expect(convertSamples(wide, { from: wider[from], to: from })).toEqual(whole.slice());
      }),
    );
  });

  test('G.711 is idempotent: encoding what was decoded changes nothing more', () => {
    fc.assert(
      fc.property(anyBytes, (codes) => {
        for (const [decode, encode] of [
          [decodeMulaw, encodeMulaw] as const,
          [decodeAlaw, encodeAlaw] as const,
        ])
          expect(decode(encode(decode(codes)))).toEqual(decode(codes));
      }),
    );
  });

  test('stepLevels lie between silence and full scale', () => {
    fc.assert(
      fc.property(anyBytes, fc.integer({ min: 1, max: 5000 }), (bytes, block) => {
        const samples = int16Of(bytes, 1);
        const levels = stepLevels(samples, block);
        expect(levels.length).toBe(Math.ceil(samples.length / block));
        for (const level of levels) {
          expect(level).toBeGreaterThanOrEqual(-120);
          expect(level).toBeLessThanOrEqual(0.001);
        }
      }),
    );
  });
});

describe('any bytes give output or a typed error', () => {
  const u32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
  const ascii = (text: string) => [...Buffer.from(text, 'latin1')];
  const chunk = fc
    .tuple(
      fc.constantFrom('fmt ', 'data', 'LIST', 'ds64', 'fact', 'JUNK', 'Data', '\0\0\0\0'),
      fc.oneof(fc.constant(-1), fc.constantFrom(0, 1, 16, 0x7fffffff, -2), fc.nat(100)),
      fc.oneof(
        fc.uint8Array({ maxLength: 60, size: 'max' }),
        fc
          .tuple(fc.constantFrom(1, 3, 6, 7, 0xfffe, 2), fc.nat(4), fc.constantFrom(8, 12, 16, 24, 32, 64, 0))
          .map(([tag, channels, bits]) =>
            Uint8Array.of(tag & 255, tag >> 8, channels, 0, ...u32(8000), ...u32(16_000), 2, 0, bits, 0),
          ),
      ),
    )
    .map(([id, size, body]) => [...ascii(id), ...u32(size === -1 ? body.length : size), ...body]);
  const wavLike = fc
    .tuple(
      fc.constantFrom('RIFF', 'RIFX', 'RF64', 'BW64'),
      fc.integer(),
      fc.array(chunk, { maxLength: 6, size: 'max' }),
    )
    .map(([magic, size, chunks]) =>
      Uint8Array.from([...ascii(magic), ...u32(size), ...ascii('WAVE'), ...chunks.flat()]),
    );
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 300, size: 'max' }), wavLike);

  function outcome<T>(run: () => T): T | string {
    try {
      return run();
    } catch (error) {
      if (error instanceof FormatError || error instanceof UnsupportedError) return error.code;
      if (error instanceof RangeError && 'code' in error && error.code === 'ERR_INVALID_RATE')
        return error.code;
      throw error;
    }
  }

  test('readWav and probeAudio, which agree', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        const audio = outcome(() => readWav(input));
        const info = outcome(() => probeAudio(input));
        if (typeof audio === 'string' || typeof info === 'string') {
          expect(info).toBe(audio);
          return;
        }
        expect(audio.samples.length).toBe(audio.frames * audio.channels);
        expect(audio.samples.length).toBeLessThanOrEqual(input.length);
        expect(info.frames).toBe(audio.frames);
        expect(info.warnings).toEqual(audio.warnings);
      }),
      { numRuns: 2000 },
    );
  });

  test('AudioFramer, wherever it was cut', () => {
    fc.assert(
      fc.property(bytes, cuts, (input, lengths) => {
        const run = (chunks: Iterable<Uint8Array>) =>
          outcome(() => {
            using framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm_8000' });
            return frameAll(framer, chunks);
          });
        expect(run(cut(input, lengths))).toBe(run([input]));
      }),
      { numRuns: 1000 },
    );
  });

  test('convertSamples', () => {
    const encoding = fc.constantFrom(...SAMPLE_ENCODINGS);
    fc.assert(
      fc.property(
        anyBytes,
        encoding,
        encoding,
        fc.integer({ min: 1, max: 8 }),
        (input, from, to, channels) => {
          const oneSample = convertSamples(new Uint8Array(24), { from, to }).length / 24;
          const converted = (() => {
            try {
              return convertSamples(input, { from, to, channels, toChannels: 1 });
            } catch (error) {
              expect(error).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_LENGTH' });
              return undefined;
            }
          })();
          if (converted) expect(converted.length).toBe((input.length * oneSample) / channels);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('conversions sample by sample', () => {
  const joined = (a: ArrayLike<number>, b: ArrayLike<number>): number[] => [
    ...Array.from(a),
    ...Array.from(b),
  ];

  test.each(SAMPLE_ENCODINGS)('convertSamples from %s does not depend on the cut between frames', (from) => {
    const bytes = sampleBytes(from);
    fc.assert(
      fc.property(anyBytes, fc.nat(200), (data, frames) => {
        const whole = data.subarray(0, data.length - (data.length % (2 * bytes)));
        const at = Math.min(whole.length, frames * 2 * bytes);
        const convert = (part: Uint8Array): Uint8Array =>
          convertSamples(part, { from, to: 's24le', channels: 2, toChannels: 1 });
        expect(joined(convert(whole.subarray(0, at)), convert(whole.subarray(at)))).toEqual([
          ...convert(whole),
        ]);
      }),
      { numRuns: 20 },
    );
  });

  test('G.711 does not depend on the cut', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(6000), (codes, cut) => {
        for (const [decode, encode] of [
          [decodeMulaw, encodeMulaw],
          [decodeAlaw, encodeAlaw],
        ] as const) {
          const at = Math.min(cut, codes.length);
          const samples = decode(codes);
          expect(joined(decode(codes.subarray(0, at)), decode(codes.subarray(at)))).toEqual([...samples]);
          const again = encode(samples);
          expect(joined(encode(samples.subarray(0, at)), encode(samples.subarray(at)))).toEqual([...again]);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('stepLevels does not depend on the cut between blocks', () => {
    fc.assert(
      fc.property(anyBytes, fc.integer({ min: 1, max: 300 }), fc.nat(20), (data, block, blocks) => {
        const samples = Int16Array.from(data, (byte, i) => (byte - 128) * (i % 200));
        const at = Math.min(samples.length, blocks * block);
        const levels = stepLevels(samples, block);
        const parts = joined(
          stepLevels(samples.subarray(0, at), block),
          stepLevels(samples.subarray(at), block),
        );
        expect(parts).toEqual([...levels]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('off the event loop', () => {
  // On both sides of the sizes from which a thread is worth it, and of the slices of half a megabyte.
  const anyLength = fc.oneof(fc.nat(6000), fc.integer({ min: 60_000, max: 1_600_000 }));
  const channelCounts = fc.integer({ min: 1, max: 7 });
  const encodings = fc.constantFrom(...SAMPLE_ENCODINGS);
  const wavEncodings = fc.constantFrom('u8', 's16', 's24', 's32', 'f32', 'f64', 'mulaw', 'alaw' as const);

  /** What came of a call, in a form that can be compared: toEqual takes seconds for millions of samples. */
  async function outcome(run: () => unknown): Promise<unknown> {
    try {
      const result = await run();
      if (ArrayBuffer.isView(result)) return [result.constructor.name, sha256(result)];
      const { samples, ...facts } = result as WavAudio;
      return [facts, samples.constructor.name, sha256(samples)];
    } catch (error) {
      const { name, message, code, byteOffset } = error as FormatError;
      return [name, message, code, byteOffset];
    }
  }

  test('every function does what the one that holds it does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ length: anyLength, seed: fc.integer(), channels: channelCounts }),
        fc.record({ from: encodings, to: encodings, encoding: wavEncodings, fromHz: rates, toHz: rates }),
        fc.boolean(),
        async ({ length, seed, channels }, { from, to, encoding, fromHz, toHz }, float32) => {
          const bytes = noise(length - (length % channels), seed); // whole frames of some widths only
          const samples = float32
            ? Float32Array.from(bytes, (x) => x / 128 - 1)
            : Int16Array.from(bytes, (x) => 200 * x);
          const wav = writeWav(samples, { sampleRateHz: fromHz, channels, encoding });
          const torn = wav.subarray(0, Math.max(0, wav.length - (seed & 0xff)));
          const convert = { from, to, channels, toChannels: 1 };
          const rateChange = { fromHz, toHz, channels, quality: 'fast' } as const;
          const some = samples.subarray(0, fromHz < toHz ? 60_000 * channels : undefined) as Samples;
          const write = { sampleRateHz: fromHz, channels, encoding };
          const sound = samples.subarray(0, 20_000 * channels);
          const opus = { sampleRateHz: fromHz, channels, complexity: 0, serial: 1 };
          const read = { sample: float32 ? 'float32' : 'int16' } as const;
          for (const [sync, async] of [
            [() => convertSamples(bytes, convert), () => convertSamplesAsync(bytes, convert)],
            [() => writeWav(samples, write), () => writeWavAsync(samples, write)],
            [() => readWav(torn, read), () => readWavAsync(torn, read)],
            [() => readWav(bytes, read), () => readWavAsync(bytes, read)],
            [() => resample(some, rateChange), () => resampleAsync(some, rateChange)],
            [() => writeOggOpus(sound, opus), () => writeOggOpusAsync(sound, opus)],
          ] as const)
            expect(await outcome(async)).toEqual(await outcome(sync));
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);
});
