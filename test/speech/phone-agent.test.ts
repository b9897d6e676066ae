// The example of a telephone agent, over real sockets: a call with an interruption, and what the caller heard.
// Not here: the bridge's own rules (test/unit/telephony).
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { answerCall } from '../../examples/phone-agent/agent.mjs';
import { Gradium, type Sandbox, startSandbox } from '../../src/index.js';
import type { CallClock } from '../../src/telephony/index.js';
import { SimulatedPhone } from '../unit/telephony/simulated-phone.js';

/** Three seconds of the call in one. */
const SPEED = 3;
const CLOCK: CallClock = {
  nowMs: () => SPEED * performance.now(),
  startTimer: (call, ms) => setTimeout(call, ms / SPEED),
  stopTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
};
const MULAW = { encoding: 'mulaw', sampleRateHz: 8_000 } as const;

let sandbox: Sandbox;
let client: Gradium;
beforeAll(async () => {
  sandbox = await startSandbox();
  client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
});
afterAll(() => sandbox.close());

async function spoken(text: string): Promise<Buffer> {
  const { data } = await client.tts.synthesize(text, { outputFormat: 'ulaw_8000' });
  return Buffer.from(data);
}

async function phoneTo(port: number): Promise<{ phone: SimulatedPhone; socket: WebSocket }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  const phone = new SimulatedPhone(
    { send: (message) => socket.send(message), close: () => socket.close() },
    CLOCK,
  );
  socket.on('message', (data) => phone.receive(String(data)));
  await once(socket, 'open');
  return { phone, socket };
}

it('phone-agent answers, is interrupted, and knows what was heard', { timeout: 30_000 }, async () => {
  const server = new WebSocketServer({ port: 0 });
  const answered = new Promise<unknown>((resolve, reject) => {
    server.on('connection', (socket) => {
      answerCall(socket, client, { clock: CLOCK, leadMs: 400, prebufferMs: 300 }).then(resolve, reject);
    });
  });
  const { phone } = await phoneTo((server.address() as AddressInfo).port);
  const lines = await Promise.all(['a long story of old times and of far away lands', 'stop'].map(spoken));
  phone.call();
  // A character is 80 ms of tone: one line comes behind the greeting, one into the answer, behind its "You said:".
  const [greetingMs, cutMs] = [21 * 80, (22 + 11) * 80];
  await phone.heardSpeech(greetingMs);
  await phone.fallsSilent(300);
  phone.speak(lines[0] as Buffer);
  await phone.heardSpeech(cutMs);
  phone.speak(lines[1] as Buffer);
  await phone.fallsSilent(4_000);
  phone.hangUp();
  const talk = await answered;
  server.close();
  expect(talk).toEqual([
    { agent: 'Hello. Tell me something.', complete: true },
    { caller: 'a long story of old times and of far away lands' },
    { agent: expect.stringMatching(/^You said:/), complete: false },
    { caller: 'stop' },
    { agent: 'You said: stop', complete: true },
  ]);
  const heard = await client.stt.transcribe(Buffer.concat(phone.heard), { format: MULAW });
  expect(heard.text).toMatch(/^Hello\. Tell me something\. You said: .*You said: stop$/);
});
