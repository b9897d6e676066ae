/**
 * A caller in place of a telephone: the far end of Twilio Media Streams, as far as a call from end to end needs it.
 * Not here: what is said (demo.mjs).
 */
import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';

const STREAM_SID = 'MZ00000000000000000000000000000000';
const FRAME_BYTES = 160;
const FRAME_MS = 20;
const SILENCE = Buffer.alloc(FRAME_BYTES, 0xff);

/** Hears and speaks µ-law, a frame each 20 ms; an event `frame` after each. */
export class Caller extends EventEmitter {
  #socket;
  #clock;
  #timer;
  #nextMs;
  #sequence = 0;
  #chunk = 0;
  /** To be said. */
  #speech = Buffer.alloc(0);
  /** To be heard: frames, and names of marks between them. */
  #queue = [];
  /** How long the other side has spoken since `hears` began. */
  #heardMs = 0;

  /** @param {import('sluice-audio').CallClock} clock */
  static async dial(url, clock) {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Caller(socket, clock);
  }

  constructor(socket, clock) {
    super();
    this.#socket = socket;
    this.#clock = clock;
    socket.on('message', (data) => this.#receive(JSON.parse(data)));
    socket.on('close', () => clock.stopTimer(this.#timer));
    this.#send({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    this.#tell('start', {
      streamSid: STREAM_SID,
      callSid: 'CA00000000000000000000000000000000',
      accountSid: 'AC00000000000000000000000000000000',
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: {},
    });
    this.#nextMs = clock.nowMs();
    this.#frame();
  }

  say(audio) {
    this.#speech = Buffer.concat([this.#speech, audio]);
  }

  press(digit) {
    this.#tell('dtmf', { track: 'inbound_track', digit });
  }

  /** Until the other side has spoken for so long. */
  async hears(ms) {
    this.#heardMs = 0;
    while (this.#heardMs < ms) await once(this, 'frame');
  }

  async hangUp() {
    this.#tell('stop', {});
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #frame() {
    const frame = Buffer.from(SILENCE);
    this.#speech.copy(frame);
    this.#speech = this.#speech.subarray(FRAME_BYTES);
    const timestamp = String(FRAME_MS * this.#chunk++);
    const payload = frame.toString('base64');
    this.#tell('media', { track: 'inbound', chunk: String(this.#chunk), timestamp, payload });
    this.#hear();
    this.#nextMs += FRAME_MS;
    this.#timer = this.#clock.startTimer(() => this.#frame(), this.#nextMs - this.#clock.nowMs());
  }

  #hear() {
    while (typeof this.#queue[0] === 'string') this.#tell('mark', { name: this.#queue.shift() });
    const heard = this.#queue.shift() ?? SILENCE;
    if (!heard.equals(SILENCE)) this.#heardMs += FRAME_MS;
    this.emit('frame');
  }

  #receive({ event, media, mark }) {
    if (event === 'media') this.#queue.push(Buffer.from(media.payload, 'base64'));
    if (event === 'mark') this.#queue.push(mark.name);
    if (event !== 'clear') return;
    for (const item of this.#queue.splice(0))
      if (typeof item === 'string') this.#tell('mark', { name: item });
  }

  #tell(event, what) {
    const sequenceNumber = String(++this.#sequence);
    this.#send({ event, sequenceNumber, streamSid: STREAM_SID, [event]: what });
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }
}
