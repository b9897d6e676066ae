/** Speaking and hearing without a server, and things that happen to audio on its way. */

import { OggOpusWriter, OpusEncoder, type OpusEncoderOptions } from '../../../src/audio/index.js';
import { splitWords, type Tempo } from '../../../src/sandbox/acoustic-code.js';
import { Recogniser, type RecogniserEvent } from '../../../src/sandbox/recogniser.js';
import { Voice } from '../../../src/sandbox/voice.js';

export type HeardWord = RecogniserEvent & { type: 'word' };

/** The voice's own samples: words with one silent step between them. */
export function speak(text: string, sampleRateHz: number, tempo: Tempo = 0): Int16Array {
  const voice = new Voice(sampleRateHz, tempo);
  const steps: Int16Array[] = [];
  for (const word of splitWords(text)) {
    if (steps.length > 0) steps.push(voice.silence());
    steps.push(...voice.word(word));
  }
  const samples = new Int16Array(steps.reduce((sum, step) => sum + step.length, 0));
  let at = 0;
  for (const step of steps) {
    samples.set(step, at);
    at += step.length;
  }
  return samples;
}

export function toFloat(samples: Int16Array): Float32Array {
  return Float32Array.from(samples, (sample) => sample / 0x8000);
}

/** Speech at 8 kHz, ready for the recogniser. */
export function speak8k(text: string, tempo: Tempo = 0): Float32Array {
  return toFloat(speak(text, 8_000, tempo));
}

export function events(samples: Float32Array, pieces: readonly number[] = []): RecogniserEvent[] {
  const recogniser = new Recogniser();
  const heard: RecogniserEvent[] = [];
  let from = 0;
  for (const piece of pieces) {
    heard.push(...recogniser.push(samples.subarray(from, from + piece)));
    from += piece;
  }
  heard.push(...recogniser.push(samples.subarray(from)), ...recogniser.finish());
  return heard;
}

export function words(samples: Float32Array): HeardWord[] {
  return events(samples).filter((event) => event.type === 'word');
}

export function hear(samples: Float32Array): string {
  return words(samples)
    .map((word) => word.text)
    .join(' ');
}

export function silence(seconds: number): Float32Array {
  return new Float32Array(Math.round(seconds * 8_000));
}

export function concat(...parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function gain(samples: Float32Array, db: number): Float32Array {
  return samples.map((sample) => sample * 10 ** (db / 20));
}

/** Near-Gaussian noise, the same each time. */
export function noise(length: number, rmsDbfs: number): Float32Array {
  const rms = 10 ** (rmsDbfs / 20);
  let seed = 12345;
  const uniform = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  return Float32Array.from({ length }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += uniform();
    return sum * rms;
  });
}

/** The same samples in each of the interleaved channels. */
export function copied(mono: Int16Array, channels: number): Int16Array {
  return Int16Array.from(
    { length: mono.length * channels },
    (_, i) => mono[Math.floor(i / channels)] as number,
  );
}

/** Interleaved samples as an Ogg Opus file of the same length. */
export function oggOpus(samples: Int16Array, options: OpusEncoderOptions, pageMs = 200): Uint8Array {
  using encoder = new OpusEncoder(options);
  const { sampleRateHz, channels = 1 } = options;
  const upBy = 48_000 / sampleRateHz;
  const [packetSamples, late] = [encoder.frameSamples, encoder.lookaheadFrames];
  const padded = new Int16Array(
    Math.ceil((samples.length + late * channels) / packetSamples) * packetSamples,
  );
  padded.set(samples);
  using writer = new OggOpusWriter({
    channels,
    preSkip: late * upBy,
    inputSampleRateHz: sampleRateHz,
    pageMs,
    serial: nextSerial++,
  });
  const pages: Uint8Array[] = [];
  for (let from = 0; from < padded.length; from += packetSamples) {
    pages.push(writer.write(encoder.encode(padded.subarray(from, from + packetSamples))));
  }
  return Buffer.concat([...pages, writer.finish({ samples: (samples.length / channels) * upBy })]);
}

let nextSerial = 1;

export function mix(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((sample, i) => sample + (b[i] ?? 0));
}
