// How many times faster than plain JavaScript loops does the addon convert sample formats and mix stereo, the crossing
// into the addon included? 256 kB of input, in cache; both write into memory that is there, and the last column is ours
// with a result of its own, convertSamples. The loops do the work in the cheapest way: where bits are lost they drop them
// (ours rounds to nearest even), from floats they clamp and truncate. Before anything is timed both are compared with
// the exact value of every sample: ours must be the nearest there is, the loops' less than one step away.
import { convertSamples, convertSamplesInto } from '../../dist/audio/index.js';
import { check, race, ratioKeys, ratioText, record } from '../measure.mjs';

const INPUT_BYTES = 1 << 18;

const clamp = (x, top) => (x < -top ? -top : x > top - 1 ? top - 1 : x);

/** Per format: bytes a sample, bits (0: float), the array type that holds it, how a loop gets and puts a sample. */
const FORMATS = {
  u8: { bytes: 1, bits: 8, Array: Uint8Array },
  s16le: { bytes: 2, bits: 16, Array: Int16Array },
  s16be: { bytes: 2, bits: 16, Array: Uint8Array },
  s24le: { bytes: 3, bits: 24, Array: Uint8Array },
  s24in32le: { bytes: 4, bits: 24, Array: Int32Array },
  s32le: { bytes: 4, bits: 32, Array: Int32Array },
  f32le: { bytes: 4, bits: 0, Array: Float32Array },
};

// One loop for each pair, as one would write it.
const LOOPS = {
  'u8 -> s16le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = (a[i] - 128) << 8;
  },
  's16be -> s16le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = (a[2 * i] << 8) | a[2 * i + 1];
  },
  's24le -> s16le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = a[3 * i + 1] | (a[3 * i + 2] << 8);
  },
  's24in32le -> s16le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = a[i] >> 8;
  },
  's32le -> s16le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = a[i] >> 16;
  },
  'f32le -> s16le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = clamp(a[i] * 32_768, 32_768);
  },
  'u8 -> f32le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = (a[i] - 128) / 128;
  },
  's16le -> f32le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = a[i] / 32_768;
  },
  's16be -> f32le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = (((a[2 * i] << 8) | a[2 * i + 1]) << 16) / 2_147_483_648;
  },
  's24le -> f32le': (a, b, n) => {
    for (let i = 0; i < n; i++)
      b[i] = ((a[3 * i] << 8) | (a[3 * i + 1] << 16) | (a[3 * i + 2] << 24)) / 2_147_483_648;
  },
  's24in32le -> f32le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = a[i] / 8_388_608;
  },
  's32le -> f32le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = a[i] / 2_147_483_648;
  },
  's16le -> u8': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = (a[i] >> 8) + 128;
  },
  's16le -> s16be': (a, b, n) => {
    for (let i = 0; i < n; i++) {
      b[2 * i] = a[i] >> 8;
      b[2 * i + 1] = a[i];
    }
  },
  's16le -> s24le': (a, b, n) => {
    for (let i = 0; i < n; i++) {
      b[3 * i] = 0;
      b[3 * i + 1] = a[i];
      b[3 * i + 2] = a[i] >> 8;
    }
  },
  's16le -> s32le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = a[i] << 16;
  },
  'f32le -> s24le': (a, b, n) => {
    for (let i = 0; i < n; i++) {
      const value = clamp(a[i] * 8_388_608, 8_388_608);
      b[3 * i] = value;
      b[3 * i + 1] = value >> 8;
      b[3 * i + 2] = value >> 16;
    }
  },
  'f32le -> s32le': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = clamp(a[i] * 2_147_483_648, 2_147_483_648);
  },
  's16le stereo -> s16le mono': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = (a[2 * i] + a[2 * i + 1]) >> 1;
  },
  's24le stereo -> s16le mono': (a, b, n) => {
    for (let i = 0; i < n; i++) {
      const left = (a[6 * i] << 8) | (a[6 * i + 1] << 16) | (a[6 * i + 2] << 24);
      const right = (a[6 * i + 3] << 8) | (a[6 * i + 4] << 16) | (a[6 * i + 5] << 24);
      b[i] = (left + right) / 131_072;
    }
  },
  'f32le stereo -> f32le mono': (a, b, n) => {
    for (let i = 0; i < n; i++) b[i] = (a[2 * i] + a[2 * i + 1]) / 2;
  },
};

/** The value of sample i, full scale 1.0. */
function valueAt(format, bytes, i) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  switch (format) {
    case 'u8':
      return (bytes[i] - 128) / 128;
    case 's16le':
      return view.getInt16(2 * i, true) / 32_768;
    case 's16be':
      return view.getInt16(2 * i, false) / 32_768;
    case 's24le':
      return ((bytes[3 * i] << 8) | (bytes[3 * i + 1] << 16) | (bytes[3 * i + 2] << 24)) / 2 ** 31;
    case 's24in32le':
      return view.getInt32(4 * i, true) / 2 ** 23;
    case 's32le':
      return view.getInt32(4 * i, true) / 2 ** 31;
    default:
      return view.getFloat32(4 * i, true);
  }
}

/** Steps by which `got` is off at most; a step of a float is that of 24 bits. */
function worstStep(from, channels, input, to, got, frames) {
  const scale = 2 ** ((FORMATS[to].bits || 24) - 1);
  const top = FORMATS[to].bits === 0 ? Infinity : 1 - 1 / scale;
  let worst = 0;
  for (let i = 0; i < frames; i++) {
    let want = 0;
    for (let c = 0; c < channels; c++) want += valueAt(from, input, i * channels + c) / channels;
    worst = Math.max(worst, Math.abs(valueAt(to, got, i) - Math.max(-1, Math.min(want, top))) * scale);
  }
  return worst;
}

/** Speech-like: any byte, or floats within full scale. */
function inputFor(format) {
  const { bytes, bits, Array: Samples } = FORMATS[format];
  const count = Math.floor(INPUT_BYTES / bytes / 2) * 2;
  const samples = new Samples(count * (bytes / Samples.BYTES_PER_ELEMENT));
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
    return seed;
  };
  for (let i = 0; i < samples.length; i++) {
    if (bits === 0) samples[i] = random() / 2 ** 31;
    else samples[i] = random() >> (Samples === Int32Array ? 32 - bits : 8); // narrower types keep the low bits
  }
  return new Uint8Array(samples.buffer);
}

const typed = (format, bytes) => new FORMATS[format].Array(bytes.buffer);

console.log('                                    ours                JS loop         convertSamples');
console.log('                              Msamples/s       × slower (turns)     × the loop (turns)');
for (const [name, loop] of Object.entries(LOOPS)) {
  const [from, to] = name.split(' -> ').map((side) => side.split(' ')[0]);
  const channels = name.includes('stereo') ? 2 : 1;
  const options = { from, to, channels, toChannels: 1 };
  const input = inputFor(from);
  const frames = input.length / FORMATS[from].bytes / channels;
  const output = new Uint8Array(frames * FORMATS[to].bytes);
  const source = typed(from, input);
  const target = typed(to, output);

  loop(source, target, frames);
  const loopOff = worstStep(from, channels, input, to, output, frames);
  convertSamplesInto(input, output, options);
  const oursOff = worstStep(from, channels, input, to, output, frames);
  check(oursOff <= 0.5, `${name}: ours is ${oursOff} steps off`);
  check(loopOff <= 1, `${name}: the loop is ${loopOff} steps off`);

  const { ns, ratio } = race({
    ours: () => convertSamplesInto(input, output, options),
    allocating: () => convertSamples(input, options),
    loop: () => loop(source, target, frames),
  });
  const samples = frames * channels;
  const toLoop = ratio('loop', 'ours');
  const allocatingToLoop = ratio('loop', 'allocating');
  const row = {
    oursMsampPerS: (samples / ns.ours) * 1e3,
    allocatingMsampPerS: (samples / ns.allocating) * 1e3,
    loopMsampPerS: (samples / ns.loop) * 1e3,
    ...ratioKeys('ratioToLoop', toLoop),
    ...ratioKeys('allocatingRatioToLoop', allocatingToLoop),
  };
  record(name, row);
  const columns = [
    row.oursMsampPerS.toFixed(0).padStart(9),
    ratioText(toLoop).padStart(22),
    ratioText(allocatingToLoop).padStart(22),
  ];
  console.log(name.padEnd(30) + columns.join(' '));
}
