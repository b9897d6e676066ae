// The agent's side of many calls, in this process alone: node bridges.mjs CONTENDER, forked by bench/telephony/calls.mjs.
// For { listen: frames } it takes calls, each of which it plays so much, and answers with its port; for { report } with
// when what was received and sent. Not here: the phones (phones.mjs), what the times mean.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WebSocketServer } from 'ws';
import { MediaStreamBridge } from '../../../dist/telephony/index.js';
import { CHUNK_FRAMES, FRAME_BYTES, FRAME_MS, isFrame, nowMs, sentAtMs, writeFrame } from './calls.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

/** What a call is played, as a speech service would give it: faster than it is played. */
function* speech(call, frames) {
  for (let number = 0; number < frames; number += CHUNK_FRAMES) {
    const chunk = Buffer.allocUnsafe(CHUNK_FRAMES * FRAME_BYTES);
    for (let i = 0; i < CHUNK_FRAMES; i++) {
      writeFrame(chunk.subarray(i * FRAME_BYTES, (i + 1) * FRAME_BYTES), call, number + i);
    }
    yield chunk;
  }
}

const CONTENDERS = {
  /** Audio goes to `hear`, `frames` are played. */
  sluice(socket, frames, hear) {
    const bridge = new MediaStreamBridge(socket);
    bridge.inbound.on('data', hear);
    bridge.on('start', ({ customParameters }) => bridge.play(speech(Number(customParameters.call), frames)));
  },
  /** What people write. */
  setInterval(socket, frames, hear) {
    let timer;
    socket.on('message', (data) => {
      const { event, streamSid, start, media } = JSON.parse(data);
      if (event === 'media') hear(Buffer.from(media.payload, 'base64'));
      if (event === 'start')
        timer = play(socket, streamSid, speech(Number(start.customParameters.call), frames));
    });
    socket.on('close', () => clearInterval(timer));
  },
};

function play(socket, streamSid, source) {
  let buffer = Buffer.alloc(0);
  const timer = setInterval(() => {
    if (buffer.length === 0) {
      const { value, done } = source.next();
      if (done) return clearInterval(timer);
      buffer = value;
    }
    const payload = buffer.subarray(0, FRAME_BYTES).toString('base64');
    buffer = buffer.subarray(FRAME_BYTES);
    socket.send(JSON.stringify({ event: 'media', streamSid, media: { payload } }));
  }, FRAME_MS);
  return timer;
}

/** One call as it is measured: when frames were handed to its socket, how long those that came took to be heard. */
class Call {
  /** The phone's, as its frames say it. */
  id;
  sentMs = [];
  fromSendMs = [];
  fromSocketMs = [];
  wrong = 0;
  #arrivedMs = 0;

  constructor(socket, tcp, frames, answer) {
    const send = socket.send.bind(socket);
    socket.send = (message, ...rest) => {
      if (message.startsWith('{"event":"media"')) this.sentMs.push(nowMs());
      send(message, ...rest);
    };
    tcp.prependListener('data', () => {
      this.#arrivedMs = nowMs();
    });
    answer(socket, frames, (audio) => this.#hear(audio));
  }

  #hear(audio) {
    const heardMs = nowMs();
    for (let at = 0; at < audio.length; at += FRAME_BYTES) {
      const frame = audio.subarray(at, at + FRAME_BYTES);
      this.id ??= frame.readUInt32LE(0);
      if (!isFrame(frame, this.id, this.fromSendMs.length)) this.wrong++;
      this.fromSendMs.push(heardMs - sentAtMs(frame));
      this.fromSocketMs.push(heardMs - this.#arrivedMs);
    }
  }
}

const calls = [];
let begunCpu;
let begunMs;
let emptyBytes;

function listen(frames) {
  const answer = CONTENDERS[process.argv[2]];
  emptyBytes = usedBytes();
  const server = new WebSocketServer({ port: 0 }, () => process.send(server.address().port));
  server.on('connection', (socket, { socket: tcp }) => {
    begunCpu ??= process.cpuUsage();
    begunMs ??= nowMs();
    calls.push(new Call(socket, tcp, frames, answer));
  });
}

function report() {
  const { user, system } = process.cpuUsage(begunCpu);
  const coreShare = (user + system) / 1_000 / (nowMs() - begunMs);
  const measured = calls.toSorted((a, b) => a.id - b.id);
  process.send({
    calls: measured.map(({ sentMs, fromSendMs, fromSocketMs, wrong }) => ({
      sentMs,
      fromSendMs,
      fromSocketMs,
      wrong,
    })),
    coreShare,
    kBPerCall: (usedBytes() - emptyBytes) / 1_000 / calls.length,
  });
}

/** Without what is garbage, and with the figures that were taken here. */
function usedBytes() {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

process.on('message', ({ listen: frames }) => (frames === undefined ? report() : listen(frames)));
process.on('disconnect', () => process.exit());
