// What does a stream of ours cost over the bare native call it makes, in chunks of 20 ms as a call brings them? Beside both,
// the chain that one would write without us: Node's Transform around plain JavaScript (µ-law by the alawmulaw package; linear
// interpolation, far below our filter's quality, to resample). The contenders take turns, each with the same chunks; our
// output is checked first, against the function that does the same with the whole. Chunks flow: a `data` listener takes them.
import { Transform } from 'node:stream';
import alawmulaw from 'alawmulaw';
import {
  convertSamples,
  convertSamplesInto,
  decodeMulaw,
  decodeMulawInto,
  encodeMulaw,
  encodeMulawInto,
  MulawDecoder,
  MulawEncoder,
  Resampler,
  ResampleStream,
  resample,
  SampleConverter,
} from '../../dist/index.js';
import { check, quick, raceAsync, record } from '../measure.mjs';

const CHUNKS = quick ? 20_000 : 50_000;
/** Over the call where nothing is resampled; and where it is, as a ratio (issue 7). */
const GATE_NS = 500;
const GATE_RATIO = 1.3;

const noise = (count) => {
  let state = 1;
  return Int16Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >> 18;
  });
};
const bytesOf = (samples) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);

/** 20 ms at 16 kHz, 8 kHz and 48 kHz. */
const [wide, narrow, full] = [320, 160, 960].map(noise);
const codes = Buffer.from(encodeMulaw(narrow));

/** A Transform as one would write it. */
const plain = (work) => () =>
  new Transform({ transform: (chunk, _encoding, done) => done(null, work(chunk)) });
const samplesOf = (chunk) => new Int16Array(chunk.buffer, chunk.byteOffset, chunk.length / 2);

function interpolate(samples, step) {
  const out = new Int16Array(samples.length / step);
  for (let i = 0; i < out.length; i++) out[i] = (samples[i * step] + samples[i * step + step - 1]) >> 1;
  return out;
}

/** The chunk, its `output` as a function of ours gives it, and the contenders. */
const CASES = {
  MulawEncoder: () => {
    const out = new Uint8Array(320);
    return {
      chunk: bytesOf(wide),
      output: Buffer.from(encodeMulaw(wide)),
      bare: () => encodeMulawInto(wide, out),
      ours: () => new MulawEncoder({ sampleRateHz: 16_000 }),
      plain: plain((chunk) => Buffer.from(alawmulaw.mulaw.encode(samplesOf(chunk)))),
    };
  },
  MulawDecoder: () => {
    const out = new Int16Array(160);
    return {
      chunk: codes,
      output: bytesOf(decodeMulaw(codes)),
      bare: () => decodeMulawInto(codes, out),
      ours: () => new MulawDecoder(),
      plain: plain((chunk) => bytesOf(alawmulaw.mulaw.decode(chunk))),
    };
  },
  'SampleConverter s16le -> f32le': () => {
    const [chunk, out, options] = [bytesOf(wide), Buffer.alloc(1280), { from: 's16le', to: 'f32le' }];
    return {
      chunk,
      output: convertSamples(chunk, options),
      bare: () => convertSamplesInto(chunk, out, options),
      ours: () => new SampleConverter(options),
      plain: plain((bytes) => bytesOf(Float32Array.from(samplesOf(bytes), (sample) => sample / 32_768))),
    };
  },
  'ResampleStream 48000 -> 16000': () => {
    const options = { fromHz: 48_000, toHz: 16_000 };
    const resampler = new Resampler(options);
    const out = new Int16Array(resampler.maxOutputFrames(960));
    return {
      chunk: bytesOf(full),
      output: bytesOf(resample(full, options)),
      bare: () => resampler.processInto(full, out),
      ours: () => new ResampleStream(options),
      plain: plain((chunk) => bytesOf(interpolate(samplesOf(chunk), 3))),
      resamples: true,
    };
  },
};

/** All that comes of one chunk. */
async function firstOutput(stream, chunk) {
  stream.end(chunk);
  return Buffer.concat(await stream.toArray());
}

/** All the chunks through a stream that flows. */
function throughStream(stream, chunk) {
  return new Promise((resolve, reject) => {
    let written = 0;
    stream.on('data', () => {});
    stream.on('end', resolve);
    stream.on('error', reject);
    const go = () => {
      while (written++ < CHUNKS) if (!stream.write(chunk)) return stream.once('drain', go);
      stream.end();
    };
    go();
  });
}

function bareCalls(call) {
  for (let i = 0; i < CHUNKS; i++) call();
}

console.log('20 ms chunks                      bare, ns   ours, ns   over the call   plain JavaScript, ns');
for (const [name, make] of Object.entries(CASES)) {
  const { chunk, ours, bare, plain: peer, output, resamples } = make();
  check(Buffer.compare(await firstOutput(ours(), chunk), output) === 0, `${name}: the output of our stream`);
  const bodies = {
    bare: () => bareCalls(bare),
    ours: () => throughStream(ours(), chunk),
    peer: () => throughStream(peer(), chunk),
  };
  const { ns } = await raceAsync(bodies);
  const [bareNs, oursNs, peerNs] = [ns.bare, ns.ours, ns.peer].map((all) => all / CHUNKS);
  const overNs = oursNs - bareNs;
  const withinGate = resamples ? oursNs / bareNs <= GATE_RATIO : overNs <= GATE_NS;
  const columns = [bareNs, oursNs, overNs, peerNs].map((one) => one.toFixed(0).padStart(11));
  console.log(`${name.padEnd(32)}${columns.join('')}   ${withinGate ? 'within' : 'ABOVE'} its limit`);
  record(name, { bareNs, oursNs, peerNs, overNs, ratioToBare: oursNs / bareNs, withinGate });
}
