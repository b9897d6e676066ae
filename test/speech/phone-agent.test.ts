// The example of a telephone agent over real sockets, against the sandbox: a minute of talk with two interruptions, and what
// the caller heard of it, frame by frame. Not here: the bridge's own rules (test/unit/telephony).
import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { get } from 'node:http';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Gradium, type Sandbox, startSandbox, type Word } from 'sluice-audio';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type AgentOptions, type Said, serve } from '../../examples/phone-agent/agent.mjs';
import { HurriedClock } from '../unit/telephony/hurried-clock.js';
import { NOTHING, SimulatedPhone } from '../unit/telephony/simulated-phone.js';

/** Seconds of the call in one. The machine may well be slower: then the call is. */
const SPEED = 20;
const FRAME_S = 0.02;
const MULAW = { encoding: 'mulaw', sampleRateHz: 8_000 } as const;

/** 58 letters, 4.64 s: whoever breaks in behind its first second does so in its midst. */
const TOWN = 'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch';
const GREETING = 'Hello. Tell me something.';
const ANSWERS = {
  'When are you open?':
    'From nine in the morning until six in the evening, on Saturdays until noon, and never on a Sunday since nobody comes.',
  'Where is that?': `Take the train to ${TOWN} and ask there.`,
  'Say it shorter.': 'In Wales.',
  'What is new?': 'We have new shelves. <break time="2s" /> And a cat. <break time="2s" /> And mice.',
  'Tell me more.':
    'Upstairs there are maps of every town and of some that never were, in drawers which nobody has counted. Downstairs we keep the clocks, which strike at noon, all of them at once, and the cat is asleep among them.',
  'Fine, thank you.': 'You are welcome. Come and see us whenever you like, and bring a mouse.',
} as const;
type Question = keyof typeof ANSWERS;

let sandbox: Sandbox;
let client: Gradium;
beforeAll(async () => {
  sandbox = await startSandbox();
  client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
});
afterAll(() => sandbox.close());

interface Spoken {
  audio: Buffer;
  words: Word[];
}

async function spoken(text: string): Promise<Spoken> {
  const { data, words } = await client.tts.synthesize(text, { outputFormat: 'ulaw_8000' });
  return { audio: Buffer.from(data), words };
}

function wordOf({ words }: Spoken, text: string): Word {
  return words.find((word) => word.text === text) as Word;
}

/** An agent that knows these answers, and a phone that is connected to it. */
async function callAgent(options: AgentOptions = {}) {
  const clock = new HurriedClock(SPEED);
  const talk: Said[] = [];
  const agent = await serve(0, client, {
    clock,
    reply: (text) => ANSWERS[text as Question],
    onSaid: (said) => talk.push(said),
    ...options,
  });
  const socket = new WebSocket(`ws://127.0.0.1:${agent.port}`);
  const phone = new SimulatedPhone(
    { send: (message) => socket.send(message), close: () => socket.close() },
    clock,
  );
  socket.on('message', (data) => phone.receive(String(data)));
  onTestFinished(async () => {
    clock.stop();
    await agent.close();
  });
  await once(socket, 'open');
  const closed = once(socket, 'close');
  return { phone, talk, closed, agent };
}

/** What was heard in one piece each, with nothing between the frames. */
function pieces(heard: readonly Buffer[]): Buffer[] {
  const found: Buffer[][] = [];
  let before: Buffer = NOTHING;
  for (const frame of heard) {
    if (frame !== NOTHING && before === NOTHING) found.push([]);
    if (frame !== NOTHING) found.at(-1)?.push(frame);
    before = frame;
  }
  return found.map((frames) => Buffer.concat(frames));
}

async function recognised(audio: Buffer): Promise<string> {
  return (await client.stt.transcribe(audio, { format: MULAW })).text;
}

describe('phone-agent', () => {
  it('talks for a minute, is interrupted twice, and knows what was heard', { timeout: 60_000 }, async () => {
    const { phone, talk, closed } = await callAgent();
    const answerTo = (question: Question) => spoken(ANSWERS[question]);
    const greeting = await spoken(GREETING);
    const hours = await answerTo('When are you open?');
    const way = await answerTo('Where is that?');
    const short = await answerTo('Say it shorter.');
    const key = await spoken('You pressed 5.');
    const news = await answerTo('What is new?');
    const tour = await answerTo('Tell me more.');
    const bye = await answerTo('Fine, thank you.');
    const ask = async (question: Question) => phone.speak((await spoken(question)).audio);
    const hearsAll = async ({ audio }: Spoken) => {
      await phone.hears(audio);
      await phone.fallsSilent(500);
    };

    phone.call();
    await hearsAll(greeting);
    await ask('When are you open?');
    await hearsAll(hours);
    await ask('Where is that?');
    await phone.hears(way.audio, 1_000 * (wordOf(way, TOWN).startS + 1));
    await ask('Say it shorter.'); // amid a word
    await hearsAll(short);
    phone.press('5');
    await hearsAll(key);
    await ask('What is new?');
    await phone.hears(news.audio, 1_000 * (wordOf(news, 'cat.').stopS + 0.2));
    await ask('Tell me more.'); // between two words
    await hearsAll(tour);
    await ask('Fine, thank you.');
    await hearsAll(bye);
    phone.press('*');
    await hearsAll(bye);
    phone.hangUp();
    await closed;

    // What arrived: frames of 20 ms; and of what was played, each piece the beginning of its speech, without a gap.
    expect(phone.heard.length * FRAME_S).toBeGreaterThan(60);
    expect(new Set(phone.received.flatMap(({ bytes = 160 }) => bytes))).toEqual(new Set([160]));
    const heard = pieces(phone.heard);
    const said = [greeting, hours, way, short, key, news, tour, bye, bye];
    expect(heard.length).toBe(said.length);
    for (const [i, { audio }] of said.entries()) {
      const piece = heard[i] as Buffer;
      expect(piece.equals(audio.subarray(0, piece.length))).toBe(true);
      expect(piece.length < audio.length).toBe(said[i] === way || said[i] === news);
    }

    // What the caller understood. Of the word that broke off the sandbox knows the beginning, or that there was one.
    const cutWay = 'Take the train to';
    const cutNews = 'We have new shelves. And a cat.';
    const understood = await recognised(Buffer.concat(phone.heard));
    const fragment = String(/ (\S+) In Wales\./.exec(understood)?.[1]);
    expect(fragment === '[speech]' || TOWN.startsWith(fragment)).toBe(true);
    expect(understood).toBe(
      [
        GREETING,
        ANSWERS['When are you open?'],
        `${cutWay} ${fragment}`,
        'In Wales.',
        'You pressed 5.',
        cutNews,
        ANSWERS['Tell me more.'],
        ANSWERS['Fine, thank you.'],
        ANSWERS['Fine, thank you.'],
      ].join(' '),
    );

    // What the agent knows of it.
    const whole = (agent: string) => ({
      agent,
      complete: true,
      cutWord: undefined,
      durationS: expect.any(Number),
    });
    const cut = (agent: string, cutWord?: string) => ({ ...whole(agent), complete: false, cutWord });
    expect(talk).toEqual([
      whole(GREETING),
      { caller: 'When are you open?' },
      whole(ANSWERS['When are you open?']),
      { caller: 'Where is that?' },
      cut(cutWay, TOWN),
      { caller: 'Say it shorter.' },
      whole('In Wales.'),
      { key: '5' },
      whole('You pressed 5.'),
      { caller: 'What is new?' },
      cut(cutNews),
      { caller: 'Tell me more.' },
      whole(ANSWERS['Tell me more.']),
      { caller: 'Fine, thank you.' },
      whole(ANSWERS['Fine, thank you.']),
      { key: '*' },
      whole(ANSWERS['Fine, thank you.']),
    ]);
    const spokenS = talk.flatMap((each) => ('agent' in each ? each.durationS : []));
    for (const [i, durationS] of spokenS.entries()) {
      const heardS = (heard[i] as Buffer).length / 8_000;
      expect(durationS).toBeLessThanOrEqual(heardS);
      // A mark every 0.1 s, and the way that it has come.
      expect(durationS).toBeGreaterThan(heardS - 0.3);
    }
  });

  it('hangs up when the caller presses #', async () => {
    const { phone, talk, closed } = await callAgent();
    const { audio } = await spoken(GREETING);
    phone.call();
    await phone.hears(audio, 700);
    phone.press('#');
    expect(await closed).toEqual([1000, expect.anything()]);
    const hello = { agent: 'Hello.', complete: false, cutWord: 'Tell', durationS: expect.any(Number) };
    expect(talk).toEqual([{ key: '#' }, hello]);
  });

  it('answers the next call after one that broke, and after a speech that failed', async () => {
    const broken = vi.spyOn(console, 'error').mockReturnValue();
    onTestFinished(() => broken.mockRestore());
    async function* failing() {
      yield 'One ';
      throw new Error('no more');
    }
    const answers = [failing(), 'Two.'];
    const said = new EventEmitter();
    const { phone, agent } = await callAgent({
      reply: () => answers.shift() ?? '',
      onSaid: (each) => said.emit('failed' in each ? 'failed' : 'other', each),
    });
    const other = new WebSocket(`ws://127.0.0.1:${agent.port}`);
    other.on('open', () => other.send('no JSON'));
    await once(other, 'close');
    expect(broken).toHaveBeenCalledWith('a call broke:', expect.objectContaining({ code: 'ERR_PROTOCOL' }));
    const [greeting, next, two] = await Promise.all([GREETING, 'next', 'Two.'].map(spoken));
    phone.call();
    await phone.hears(greeting!.audio);
    const failed = once(said, 'failed');
    phone.speak(next!.audio);
    expect(await failed).toEqual([{ failed: new Error('no more') }]);
    phone.speak(next!.audio);
    await phone.hears(two!.audio);
  });

  it('ends a reply that still grows when it is interrupted', async () => {
    sandbox.clearReceived();
    const reply = new EventEmitter();
    async function* endless() {
      try {
        for (;;) {
          yield 'And so on. ';
          await setImmediate();
        }
      } finally {
        reply.emit('ended');
      }
    }
    const { phone, talk } = await callAgent({ reply: endless });
    const [greeting, line] = await Promise.all([GREETING, 'go'].map(spoken));
    phone.call();
    await phone.hears(greeting!.audio);
    phone.speak(line!.audio);
    await phone.hears((await spoken('And so on.')).audio);
    let ended = false;
    reply.once('ended', () => {
      ended = true;
    });
    phone.press('1');
    await phone.hears((await spoken('You pressed 1.')).audio);
    expect(ended).toBe(true);
    const voices = sandbox.received().sessions.filter(({ route }) => route === 'tts');
    expect(voices.filter(({ end }) => end?.how !== 'end_of_stream').map(({ end }) => end?.how)).toEqual([
      'gone',
    ]);
    expect(talk).toContainEqual(
      expect.objectContaining({ agent: expect.stringMatching(/^And so/), complete: false }),
    );
  });

  it('speaks what is promised, and ends the call alone whose listener throws', async () => {
    const broken = vi.spyOn(console, 'error').mockReturnValue();
    onTestFinished(() => broken.mockRestore());
    const { phone, talk, closed, agent } = await callAgent({
      reply: async () => 'At nine.',
      onSaid: (said) => {
        talk.push(said);
        if ('key' in said) throw new Error('no more');
      },
    });
    const [line, answer] = await Promise.all(['go', 'At nine.'].map(spoken));
    phone.call();
    phone.speak(line!.audio);
    await phone.hears(answer!.audio);
    phone.press('7');
    await closed;
    expect(broken).toHaveBeenCalledWith('a call broke:', new Error('no more'));
    expect((await fetch(`http://127.0.0.1:${agent.port}/`)).status).toBe(200);
  });

  it('asks the speech service for no voice before the call begins', async () => {
    sandbox.clearReceived();
    const broken = vi.spyOn(console, 'error').mockReturnValue();
    onTestFinished(() => broken.mockRestore());
    const { phone, closed } = await callAgent();
    while (sandbox.received().sessions.length === 0) await setImmediate(); // it listens already
    phone.drop();
    await closed;
    expect(sandbox.received().sessions.map(({ route }) => route)).toEqual(['stt']);
  });

  it('rejects when its port is taken', async () => {
    const { agent } = await callAgent();
    await expect(serve(agent.port, client)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('puts no strange host into its answer', async () => {
    const { agent } = await callAgent();
    const request = get({ port: agent.port, headers: { host: 'a"/><Dial>900</Dial><Stream url="b' } });
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(400);
    expect(await response.toArray()).toEqual([]);
  });

  it('tells a service that calls by HTTP where its WebSocket is', async () => {
    const { agent } = await callAgent();
    const answer = await fetch(`http://127.0.0.1:${agent.port}/`, { method: 'POST' });
    expect(await answer.text()).toContain(`<Stream url="wss://127.0.0.1:${agent.port}/"/>`);
  });

  it('shows a call without a key and a telephone', async () => {
    const demo = join(import.meta.dirname, '../../examples/phone-agent/demo.mjs');
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [demo, '--speed', '8']);
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      'agent:  Hello. Tell me something.',
      'caller: Tell me a story.',
      expect.stringMatching(/^agent: {2}Once upon a time .*… \(interrupted/),
      'caller: Stop! Who is there?',
      'agent:  Only me.',
      'caller presses 5',
      'agent:  You pressed 5.',
      '',
    ]);
  });
});
