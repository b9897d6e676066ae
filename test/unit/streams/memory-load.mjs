// Run by memory.test.ts in a process of its own, with --expose-gc: prints what memory grows by, as JSON. Native memory is in
// the resident set, and so is what V8 has not given back; it is taken after collecting.
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import {
  encodeMulaw,
  Loudness,
  MulawDecoder,
  MulawEncoder,
  OpusEncoderStream,
  Rechunk,
  ResampleStream,
  SampleConverter,
  transcode,
  WavDecoder,
  WavEncoder,
  WavWriter,
} from '../../../dist/index.js';

const line = { encoding: 's16le', sampleRateHz: 8000 };
const wide = { encoding: 's16le', sampleRateHz: 16_000 };

/** One of each kind, and what begins its input. */
const KINDS = [
  () => new MulawEncoder(),
  () => new MulawDecoder(),
  () => new SampleConverter({ from: 's16le', to: 'f32le' }),
  () => new ResampleStream({ fromHz: 48_000, toHz: 16_000 }),
  () => new Rechunk({ bytes: 320 }),
  () => new Loudness({ format: line }),
  () => new WavEncoder({ sampleRateHz: 8000 }),
  () => new WavDecoder(),
  () => new OpusEncoderStream({ sampleRateHz: 8000 }),
  () => transcode({ from: line, to: wide }),
  () => transcode({ from: { container: 'wav' }, to: wide }),
];

async function rssMb() {
  for (let i = 0; i < 3; i++) {
    await turn();
    globalThis.gc();
  }
  return process.memoryUsage.rss() / 2 ** 20;
}

/** A streamed WAV of mu-law at 8 kHz (format 7; its sizes say "until the end"): hours of a tone. */
function* hours(count) {
  const header = Buffer.from('RIFF....WAVEfmt ....................data....', 'latin1');
  header.fill(0xff, 4, 8).fill(0xff, 40, 44).writeUInt32LE(16, 16);
  for (const [i, value] of [7, 1].entries()) header.writeUInt16LE(value, 20 + 2 * i);
  for (const [i, value] of [8000, 8000].entries()) header.writeUInt32LE(value, 24 + 4 * i);
  for (const [i, value] of [1, 8].entries()) header.writeUInt16LE(value, 32 + 2 * i);
  yield header;
  const second = Buffer.from(
    encodeMulaw(Int16Array.from({ length: 8000 }, (_, i) => 8000 * Math.sin(i / 3))),
  );
  for (let i = 0; i < count * 3600; i++) yield second;
}

async function idle(count) {
  for (const make of KINDS) await live(make()); // what is loaded and cached once
  const before = await rssMb();
  const streams = [];
  for (let i = 0; i < count; i++) streams.push(await live(KINDS[i % KINDS.length]()));
  const grownMb = (await rssMb()) - before;
  for (const stream of streams) stream.destroy();
  return { grownMb };
}

/** Has worked on a chunk of 20 ms, and waits for the next. */
async function live(stream) {
  const isWav = stream.inputFormat?.container === 'wav';
  if (isWav) stream.write(new WavWriter({ sampleRateHz: 8000 }).flush());
  stream.on('data', () => {});
  stream.write(Buffer.alloc(960));
  await turn();
  return stream;
}

/** Memory at most, over what it was after the first hour. */
async function long(count, ...steps) {
  let bytes = 0;
  let after = 0;
  let grownMb = 0;
  const sink = new Writable({
    highWaterMark: 65_536,
    write(chunk, _encoding, done) {
      const mark = Math.floor(bytes / 57_600_000); // half an hour of s16le at 16 kHz
      bytes += chunk.length;
      if (Math.floor(bytes / 57_600_000) === mark) return done();
      rssMb().then((mb) => {
        if (after === 0) after = mb;
        grownMb = Math.max(grownMb, mb - after);
        done();
      });
    },
  });
  await pipeline(Readable.from(hours(count), { objectMode: false }), ...steps, sink);
  return { grownMb, seconds: bytes / 32_000 };
}

const chain = () => [new WavDecoder(), new ResampleStream({ fromHz: 8000, toHz: 16_000 })];
const one = () => [transcode({ from: { container: 'wav' }, to: wide })];
const WORK = { idle, chain: (count) => long(count, ...chain()), transcode: (count) => long(count, ...one()) };

const [work, count] = process.argv.slice(2);
console.log(JSON.stringify(await WORK[work](Number(count))));
