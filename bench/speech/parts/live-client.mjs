// A thousand live sessions, in this process alone: node live-client.mjs, forked by bench/speech/live.mjs. For
// { url, streams, seconds } it feeds each stream 20 ms chunks in real time and answers with how late the messages were
// written to the sockets. Not here: whether the service got everything.
import net from 'node:net';
import { Gradium } from '../../../dist/gradium/index.js';

const RATE_HZ = 24_000;
const CHUNK_MS = 20;
const CHUNKS_PER_MESSAGE = 4;
const FORMAT = { encoding: 's16le', sampleRateHz: RATE_HZ, channels: 1 };
const chunk = Buffer.alloc((RATE_HZ * 2 * CHUNK_MS) / 1000, 1);
/** Of a message of audio in its frame; everything else that is written is shorter. */
const FRAME_BYTES = 5155;

/** The socket made last; one that a session watches tells it of every message of audio. */
let newest;
const { write, connect } = net.Socket.prototype;
net.Socket.prototype.write = function (data, ...rest) {
  for (let left = data?.length ?? 0; left >= FRAME_BYTES; left -= FRAME_BYTES) this.onAudio?.();
  return write.call(this, data, ...rest);
};
net.Socket.prototype.connect = function (...args) {
  newest = this;
  return connect.apply(this, args);
};

class Session {
  words = 0;
  /** Of each chunk that filled a message which is not yet on its socket: when it was due, when it was written. */
  #filling = [];
  #chunks = 0;

  constructor(gradium) {
    this.stream = gradium.stt.stream({ format: FORMAT });
    this.ended = new Promise((resolve, reject) => {
      this.stream.on('end', resolve);
      this.stream.on('error', reject);
    });
    this.ready = new Promise((resolve) => {
      this.stream.on('data', (event) => {
        if (event.type === 'ready') resolve();
        if (event.type === 'word') this.words++;
      });
    });
  }

  watch(socket, delays) {
    socket.onAudio = () => {
      const { dueMs, writtenMs } = this.#filling.shift();
      const now = performance.now();
      delays.fromDue.push(now - dueMs);
      delays.fromWrite.push(now - writtenMs);
    };
  }

  feed(dueMs) {
    if (++this.#chunks % CHUNKS_PER_MESSAGE === 0) {
      this.#filling.push({ dueMs, writtenMs: performance.now() });
    }
    this.stream.write(chunk);
  }
}

/** Streams one after the other, so that each is known by its socket. */
async function openAll(url, count, delays) {
  const gradium = new Gradium({ apiKey: 'k', baseUrl: url });
  const sessions = [];
  for (let i = 0; i < count; i++) {
    const session = new Session(gradium);
    await session.ready;
    session.watch(newest, delays);
    sessions.push(session);
  }
  return sessions;
}

/**
 * One timer feeds all: every millisecond the sessions whose chunk is due by then. Calls begin when they begin: theirs are
 * spread over the 80 ms of a message, so that as many messages fill in each millisecond. They are late by what the timer
 * was, too: a chunk is due when it is due.
 */
function feedAll(sessions, seconds) {
  const messageMs = CHUNK_MS * CHUNKS_PER_MESSAGE;
  const slots = Array.from({ length: messageMs }, (_, slot) =>
    sessions.filter((_s, i) => i % messageMs === slot),
  );
  const start = performance.now() + 10;
  const feedingMs = seconds * 1000;
  const feedDue = (tick) => {
    for (let slot = tick % CHUNK_MS; slot < messageMs; slot += CHUNK_MS) {
      if (tick < slot || tick >= slot + feedingMs) continue;
      for (const session of slots[slot]) session.feed(start + tick);
    }
  };
  let tick = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      for (; tick < feedingMs + messageMs && start + tick <= performance.now(); tick++) feedDue(tick);
      if (tick < feedingMs + messageMs) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
}

function quantiles(ms) {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
  return { p50Ms: at(0.5), p99Ms: at(0.99), worstMs: at(1) };
}

process.on('message', async ({ url, streams, seconds }) => {
  const delays = { fromDue: [], fromWrite: [] };
  const sessions = await openAll(url, streams, delays);
  const before = process.cpuUsage();
  const start = performance.now();
  await feedAll(sessions, seconds);
  const { user, system } = process.cpuUsage(before);
  const coreShare = (user + system) / 1000 / (performance.now() - start);
  const rssMB = process.memoryUsage.rss() / 1e6;
  for (const { stream } of sessions) stream.end();
  await Promise.all(sessions.map(({ ended }) => ended));
  process.send({
    messages: delays.fromDue.length,
    words: sessions.reduce((sum, { words }) => sum + words, 0),
    fromDue: quantiles(delays.fromDue),
    fromWrite: quantiles(delays.fromWrite),
    coreShare,
    rssMB,
  });
});
process.on('disconnect', () => process.exit());
