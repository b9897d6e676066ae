/**
 * An agent on the telephone that says back what it was told, and stops when it is interrupted.
 *
 *     GRADIUM_API_KEY=… node examples/phone-agent/agent.mjs 8080
 *
 * Have Twilio answer calls with <Connect><Stream url="wss://your.host/"/></Connect>, where that leads to the port.
 */
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { Gradium, MediaStreamBridge } from 'sluice-audio';
import { WebSocketServer } from 'ws';

const GREETING = 'Hello. Tell me something.';

/**
 * Answers one call; resolves when it is over, with what was said by both sides, in the order in which it was.
 * `reply` makes an answer out of what the caller said; other options are the bridge's.
 *
 * @param {import('ws').WebSocket} socket
 * @param {{ tts: object, stt: object }} client a Gradium, or a connection of one
 * @param {import('sluice-audio').MediaStreamOptions & { reply?: (text: string) => string }} options
 */
export async function answerCall(socket, client, { reply = (text) => `You said: ${text}`, ...options } = {}) {
  const call = new MediaStreamBridge(socket, options);
  const hearing = client.stt.stream({ format: call.inbound.outputFormat, turns: {}, steps: false });
  const heard = pipeline(call.inbound, hearing, (events) => takeTurns(call, client, reply, events));
  try {
    return await heard;
  } finally {
    call.close();
  }
}

async function takeTurns(call, client, reply, events) {
  const talk = [];
  say(call, client, GREETING, talk);
  for await (const event of events) {
    // The caller speaks: nothing that is being said, or about to be, is of interest any more.
    if (event.type === 'text') call.clear();
    if (event.type !== 'turnEnd') continue;
    talk.push({ caller: event.text });
    say(call, client, reply(event.text), talk);
  }
  await Promise.all(talk.map(({ done }) => done));
  return talk.map(({ done, ...entry }) => entry);
}

/** Speaks; of what the caller did not hear the talk says nothing. */
function say(call, client, text, talk) {
  const voice = client.tts.stream({ outputFormat: 'ulaw_8000' });
  voice.end(text);
  const entry = { agent: '', complete: false };
  talk.push(entry);
  entry.done = call.play(voice).done.then(({ words, complete }) => {
    entry.agent = words.map((word) => word.text).join(' ');
    entry.complete = complete;
  });
}

function serve(port) {
  const client = new Gradium();
  new WebSocketServer({ port }).on('connection', (socket) => {
    answerCall(socket, client).then(
      (talk) => console.log(JSON.stringify(talk)),
      (error) => console.error(error),
    );
  });
  console.log(`waiting for calls on port ${port}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) serve(Number(process.argv[2] ?? 8080));
