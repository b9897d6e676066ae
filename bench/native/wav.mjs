// How many times faster than node-wav and wavefile is a whole WAV file turned into samples, the allocation of the samples
// included? 60 s at 24 kHz stereo (5.8 to 11.5 MB); ours as int16 and as float32, interleaved, the others in their own
// ways: node-wav makes float32, one array a channel; wavefile parses, then getSamples into an array of the file's type.
// Before anything is timed ours are compared with the values written, bit for bit, and the others to one step of 16 bits:
// node-wav divides positive values by 2^(n-1) - 1.
//
// The system hands out fresh memory page by page, which takes several times as long as to read the file; memory that an
// earlier result left is there at once. Which of the two a call gets would depend on the garbage collector and on who ran
// before. So the garbage is collected before every call: all contenders get recycled memory, as in a process that has read
// files before. With glibc, whose allocator can be told to, a second table has all of them pay for fresh memory.
import { spawnSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import nodeWav from 'node-wav';
import wavefile from 'wavefile';
import { readWav } from '../../dist/audio/index.js';
import { check, race, ratioKeys, ratioText, record } from '../measure.mjs';

const SAMPLE_RATE_HZ = 24_000;
const CHANNELS = 2;
const SAMPLES = 60 * SAMPLE_RATE_HZ * CHANNELS;
/** Of each encoding: bits of the integers (0: float), the array that holds the values, how one is written. */
const ENCODINGS = {
  s16: { bits: 16, Array: Int16Array, put: (file, value, at) => file.writeInt16LE(value, at) },
  s24: { bits: 24, Array: Int32Array, put: (file, value, at) => file.writeIntLE(value, at, 3) },
  s32: { bits: 32, Array: Int32Array, put: (file, value, at) => file.writeInt32LE(value, at) },
  f32: { bits: 0, Array: Float32Array, put: (file, value, at) => file.writeFloatLE(value, at) },
};
const PEER_TOLERANCE = 2 ** -15;
const FRESH = 'MALLOC_MMAP_THRESHOLD_'; // of glibc: from this size on each allocation is new from the system

/** All bits in use, the lowest too, and full scale; not the lowest integer, which node-wav reads as positive in 24 bits. */
function valuesFor({ bits, Array: Values }) {
  const scale = bits === 0 ? 1 : 2 ** (bits - 1);
  const values = Values.from({ length: SAMPLES }, (_, i) => {
    const value = 0.7 * Math.sin(i / 9) * Math.sin(i / 99_999) * scale;
    return bits === 0 ? value : Math.round(value);
  });
  values.set(bits === 0 ? [-1, 1] : [1 - scale, scale - 1]);
  return values;
}

/** The plainest header there is, 44 bytes: node-wav reads no 32-bit samples at an offset that 4 does not divide. */
function wavFile(encoding, values) {
  const { put } = ENCODINGS[encoding];
  const bytes = Number(encoding.slice(1)) / 8;
  const file = Buffer.alloc(44 + values.length * bytes);
  file.write('RIFF    WAVEfmt ', 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(encoding === 'f32' ? 3 : 1, 20);
  file.writeUInt16LE(CHANNELS, 22);
  file.writeUInt32LE(SAMPLE_RATE_HZ, 24);
  file.writeUInt32LE(SAMPLE_RATE_HZ * CHANNELS * bytes, 28);
  file.writeUInt16LE(CHANNELS * bytes, 32);
  file.writeUInt16LE(8 * bytes, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(file.length - 44, 40);
  values.forEach((value, i) => {
    put(file, value, 44 + i * bytes);
  });
  return file;
}

/** To the nearest 16-bit sample, halves to the even one. */
function toInt16(value) {
  const scaled = value * 2 ** 15;
  const rounded = Math.round(scaled);
  const even = rounded - scaled === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
  return Math.max(-(2 ** 15), Math.min(even, 2 ** 15 - 1));
}

/** Largest difference between the first so many of two. */
function worst(get, want) {
  let difference = 0;
  for (let i = 0; i < SAMPLES; i++) difference = Math.max(difference, Math.abs(get(i) - want(i)));
  return difference;
}

function checkOutputs(encoding, values, file) {
  const { bits, Array: Values } = ENCODINGS[encoding];
  const scale = bits === 0 ? 1 : 2 ** (bits - 1);
  const exact = (i) => values[i] / scale;
  const ints = readWav(file).samples;
  const floats = readWav(file, { sample: 'float32' }).samples;
  for (const { length } of [ints, floats]) check(length === SAMPLES, `${encoding}: ${length} samples`);
  check(
    worst(
      (i) => ints[i],
      (i) => toInt16(exact(i)),
    ) === 0,
    `${encoding}: ours as int16`,
  );
  check(
    worst(
      (i) => floats[i],
      (i) => Math.fround(exact(i)),
    ) === 0,
    `${encoding}: ours as float32`,
  );
  const { channelData } = nodeWav.decode(file);
  check(worst((i) => channelData[i % CHANNELS][i >> 1], exact) <= PEER_TOLERANCE, `${encoding}: node-wav`);
  const peer = wavefileSamples(file, Values);
  check(worst((i) => peer[i] / scale, exact) <= PEER_TOLERANCE, `${encoding}: wavefile`);
}

function wavefileSamples(file, Values) {
  return new wavefile.WaveFile(file).getSamples(true, Values);
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
/** Twice: the second collection waits until the first one's memory is given back. */
function settle() {
  collect();
  collect();
}

const memory = process.env[FRESH] === undefined ? 'recycled' : 'fresh';
console.log(`${memory} memory      ours               node-wav               wavefile`);
console.log('                   MB/s       × slower (turns)       × slower (turns)');
for (const encoding of Object.keys(ENCODINGS)) {
  const values = valuesFor(ENCODINGS[encoding]);
  const file = wavFile(encoding, values);
  checkOutputs(encoding, values, file);
  const { ns, ratio } = race(
    {
      int16: () => readWav(file),
      float32: () => readWav(file, { sample: 'float32' }),
      nodeWav: () => nodeWav.decode(file),
      wavefile: () => wavefileSamples(file, ENCODINGS[encoding].Array),
    },
    { before: settle },
  );
  for (const sample of ['int16', 'float32']) {
    const toNodeWav = ratio('nodeWav', sample);
    const toWavefile = ratio('wavefile', sample);
    const row = {
      memory,
      oursMBPerS: (file.length / ns[sample]) * 1e3,
      nodeWavMBPerS: (file.length / ns.nodeWav) * 1e3,
      wavefileMBPerS: (file.length / ns.wavefile) * 1e3,
      ...ratioKeys('ratioToNodeWav', toNodeWav),
      ...ratioKeys('ratioToWavefile', toWavefile),
    };
    const name = `${encoding} -> ${sample}`;
    record(name, row);
    console.log(
      `${name.padEnd(14)} ${row.oursMBPerS.toFixed(0).padStart(8)} ${ratioText(toNodeWav).padStart(22)} ` +
        ratioText(toWavefile).padStart(22),
    );
  }
}

if (memory === 'recycled' && process.report.getReport().header.glibcVersionRuntime !== undefined) {
  const env = { ...process.env, [FRESH]: '131072' };
  const { status } = spawnSync(process.execPath, process.argv.slice(1), { stdio: 'inherit', env });
  process.exitCode = status ?? 1;
}
