// What do the Opus streams cost for a packet of 20 ms over the bare native calls they make, and `transcode` over those of its
// chain? Beside them prism-media's opus.Encoder and opus.Decoder, over @discordjs/opus where `npm run bench:peers` has built
// it, and its opus.OggDemuxer. 48 kHz, mono, real speech; the contenders take turns, each with the same input, and a `data`
// listener takes what comes out. What ours gives is checked first, against the functions that do the same with the whole.
import { createRequire } from 'node:module';
import prism from 'prism-media';
import {
  encodeMulawInto,
  OggOpusDecoder,
  OggOpusDemuxer,
  OggOpusEncoder,
  OggOpusMuxer,
  OggOpusReader,
  OggOpusWriter,
  OpusDecoder,
  OpusDecoderStream,
  OpusEncoder,
  OpusEncoderStream,
  readOggOpus,
  transcode,
  writeOggOpus,
} from '../../dist/index.js';
import { check, quick, raceAsync, ratioText, record } from '../measure.mjs';
import { discordjsOpus } from '../peers.mjs';
import { speech } from '../speech.mjs';

const RATE_HZ = 48_000;
const FRAME = 960;
const CODEC = { sampleRateHz: RATE_HZ, application: 'audio' };
const FORMAT = { rate: RATE_HZ, channels: 1, frameSize: FRAME };
/** As a file stream reads; and 20 ms of samples. */
const FILE_CHUNK = 65_536;
const SECONDS = quick ? 4 : 24;

const Peer = discordjsOpus();
if (Peer !== undefined) {
  const require = createRequire(import.meta.url);
  const path = require.resolve('@discordjs/opus');
  require.cache[path] = { id: path, filename: path, loaded: true, exports: { OpusEncoder: Peer } };
}

const bufferOf = ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength);
const cut = (bytes, size) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

const samples = speech(RATE_HZ, SECONDS);
const frames = cut(samples, FRAME);
const pcm = frames.map(bufferOf);
const ogg = bufferOf(writeOggOpus(samples, { ...CODEC, serial: 7 }));
const packets = await outputs(new OggOpusDemuxer(), [ogg]);
const chunks = cut(ogg, FILE_CHUNK);
const narrow = { encoding: 'mulaw', sampleRateHz: 8000 };

/** All that comes out of a stream into which these are written. */
async function outputs(stream, inputs) {
  const all = [];
  await flow(stream, inputs, 1, (chunk) => all.push(chunk));
  return all;
}

/** The inputs, so many times over, through a stream that flows. */
function flow(stream, inputs, times = 1, take = () => {}) {
  const total = inputs.length * times;
  return new Promise((resolve, reject) => {
    let written = 0;
    stream.on('data', take);
    stream.on('end', resolve);
    stream.on('error', reject);
    const go = () => {
      while (written < total)
        if (!stream.write(inputs[written++ % inputs.length])) return stream.once('drain', go);
      stream.end();
    };
    go();
  });
}

/** Each as often as the packets of one pass are too few to time. */
const PASSES = { codec: 1, container: 10 };

const CASES = {
  OpusEncoderStream: {
    bare: () => {
      const encoder = new OpusEncoder(CODEC);
      const out = new Uint8Array(encoder.maxPacketBytes);
      for (const frame of frames) encoder.encodeInto(frame, out);
      encoder.close();
    },
    ours: () => flow(new OpusEncoderStream(CODEC), pcm),
    peer: Peer && (() => flow(new prism.opus.Encoder(FORMAT), pcm)),
  },
  OpusDecoderStream: {
    bare: () => {
      const decoder = new OpusDecoder({ sampleRateHz: RATE_HZ });
      const out = new Int16Array(5760);
      for (const packet of packets) decoder.decodeInto(packet, out);
      decoder.close();
    },
    ours: () => flow(new OpusDecoderStream(), packets),
    peer: Peer && (() => flow(new prism.opus.Decoder(FORMAT), packets)),
  },
  OggOpusDemuxer: {
    passes: PASSES.container,
    bare: () => {
      for (let pass = 0; pass < PASSES.container; pass++) {
        const reader = new OggOpusReader();
        for (const chunk of chunks) reader.process(chunk);
        reader.flush();
        reader.close();
      }
    },
    ours: () => repeat(PASSES.container, () => flow(new OggOpusDemuxer(), chunks)),
    peer: () => repeat(PASSES.container, () => flow(new prism.opus.OggDemuxer(), chunks)),
  },
  OggOpusMuxer: {
    passes: PASSES.container,
    bare: () => {
      const writer = new OggOpusWriter({ channels: 1, preSkip: 312, inputSampleRateHz: RATE_HZ });
      const out = new Uint8Array(writer.maxOutputBytes(1500));
      for (let pass = 0; pass < PASSES.container; pass++)
        for (const packet of packets) writer.writeInto(packet, out);
      writer.finish();
      writer.close();
    },
    ours: () => flow(new OggOpusMuxer({ channels: 1 }), packets, PASSES.container),
  },
  'transcode Ogg -> mulaw, 8 kHz': {
    bare: () => {
      const decoder = new OggOpusDecoder({ sampleRateHz: 8000 });
      const [out, codes] = [new Int16Array(16_384), new Uint8Array(16_384)];
      for (const chunk of chunks) {
        decoder.push(chunk);
        for (let n = decoder.readInto(out); n > 0; n = decoder.readInto(out))
          encodeMulawInto(out.subarray(0, n), codes);
      }
      decoder.close();
    },
    ours: () => flow(transcode({ from: { container: 'ogg' }, to: narrow }), chunks),
  },
  'transcode s16le -> Ogg': {
    bare: () => {
      const encoder = new OggOpusEncoder(CODEC);
      const out = new Uint8Array(encoder.maxOutputBytes(FRAME));
      for (const frame of frames) encoder.processInto(frame, out);
      encoder.flush();
      encoder.close();
    },
    ours: () =>
      flow(transcode({ from: { encoding: 's16le', sampleRateHz: RATE_HZ }, to: { container: 'ogg' } }), pcm),
  },
};

async function repeat(times, run) {
  for (let i = 0; i < times; i++) await run();
}

/** Ours, whole, against the functions. */
async function judge() {
  const decoded = Buffer.concat(await outputs(new OpusDecoderStream(), packets));
  check(decoded.equals(bufferOf(readOggOpus(ogg).samples)), 'the samples of OpusDecoderStream');
  const encoded = await outputs(new OpusEncoderStream(CODEC), pcm);
  check(Buffer.concat(encoded).equals(Buffer.concat(packets)), 'the packets of OpusEncoderStream');
  const muxed = Buffer.concat(await outputs(new OggOpusMuxer({ serial: 7 }), packets));
  check(muxed.equals(ogg), 'the file of OggOpusMuxer');
  const to = { container: 'ogg', serial: 7 };
  const transcoded = await outputs(
    transcode({ from: { encoding: 's16le', sampleRateHz: RATE_HZ }, to }),
    pcm,
  );
  check(Buffer.concat(transcoded).equals(ogg), 'the file of transcode');
}

await judge();
console.log(
  'for a packet of 20 ms             bare, µs   ours, µs   over the calls, µs   prism-media / ours',
);
for (const [name, { passes = PASSES.codec, ...bodies }] of Object.entries(CASES)) {
  const contenders = Object.fromEntries(Object.entries(bodies).filter(([, body]) => body !== undefined));
  const { ns, ratio } = await raceAsync(contenders);
  const perPacket = (value) => value / (passes * packets.length);
  const [bareNs, oursNs] = [perPacket(ns.bare), perPacket(ns.ours)];
  const overNs = oursNs - bareNs;
  const toPeer = contenders.peer && ratio('peer', 'ours');
  const columns = [bareNs, oursNs, overNs].map((value) => (value / 1000).toFixed(2).padStart(11));
  const peer = toPeer
    ? ratioText(toPeer, 2)
    : bodies.peer === undefined && name.startsWith('Opus')
      ? 'NOT COMPARED'
      : '–';
  console.log(`${name.padEnd(31)}${columns.join('')}${peer.padStart(26)}`);
  record(name, {
    bareNs,
    oursNs,
    overNs,
    ratioToBare: oursNs / bareNs,
    peerNs: contenders.peer ? perPacket(ns.peer) : null,
    ratioToPrism: toPeer?.median ?? null,
  });
}
