// What does it cost to turn 80 ms of source audio into a WebSocket text message, the call into the addon included, and
// what is left of that when one call brings ten of them? Beside it what plain JavaScript takes for the text alone,
// JSON.stringify with Buffer's base64 on bytes that are converted already; the conversion alone, by the addon's own
// classes; and calls into the addon that do nothing. Every message is compared with plain JavaScript's before anything
// is timed.
import { AudioFramer, convertSamples, decodeMulawInto, Resampler, resample } from '../../dist/audio/index.js';
import { check, race, ratioKeys, record } from '../measure.mjs';

const STEPS = 10;

const CASES = [
  {
    name: 's16 24 kHz -> pcm_24000, untouched',
    from: { encoding: 's16le', sampleRateHz: 24_000 },
    to: 'pcm_24000',
  },
  {
    name: 's16 8 kHz -> pcm_8000, untouched',
    from: { encoding: 's16le', sampleRateHz: 8_000 },
    to: 'pcm_8000',
  },
  {
    name: 'mulaw 8 kHz -> ulaw_8000, untouched',
    from: { encoding: 'mulaw', sampleRateHz: 8_000 },
    to: 'ulaw_8000',
  },
  {
    name: 'mulaw 8 kHz -> pcm_8000',
    from: { encoding: 'mulaw', sampleRateHz: 8_000 },
    to: 'pcm_8000',
    convert: (codes) => convertSamples(codes, { from: 'mulaw', to: 's16le' }),
    alone: (codes) => decoding(codes),
  },
  {
    name: 's16 48 kHz -> pcm_24000',
    from: { encoding: 's16le', sampleRateHz: 48_000 },
    to: 'pcm_24000',
    convert: (bytes) => bytesOf(resample(new Int16Array(bytes.buffer), { fromHz: 48_000, toHz: 24_000 })),
    alone: (bytes) => resampling(new Int16Array(bytes.buffer), 48_000, 24_000),
  },
  {
    name: 's24 44.1 kHz stereo -> pcm_24000',
    from: { encoding: 's24le', sampleRateHz: 44_100, channels: 2 },
    to: 'pcm_24000',
    convert: (bytes) => {
      const wire = resample(monoFloats(bytes), { fromHz: 44_100, toHz: 24_000 });
      return convertSamples(bytesOf(wire), { from: 'f32le', to: 's16le' });
    },
    alone: (bytes) => resampling(monoFloats(bytes), 44_100, 24_000),
  },
];
const BYTES = { s16le: 2, s24le: 3, mulaw: 1 };

const bytesOf = (samples) => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
const monoFloats = (bytes) =>
  new Float32Array(
    convertSamples(bytes, { from: 's24le', to: 'f32le', channels: 2, toChannels: 1 }).slice().buffer,
  );

// What the addon takes without the framer, for the same samples.
function decoding(codes) {
  const samples = new Int16Array(codes.length);
  return () => decodeMulawInto(codes, samples);
}
function resampling(samples, fromHz, toHz) {
  const sample = samples instanceof Int16Array ? 'int16' : 'float32';
  const resampler = new Resampler({ fromHz, toHz, sample });
  const out = new samples.constructor(resampler.maxOutputFrames(samples.length));
  return () => resampler.processInto(samples, out);
}

/** So many 80 ms steps of noise, a different one in every sample. */
function noise({ encoding, sampleRateHz, channels = 1 }, steps) {
  const bytes = new Uint8Array((sampleRateHz * channels * BYTES[encoding] * steps * 80) / 1000);
  for (let i = 0, x = 1; i < bytes.length; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}

const plainMessage = (audio) => JSON.stringify({ type: 'audio', audio: audio.toString('base64') });

function plainMessages(wire, stepBytes) {
  let text = '';
  for (let at = 0; at < wire.length; at += stepBytes)
    text += plainMessage(
      Buffer.from(wire.buffer, wire.byteOffset + at, Math.min(stepBytes, wire.length - at)),
    );
  return text;
}

function framed({ from, to }, source, callBytes) {
  const framer = new AudioFramer({ from, to });
  const out = Buffer.alloc(framer.maxOutputBytes(callBytes));
  let text = '';
  for (let at = 0; at < source.length; at += callBytes)
    text += out.latin1Slice(0, framer.processInto(source.subarray(at, at + callBytes), out));
  const end = Buffer.alloc(framer.maxFlushBytes);
  text += end.latin1Slice(0, framer.flushInto(end));
  framer.close();
  return text;
}

function checkOutput(one, wireStepBytes) {
  const source = noise(one.from, 3 * STEPS);
  const want = plainMessages(one.convert?.(source) ?? source, wireStepBytes);
  const stepBytes = source.length / (3 * STEPS);
  for (const callBytes of [stepBytes, STEPS * stepBytes])
    check(framed(one, source, callBytes) === want, `${one.name}, ${callBytes} bytes a call`);
}

const us = (ns) => (ns / 1000).toFixed(3).padStart(9);

console.log(
  `us per 80 ms step                        1 step  ${STEPS} steps     JSON +  conversion   beyond it,`,
);
console.log(
  '                                         a call    a call     base64       alone   1 and 10 steps',
);
for (const one of CASES) {
  const steps = noise(one.from, STEPS);
  const step = steps.slice(0, steps.length / STEPS);
  const wire = Buffer.from(one.convert?.(step) ?? step);
  checkOutput(one, wire.length);

  const framer = new AudioFramer(one);
  const out = Buffer.alloc(framer.maxOutputBytes(steps.length)); // the same at any moment
  const { ns, ratio } = race({
    oneStep: () => framer.processInto(step, out),
    tenSteps: () => framer.processInto(steps, out),
    plain: () => plainMessage(wire),
    ...(one.alone && { alone: one.alone(step), aloneTen: one.alone(steps) }),
  });
  framer.close();

  const perStep = ns.tenSteps / STEPS;
  const beyond = [ns.oneStep - (ns.alone ?? 0), perStep - (ns.aloneTen ?? 0) / STEPS];
  console.log(
    `${one.name.padEnd(36)} ${us(ns.oneStep)} ${us(perStep)}  ${us(ns.plain)}   ` +
      `${ns.alone === undefined ? '         –' : us(ns.alone)}   ${beyond.map(us).join(' ')}`,
  );
  record(one.name, {
    oneStepNs: ns.oneStep,
    tenStepsNsPerStep: perStep,
    jsonNs: ns.plain,
    ...ratioKeys('ratioToJson', ratio('plain', 'oneStep')),
    conversionNs: ns.alone ?? 0,
    beyondOneStepNs: beyond[0],
    beyondTenStepsNsPerStep: beyond[1],
  });
}

const framer = new AudioFramer(CASES[0]);
const nothing = new Uint8Array(0);
const out = Buffer.alloc(framer.maxOutputBytes(3840));
const { ns: calls } = race({
  getter: () => framer.wireFrames,
  empty: () => framer.processInto(nothing, out),
});
console.log(`a call without arguments             ${us(calls.getter)}`);
console.log(`processInto with an empty chunk      ${us(calls.empty)}`);
record('calls that do nothing', { getterNs: calls.getter, processIntoEmptyNs: calls.empty });
