// How much faster than prism-media's OggDemuxer are the packets taken out of an Ogg Opus file, what does it cost to put
// them in, and does memory stay flat over hours?
//
// The file is an hour of speech at 24 kHz in packets of 20 ms, 50 on a page, and none spans two pages: prism-media loses
// those that do. It comes in chunks of 64 kB. Ours checks each page's checksum and gives each packet its duration and
// place as well; prism-media, a stream of packets, does not. Before anything is timed both must give the packets that
// went in.
import { once } from 'node:events';
import prism from 'prism-media';
import { OggOpusDecoder, OggOpusReader, OggOpusWriter, OpusEncoder } from '../../dist/audio/index.js';
import { check, quick, race, raceAsync, ratioKeys, ratioText, record } from '../measure.mjs';
import { speech } from '../speech.mjs';

const SAMPLE_RATE_HZ = 24_000;
const HOUR_S = 3600;
const CHUNK_BYTES = 65_536;
const DEMUX_FLOOR = 2;
const MAX_GROWTH_MB = 32; // garbage that is not collected yet; what came through is listed beside it

/** A minute of speech in packets. */
function encodeMinute() {
  const encoder = new OpusEncoder({ sampleRateHz: SAMPLE_RATE_HZ, application: 'audio' });
  const samples = speech(SAMPLE_RATE_HZ, 60);
  const length = encoder.frameSamples;
  return Array.from({ length: samples.length / length }, (_, i) =>
    encoder.encode(samples.subarray(i * length, (i + 1) * length)),
  );
}

/** The minute 60 times, as a file; `take` sees each page in memory that the next one is written to. */
function mux(take) {
  const writer = new OggOpusWriter({
    channels: 1,
    preSkip: 312,
    inputSampleRateHz: SAMPLE_RATE_HZ,
    serial: 1,
  });
  const room = new Uint8Array(writer.maxOutputBytes(1500));
  for (let i = 0; i < 60; i++)
    for (const packet of minute) {
      const bytes = writer.writeInto(packet, room);
      if (bytes > 0) take(room.subarray(0, bytes));
    }
  take(writer.finish());
  writer.close();
}

function demuxOurs(chunks, take) {
  const reader = new OggOpusReader();
  for (const chunk of chunks) for (const { bytes } of reader.process(chunk)) take(bytes);
  for (const { bytes } of reader.flush()) take(bytes);
  reader.close();
}

async function demuxPrism(chunks, take) {
  const demuxer = new prism.opus.OggDemuxer();
  demuxer.on('data', take);
  for (const chunk of chunks) if (!demuxer.write(chunk)) await once(demuxer, 'drain');
  demuxer.end();
  await once(demuxer, 'end');
}

async function judge(demux) {
  const found = [];
  await demux(chunks, (packet) => found.push(packet));
  const right = found.every((packet, i) => Buffer.compare(packet, minute[i % minute.length]) === 0);
  check(found.length === 60 * minute.length && right, `${demux.name}: not the packets that went in`);
}

/** Packets, and their bytes, that `take` saw. */
function counter() {
  const total = { packets: 0, bytes: 0 };
  const take = ({ length }) => {
    total.packets += 1;
    total.bytes += length;
  };
  return { total, take };
}

function show(name, ns, more) {
  const row = {
    xRealTime: (HOUR_S * 1e9) / ns,
    mbPerS: (file.length * 1e3) / ns,
    nsPerPacket: ns / (60 * minute.length),
    peerXRealTime: null,
    ...ratioKeys('ratioToPrism', undefined),
    floor: null,
    floorMet: null,
    ...more?.row,
  };
  record(name, row);
  console.log(
    `${name.padEnd(28)} ${row.xRealTime.toFixed(0).padStart(9)} ${row.mbPerS.toFixed(0).padStart(7)} ` +
      `${row.nsPerPacket.toFixed(0).padStart(10)}   ${more?.text ?? ''}`,
  );
}

async function raceDemuxers() {
  const ours = counter();
  const theirs = counter();
  const { ns, ratio } = await raceAsync({
    ours: () => demuxOurs(chunks, ours.take),
    prism: () => demuxPrism(chunks, theirs.take),
  });
  check(ours.total.bytes === theirs.total.bytes, 'what was timed is not the same');
  const toPrism = ratio('prism', 'ours');
  const floorMet = toPrism.median >= DEMUX_FLOOR;
  const peerXRealTime = (HOUR_S * 1e9) / ns.prism;
  show('demux', ns.ours, {
    row: { peerXRealTime, ...ratioKeys('ratioToPrism', toPrism), floor: DEMUX_FLOOR, floorMet },
    text:
      `prism-media ${peerXRealTime.toFixed(0)}, ratio ${ratioText(toPrism)}, ` +
      `floor ${DEMUX_FLOOR}: ${floorMet ? 'ok' : 'BELOW'}`,
  });
}

/** Resident memory after so many hours, against what it was after the first. */
function showMemory(name, hours, oneHour) {
  oneHour();
  const before = process.memoryUsage.rss();
  for (let hour = 1; hour < hours; hour++) oneHour();
  const growthMB = (process.memoryUsage.rss() - before) / 1e6;
  check(growthMB < MAX_GROWTH_MB, `${name}: memory grew by ${growthMB.toFixed(1)} MB in ${hours - 1} hours`);
  record(name, { hours, rssMB: before / 1e6, growthMB, throughMB: (hours * file.length) / 1e6 });
  console.log(
    `${name}: ${(before / 1e6).toFixed(0)} MB resident after an hour, ${growthMB.toFixed(1)} MB more after ${hours} hours`,
  );
}

const minute = encodeMinute();
const pages = [];
mux((page) => pages.push(page.slice()));
const file = Buffer.concat(pages);
const chunks = Array.from({ length: Math.ceil(file.length / CHUNK_BYTES) }, (_, i) =>
  file.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES),
);
for (const demux of [demuxOurs, demuxPrism]) await judge(demux);

console.log('an hour of speech            x real time    MB/s  ns a packet');
await raceDemuxers();
const written = counter();
show('mux', race({ ours: () => mux(written.take) }).ns.ours);
check(written.total.bytes % file.length === 0, 'what was timed is not the file');

// A chain of equal files, in one reader.
const reader = new OggOpusReader();
showMemory('memory, OggOpusReader', 30, () => {
  for (const chunk of chunks) reader.process(chunk);
});
const decoder = new OggOpusDecoder();
const pcm = new Int16Array(48_000);
if (!quick)
  showMemory('memory, OggOpusDecoder', 4, () => {
    for (const chunk of chunks) {
      decoder.push(chunk);
      while (decoder.readInto(pcm) > 0);
    }
  });
