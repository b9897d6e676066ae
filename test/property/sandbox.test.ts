import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOggOpus, resample, writeWav } from '../../src/audio/index.js';
import { WIRE_FORMATS, type WireFormat } from '../../src/format.js';
import { splitWords } from '../../src/sandbox/acoustic-code.js';
import { InputDecoder } from '../../src/sandbox/input-decoder.js';
import { outputEncoder } from '../../src/sandbox/output-encoder.js';
import { ProtocolError } from '../../src/sandbox/protocol.js';
import {
  concat,
  copied,
  events,
  gain,
  hear,
  mix,
  noise,
  oggOpus,
  silence,
  speak,
  speak8k,
} from '../unit/sandbox/sound.js';

/** Any code points, white space and control characters among them. */
const text = fc.string({ unit: 'binary', maxLength: 24 });
const cuts = (most: number): fc.Arbitrary<number[]> => fc.array(fc.nat({ max: most }), { maxLength: 20 });

function decode(format: WireFormat, pieces: Uint8Array[]): number[] {
  const decoder = new InputDecoder(format);
  try {
    const samples = pieces.flatMap((piece) => [...decoder.push(piece)]);
    return [...concat(...samples, ...decoder.finish())];
  } finally {
    decoder.close();
  }
}

function cut(bytes: Uint8Array, lengths: number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(from, from + length));
    from += length;
  }
  return [...pieces, bytes.subarray(from)];
}

/** Made once: it takes longer than hearing it. */
const HISS = noise(400_000, -42);

describe('voice and Recogniser', () => {
  it('bring any words back, white space normalised', () => {
    fc.assert(
      fc.property(text, (spoken) => {
        expect(hear(speak8k(spoken))).toBe(splitWords(spoken).join(' '));
      }),
      { numRuns: 150 },
    );
  });

  it('bring any words back after a shift, a change of level and noise 30 dB below', () => {
    const words = fc.string({ unit: 'grapheme', maxLength: 16 });
    fc.assert(
      fc.property(words, fc.nat(2000), fc.double({ min: -30, max: 5, noNaN: true }), (spoken, shift, db) => {
        const clean = concat(new Float32Array(shift), speak8k(spoken), silence(0.1));
        const heard = hear(gain(mix(clean, HISS), db));
        expect(heard).toBe(splitWords(spoken).join(' '));
      }),
      { numRuns: 100 },
    );
  });
});

describe('OutputEncoder of opus', () => {
  it('brings any words back, as long as they were, in pages whose sound adds up', () => {
    fc.assert(
      fc.property(text, (spoken) => {
        const samples = speak(spoken, 48_000);
        const encoder = outputEncoder('opus');
        const steps = Array.from({ length: samples.length / 3_840 }, (_, i) => i * 3_840);
        const pieces = [
          ...encoder.start(),
          ...steps.flatMap((from) => encoder.encode(samples.subarray(from, from + 3_840))),
          ...encoder.finish(),
        ];
        encoder.close();
        expect(pieces.reduce((sum, piece) => sum + piece.samples, 0)).toBe(samples.length);
        const heard = readOggOpus(Buffer.concat(pieces.map((piece) => piece.bytes)), { sample: 'float32' });
        expect(heard.frames).toBe(samples.length);
        expect(hear(resample(heard.samples, { fromHz: 48_000, toHz: 8_000 }))).toBe(
          splitWords(spoken).join(' '),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('Recogniser', () => {
  it('gives the same events however the audio is cut', () => {
    const audio = concat(
      speak8k('one two'),
      silence(0.35),
      noise(3000, -20).map((sample, i) => sample * Math.sin(i / 900)),
      silence(0.5),
      speak8k('three').subarray(300),
    );
    const whole = events(audio);
    expect(whole.map((event) => (event.type === 'word' ? event.text : '')).filter(Boolean)).toContain(
      '[speech]',
    );
    fc.assert(
      fc.property(cuts(3000), (lengths) => {
        expect(events(audio, lengths)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('makes no text of noise-like samples', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { maxLength: 4000 }), (samples) => {
        expect(hear(Float32Array.from(samples)).replaceAll('[speech]', '').trim()).toBe('');
      }),
      { numRuns: 50 },
    );
  });
});

describe('InputDecoder', () => {
  const spoken = speak('cut me', 16_000);
  const wav = writeWav(spoken, { sampleRateHz: 44_100, encoding: 's24' });
  const raw = new Uint8Array(spoken.buffer);
  const link = oggOpus(spoken, { sampleRateHz: 16_000 });
  const opus = Buffer.concat([link, oggOpus(copied(spoken, 2), { sampleRateHz: 16_000, channels: 2 })]);
  const containers = new Map<WireFormat, Uint8Array>([
    ['wav', wav],
    ['opus', opus],
  ]);

  it.each(WIRE_FORMATS)('%s gives the same samples however its bytes are cut', (format) => {
    const bytes = containers.get(format) ?? raw;
    const whole = decode(format, [bytes]);
    expect(whole.length).toBeGreaterThan(1000);
    fc.assert(
      fc.property(cuts(3000), (lengths) => {
        expect(decode(format, cut(bytes, lengths))).toEqual(whole);
      }),
      { numRuns: 15 },
    );
  });

  it.each(['pcm_22050', 'pcm_44100', 'pcm_48000', 'pcm_8000'] as const)(
    '%s is as long as its audio wherever it is flushed',
    (format) => {
      const hz = Number(format.slice(4));
      fc.assert(
        fc.property(cuts(1500), fc.boolean(), (lengths, flushLast) => {
          const decoder = new InputDecoder(format);
          let [frames, samples] = [0, 0];
          for (const length of lengths) {
            frames += length;
            for (const part of decoder.push(new Uint8Array(2 * length))) samples += part.length;
            if (!flushLast && length === lengths.at(-1)) continue;
            samples += decoder.flush().length;
            expect(samples).toBe(Math.floor((frames * 8_000) / hz));
          }
          for (const part of decoder.finish()) samples += part.length;
          decoder.close();
          expect(samples).toBe(Math.ceil((frames * 8_000) / hz));
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(['wav', 'opus'] as const)(
    'answers any bytes that claim to be %s by samples or a ProtocolError',
    (format) => {
      const whole = containers.get(format) as Uint8Array;
      const damaged = fc
        .tuple(fc.nat(whole.length), fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 8 }))
        .map(([length, changes]) => {
          const bytes = Uint8Array.from(whole.subarray(0, length));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          return bytes;
        });
      fc.assert(
        fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
          try {
            decode(format, [bytes]);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }),
        { numRuns: 300 },
      );
    },
  );
});
