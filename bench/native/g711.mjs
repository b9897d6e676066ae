// How many times faster than npm's alawmulaw, and than a table in plain JavaScript, does the addon code and decode G.711,
// the crossing into the addon included? Once with 131 072 samples (256 kB of them, in cache), once with a telephone
// line's 20 ms. Ours and the table write into arrays that are there; alawmulaw has no such form and makes new ones.
// Before anything is timed the decoders are compared on all 256 codes and our encoder with the formulas of ITU-T G.711
// on all 65 536 samples; alawmulaw's disagrees with those on some, which the last column counts.
import alawmulaw from 'alawmulaw';
import { decodeAlawInto, decodeMulawInto, encodeAlawInto, encodeMulawInto } from '../../dist/audio/index.js';
import { check, race, ratioKeys, ratioText, record } from '../measure.mjs';

const LAWS = [
  {
    law: 'mulaw',
    decodeInto: decodeMulawInto,
    encodeInto: encodeMulawInto,
    codeOf: mulawCode,
    peer: alawmulaw.mulaw,
  },
  {
    law: 'alaw',
    decodeInto: decodeAlawInto,
    encodeInto: encodeAlawInto,
    codeOf: alawCode,
    peer: alawmulaw.alaw,
  },
];
const SIZES = [131_072, 160];

const everyCode = Uint8Array.from({ length: 256 }, (_, i) => i);
const everySample = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);

function decodeByTable(table, codes, samples) {
  for (let i = 0; i < codes.length; i++) samples[i] = table[codes[i]];
}
function encodeByTable(table, samples, codes) {
  for (let i = 0; i < samples.length; i++) codes[i] = table[samples[i] + 32_768];
}

/** G.711 tables 2a and 1a, a negative sample taken by one's complement as ITU-T's G.191 does. */
function mulawCode(sample) {
  const biased = Math.min(((sample < 0 ? ~sample : sample) >> 2) + 33, 8191);
  const segment = 26 - Math.clz32(biased);
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | ((biased >> (segment + 1)) & 15)) & 0xff;
}
function alawCode(sample) {
  const magnitude = (sample < 0 ? ~sample : sample) >> 4;
  const segment = Math.max(0, 28 - Math.clz32(magnitude));
  const step = (magnitude >> Math.max(0, segment - 1)) & 15;
  return ((sample < 0 ? 0 : 0x80) | (segment << 4) | step) ^ 0x55;
}

console.log(
  '                                  ours              alawmulaw               JS table   alawmulaw wrong',
);
console.log(
  '                            Msamples/s       × slower (turns)       × slower (turns)   of 65 536 samples',
);
for (const { law, decodeInto, encodeInto, codeOf, peer } of LAWS) {
  const values = new Int16Array(256);
  decodeInto(everyCode, values);
  check(
    peer.decode(everyCode).every((value, code) => value === values[code]),
    `${law} decode is not what alawmulaw has`,
  );
  const allCodes = Uint8Array.from(everySample, codeOf);
  const oursCodes = new Uint8Array(65_536);
  encodeInto(everySample, oursCodes);
  check(Buffer.compare(oursCodes, allCodes) === 0, `${law} encode is not what G.711 says`);
  const peerWrong = peer.encode(everySample).filter((code, i) => code !== allCodes[i]).length;

  for (const count of SIZES) {
    const samples = Int16Array.from({ length: count }, (_, i) => 8_000 * Math.sin(i / 7) * Math.sin(i / 999));
    const codes = new Uint8Array(count);
    encodeInto(samples, codes);
    const toSamples = new Int16Array(count);
    const toCodes = new Uint8Array(count);
    const contests = {
      decode: {
        ours: () => decodeInto(codes, toSamples),
        alawmulaw: () => peer.decode(codes),
        table: () => decodeByTable(values, codes, toSamples),
      },
      encode: {
        ours: () => encodeInto(samples, toCodes),
        alawmulaw: () => peer.encode(samples),
        table: () => encodeByTable(allCodes, samples, toCodes),
      },
    };
    for (const [what, bodies] of Object.entries(contests)) {
      const { ns, ratio } = race(bodies);
      const toAlawmulaw = ratio('alawmulaw', 'ours');
      const toTable = ratio('table', 'ours');
      const name = `${law} ${what}, ${count} samples`;
      const row = {
        oursMsampPerS: (count / ns.ours) * 1e3,
        alawmulawMsampPerS: (count / ns.alawmulaw) * 1e3,
        tableMsampPerS: (count / ns.table) * 1e3,
        ...ratioKeys('ratioToAlawmulaw', toAlawmulaw),
        ...ratioKeys('ratioToTable', toTable),
        alawmulawWrongSamples: what === 'encode' ? peerWrong : 0,
      };
      record(name, row);
      const columns = [
        row.oursMsampPerS.toFixed(0).padStart(9),
        ratioText(toAlawmulaw).padStart(22),
        ratioText(toTable).padStart(22),
        String(row.alawmulawWrongSamples).padStart(12),
      ];
      console.log(name.padEnd(29) + columns.join(' '));
    }
  }
}
