// What does a stream of ours cost over the bare native call it makes, in chunks of 20 ms as a call brings them? The bare
// call writes to memory that is lent once; ours pays for each chunk's output too. Beside both, the chain that one would
// write without us: Node's Transform around plain JavaScript (G.711 by the alawmulaw package; linear interpolation, far
// below our filter's quality, to resample; a dash where nobody writes that by hand). Ours and the bare call take
// turns, with the same chunks; our output is checked first, against the function that does the same with the whole, and theirs where
// it is to be equal. Chunks flow: a `data` listener takes them. Last, the whole way of a file beside prism-media, whose one
// transform for that is a pipe through an FFmpeg process; its VolumeTransformer does work that none of ours does.
import { execFileSync, spawnSync } from 'node:child_process';
import { Transform } from 'node:stream';
import alawmulaw from 'alawmulaw';
import prism from 'prism-media';
import {
  AlawDecoder,
  AlawEncoder,
  ChannelSplitter,
  convertSamples,
  convertSamplesInto,
  decodeAlaw,
  decodeAlawInto,
  decodeMulaw,
  decodeMulawInto,
  encodeAlaw,
  encodeAlawInto,
  encodeMulaw,
  encodeMulawInto,
  Loudness,
  MulawDecoder,
  MulawEncoder,
  Rechunk,
  Resampler,
  ResampleStream,
  resample,
  SampleConverter,
  stepLevels,
  Transcoder,
  transcode,
  WavDecoder,
  WavEncoder,
  WavReader,
  WavWriter,
  writeWav,
} from '../../dist/index.js';
import { check, quick, raceAsync, ratioText, record, snrDb } from '../measure.mjs';

const CHUNKS = quick ? 10_000 : 30_000;
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

/** 20 ms at 8, 16, 44.1 and 48 kHz. */
const [narrow, wide, compact, full] = [160, 320, 882, 960].map(noise);

/** A Transform as one would write it. */
const plain = (work) => () =>
  new Transform({ transform: (chunk, _encoding, done) => done(null, work(chunk)) });
const samplesOf = (chunk) => new Int16Array(chunk.buffer, chunk.byteOffset, chunk.length / 2);

function toFloats(samples) {
  const out = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) out[i] = samples[i] / 32_768;
  return out;
}

function interpolate(samples, step) {
  const out = new Int16Array(samples.length / step);
  for (let i = 0; i < out.length; i++) out[i] = (samples[i * step] + samples[i * step + step - 1]) >> 1;
  return out;
}

function levelOf(samples) {
  let energy = 0;
  for (let i = 0; i < samples.length; i++) energy += samples[i] * samples[i];
  return 10 * Math.log10(energy / samples.length / 32_768 ** 2);
}

function deinterleave(samples) {
  const sides = [new Int16Array(samples.length / 2), new Int16Array(samples.length / 2)];
  for (let i = 0; i < samples.length; i++) sides[i & 1][i >> 1] = samples[i];
  return sides;
}

/** A G.711 encoder or decoder. */
function g711(Stream, whole, into, samples, peer) {
  const encodes = samples instanceof Int16Array;
  const output = whole(samples);
  const out = encodes ? new Uint8Array(output.length) : new Int16Array(output.length);
  return {
    chunk: encodes ? bytesOf(samples) : Buffer.from(samples),
    output: Buffer.from(output.buffer),
    bare: () => into(samples, out),
    ours: () => new Stream({ sampleRateHz: 16_000 }),
    plain: plain((chunk) => {
      const made = peer(encodes ? samplesOf(chunk) : chunk);
      return Buffer.from(made.buffer);
    }),
    plainIsEqual: !encodes,
  };
}

/** `transcode` of raw samples. */
function transcoding(samples, options, output, peer) {
  const chunk = bytesOf(samples);
  const transcoder = new Transcoder(options);
  const out = new Uint8Array(transcoder.maxOutputBytes(chunk.length));
  return {
    chunk,
    output,
    bare: () => transcoder.processInto(chunk, out),
    ours: () => transcode(options),
    plain: peer && plain(peer),
    resamples: options.from.sampleRateHz !== options.to.sampleRateHz,
  };
}

/** `transcode` of s16le to another rate. */
function resampling(samples, fromHz, toHz) {
  const output = bytesOf(resample(samples, { fromHz, toHz }));
  return transcoding(samples, { from: s16At(fromHz), to: s16At(toHz) }, output);
}

const s16At = (sampleRateHz) => ({ encoding: 's16le', sampleRateHz });
const down = { fromHz: 48_000, toHz: 16_000 };
const header = (sampleRateHz) => Buffer.from(new WavWriter({ sampleRateHz }).flush());

/**
 * The chunk, its `output` as a function of ours gives it, and the contenders; `head` comes before all chunks. Plain
 * JavaScript gives the same bytes where `plainIsEqual`.
 */
const CASES = {
  MulawEncoder: () => g711(MulawEncoder, encodeMulaw, encodeMulawInto, wide, alawmulaw.mulaw.encode),
  MulawDecoder: () =>
    g711(MulawDecoder, decodeMulaw, decodeMulawInto, encodeMulaw(wide), alawmulaw.mulaw.decode),
  AlawEncoder: () => g711(AlawEncoder, encodeAlaw, encodeAlawInto, wide, alawmulaw.alaw.encode),
  AlawDecoder: () => g711(AlawDecoder, decodeAlaw, decodeAlawInto, encodeAlaw(wide), alawmulaw.alaw.decode),
  'SampleConverter s16le -> f32le': () => {
    const [chunk, out, options] = [bytesOf(wide), Buffer.alloc(1280), { from: 's16le', to: 'f32le' }];
    return {
      chunk,
      output: convertSamples(chunk, options),
      bare: () => convertSamplesInto(chunk, out, options),
      ours: () => new SampleConverter(options),
      plain: plain((bytes) => bytesOf(toFloats(samplesOf(bytes)))),
      plainIsEqual: true,
    };
  },
  'ResampleStream 48000 -> 16000': () => {
    const resampler = new Resampler(down);
    const out = new Int16Array(resampler.maxOutputFrames(960));
    return {
      chunk: bytesOf(full),
      output: bytesOf(resample(full, down)),
      bare: () => resampler.processInto(full, out),
      ours: () => new ResampleStream(down),
      plain: plain((chunk) => bytesOf(interpolate(samplesOf(chunk), 3))),
      resamples: true,
    };
  },
  'transcode s16le -> mulaw': () =>
    transcoding(
      wide,
      { from: s16At(16_000), to: { encoding: 'mulaw', sampleRateHz: 16_000 } },
      Buffer.from(encodeMulaw(wide)),
      (chunk) => Buffer.from(alawmulaw.mulaw.encode(samplesOf(chunk))),
    ),
  'transcode 48000 -> 16000': () =>
    transcoding(full, { from: s16At(48_000), to: s16At(16_000) }, bytesOf(resample(full, down)), (chunk) =>
      bytesOf(interpolate(samplesOf(chunk), 3)),
    ),
  'transcode 44100 -> 16000': () => resampling(compact, 44_100, 16_000),
  'transcode 48000 -> 8000': () => resampling(full, 48_000, 8_000),
  // What costs least of all that resamples: what Node takes for a chunk weighs most.
  'transcode 8000 -> 16000': () => resampling(narrow, 8_000, 16_000),
  WavDecoder: () => {
    const [head, chunk, out] = [header(16_000), bytesOf(wide), new Int16Array(640)];
    const reader = new WavReader();
    reader.process(head);
    return {
      head,
      chunk,
      output: chunk,
      bare: () => reader.processInto(chunk, out),
      ours: () => new WavDecoder(),
    };
  },
  WavEncoder: () => {
    const writer = new WavWriter({ sampleRateHz: 16_000 });
    const out = new Uint8Array(writer.maxOutputBytes(320));
    writer.process(wide);
    return {
      chunk: bytesOf(wide),
      output: Buffer.concat([header(16_000), bytesOf(wide)]),
      bare: () => writer.processInto(wide, out),
      ours: () => new WavEncoder({ sampleRateHz: 16_000 }),
    };
  },
  // What it has to do at least: copy.
  'Rechunk 640 -> 480 bytes': () => {
    const [chunk, out] = [bytesOf(wide), Buffer.alloc(640)];
    return { chunk, output: chunk, bare: () => chunk.copy(out), ours: () => new Rechunk({ bytes: 480 }) };
  },
  Loudness: () => {
    const chunk = bytesOf(wide);
    return {
      chunk,
      output: chunk,
      bare: () => stepLevels(wide, 320),
      ours: () => new Loudness({ format: s16At(16_000), stepMs: 20 }),
      plain: plain((bytes) => {
        levelOf(samplesOf(bytes));
        return bytes;
      }),
      plainIsEqual: true,
    };
  },
  // No native call: two sides of a call, taken apart.
  ChannelSplitter: () => {
    const sides = deinterleave(full).map(bytesOf);
    return {
      chunk: bytesOf(full),
      output: Buffer.concat(sides),
      bare: () => deinterleave(full),
      ours: () => new ChannelSplitter({ format: { encoding: 's16le', sampleRateHz: 24_000, channels: 2 } }),
    };
  },
};

const sourcesOf = (stream) => stream.channels ?? [stream];

/** All that comes of one chunk. */
async function firstOutput(stream, head, chunk) {
  if (head) stream.write(head);
  stream.end(chunk);
  const parts = await Promise.all(sourcesOf(stream).map((source) => source.toArray()));
  return Buffer.concat(parts.flat());
}

/** All the chunks through a stream that flows. */
async function throughStream(stream, head, chunk, count = CHUNKS) {
  const ends = sourcesOf(stream).map(
    (source) =>
      new Promise((resolve, reject) => {
        source.on('data', () => {});
        source.on('end', resolve);
        source.on('error', reject);
      }),
  );
  if (head) stream.write(head);
  let written = 0;
  const go = () => {
    while (written++ < count) if (!stream.write(chunk)) return stream.once('drain', go);
    stream.end();
  };
  go();
  await Promise.all(ends);
}

function bareCalls(call) {
  for (let i = 0; i < CHUNKS; i++) call();
}

/** Checks, races and tells one case. */
async function measure(name) {
  const { head, chunk, ours, bare, plain: peer, plainIsEqual, output, resamples } = CASES[name]();
  const equal = async (stream) => Buffer.compare(await firstOutput(stream, head, chunk), output) === 0;
  check(await equal(ours()), `${name}: the output of our stream`);
  if (plainIsEqual) check(await equal(peer()), `${name}: the output of plain JavaScript`);
  const stream = () => throughStream(ours(), head, chunk);
  for (let i = 0; i < 3; i++) await stream(); // the first runs pay for the heap to find its size
  const { ns, ratio } = await raceAsync({ bare: () => bareCalls(bare), ours: stream });
  // By itself: what garbage one contender leaves should not be collected in the other's time.
  const apart = peer && (await raceAsync({ peer: () => throughStream(peer(), head, chunk) }));
  const [bareNs, oursNs, peerNs] = [ns.bare, ns.ours, apart?.ns.peer].map((all) => all && all / CHUNKS);
  const overNs = oursNs - bareNs;
  const ratioToBare = ratio('ours', 'bare').median;
  const withinGate = resamples ? ratioToBare <= GATE_RATIO : overNs <= GATE_NS;
  const columns = [bareNs, oursNs, overNs, peerNs].map((one) => (one?.toFixed(0) ?? '-').padStart(11));
  const gate = `${resamples ? `${ratioToBare.toFixed(2)}x, ` : ''}${withinGate ? 'within' : 'ABOVE'} its limit`;
  console.log(`${name.padEnd(32)}${columns.join('')}   ${gate}`);
  record(name, { bareNs, oursNs, peerNs: peerNs ?? null, overNs, ratioToBare, withinGate });
}

const [only] = process.argv.filter((argument) => argument.startsWith('--case='));
if (only) {
  await measure(only.slice('--case='.length));
} else {
  console.log('20 ms chunks                      bare, ns   ours, ns   over the call   plain JavaScript, ns');
  // A process each: in one, what V8 has seen of the streams before it makes each chunk of the next some 100 ns dearer.
  for (const name of Object.keys(CASES)) {
    const args = [...process.execArgv, ...process.argv.slice(1), `--case=${name}`];
    execFileSync(process.execPath, args, { stdio: 'inherit' });
  }
  await besideFfmpeg();
}

/** A file of 48 kHz to 16 kHz: ours, and prism-media's pipe through a process of its own. On the wall: it is not our time. */
async function besideFfmpeg() {
  if (spawnSync('ffmpeg', ['-version']).status !== 0) {
    console.log(
      "\nNOT MEASURED beside prism-media: ffmpeg is not installed, and prism-media's FFmpeg runs it.",
    );
    return;
  }
  const seconds = quick ? 60 : 300;
  const tone = Int16Array.from(
    { length: 48_000 },
    (_, i) => 8000 * Math.sin((2 * Math.PI * 440 * i) / 48_000),
  );
  const [head, second] = [header(48_000), bytesOf(tone)];
  const ours = () => transcode({ from: { container: 'wav' }, to: s16At(16_000) });
  const theirs = () =>
    new prism.FFmpeg({ args: ['-loglevel', '0', '-f', 'wav', '-f', 's16le', '-ar', '16000', '-ac', '1'] });
  const file = Buffer.from(writeWav(tone, { sampleRateHz: 48_000 }));
  const want = (k) => 8000 * Math.sin((2 * Math.PI * 440 * k) / 16_000);
  for (const [whose, make] of Object.entries({ ours, theirs })) {
    const stream = make();
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    stream.end(file);
    await new Promise((resolve) => stream.on('end', resolve));
    const samples = samplesOf(Buffer.from(Buffer.concat(parts)));
    check(samples.length === 16_000 && snrDb(samples, want) > 60, `a file to 16 kHz: ${whose}`);
  }
  const times = { ours: [], theirs: [] };
  for (let turn = 0; turn < (quick ? 1 : 3); turn++) {
    for (const [whose, make] of Object.entries({ ours, theirs })) {
      const start = process.hrtime.bigint();
      await throughStream(make(), head, second, seconds);
      times[whose].push(Number(process.hrtime.bigint() - start) / 1e6);
    }
  }
  const ratios = times.theirs.map((ms, turn) => ms / times.ours[turn]).sort((a, b) => a - b);
  const [lowest, median, highest] = [ratios[0], ratios[ratios.length >> 1], ratios.at(-1)];
  const [oursMs, prismMs] = [times.ours, times.theirs].map((all) => Math.min(...all));
  console.log(
    `\nA WAV of ${seconds} s, 48 kHz, to 16 kHz, on the wall: ours ${oursMs.toFixed(0)} ms, prism-media with FFmpeg ${prismMs.toFixed(0)} ms`,
  );
  console.log(`ours is ${ratioText({ lowest, median, highest })} times as fast`);
  record('WAV 48000 -> 16000', { seconds, oursMs, prismMs, ratioToPrism: median });
}
