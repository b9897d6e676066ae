/** What the tests of src/audio share: fixtures with their truth, signals, messages. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AudioFramer } from '../../../src/audio/index.js';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const addonPath = process.env.SLUICE_ADDON ?? join(root, 'build/Release/sluice.node');
export const fixtures = join(root, 'test/fixtures/audio');

export interface HouseVerdict {
  result: 'ok' | 'salvage' | 'format-error' | 'unsupported';
  frames: number;
  channels: number;
  rate: number;
  f32_sha256: string;
  warnings: string[];
  names?: string[];
}

/** [name, path, verdict] of every WAV fixture. */
export function wavFixtures(): [string, string, HouseVerdict][] {
  const truth = JSON.parse(readFileSync(join(fixtures, 'TRUTH.json'), 'utf8')) as {
    wav: Record<string, { house: HouseVerdict }>;
  };
  return Object.entries(truth.wav).map(([name, { house }]) => [name, join(fixtures, name), house]);
}

export interface OggVerdict extends Omit<HouseVerdict, 'f32_sha256'> {
  preskip: number;
  gain_q8: number;
  vendor: string;
  comments: number;
  links?: { channels: number; frames: number }[];
}

/** [name, path, verdict] of every Ogg fixture. */
export function oggFixtures(): [string, string, OggVerdict][] {
  const truth = JSON.parse(readFileSync(join(fixtures, 'TRUTH.json'), 'utf8')) as {
    ogg: Record<string, { house: OggVerdict }>;
  };
  return Object.entries(truth.ogg).map(([name, { house }]) => [name, join(fixtures, name), house]);
}

export function sha256(data: ArrayBufferView): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}

export function fixture(name: string): Buffer {
  return readFileSync(join(fixtures, 'wav', name));
}

/** A sine at half of full scale, the same on every channel but for its sign. */
export function sine(frames: number, frequencyHz: number, rateHz: number, channels = 1): Float32Array {
  return Float32Array.from({ length: frames * channels }, (_, i) => {
    const phase = (2 * Math.PI * frequencyHz * Math.floor(i / channels)) / rateHz;
    return (i % channels === 1 ? -0.5 : 0.5) * Math.sin(phase);
  });
}

export function toInt16(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (x) => Math.round(x * 32767));
}

/** What `run` throws; fails when it throws nothing. */
export function thrown(run: () => unknown): Error & { code?: string; byteOffset?: number } {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** All text that a framer makes of `chunks`, flush included. */
export function frameAll(framer: AudioFramer, chunks: Iterable<Uint8Array>): string {
  const texts: Buffer[] = [];
  for (const chunk of chunks) {
    const out = new Uint8Array(framer.maxOutputBytes(chunk.length));
    texts.push(Buffer.from(out.subarray(0, framer.processInto(chunk, out))));
  }
  const out = new Uint8Array(framer.maxFlushBytes);
  texts.push(Buffer.from(out.subarray(0, framer.flushInto(out))));
  return Buffer.concat(texts).toString();
}

export interface AudioMessage {
  type: string;
  audio: string;
  client_req_id?: string;
}

export function parseMessages(text: string): AudioMessage[] {
  return text === '' ? [] : (JSON.parse(`[${text.replaceAll('}{', '},{')}]`) as AudioMessage[]);
}

export function messageAudio(text: string): Buffer {
  return Buffer.concat(parseMessages(text).map((m) => Buffer.from(m.audio, 'base64')));
}

/**
 * An odd chunk without its pad byte before a chunk whose size looks like text: with a useless RIFF size, only the
 * file's size tells which reading is right. 16 kHz, 1600 frames.
 */
export function ambiguousWav(): Buffer {
  const list = Buffer.concat([Buffer.from('LIST\x40\0\0\0INFO'), Buffer.alloc(0x3c)]);
  const data = Buffer.alloc(3208);
  data.write('data', 0);
  data.writeUInt32LE(3200, 4);
  const head = Buffer.from(
    'RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0',
    'latin1',
  );
  return Buffer.concat([head, Buffer.from('junk\x05\0\0\0hello', 'latin1'), list, data]);
}
