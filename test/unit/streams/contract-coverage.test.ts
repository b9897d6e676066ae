// No stream is exported without keeping the contract in a test.
import { readdirSync, readFileSync } from 'node:fs';
import { Stream } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import * as streams from '../../../src/streams/index.js';

/** The base of all; a stream that `transcode` makes; and a Writable, whose own test has what of the contract fits it. */
const ELSEWHERE = ['AudioTransform', 'TranscodeStream', 'ChannelSplitter'];

/** Names that a contract is run for: `streamContract('WavDecoder, to floats', …`. */
function contracted(): Set<string> {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  const calls = tests.flatMap((name) => [
    ...readFileSync(`${folder}/${name}`, 'utf8').matchAll(/^(?:stream|packet)Contract\(\s*'(\w+)/gm),
  ]);
  return new Set(calls.map(([, name = '']) => name));
}

const isStream = (value: unknown) => typeof value === 'function' && value.prototype instanceof Stream;

it('src/streams exports no stream, and no function that makes one, without a contract', () => {
  const made = Object.entries(streams).filter(([, value]) => isStream(value) || !isClass(value));
  const names = made.map(([name]) => name).filter((name) => !ELSEWHERE.includes(name));
  expect(names).toContain('transcode');
  expect(names.length).toBeGreaterThan(10);
  const without = names.filter((name) => !contracted().has(name));
  expect(without).toEqual([]);
});

function isClass(value: unknown): boolean {
  return typeof value === 'function' && value.toString().startsWith('class');
}
