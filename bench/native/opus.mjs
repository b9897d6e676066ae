// How much faster than npm's @discordjs/opus are speech's packets of 20 ms made and decoded, the crossing into the addon
// included? Both are libopus 1.3.1. Ours has it compiled with SSE or NEON and writes into memory that is there, one packet
// a call or a second of them; the other has plain C and gives each result in a Buffer of its own.
//
// Each turn is the next second of real speech. The settings are those that @discordjs/opus has by itself: application
// `audio`, bitrate by rate (19, 27, 51 kb/s), constrained VBR, complexity 9.
//
// Before anything is timed all is encoded and decoded by both. Ours must be the same whether packet by packet or in one
// call. The other's packets may differ: SSE sums floats in another order, which tips a decision of the encoder now and
// then (the integer part, SILK, is the same bit by bit). So both streams must be as large, to 1 %, and as close to the
// input, to 0.1 dB; and of the same packets both decoders must make the same sound but for rounding.
import { OpusDecoder, OpusEncoder } from '../../dist/audio/index.js';
import { check, race, ratioKeys, ratioText, record } from '../measure.mjs';
import { discordjsOpus } from '../peers.mjs';
import { speech } from '../speech.mjs';

const SECONDS = 41; // as many as a race has turns
const PACKETS_PER_SECOND = 50;
const FLOORS = { encode: 1.1, decode: 1 };
const MIN_DECODERS_SNR_DB = 90; // of one step of 16 bits now and then; 115 to 126 are measured

const Peer = discordjsOpus();

/** `count` pieces of equal size, views of the same memory. */
function pieces(array, count) {
  const length = array.length / count;
  return Array.from({ length: count }, (_, i) => array.subarray(i * length, (i + 1) * length));
}

const bufferOf = ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength);

/** SNR in dB of `got` against `want`. */
function snr(got, want) {
  const energy = want.reduce((sum, value) => sum + value ** 2, 0);
  const error = want.reduce((sum, value, i) => sum + (value - got[i]) ** 2, 0);
  return 10 * Math.log10(energy / error);
}

function encodeOurs(samples, sampleRateHz) {
  const encoder = new OpusEncoder({ sampleRateHz, application: 'audio' });
  return pieces(samples, samples.length / encoder.frameSamples).map((frame) => encoder.encode(frame));
}

function encodeAtOnce(samples, sampleRateHz) {
  const encoder = new OpusEncoder({ sampleRateHz, application: 'audio' });
  const count = samples.length / encoder.frameSamples;
  const bytes = new Uint8Array(count * encoder.maxPacketBytes);
  const sizes = new Uint32Array(count);
  return { bytes: bytes.subarray(0, encoder.encodeFramesInto(samples, bytes, sizes)), sizes };
}

function decodeOurs(packets, sampleRateHz) {
  const decoder = new OpusDecoder({ sampleRateHz });
  const samples = new Int16Array((packets.length / PACKETS_PER_SECOND) * sampleRateHz);
  let at = 0;
  for (const packet of packets) at += decoder.decodeInto(packet, samples.subarray(at));
  return samples;
}

function decodeAtOnce({ bytes, sizes }, sampleRateHz) {
  const decoder = new OpusDecoder({ sampleRateHz });
  const samples = new Int16Array((sizes.length / PACKETS_PER_SECOND) * sampleRateHz);
  decoder.decodePacketsInto(bytes, sizes, samples);
  return samples;
}

function encodePeer(samples, sampleRateHz) {
  const encoder = new Peer(sampleRateHz, 1);
  return pieces(samples, (samples.length / sampleRateHz) * PACKETS_PER_SECOND).map((frame) =>
    encoder.encode(bufferOf(frame)),
  );
}

function decodePeer(packets, sampleRateHz) {
  const decoder = new Peer(sampleRateHz, 1);
  const pcm = Buffer.concat(packets.map((packet) => decoder.decode(bufferOf(packet))));
  return new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length / 2);
}

/** SNR against the input, which the sound lags behind by the encoder's lookahead. */
function codingSnrDb(decoded, input, sampleRateHz) {
  const encoder = new OpusEncoder({ sampleRateHz, application: 'audio' });
  const late = encoder.lookaheadFrames;
  return snr(decoded.subarray(late), input.subarray(0, input.length - late));
}

/** Holds our two ways, and the peer, to each other; answers our packets and the figures of the comparison. */
function judge(samples, sampleRateHz) {
  const name = `${sampleRateHz / 1000} kHz`;
  const packets = encodeOurs(samples, sampleRateHz);
  const atOnce = encodeAtOnce(samples, sampleRateHz);
  check(Buffer.concat(packets).equals(atOnce.bytes), `${name}: encodeFramesInto is not encode`);
  const decoded = decodeOurs(packets, sampleRateHz);
  const same = bufferOf(decoded).equals(bufferOf(decodeAtOnce(atOnce, sampleRateHz)));
  check(same, `${name}: decodePacketsInto is not decodeInto`);
  if (Peer === undefined) return { packets, found: {} };

  const theirs = encodePeer(samples, sampleRateHz);
  const theirBytes = Buffer.concat(theirs).length;
  const sizeRatio = atOnce.bytes.length / theirBytes;
  check(Math.abs(sizeRatio - 1) < 0.01, `${name}: ${atOnce.bytes.length} bytes, theirs ${theirBytes}`);
  const theirSound = decodeOurs(theirs, sampleRateHz);
  const [oursDb, theirsDb] = [decoded, theirSound].map((sound) => codingSnrDb(sound, samples, sampleRateHz));
  check(
    Math.abs(oursDb - theirsDb) < 0.1,
    `${name}: ${oursDb.toFixed(2)} dB, theirs ${theirsDb.toFixed(2)} dB`,
  );
  const decodersSnrDb = snr(decodePeer(packets, sampleRateHz), decoded);
  check(
    decodersSnrDb >= MIN_DECODERS_SNR_DB,
    `${name}: the decoders differ, SNR ${decodersSnrDb.toFixed(1)} dB`,
  );
  const equal = packets.filter((packet, i) => theirs[i].equals(packet)).length;
  return {
    packets,
    found: {
      encode: {
        packetsEqualPercent: (100 * equal) / packets.length,
        sizeRatio,
        snrDb: snr(theirSound, decoded),
      },
      decode: { snrDb: decodersSnrDb },
    },
  };
}

/** What each contender does in a turn: a second of speech, 50 packets of it. */
function contests(samples, packets, sampleRateHz) {
  const seconds = pieces(samples, SECONDS).map((all, i) => {
    const mine = packets.slice(i * PACKETS_PER_SECOND, (i + 1) * PACKETS_PER_SECOND);
    const frames = pieces(all, PACKETS_PER_SECOND);
    return {
      all,
      frames,
      frameBuffers: frames.map(bufferOf),
      packets: mine,
      packetBuffers: mine.map(bufferOf),
      bytes: new Uint8Array(Buffer.concat(mine)),
      sizes: Uint32Array.from(mine, ({ length }) => length),
    };
  });
  let second = seconds[0];
  const encoders = [0, 1].map(() => new OpusEncoder({ sampleRateHz, application: 'audio' }));
  const decoders = [0, 1].map(() => new OpusDecoder({ sampleRateHz }));
  const bytes = new Uint8Array(encoders[0].maxPacketBytes * PACKETS_PER_SECOND);
  const sizes = new Uint32Array(PACKETS_PER_SECOND);
  const pcm = new Int16Array(sampleRateHz);
  const [peerEncoder, peerDecoder] = Peer ? [new Peer(sampleRateHz, 1), new Peer(sampleRateHz, 1)] : [];
  return {
    beforeTurn: (turn) => {
      second = seconds[turn];
    },
    encode: {
      packet: () => {
        for (const frame of second.frames) encoders[0].encodeInto(frame, bytes);
      },
      second: () => encoders[1].encodeFramesInto(second.all, bytes, sizes),
      ...(Peer && {
        peer: () => {
          for (const frame of second.frameBuffers) peerEncoder.encode(frame);
        },
      }),
    },
    decode: {
      packet: () => {
        for (const packet of second.packets) decoders[0].decodeInto(packet, pcm);
      },
      second: () => decoders[1].decodePacketsInto(second.bytes, second.sizes, pcm),
      ...(Peer && {
        peer: () => {
          for (const packet of second.packetBuffers) peerDecoder.decode(packet);
        },
      }),
    },
  };
}

/** Prints and keeps one row; answers whether its floor is met, undefined where nothing is compared. */
function show(what, way, sampleRateHz, { ns, ratio }, found = {}) {
  const name = `${what}, ${sampleRateHz / 1000} kHz, a ${way} a call`;
  const toPeer = Peer && ratio('peer', way);
  const floorMet = toPeer && toPeer.median >= FLOORS[what];
  const { packetsEqualPercent = null, sizeRatio = null, snrDb = null } = found;
  const row = {
    xRealTime: 1e9 / ns[way],
    peerXRealTime: Peer ? 1e9 / ns.peer : null,
    ...ratioKeys('ratioToDiscordjsOpus', toPeer),
    floor: FLOORS[what],
    floorMet: floorMet ?? null,
    packetsEqualPercent,
    sizeRatio,
    snrDb,
  };
  record(name, row);
  const speed = (value) => (value === null ? '–' : value.toFixed(0)).padStart(7);
  const verdict = toPeer
    ? `${ratioText(toPeer, 2).padStart(18)}   ${FLOORS[what].toFixed(1)}: ${floorMet ? 'ok' : 'BELOW'}`
    : `${'–'.padStart(18)}   ${FLOORS[what].toFixed(1)}: NOT COMPARED`;
  const equal = packetsEqualPercent && `${packetsEqualPercent.toFixed(1)} % of packets equal, `;
  const judged = snrDb && `   ${equal ?? ''}SNR ${snrDb.toFixed(1)} dB`;
  console.log(
    `${name.padEnd(33)} ${speed(row.xRealTime)} ${speed(row.peerXRealTime)} ${verdict}${judged ?? ''}`,
  );
  return floorMet;
}

console.log('x real time                          ours    peer      ratio (turns)   floor');
const verdicts = [];
for (const sampleRateHz of [16_000, 24_000, 48_000]) {
  const samples = speech(sampleRateHz, SECONDS);
  const { packets, found } = judge(samples, sampleRateHz);
  const { beforeTurn, ...bodies } = contests(samples, packets, sampleRateHz);
  for (const what of ['encode', 'decode']) {
    const result = race(bodies[what], { beforeTurn });
    for (const way of ['packet', 'second']) verdicts.push(show(what, way, sampleRateHz, result, found[what]));
  }
}
const compared = verdicts.filter((met) => met !== undefined);
const met = compared.filter(Boolean).length;
console.log(
  compared.length === 0 ? 'floors: NOT COMPARED' : `floors met at ${met} of ${compared.length} compared`,
);
