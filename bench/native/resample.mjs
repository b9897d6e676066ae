// How many times faster than real time does one thread resample speech, 20 ms at a time, crossings included?
// Beside it, linear interpolation in plain JavaScript: the cheapest converter there is, with the quality it has. Both
// outputs are judged before anything is timed (997 Hz at -1 dBFS, int16 in and out; ours must reach 93 dB).
import { Resampler, resample } from '../../dist/audio/index.js';
import { check, medianNs, snrDb } from '../measure.mjs';

const PAIRS = [
  [48_000, 24_000],
  [24_000, 48_000],
  [16_000, 24_000],
  [8_000, 24_000],
  [24_000, 8_000],
  [24_000, 16_000],
  [48_000, 8_000],
  [48_000, 16_000],
  [44_100, 24_000],
  [22_050, 24_000],
];
const BLOCK_MS = 20;
const AMPLITUDE = 32_767 * 10 ** (-1 / 20);

const toneAt = (rateHz) => (k) => AMPLITUDE * Math.sin((2 * Math.PI * 997 * k) / rateHz);
const tone = (rateHz, frames) => Int16Array.from({ length: frames }, (_, k) => Math.round(toneAt(rateHz)(k)));

function linear(input, fromHz, toHz, output) {
  const frames = Math.ceil((input.length * toHz) / fromHz);
  for (let k = 0; k < frames; k++) {
    const t = (k * fromHz) / toHz;
    const i = Math.floor(t);
    output[k] = input[i] + (t - i) * ((input[i + 1] ?? input[i]) - input[i]);
  }
  return frames;
}

console.log('pair             × real time   SNR      JavaScript linear   SNR');
for (const [fromHz, toHz] of PAIRS) {
  const second = tone(fromHz, fromHz);
  const ours = snrDb(resample(second, { fromHz, toHz }), toneAt(toHz));
  check(ours >= 93, `${fromHz} -> ${toHz}: ${ours.toFixed(1)} dB, want 93`);
  const plain = new Int16Array(toHz);
  linear(second, fromHz, toHz, plain);

  const block = tone(fromHz, Math.round((fromHz * BLOCK_MS) / 1000));
  const resampler = new Resampler({ fromHz, toHz, sample: 'int16' });
  const output = new Int16Array(resampler.maxOutputFrames(block.length));
  const oursNs = await medianNs(() => resampler.processInto(block, output));
  const plainNs = await medianNs(() => linear(block, fromHz, toHz, output));
  const speed = (ns) => ((BLOCK_MS * 1e6) / ns).toFixed(0);
  const db = (value) => `${value.toFixed(1)} dB`;
  console.log(
    `${`${fromHz} -> ${toHz}`.padEnd(16)} ${speed(oursNs).padStart(11)}   ${db(ours).padEnd(8)} ` +
      `${speed(plainNs).padStart(17)}   ${db(snrDb(plain, toneAt(toHz)))}`,
  );
  resampler.close();
}
