// Speech for the benchmarks: the recordings of test/fixtures, mono, at any rate. Not here: synthetic signals.
import { readFileSync } from 'node:fs';
import { readWav, resample } from '../dist/audio/index.js';

// Three speakers, 17 s: one at 16 kHz, two at 44.1 and 48 kHz.
const RECORDINGS = [
  'speech-16k-mono-s16-list-before-data-jfk.wav',
  'speech-48k-mono-s16.wav',
  'speech-44k1-mono-s24.wav',
];
const LEVELS = [1, 0.5, 0.25];

function recording(name, toHz) {
  const file = new URL(`../test/fixtures/audio/wav/${name}`, import.meta.url);
  const { samples, sampleRateHz: fromHz } = readWav(readFileSync(file), { channels: 1 });
  return fromHz === toHz ? samples : resample(samples, { fromHz, toHz });
}

/** So many whole seconds of them at this rate, one after the other, and again at other levels. */
export function speech(sampleRateHz, seconds) {
  const recordings = RECORDINGS.map((name) => recording(name, sampleRateHz));
  const all = new Int16Array(seconds * sampleRateHz);
  for (let at = 0, i = 0; at < all.length; i++) {
    const level = LEVELS[Math.floor(i / recordings.length) % LEVELS.length];
    const next = recordings[i % recordings.length].subarray(0, all.length - at);
    all.set(
      next.map((sample) => Math.round(level * sample)),
      at,
    );
    at += next.length;
  }
  return all;
}
