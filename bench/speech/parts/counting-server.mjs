// A speech service that does no work: it counts the audio that comes and answers with what the recogniser would send, a
// `step` for every 80 ms and a word for every 400 ms, at once. As cheap as can be, so that it is never what a benchmark
// waits for: it reads frames straight from the socket and unmasks the ends of a large message only. A process of its own:
// node counting-server.mjs prints its port. GET /stats tells what was counted since the last time.
// Not here: anything that checks what the client says; the sandbox does that.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455 §1.3
const STEP_S = 0.08;
const STEPS_PER_WORD = 5;
const BYTES_PER_STEP = {
  pcm: 3840,
  pcm_24000: 3840,
  pcm_16000: 2560,
  pcm_8000: 1280,
  ulaw_8000: 640,
  alaw_8000: 640,
};
/** Of a larger message only so much is unmasked, at each end. */
const END_BYTES = 160;
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const VAD = JSON.stringify([0.5, 1, 2].map((horizon_s) => ({ horizon_s, inactivity_prob: 0.0213 })));

let counted;
const startCounting = () => {
  counted = { sessions: 0, messages: 0, audioBytes: 0, words: 0, steps: 0, open: 0, mostOpen: 0 };
};
startCounting();
const sockets = new Set();

const server = createServer((request, response) => {
  const { user, system } = process.cpuUsage();
  response.end(JSON.stringify({ ...counted, cpuUs: user + system, connections: sockets.size }));
  if (request.url === '/stats') startCounting();
});

server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(request.headers['sec-websocket-key'] + GUID)
    .digest('base64');
  socket.setNoDelay(true);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  sockets.add(socket);
  const connection = new Connection(socket);
  socket.on('data', (chunk) => connection.read(chunk));
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  socket.on('close', () => {
    sockets.delete(socket);
    connection.closed();
  });
});

/** One socket: whole frames in, the answers to all that one chunk brought in one write. */
class Connection {
  #socket;
  #rest;
  #answers = '';
  #ended = false;
  /** By `client_req_id`; without one under undefined. */
  #requests = new Map();

  constructor(socket) {
    this.#socket = socket;
  }

  read(chunk) {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (!this.#ended) {
      const next = this.#frame(bytes, at);
      if (next === 0) break;
      at = next;
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : undefined;
    this.#write();
  }

  closed() {
    counted.open -= this.#requests.size;
    this.#requests.clear();
  }

  /** Takes the frame at `at`; where the next one begins, 0 when it is not all there. RFC 6455 §5.2 */
  #frame(bytes, at) {
    if (bytes.length < at + 6) return 0;
    const opcode = bytes[at] & 0x0f;
    let length = bytes[at + 1] & 0x7f;
    let key = at + 2;
    if (length === 126) {
      length = bytes.readUInt16BE(at + 2);
      key = at + 4;
    } else if (length === 127) {
      if (bytes.length < at + 14) return 0;
      length = bytes.readUIntBE(at + 4, 6);
      key = at + 10;
    }
    const end = key + 4 + length;
    if (bytes.length < end) return 0;
    if (opcode === TEXT) this.#message(bytes, key, length);
    else this.#control(opcode, bytes, key, length);
    return end;
  }

  #control(opcode, bytes, key, length) {
    if (opcode === PING) this.#answers += frame(0x8a, unmasked(bytes, key, 0, length));
    if (opcode !== CLOSE) return;
    this.#ended = true;
    this.#answers += frame(0x88, unmasked(bytes, key, 0, 2));
  }

  #message(bytes, key, length) {
    const head = unmasked(bytes, key, 0, Math.min(length, END_BYTES));
    const tail =
      length > 2 * END_BYTES
        ? unmasked(bytes, key, length - END_BYTES, length)
        : unmasked(bytes, key, head.length, length);
    // `"audio":` is the key; the value of `type` is followed by a comma.
    const audioAt = head.indexOf('"audio":');
    if (audioAt >= 0) this.#audio(idIn(head) ?? idIn(tail), audioChars(head, tail, length, audioAt));
    else this.#json(JSON.parse(length > 2 * END_BYTES ? unmasked(bytes, key, 0, length) : head + tail));
  }

  #audio(id, bytes) {
    const request = this.#requests.get(id);
    counted.messages++;
    counted.audioBytes += bytes;
    request.bytes += bytes;
    for (const steps = Math.floor(request.bytes / request.stepBytes); request.steps < steps; ) {
      this.#step(request);
    }
  }

  #step(request) {
    const index = request.steps++;
    const totalS = Math.round(request.steps * 8) / 100;
    counted.steps++;
    this.#send(
      `{"type":"step","vad":${VAD},"step_idx":${index},"step_duration_s":0.08,"total_duration_s":${totalS}${request.suffix}}`,
    );
    if (request.steps % STEPS_PER_WORD !== 0) return;
    counted.words++;
    this.#send(
      `{"type":"text","text":"word","start_s":${totalS - 4 * STEP_S},"stream_id":0${request.suffix}}`,
    );
    this.#send(`{"type":"end_text","stop_s":${totalS},"stream_id":0${request.suffix}}`);
  }

  #json(message) {
    const id = message.client_req_id;
    const request = this.#requests.get(id);
    if (message.type === 'setup') this.#setup(id, message);
    else if (message.type === 'flush')
      this.#send(`{"type":"flushed","flush_id":${JSON.stringify(message.flush_id)}${request.suffix}}`);
    else if (message.type === 'end_of_stream') this.#end(id, request);
  }

  #setup(id, { input_format: format, close_ws_on_eos: closes = true }) {
    const suffix = id === undefined ? '' : `,"client_req_id":${JSON.stringify(id)}`;
    this.#requests.set(id, { suffix, closes, bytes: 0, steps: 0, stepBytes: BYTES_PER_STEP[format] });
    counted.sessions++;
    counted.mostOpen = Math.max(counted.mostOpen, ++counted.open);
    this.#send(
      `{"type":"ready","request_id":"counted-${counted.sessions}","model_name":"counting server","sample_rate":24000,"frame_size":1920,"delay_in_frames":10,"text_stream_names":[]${suffix}}`,
    );
  }

  #end(id, { suffix, closes }) {
    this.#requests.delete(id);
    counted.open--;
    this.#send(`{"type":"end_of_stream"${suffix}}`);
    if (closes) this.#answers += frame(0x88, '\x03\xe8');
  }

  #send(text) {
    this.#answers += frame(0x81, text);
  }

  #write() {
    if (this.#answers !== '') this.#socket.write(this.#answers, 'latin1');
    this.#answers = '';
    if (this.#ended) this.#socket.end();
  }
}

/** All that is sent is ASCII, the lengths apart. */
function frame(head, text) {
  const { length } = text;
  return length < 126
    ? String.fromCharCode(head, length) + text
    : String.fromCharCode(head, 126, length >> 8, length & 255) + text;
}

function unmasked(bytes, key, from, to) {
  const mask = bytes.subarray(key, key + 4);
  const out = Buffer.allocUnsafe(Math.max(0, to - from));
  for (let i = from; i < to; i++) out[i - from] = bytes[key + 4 + i] ^ mask[i & 3];
  return out.latin1Slice();
}

function idIn(text) {
  const at = text.indexOf('"client_req_id":');
  if (at < 0) return undefined;
  const from = text.indexOf('"', at + 16) + 1;
  return text.slice(from, text.indexOf('"', from));
}

/** How many bytes of audio a message of so many bytes holds, from its ends: base64 has no quotes in it. */
function audioChars(head, tail, length, audioAt) {
  const text = head + tail;
  const from = text.indexOf('"', audioAt + 8) + 1;
  const to = text.indexOf('"', from);
  const padding = text.endsWith('==', to) ? 2 : text.endsWith('=', to) ? 1 : 0;
  return ((to - from + length - text.length) / 4) * 3 - padding;
}

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('disconnect', () => process.exit());
