// What the package makes of fixed signals, on the level that SLUICE_SIMD names. Run by simd.test.ts in a process per
// level.
//   node simd-outputs.mjs AUDIO_INDEX FLOATS   ->   one line of JSON: { level, digests: { name: sha256 }, floats: { name: [from, to] } }
// The float32 outputs themselves go into the file FLOATS, one after the other; `floats` says which samples are whose.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const [audioIndex, floatsPath] = process.argv.slice(2);
const audio = await import(audioIndex);

const RATES = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
const PAIRS = RATES.flatMap((fromHz) => RATES.map((toHz) => ({ fromHz, toHz })));
const SOME_PAIRS = [
  { fromHz: 8_000, toHz: 24_000 },
  { fromHz: 44_100, toHz: 16_000 },
  { fromHz: 48_000, toHz: 22_050 },
];

const digests = {};
const floats = {};
const floatParts = [];
let floatCount = 0;

function digest(name, data) {
  digests[name] = createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}

function keepFloats(name, samples) {
  floats[name] = [floatCount, floatCount + samples.length];
  floatParts.push(samples);
  floatCount += samples.length;
}

/** Bytes without a pattern, from a fixed seed (Numerical Recipes' generator). */
function noise(bytes, seed) {
  let state = seed;
  return Uint8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

/** Full-scale noise, which makes every sum overflow that can, then as much at speech's loudness. */
function int16Noise(samples, seed) {
  const loud = new Int16Array(noise(samples * 2, seed).buffer);
  return loud.map((x, i) => (i < samples / 2 ? x : x >> 4));
}
const float32Noise = (samples, seed) => Float32Array.from(int16Noise(samples, seed), (x) => x / 32_768);

function resampling() {
  for (const { fromHz, toHz } of PAIRS) {
    const frames = Math.round(fromHz / 10);
    const name = `resample ${fromHz} to ${toHz}`;
    digest(`${name} int16`, audio.resample(int16Noise(frames, 1), { fromHz, toHz }));
    keepFloats(`${name} float32`, audio.resample(float32Noise(frames, 2), { fromHz, toHz }));
  }
  for (const pair of SOME_PAIRS) {
    for (const quality of ['fast', 'best']) {
      for (const channels of [1, 2, 3]) {
        const options = { ...pair, quality, channels };
        const name = `resample ${pair.fromHz} to ${pair.toHz} ${quality} ${channels} channels`;
        digest(`${name} int16`, audio.resample(int16Noise(2000 * channels, 3), options));
        keepFloats(`${name} float32`, audio.resample(float32Noise(2000 * channels, 4), options));
      }
    }
  }
}

/** Chunks of growing, odd lengths: no kernel may depend on how much it gets at a time. */
function streaming() {
  for (const { fromHz, toHz } of SOME_PAIRS) {
    const resampler = new audio.Resampler({ fromHz, toHz, channels: 2 });
    const input = int16Noise(12_000, 5);
    const parts = [];
    for (let at = 0, frames = 1; at < input.length; at += 2 * frames, frames += 14)
      parts.push(resampler.process(input.slice(at, at + 2 * frames)));
    parts.push(resampler.flush());
    const bytes = parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength));
    digest(`Resampler ${fromHz} to ${toHz} int16 in chunks`, Buffer.concat(bytes));
  }
}

function companding() {
  const samples = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
  const codes = Uint8Array.from({ length: 256 * 5 + 3 }, (_, i) => i);
  for (const law of ['Mulaw', 'Alaw']) {
    digest(`encode${law}`, audio[`encode${law}`](samples));
    digest(`decode${law}`, audio[`decode${law}`](codes));
  }
}

function conversion() {
  for (const from of audio.SAMPLE_ENCODINGS) {
    for (const to of audio.SAMPLE_ENCODINGS) {
      for (const [channels, toChannels] of [
        [1, 1],
        [2, 1],
        [1, 2],
        [3, 1],
      ]) {
        const bytes = sourceBytes(from, 501 * channels);
        const name = `convertSamples ${from} to ${to}, ${channels} to ${toChannels} channels`;
        digest(name, audio.convertSamples(bytes, { from, to, channels, toChannels }));
      }
    }
  }
}

/** `s24in32le` lies in 4 bytes, as its last digits say; `u8` and G.711 in one. */
const sampleBytes = (encoding) => Number(/(\d+)[lb]e$/.exec(encoding)?.[1] ?? 8) / 8;

/** Integers of any bits; floats within and beyond full scale, with what is special among them. */
function sourceBytes(encoding, samples) {
  if (!encoding.startsWith('f')) return noise(samples * sampleBytes(encoding), 6);
  const special = [NaN, Infinity, -Infinity, -0, 1, -1, 0.5 / 32_768, 1.5 / 32_768, 1e30, 1e-40];
  const values = Float64Array.from(int16Noise(samples, 7), (x, i) => special[i % 37] ?? x / 20_000);
  return encoding === 'f64le'
    ? new Uint8Array(values.buffer)
    : audio.convertSamples(new Uint8Array(values.buffer), { from: 'f64le', to: encoding });
}

function waves() {
  for (const encoding of ['s16', 's24', 's32', 'f32', 'mulaw', 'alaw']) {
    const wav = audio.writeWav(float32Noise(1001, 8), { sampleRateHz: 8000, encoding });
    digest(`writeWav ${encoding}`, wav);
    for (const sample of ['int16', 'float32'])
      digest(`readWav ${encoding} ${sample}`, audio.readWav(wav, { sample }).samples);
  }
}

/** The int16 samples in a run of audio messages. */
function wireSamples(messages) {
  const audioBytes = messages
    .toString()
    .match(/"audio":"[^"]*"/g)
    .map((field) => Buffer.from(field.slice(9, -1), 'base64'));
  const bytes = new Uint8Array(Buffer.concat(audioBytes));
  return Float32Array.from(new Int16Array(bytes.buffer));
}

function framing() {
  for (const encoding of ['s16le', 'mulaw', 's24be', 'f32le']) {
    for (const sampleRateHz of [8_000, 24_000, 44_100]) {
      for (const to of ['pcm_8000', 'pcm_24000', 'ulaw_8000', 'alaw_8000']) {
        const framer = new audio.AudioFramer({ from: { encoding, sampleRateHz, channels: 2 }, to });
        const bytes = sourceBytes(encoding, 2 * 9001);
        const out = new Uint8Array(framer.maxOutputBytes(bytes.length));
        const tail = new Uint8Array(framer.maxOutputBytes(0) + 100_000);
        const messages = [
          out.slice(0, framer.processInto(bytes, out)),
          tail.slice(0, framer.flushInto(tail)),
        ];
        const name = `AudioFramer ${encoding} ${sampleRateHz} to ${to}`;
        const wideResampled =
          /24|32/.test(encoding) && sampleRateHz !== audio.wireAudio(to, 'input').sampleRateHz;
        if (!wideResampled) digest(name, Buffer.concat(messages));
        // Resampled as float32 and rounded once, so one step of int16 apart at most: 0.9e-6 here.
        else if (to.startsWith('pcm'))
          keepFloats(
            name,
            wireSamples(Buffer.concat(messages)).map((x) => x * 0.9e-6),
          );
      }
    }
  }
}

for (const make of [resampling, streaming, companding, conversion, waves, framing]) make();
writeFileSync(floatsPath, Buffer.concat(floatParts.map((part) => Buffer.from(part.buffer))));
console.log(JSON.stringify({ level: audio.simdInfo().level, digests, floats }));
