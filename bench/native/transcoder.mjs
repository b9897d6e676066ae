// What does `Transcoder.processInto` cost for 20 ms of audio, the call into the addon included? Beside it the addon's own
// function for the same work, called the same way; it keeps no source, knows no cuts, and of 24-bit stereo it resamples
// mono floats that are there already. And what does a stream pay for asking how much room a chunk needs
// (`maxOutputBytes`), which it does before each call? Every output is compared with that of the one-shot functions first.
import {
  convertSamples,
  convertSamplesInto,
  decodeMulawInto,
  encodeMulawInto,
  Resampler,
  resample,
  Transcoder,
  WavWriter,
} from '../../dist/audio/index.js';
import { check, race, ratioKeys, ratioText, record } from '../measure.mjs';

const CHUNKS = 50; // of 20 ms, of the output check

const bytesOf = (samples) => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
const int16Of = (bytes) => new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);

const STUDIO = { encoding: 's24le', sampleRateHz: 44_100, channels: 2 };

/** `whole`: the output for all bytes at once. `alone`: the call that does the same work for a chunk. */
const CASES = [
  {
    name: 's16 -> mulaw, 8 kHz',
    from: { encoding: 's16le', sampleRateHz: 8_000 },
    to: { encoding: 'mulaw', sampleRateHz: 8_000 },
    whole: (bytes) => convertSamples(bytes, { from: 's16le', to: 'mulaw' }),
    alone: (chunk, out) => {
      const samples = int16Of(chunk);
      return () => encodeMulawInto(samples, out);
    },
  },
  {
    name: 'mulaw -> s16, 8 kHz',
    from: { encoding: 'mulaw', sampleRateHz: 8_000 },
    to: { encoding: 's16le', sampleRateHz: 8_000 },
    whole: (bytes) => convertSamples(bytes, { from: 'mulaw', to: 's16le' }),
    alone: (chunk, out) => {
      const samples = int16Of(out);
      return () => decodeMulawInto(chunk, samples);
    },
  },
  {
    name: 's16 -> f32, 16 kHz',
    from: { encoding: 's16le', sampleRateHz: 16_000 },
    to: { encoding: 'f32le', sampleRateHz: 16_000 },
    whole: (bytes) => convertSamples(bytes, { from: 's16le', to: 'f32le' }),
    alone: (chunk, out) => {
      const options = { from: 's16le', to: 'f32le' };
      return () => convertSamplesInto(chunk, out, options);
    },
  },
  {
    name: 's16, 48 kHz -> 16 kHz',
    from: { encoding: 's16le', sampleRateHz: 48_000 },
    to: { encoding: 's16le', sampleRateHz: 16_000 },
    whole: (bytes) => bytesOf(resample(int16Of(bytes), { fromHz: 48_000, toHz: 16_000 })),
    alone: (chunk) => resampling(int16Of(chunk), 48_000, 16_000),
  },
  {
    name: 'WAV s24 stereo 44.1 kHz -> s16 16 kHz',
    from: { container: 'wav' },
    head: new WavWriter({ ...STUDIO, encoding: 's24' }).process(new Float32Array(0)),
    to: { encoding: 's16le', sampleRateHz: 16_000 },
    chunk: STUDIO,
    whole: (bytes) => {
      const wire = resample(monoFloats(bytes), { fromHz: 44_100, toHz: 16_000 });
      return convertSamples(bytesOf(wire), { from: 'f32le', to: 's16le' });
    },
    alone: (chunk) => resampling(monoFloats(chunk), 44_100, 16_000),
  },
];
const BYTES = { s16le: 2, s24le: 3, mulaw: 1 };

const monoFloats = (bytes) =>
  new Float32Array(
    convertSamples(bytes, { from: 's24le', to: 'f32le', channels: 2, toChannels: 1 }).slice().buffer,
  );

function resampling(samples, fromHz, toHz) {
  const sample = samples instanceof Int16Array ? 'int16' : 'float32';
  const resampler = new Resampler({ fromHz, toHz, sample });
  const out = new samples.constructor(resampler.maxOutputFrames(samples.length));
  return () => resampler.processInto(samples, out);
}

/** So many chunks of 20 ms of noise. */
function noise({ encoding, sampleRateHz, channels = 1 }, chunks) {
  const bytes = new Uint8Array(((sampleRateHz * channels * 20) / 1000) * BYTES[encoding] * chunks);
  for (let i = 0, x = 1; i < bytes.length; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}

/** A transcoder that knows its source. */
function opened({ from, to, head }) {
  const transcoder = new Transcoder({ from, to });
  if (head) transcoder.processInto(head, Buffer.alloc(transcoder.maxOutputBytes(head.length)));
  return transcoder;
}

function checkOutput(one) {
  const source = noise(one.chunk ?? one.from, CHUNKS);
  const transcoder = opened(one);
  const parts = [];
  for (let at = 0; at < source.length; at += source.length / CHUNKS) {
    const chunk = source.subarray(at, at + source.length / CHUNKS);
    const out = Buffer.alloc(transcoder.maxOutputBytes(chunk.length));
    parts.push(out.subarray(0, transcoder.processInto(chunk, out)));
  }
  const end = Buffer.alloc(transcoder.maxFlushBytes);
  parts.push(end.subarray(0, transcoder.flushInto(end)));
  transcoder.close();
  check(Buffer.compare(Buffer.concat(parts), one.whole(source)) === 0, one.name);
}

const ns = (value) => value.toFixed(0).padStart(8);

console.log('ns per 20 ms chunk                     ours    alone  beyond it   room   alone/ours (turns)');
for (const one of CASES) {
  checkOutput(one);
  const chunk = noise(one.chunk ?? one.from, 1);
  const transcoder = opened(one);
  const out = Buffer.alloc(transcoder.maxOutputBytes(chunk.length));
  const times = race({
    ours: () => transcoder.processInto(chunk, out),
    alone: one.alone(chunk, new Uint8Array(out.length)),
    room: () => transcoder.maxOutputBytes(chunk.length),
  });
  transcoder.close();

  const { ours, alone, room } = times.ns;
  const ratio = times.ratio('alone', 'ours');
  console.log(
    `${one.name.padEnd(36)} ${ns(ours)} ${ns(alone)} ${ns(ours - alone)}  ${ns(room)}   ${ratioText(ratio, 2)}`,
  );
  record(one.name, {
    oursNs: ours,
    aloneNs: alone,
    beyondNs: ours - alone,
    maxOutputBytesNs: room,
    ...ratioKeys('ratioToAlone', ratio),
  });
}
