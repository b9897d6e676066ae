import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeAlaw,
  decodeMulaw,
  encodeAlaw,
  encodeMulaw,
  readWav,
  resample,
} from '../../../src/audio/index.js';
import { COLUMN_HZ, ROW_HZ, splitWords } from '../../../src/sandbox/acoustic-code.js';
import { Recogniser } from '../../../src/sandbox/recogniser.js';
import { concat, events, gain, hear, mix, noise, silence, speak, speak8k, toFloat, words } from './sound.js';

const TEXTS = {
  ascii: 'The quick brown fox, 3333 UUU ~!{} "jumps" over 0 lazy dogs.',
  accented: 'Où êtes-vous? Ça ira très bien, mañana über größe.',
  emoji: 'fine 😀 👩‍👩‍👧‍👦 🇫🇷 ok',
  cjk: '日本語 を 話します 한국어 中文，好。',
};
const ALL = Object.values(TEXTS).join(' ');

/** A telephone key: the two tones of a nibble, without ramps. */
function key(nibble: number, ms: number): Float32Array {
  const [row, column] = [ROW_HZ[nibble >> 2] ?? 0, COLUMN_HZ[nibble & 3] ?? 0];
  return Float32Array.from({ length: ms * 8 }, (_, i) => {
    const t = (2 * Math.PI * i) / 8_000;
    return 0.25 * (Math.sin(row * t) + Math.sin(column * t));
  });
}

describe('Recogniser', () => {
  it.each(Object.entries(TEXTS))('hears %s text as it was spoken', (_, text) => {
    expect(hear(speak8k(text))).toBe(text);
  });

  it.each([8_000, 16_000, 22_050, 24_000, 44_100, 48_000])('hears what was spoken at %i Hz', (fromHz) => {
    const samples = resample(toFloat(speak(ALL, fromHz)), { fromHz, toHz: 8_000 });
    expect(hear(samples)).toBe(ALL);
  });

  it('gives word times within one step of where the words are', () => {
    const heard = words(concat(silence(0.5), speak8k('héllo wide world')));
    const truth = [0.5, 0.98, 1.06, 1.38, 1.46, 1.86];
    const times = heard.flatMap((word) => [word.startS, word.stopS]);
    expect(times).toHaveLength(6);
    for (const [i, time] of times.entries()) expect(Math.abs(time - (truth[i] ?? 0))).toBeLessThan(0.005);
  });

  it.each([1, 7, 39, 160, 317, 320, 500, 639, 12_345])('survives a shift by %i samples', (shift) => {
    expect(hear(concat(new Float32Array(shift), speak8k(TEXTS.ascii)))).toBe(TEXTS.ascii);
  });

  it.each([-30, -20, -6, 5, 12])('survives a gain of %i dB, clipped', (db) => {
    const clipped = gain(speak8k(ALL), db).map((sample) => Math.max(-1, Math.min(1, sample)));
    expect(hear(clipped)).toBe(ALL);
  });

  it.each([30, 20, 12])('survives noise at %i dB SNR', (snr) => {
    const clean = speak8k(ALL);
    expect(hear(mix(clean, noise(clean.length, -12 - snr)))).toBe(ALL);
  });

  it('survives a quiet copy in noise, with an offset', () => {
    const quiet = gain(speak8k(ALL), -30);
    expect(hear(mix(quiet, noise(quiet.length, -72)).map((sample) => sample + 0.2))).toBe(ALL);
  });

  it('survives µ-law and A-law, loud and quiet', () => {
    for (const db of [0, -30]) {
      const samples = Int16Array.from(speak(ALL, 8_000), (sample) => sample * 10 ** (db / 20));
      expect(hear(toFloat(decodeMulaw(encodeMulaw(samples))))).toBe(ALL);
      expect(hear(toFloat(decodeAlaw(encodeAlaw(samples))))).toBe(ALL);
    }
  });

  it('survives resampling without a filter, and a clock 200 ppm off', () => {
    const fast = toFloat(speak(TEXTS.ascii, 48_000));
    const naive = (ratio: number): Float32Array =>
      Float32Array.from(
        { length: Math.floor(fast.length / ratio) },
        (_, i) => fast[Math.floor(i * ratio)] ?? 0,
      );
    expect(hear(naive(6))).toBe(TEXTS.ascii);
    expect(hear(naive(6 * 1.0002))).toBe(TEXTS.ascii);
  });

  it('survives level steps between words', () => {
    expect(
      hear(concat(speak8k('loud'), silence(0.1), gain(speak8k('soft'), -24), silence(0.1), speak8k('loud'))),
    ).toBe('loud soft loud');
  });

  it('hears a word of many seconds', () => {
    const word = 'supercalifragilistic'.repeat(10);
    expect(hear(speak8k(`a ${word} b`))).toBe(`a ${word} b`);
  });

  it('gives nothing for digital silence and for noise', () => {
    expect(words(silence(3))).toEqual([]);
    for (const db of [-90, -70, -60, -45, -30]) expect(words(noise(24_000, db)), `${db} dBFS`).toEqual([]);
    expect(words(silence(1).map(() => 0.5))).toEqual([]);
  });

  it('gives nothing for no samples', () => {
    expect(events(new Float32Array(0))).toEqual([]);
  });

  it('gives a word cut at one end whole, or true to where it was cut, or as no text', () => {
    const word = fc
      .string({ unit: 'grapheme', minLength: 2, maxLength: 6 })
      .filter((text) => splitWords(text)[0] === text);
    const nearByte = fc
      .tuple(fc.nat(8), fc.integer({ min: -120, max: 60 }))
      .map(([byte, by]) => Math.max(0, byte * 640 + by));
    fc.assert(
      fc.property(word, fc.oneof(fc.nat(6000), nearByte), fc.boolean(), (text, at, front) => {
        const samples = speak8k(text);
        const cut = at % samples.length;
        const rest = front ? samples.subarray(cut) : samples.subarray(0, cut);
        const heard = hear(concat(silence(0.3), rest, silence(0.3)));
        const isTrue = front ? text.endsWith(heard) : text.startsWith(heard); // the word and nothing among them
        expect(isTrue || heard === '[speech]', JSON.stringify({ text, cut, front, heard })).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('never reads text from a word that misses half a byte, is damaged or no UTF-8', () => {
    const word = speak8k('wonderful');
    expect(hear(word.subarray(320))).toBe('[speech]');
    expect(hear(word.subarray(200))).toBe('[speech]');
    expect(hear(word.subarray(0, 640 * 8 + 320))).toBe('[speech]');
    const holed = word.slice().fill(0, 1300, 1560);
    expect(hear(holed)).toBe('[speech]');
    expect(hear(speak8k('éa').subarray(640))).toBe('[speech]'); // a continuation byte first
  });

  it('never reads text from a word with one symbol of noise, or that other sound touches', () => {
    const word = speak8k('wonderful');
    const hiss = noise(400, -12);
    const noisy = word.slice();
    noisy.set(hiss.subarray(0, 288), 640 * 3);
    expect(hear(noisy)).toBe('[speech]');
    for (const gap of [0, 100, 200]) {
      expect(hear(concat(silence(0.2), hiss, new Float32Array(gap), word))).toBe('[speech]');
      expect(hear(concat(silence(0.2), word, new Float32Array(gap), hiss))).toBe('[speech]');
    }
  });

  it.each([80, 160, 200, 400])('hears a telephone key of %i ms as sound, not as text', (ms) => {
    const heard = hear(concat(silence(0.3), key(5, ms), silence(0.3))); // 0x55 would be "U"
    expect(heard).toBe(ms === 80 ? '' : '[speech]');
  });

  it.each([
    [60, 20],
    [76, 4],
    [72, 8],
    [70, 10],
  ])('reads no text from telephone keys of %i ms with pauses of %i ms', (onMs, offMs) => {
    for (let nibble = 0; nibble < 16; nibble++) {
      for (const times of [1, 2, 3, 5, 8]) {
        const keys = Array.from({ length: times }, () => [key(nibble, onMs), silence(offMs / 1000)]).flat();
        const heard = hear(concat(silence(0.3), ...keys, silence(0.3)));
        expect(heard.replaceAll('[speech]', ''), `${times} × nibble ${nibble}`).toBe('');
      }
    }
  });

  it('gives one [speech] for sound between words, in order and in place', () => {
    const hum = noise(4_000, -20).map((sample, i) => sample * Math.sin((Math.PI * i) / 4_000));
    const heard = words(concat(speak8k('before'), silence(0.4), hum, silence(0.4), speak8k('after')));
    expect(heard.map((word) => word.text)).toEqual(['before', '[speech]', 'after']);
    expect(heard[1]?.startS).toBeGreaterThan(0.48 + 0.4 - 0.08);
    expect(heard[1]?.stopS).toBeLessThan(0.48 + 0.4 + 0.5 + 0.08);
  });

  it('forgets nothing of a long text', () => {
    const text = 'all work and no play '.repeat(40).trim();
    expect(hear(speak8k(text))).toBe(text);
  });
});

describe('Recogniser on human speech', () => {
  const heard = (name: string): ReturnType<typeof words> => {
    const wav = readWav(readFileSync(new URL(`../../fixtures/audio/wav/${name}`, import.meta.url)), {
      sample: 'float32',
    });
    const { channels } = wav;
    const mono = Float32Array.from({ length: wav.frames }, (_, i) => {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) sum += wav.samples[i * channels + channel] ?? 0;
      return sum / channels;
    });
    return words(
      wav.sampleRateHz === 8_000 ? mono : resample(mono, { fromHz: wav.sampleRateHz, toHz: 8_000 }),
    );
  };

  // Seconds in which the recording is louder than 20 dB below its loudest 100 ms, pauses under 0.3 s filled.
  const RECORDINGS: [string, [number, number][]][] = [
    ['speech-8k-mono-s16.wav', [[0.6, 3.4]]],
    ['speech-8k-mono-mulaw-sox.wav', [[0.6, 3.4]]],
    ['speech-8k-mono-alaw-ffmpeg.wav', [[0.6, 3.4]]],
    ['speech-16k-mono-s16.wav', [[0.6, 3.4]]],
    ['speech-48k-mono-s16.wav', [[0.6, 3.4]]],
    [
      'speech-44k1-mono-s24.wav',
      [
        [0, 0.4],
        [1, 1.5],
        [2.1, 2.5],
      ],
    ],
    [
      'speech-44k1-stereo-s16.wav',
      [
        [0, 0.4],
        [1, 1.5],
        [2.1, 2.5],
      ],
    ],
    [
      'speech-16k-mono-s16-list-before-data-jfk.wav',
      [
        [0.3, 2.2],
        [3.3, 4.3],
        [5.4, 7.6],
        [8.2, 10.6],
      ],
    ],
  ];

  it.each(RECORDINGS)('%s gives only [speech], where the speech is', (name, loud) => {
    const found = heard(name);
    expect(new Set(found.map((word) => word.text))).toEqual(new Set(['[speech]']));
    for (const [start, stop] of loud) {
      const covered = found.reduce(
        (sum, word) => sum + Math.max(0, Math.min(stop, word.stopS) - Math.max(start, word.startS)),
        0,
      );
      expect(covered / (stop - start), `${start}–${stop} s`).toBeGreaterThan(0.75);
    }
    const total = found.reduce((sum, word) => sum + word.stopS - word.startS, 0);
    const wanted = loud.reduce((sum, [start, stop]) => sum + stop - start, 0);
    expect(total).toBeLessThan(wanted * 1.25 + 0.2);
  });
});

describe('Recogniser steps', () => {
  const stepsOf = (samples: Float32Array) => events(samples).filter((event) => event.type === 'step');

  it('come one per 80 ms, the begun one included, numbered from 0', () => {
    expect(stepsOf(silence(0.8)).map((step) => step.index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(stepsOf(silence(0.81))).toHaveLength(11);
  });

  it('have four horizons, 2 s at index 2, and probabilities that rise with silence and fall with voice', () => {
    const steps = stepsOf(concat(speak8k('talking'), silence(2), speak8k('again')));
    const at = (second: number, horizon: number): number =>
      steps[Math.round(second / 0.08) - 1]?.vad[horizon]?.inactivityProb ?? Number.NaN;
    expect(steps[0]?.vad.map((entry) => entry.horizonS)).toEqual([0.5, 1, 2, 3]);
    for (let horizon = 0; horizon < 4; horizon++) {
      expect(at(0.4, horizon)).toBeLessThan(0.2);
      expect(at(0.96, horizon)).toBeGreaterThan(at(0.72, horizon));
      expect(at(2.56, horizon)).toBeGreaterThan(0.9);
      expect(at(2.8, horizon)).toBeLessThan(0.2);
    }
    for (const step of steps) {
      for (const { inactivityProb } of step.vad) {
        expect(inactivityProb).toBeGreaterThanOrEqual(0);
        expect(inactivityProb).toBeLessThanOrEqual(1);
      }
    }
  });

  it('stay active through a word longer than the memory of the noise floor', () => {
    const steps = stepsOf(speak8k('x'.repeat(75))); // 6 s
    for (const step of steps.slice(2)) expect(step.vad[2]?.inactivityProb).toBeLessThan(0.2);
  });
});

describe('Recogniser.flush', () => {
  it('decides all that was heard, keeps the clock, and goes on', () => {
    const recogniser = new Recogniser();
    const first = [...recogniser.push(speak8k('hello you')), ...recogniser.flush()];
    const second = [...recogniser.push(concat(silence(0.05), speak8k('again'))), ...recogniser.finish()];
    const texts = (list: typeof first) =>
      list.flatMap((event) => (event.type === 'word' ? [event.text] : []));
    expect(texts(first)).toEqual(['hello', 'you']);
    expect(texts(second)).toEqual(['again']);
    const again = second.find((event) => event.type === 'word');
    expect(Math.abs((again?.startS ?? 0) - (9 * 0.08 + 0.05))).toBeLessThan(0.005);
    const indexes = [...first, ...second].flatMap((event) => (event.type === 'step' ? [event.index] : []));
    expect(indexes).toEqual(Array.from({ length: 15 }, (_, i) => i)); // 0.72 + 0.05 + 0.4 s
  });

  it('may be called in the middle of a step, and twice', () => {
    const recogniser = new Recogniser();
    const heard = [
      ...recogniser.push(speak8k('one').subarray(0, 1900)),
      ...recogniser.flush(),
      ...recogniser.flush(),
      ...recogniser.push(silence(0.2)),
      ...recogniser.finish(),
    ];
    expect(heard.filter((event) => event.type === 'word').map((word) => word.text)).toEqual(['one']);
  });
});
