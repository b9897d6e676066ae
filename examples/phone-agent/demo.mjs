/**
 * The agent at work, without a key and without a telephone: a call over loopback, where the sandbox is the voices and the ears.
 *
 *     node examples/phone-agent/demo.mjs [--speed 4]
 *
 * What is printed of the agent is what its caller heard.
 */
import { EventEmitter, once } from 'node:events';
import { parseArgs } from 'node:util';
import { Gradium, startSandbox } from 'sluice-audio';
import { serve } from './agent.mjs';
import { Caller } from './caller.mjs';

const REPLIES = {
  'Tell me a story.':
    'Once upon a time there was a telephone exchange, and in it there lived a mouse who knew all numbers.',
  'Stop! Who is there?': 'Only me.',
};

const { values } = parseArgs({ options: { speed: { type: 'string', default: '1' } } });
const speed = Number(values.speed);
const clock = {
  nowMs: () => speed * performance.now(),
  startTimer: (call, ms) => setTimeout(call, ms / speed),
  stopTimer: clearTimeout,
};

/** Tells `answered` when the caller has heard an answer to its end. */
const talk = new EventEmitter();
const answered = () => once(talk, 'answered');

function print({ caller, key, agent, complete, cutWord, failed }) {
  if (caller) console.log(`caller: ${caller}`);
  else if (key) console.log(`caller presses ${key}`);
  else if (failed) console.log('agent failed:', failed);
  else if (complete) console.log(`agent:  ${agent}`);
  else console.log(`agent:  ${agent} … (interrupted${cutWord ? ` within "${cutWord}"` : ''})`);
  if (complete) talk.emit('answered');
}

const sandbox = await startSandbox();
const client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
const agent = await serve(0, client, {
  clock,
  onSaid: print,
  reply: (text) => REPLIES[text] ?? `You said: ${text}`,
});

const lines = Object.keys(REPLIES).map((text) => client.tts.synthesize(text, { outputFormat: 'ulaw_8000' }));
const [story, stop] = (await Promise.all(lines)).map(({ data }) => data);

const caller = await Caller.dial(`ws://127.0.0.1:${agent.port}`, clock);
await answered();
caller.say(story);
await caller.hears(3_000);
caller.say(stop);
await answered();
caller.press('5');
await answered();
await caller.hangUp();

await agent.close();
await sandbox.close();
