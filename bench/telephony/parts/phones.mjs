// The far ends of many calls, in this process alone: node phones.mjs, forked by bench/telephony/calls.mjs. For
// { url, calls, frames } each phone sends a frame every 20 ms, and answers with when it received which; wrong ones are
// counted. Not here: what the agent's side did.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { FRAME_BYTES, FRAME_MS, isFrame, nowMs, writeFrame } from './calls.mjs';

/** Not all at once, and of 20 ms so much more than a half that the frames of no two calls are due together. */
const NEXT_CALL_MS = 10.1;
const frame = Buffer.alloc(FRAME_BYTES);

class Phone {
  receivedMs = [];
  wrong = 0;
  #call;
  #socket;
  #sequence = 0;
  #sent = 0;

  constructor(url, call) {
    this.#call = call;
    this.#socket = new WebSocket(url);
    this.#socket.on('message', (data) => this.#receive(JSON.parse(data)));
    this.opened = once(this.#socket, 'open');
  }

  /** All that is due until then, from the call's beginning. */
  speak(untilMs) {
    if (untilMs >= 0 && this.#sent === 0) this.#start();
    while (this.#sent * FRAME_MS <= untilMs) this.#speakFrame();
  }

  #start() {
    this.#socket.send(JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }));
    this.#send('start', {
      callSid: `CA${this.#call}`,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { call: String(this.#call) },
    });
  }

  #speakFrame() {
    const chunk = String(this.#sent + 1);
    const timestamp = String(FRAME_MS * this.#sent);
    writeFrame(frame, this.#call, this.#sent++, nowMs());
    this.#send('media', { track: 'inbound', chunk, timestamp, payload: frame.toString('base64') });
  }

  #receive({ event, media, mark }) {
    if (event === 'mark') this.#send('mark', mark);
    if (event !== 'media') return;
    if (!isFrame(Buffer.from(media.payload, 'base64'), this.#call, this.receivedMs.length)) this.wrong++;
    this.receivedMs.push(nowMs());
  }

  #send(event, what) {
    const sequenceNumber = String(++this.#sequence);
    this.#socket.send(JSON.stringify({ event, sequenceNumber, streamSid: `MZ${this.#call}`, [event]: what }));
  }
}

/**
 * One call begins after the other, their frames spread over the 20 ms of one, and one timer looks who is due. Answers when all
 * have heard so many frames; the calls go on.
 */
function speakAll(phones, frames) {
  const begunMs = nowMs();
  return new Promise((resolve) => {
    setInterval(() => {
      const untilMs = nowMs() - begunMs;
      for (const [i, phone] of phones.entries()) phone.speak(untilMs - i * NEXT_CALL_MS);
      if (phones.every(({ receivedMs }) => receivedMs.length >= frames)) resolve();
    }, 1);
  });
}

process.on('message', async ({ url, calls, frames }) => {
  const phones = Array.from({ length: calls }, (_, call) => new Phone(url, call));
  await Promise.all(phones.map(({ opened }) => opened));
  await speakAll(phones, frames);
  process.send({
    receivedMs: phones.map(({ receivedMs }) => receivedMs),
    wrong: phones.reduce((sum, { wrong }) => sum + wrong, 0),
  });
});
process.on('disconnect', () => process.exit());
