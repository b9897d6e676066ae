// How many times faster than node-wav and wavefile is a whole WAV file turned into samples, the allocation of the samples
// included? 60 s at 24 kHz stereo (5.8 to 11.5 MB); ours as int16 and as float32, interleaved, the others in their own
// ways: node-wav makes float32, one array a channel; wavefile parses, then getSamples. All are compared with ours before
// anything is timed: node-wav divides positive values by 2^(n-1) - 1, so it may be one step of 16 bits off.
import nodeWav from 'node-wav';
import wavefile from 'wavefile';
import { convertSamples, readWav } from '../../dist/audio/index.js';
import { check, race, record } from '../measure.mjs';

const SAMPLE_RATE_HZ = 24_000;
const CHANNELS = 2;
const FRAMES = 60 * SAMPLE_RATE_HZ;
const ENCODINGS = ['s16', 's24', 's32', 'f32'];

const source = Float32Array.from(
  { length: FRAMES * CHANNELS },
  (_, i) => 0.7 * Math.sin(i / 9) * Math.sin(i / 99_999),
);

/** The plainest header there is, 44 bytes: node-wav reads no 32-bit samples at an offset that 4 does not divide. */
function wavFile(encoding) {
  const data = convertSamples(new Uint8Array(source.buffer), { from: 'f32le', to: `${encoding}le` });
  const bytes = Number(encoding.slice(1)) / 8;
  const file = Buffer.alloc(44 + data.length);
  file.write('RIFF    WAVEfmt ', 'latin1');
  file.writeUInt32LE(36 + data.length, 4);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(encoding === 'f32' ? 3 : 1, 20);
  file.writeUInt16LE(CHANNELS, 22);
  file.writeUInt32LE(SAMPLE_RATE_HZ, 24);
  file.writeUInt32LE(SAMPLE_RATE_HZ * CHANNELS * bytes, 28);
  file.writeUInt16LE(CHANNELS * bytes, 32);
  file.writeUInt16LE(8 * bytes, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(data.length, 40);
  file.set(data, 44);
  return file;
}

function wavefileSamples(file) {
  return new wavefile.WaveFile(file).getSamples(true);
}

/** Largest difference to `samples` of what the others make, full scale `scale`. */
function worst(samples, get, scale) {
  let difference = 0;
  for (let i = 0; i < samples.length; i++)
    difference = Math.max(difference, Math.abs(get(i) / scale - samples[i]));
  return difference;
}

console.log('file               ours   node-wav  wavefile');
console.log('                   MB/s   × slower  × slower');
for (const encoding of ENCODINGS) {
  const file = wavFile(encoding);
  const { samples, bitsPerSample } = readWav(file, { sample: 'float32' });
  const step = 2 ** -15;
  check(worst(samples, (i) => source[i], 1) <= step, `${encoding}: ours are not the samples written`);
  const ints = readWav(file).samples;
  check(worst(samples, (i) => ints[i], 2 ** 15) <= step, `${encoding}: ours as int16`);
  const { channelData } = nodeWav.decode(file);
  check(worst(samples, (i) => channelData[i % 2][i >> 1], 1) <= step, `${encoding}: node-wav`);
  const interleaved = wavefileSamples(file);
  const scale = encoding === 'f32' ? 1 : 2 ** (bitsPerSample - 1);
  check(worst(samples, (i) => interleaved[i], scale) <= step, `${encoding}: wavefile`);

  const ns = race({
    int16: () => readWav(file),
    float32: () => readWav(file, { sample: 'float32' }),
    nodeWav: () => nodeWav.decode(file),
    wavefile: () => wavefileSamples(file),
  });
  for (const sample of ['int16', 'float32']) {
    const row = {
      oursMBPerS: (file.length / ns[sample]) * 1e3,
      nodeWavMBPerS: (file.length / ns.nodeWav) * 1e3,
      wavefileMBPerS: (file.length / ns.wavefile) * 1e3,
      ratioToNodeWav: ns.nodeWav / ns[sample],
      ratioToWavefile: ns.wavefile / ns[sample],
    };
    const name = `${encoding} -> ${sample}`;
    record(name, row);
    console.log(
      `${name.padEnd(14)} ${row.oursMBPerS.toFixed(0).padStart(8)} ${row.ratioToNodeWav.toFixed(1).padStart(10)} ` +
        `${row.ratioToWavefile.toFixed(1).padStart(9)}`,
    );
  }
}
