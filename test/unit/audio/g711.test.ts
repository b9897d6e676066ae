import { describe, expect, test } from 'vitest';
import {
  decodeAlaw,
  decodeAlawInto,
  decodeMulaw,
  decodeMulawInto,
  encodeAlaw,
  encodeAlawInto,
  encodeMulaw,
  encodeMulawInto,
} from '../../../src/audio/index.js';
import { sha256, thrown } from './helpers.js';

const everySample = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
const everyCode = Uint8Array.from({ length: 256 }, (_, i) => i);

// Decoding straight from the tables of G.711, in words: 3 bits of segment, 4 of interval, inverted bits.
function mulawByFormula(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = (((bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7);
  return bits & 0x80 ? 0x84 - magnitude : magnitude - 0x84;
}

function alawByFormula(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const interval = ((bits & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? interval : (interval + 0x100) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

describe.each([
  {
    law: 'mu-law',
    decode: decodeMulaw,
    encode: encodeMulaw,
    decodeInto: decodeMulawInto,
    encodeInto: encodeMulawInto,
    formula: mulawByFormula,
    // ITU-T G.191's own vectors (STL g711/test_data)
    encodeSha256: '90c29de505fb68e766118303bd552a16005dcf810873698bee1d8f3b247ce28c',
    decodeSha256: '3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827',
    landmarks: { 0: 0xff, [-1]: 0x7f, 32767: 0x80, [-32768]: 0x00 },
  },
  {
    law: 'A-law',
    decode: decodeAlaw,
    encode: encodeAlaw,
    decodeInto: decodeAlawInto,
    encodeInto: encodeAlawInto,
    formula: alawByFormula,
    encodeSha256: '38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b',
    decodeSha256: 'e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174',
    landmarks: { 0: 0xd5, [-1]: 0x55, 32767: 0xaa, [-32768]: 0x2a },
  },
])('$law', ({ decode, encode, decodeInto, encodeInto, formula, encodeSha256, decodeSha256, landmarks }) => {
  test('encode equals the ITU reference on every sample', () => {
    expect(sha256(encode(everySample))).toBe(encodeSha256);
    for (const [sample, code] of Object.entries(landmarks))
      expect(encode(Int16Array.of(Number(sample)))[0]).toBe(code);
  });

  test('decode equals the reference table and the formula', () => {
    expect(sha256(decode(everyCode))).toBe(decodeSha256);
    expect([...decode(everyCode)]).toEqual([...everyCode].map(formula));
  });

  test('encode picks an output at most half an interval away, and never goes down as samples go up', () => {
    const outputs = [...new Set([...everyCode].map(formula))].sort((a, b) => a - b);
    const rankOf = new Map(outputs.map((output, rank) => [output, rank]));
    const gap = (rank: number) => (outputs[rank + 1] ?? Infinity) - (outputs[rank] ?? -Infinity);
    let last = 0;
    const wrong: number[] = [];
    encode(everySample).forEach((code, i) => {
      const output = formula(code);
      const rank = rankOf.get(output) as number;
      // The wider neighbour counts: where segments meet, the decision value is not in the middle.
      const near = Math.abs(output - (i - 32_768)) <= Math.max(gap(rank), gap(rank - 1)) / 2;
      if (rank < last || !near) wrong.push(i - 32_768);
      last = rank;
    });
    expect(wrong).toEqual([]);
  });

  test('encode undoes decode, but for the negative zero of mu-law', () => {
    const again = encode(decode(everyCode));
    for (const code of everyCode)
      expect(again[code]).toBe(formula === mulawByFormula && code === 0x7f ? 0xff : code);
  });

  test('the Into forms write the same to the front of dst and leave the rest', () => {
    const samples = new Int16Array(300).fill(7);
    expect(decodeInto(everyCode, samples)).toBe(256);
    expect(samples.subarray(0, 256)).toEqual(decode(everyCode));
    expect([...samples.subarray(256)]).toEqual(new Array(44).fill(7));

    const codes = new Uint8Array(300).fill(7);
    expect(encodeInto(samples.subarray(0, 256), codes)).toBe(256);
    expect(codes.subarray(0, 256)).toEqual(encode(samples.subarray(0, 256)));
    expect([...codes.subarray(256)]).toEqual(new Array(44).fill(7));
  });

  test('the Into forms refuse a dst that is too short or shares memory', () => {
    expect(thrown(() => decodeInto(everyCode, new Int16Array(255)))).toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUTPUT_TOO_SMALL',
    });
    const buffer = new ArrayBuffer(1024);
    const inPlace = () => encodeInto(new Int16Array(buffer, 0, 256), new Uint8Array(buffer, 511, 256));
    expect(thrown(inPlace)).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_ARG' });
    expect(encodeInto(new Int16Array(buffer, 0, 256), new Uint8Array(buffer, 512, 256))).toBe(256);
  });

  test('results own exactly their memory, nothing is empty, a Buffer is bytes', () => {
    const samples = decode(Buffer.from(everyCode));
    expect(samples.buffer.byteLength).toBe(512);
    expect(encode(samples).buffer.byteLength).toBe(256);
    expect(decode(new Uint8Array(0)).length).toBe(0);
    expect(encode(new Int16Array(0)).length).toBe(0);
  });
});
