/** Recordings of any length in the sandbox's voice, and what is said in them when. */
import { Voice } from '../../src/sandbox/voice.js';

export interface Said {
  text: string;
  startS: number;
  stopS: number;
}

const WORDS =
  'ja the quick brown ja ja fox jumps over ja ja ja ja lazy dogs international a a a I señor'.split(' ');

/** Deterministic noise in [0, 1): Park and Miller's generator. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Words, with pauses of a step as a rule and of some seconds now and then; the last second is silent. */
export function longRecording(seconds: number, sampleRateHz: number): { samples: Int16Array; said: Said[] } {
  const voice = new Voice(sampleRateHz);
  const noise = random(7);
  const samples = new Int16Array(Math.round(seconds * sampleRateHz));
  const said: Said[] = [];
  const endS = seconds - 1;
  for (let at = 0; ; ) {
    const text = WORDS[Math.floor(noise() * WORDS.length)] as string;
    const steps = [...voice.word(text)];
    const startS = at / sampleRateHz;
    const stopS = startS + 0.08 * steps.length;
    if (stopS > endS) return { samples, said };
    for (const step of steps) {
      samples.set(step, at);
      at += step.length;
    }
    said.push({ text, startS, stopS });
    const pauses = noise() < 0.03 ? 40 + Math.floor(noise() * 200) : 1 + Math.floor(noise() * 2);
    at += pauses * voice.silence().length;
  }
}
