/**
 * A voice agent on the telephone, to be copied: it answers, hears the caller, replies, is interrupted, takes keys.
 *
 *     GRADIUM_API_KEY=… node examples/phone-agent/agent.mjs 8080
 *
 * Make the port reachable from outside as https://your.host (a tunnel will do), have the number's "A call comes in" at
 * Twilio point there, and call it. Talk over an answer, and it stops; * says the last one again, # hangs up. Without a key
 * and without a telephone: `node examples/phone-agent/demo.mjs`.
 *
 * What is yours to put in is `reply`, where a language model goes. Not here: a check of who calls (`X-Twilio-Signature`),
 * without which anybody who knows the address has your key speak.
 */
import { createServer } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import * as streams from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { Gradium, MediaStreamBridge } from 'sluice-audio';
import { WebSocketServer } from 'ws';

const GREETING = 'Hello. Tell me something.';
/** A name, and a port: nothing that would mean something in XML. */
const HOST = /^[\w.-]+(:\d+)?$/;
/** Far more than any message of Twilio's has. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/**
 * What was said, told when it is over: by the caller, with a key, or by the agent. Of that only what the caller really heard;
 * `cutWord` is where it was interrupted, if that was within a word.
 *
 * @typedef {{ caller: string } | { key: string } | { failed: unknown }
 *   | { agent: string, complete: boolean, cutWord: string | undefined, durationS: number }} Said
 *
 * @typedef {object} AgentOptions beside those of the bridge
 * @property {(text: string) => string | Promise<string> | AsyncIterable<string>} [reply] answers what the caller said. An
 *   iterable's text is spoken while it still grows; an interruption ends the iteration, at its next piece.
 * @property {(said: Said) => void} [onSaid] what it throws ends the call, and no other
 */

/**
 * Answers one call; resolves with all that was said when it is over, rejects when it broke.
 *
 * @param {import('ws').WebSocket} socket
 * @param {Pick<Gradium, 'stt' | 'tts'>} client
 * @param {import('sluice-audio').MediaStreamOptions & AgentOptions} options
 */
export async function answerCall(socket, client, { reply, onSaid, ...options } = {}) {
  const call = new MediaStreamBridge(socket, options);
  const conversation = new Conversation(call, client, { reply, onSaid });
  const hearing = client.stt.stream({ format: call.inbound.outputFormat, turns: {}, steps: false });
  call.on('dtmf', (key) => conversation.pressed(key));
  for (const end of ['stop', 'error']) call.on(end, () => conversation.isOver());
  call.on('start', () => conversation.say(GREETING)); // not before: whoever only connects costs nothing
  try {
    await streams.pipeline(call.inbound, hearing, (events) => conversation.listen(events));
  } finally {
    call.close();
  }
  return conversation.allSaid();
}

/** What is to be spoken, whatever it is given as. */
async function* textOf(reply) {
  const text = await reply;
  if (typeof text === 'string') yield text;
  else yield* text;
}

class Conversation {
  #call;
  #client;
  #reply;
  #onSaid;
  #all = [];
  #playing = new Set();
  #lastAnswer = GREETING;
  #over = false;

  constructor(call, client, { reply = (text) => `You said: ${text}`, onSaid = () => {} }) {
    this.#call = call;
    this.#client = client;
    this.#reply = reply;
    this.#onSaid = onSaid;
  }

  async listen(events) {
    for await (const event of events) {
      // A word of the caller's: what is being said, or is about to be, is of no interest any more.
      if (event.type === 'text') this.#call.clear();
      if (event.type !== 'turnEnd') continue;
      this.#tell({ caller: event.text });
      this.say(this.#reply(event.text));
    }
  }

  pressed(key) {
    this.#tell({ key });
    this.#call.clear();
    if (key === '*') this.say(this.#lastAnswer);
    else if (key !== '#') this.say(`You pressed ${key}.`);
    else this.#hangUp();
  }

  /** What is said after the end of the call nobody hears. */
  say(text) {
    if (this.#over) return;
    if (typeof text === 'string') this.#lastAnswer = text;
    const voice = this.#client.tts.stream({ outputFormat: 'ulaw_8000' });
    pipeline(Readable.from(textOf(text)), voice, () => {}); // a failure is the playback's, too
    const playing = this.#call
      .play(voice)
      .done.then(this.#heard, (failed) => this.#over || this.#tell({ failed }))
      .finally(() => this.#playing.delete(playing));
    this.#playing.add(playing);
  }

  isOver() {
    this.#over = true;
  }

  async allSaid() {
    this.#over = true;
    await Promise.all(this.#playing);
    return this.#all;
  }

  #heard = ({ words, cutWord, complete, durationS }) => {
    const agent = words.map(({ text }) => text).join(' ');
    this.#tell({ agent, complete, cutWord: cutWord?.text, durationS });
  };

  #hangUp() {
    this.#over = true;
    this.#call.close();
  }

  #tell(said) {
    this.#all.push(said);
    try {
      this.#onSaid(said);
    } catch (error) {
      this.#call.inbound.destroy(error);
    }
  }
}

/**
 * Takes calls: over HTTP it says that they come by WebSocket, over WebSockets it answers them. One that breaks is told,
 * and the others go on.
 *
 * @param {number} port 0: any free one
 * @param {Pick<Gradium, 'stt' | 'tts'>} client
 * @param {import('sluice-audio').MediaStreamOptions & AgentOptions} options
 * @returns {Promise<{ port: number, close(): Promise<void> }>} `close` ends the calls under way
 */
export async function serve(port, client, options = {}) {
  const closing = new AbortController();
  const calls = new Set();
  const http = createServer((request, response) => {
    const { host = '' } = request.headers;
    if (!HOST.test(host)) return response.writeHead(400).end();
    const url = `wss://${host}/`;
    response.setHeader('content-type', 'text/xml');
    response.end(`<Response><Connect><Stream url="${url}"/></Connect></Response>`);
  });
  await new Promise((resolve, reject) => http.once('error', reject).listen(port, resolve));
  const sockets = new WebSocketServer({ server: http, maxPayload: MAX_MESSAGE_BYTES });
  sockets.on('connection', (socket) => {
    const call = answerCall(socket, client, { signal: closing.signal, ...options })
      .catch((error) => closing.signal.aborted || console.error('a call broke:', error))
      .finally(() => calls.delete(call));
    calls.add(call);
  });
  return {
    port: http.address().port,
    async close() {
      http.close();
      closing.abort(new Error('the agent is shut down'));
      await Promise.all(calls);
      for (const socket of sockets.clients) socket.terminate();
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const client = new Gradium();
  const agent = await serve(Number(process.argv[2] ?? 8080), client, { onSaid: console.log });
  console.log(`waiting for calls on port ${agent.port}`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => agent.close());
}
