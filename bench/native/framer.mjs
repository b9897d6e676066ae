// What does it cost to turn 80 ms of source audio into a WebSocket text message, the call into the addon included?
// Beside it: JSON.stringify with Buffer's base64, on the same bytes. The outputs are compared before anything is timed.
import { AudioFramer } from '../../dist/audio/index.js';
import { check, medianNs } from '../measure.mjs';

const CASES = [
  {
    name: 's16 24 kHz mono -> pcm_24000 (untouched)',
    encoding: 's16le',
    sampleRateHz: 24_000,
    channels: 1,
    to: 'pcm_24000',
  },
  {
    name: 's16 8 kHz mono -> pcm_8000 (untouched)',
    encoding: 's16le',
    sampleRateHz: 8_000,
    channels: 1,
    to: 'pcm_8000',
  },
  {
    name: 'mulaw 8 kHz mono -> ulaw_8000 (untouched)',
    encoding: 'mulaw',
    sampleRateHz: 8_000,
    channels: 1,
    to: 'ulaw_8000',
  },
  {
    name: 's24 44.1 kHz stereo -> pcm_24000',
    encoding: 's24le',
    sampleRateHz: 44_100,
    channels: 2,
    to: 'pcm_24000',
  },
];
const BYTES = { s16le: 2, s24le: 3, mulaw: 1 };

console.log('source and wire                                 ns a step   JSON.stringify + base64');
for (const { name, to, ...from } of CASES) {
  const framer = new AudioFramer({ from, to });
  const step = new Uint8Array((from.sampleRateHz * from.channels * BYTES[from.encoding] * 80) / 1000).map(
    (_, i) => i * 7,
  );
  const out = Buffer.alloc(framer.maxOutputBytes(step.length)); // the same at any moment
  const plain = () => JSON.stringify({ type: 'audio', audio: Buffer.from(step.buffer).toString('base64') });
  if (name.includes('untouched')) {
    const written = framer.processInto(step, out);
    check(out.toString('latin1', 0, written) === plain(), name);
  }
  const ours = await medianNs(() => framer.processInto(step, out));
  const theirs = name.includes('untouched') ? `${(await medianNs(plain)).toFixed(0)}` : 'does not convert';
  console.log(`${name.padEnd(46)} ${ours.toFixed(0).padStart(10)}   ${theirs}`);
  framer.close();
}
