import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readOggOpus } from '../../../src/audio/index.js';
import { Gradium, type TtsOptions, type TtsStream, type Word } from '../../../src/gradium/index.js';
import { type Peer, type ScriptedServer, scriptedServer } from '../../speech/scripted-server.js';
import {
  audioMessage,
  joined,
  speakWords,
  TTS_READY,
  WORD_S,
  wavHeader,
  wordAudio,
  wordsOf,
} from '../../speech/scripted-voice.js';

const open = (url: string, options?: TtsOptions): TtsStream =>
  new Gradium({ apiKey: 'gd_secret', baseUrl: url }).tts.stream(options);
const wholeAudio = (words: number, rateHz = 24_000) =>
  Buffer.concat(Array.from({ length: words }, (_, i) => wordAudio(i, rateHz)));
/** What the sessions that came to their end are to be together. */
function spokenBy(server: ScriptedServer, rateHz = 24_000) {
  const ended = server.peers.filter((peer) => peer.of('end_of_stream').length > 0);
  return joined(
    ended.map((peer) => peer.of('text').flatMap(({ text }) => wordsOf(text as string)).length),
    rateHz,
  );
}
const sent = (peer: Peer | undefined) => peer?.of('text').map(({ text }) => text);
const turns = async (count = 30) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** Speaks on, session after session; every word has samples of its own. */
function continued(rateHz?: number): (peer: Peer) => Promise<void> {
  let first = 0;
  return async (peer) => {
    await speakWords(peer, { first, ...(rateHz && { rateHz }) });
    first += peer.of('text').flatMap(({ text }) => wordsOf(text as string)).length;
  };
}

interface Heard {
  audio: Buffer;
  words: Word[];
  requestIds: string[];
}

/** Reads it to its end. */
async function hear(stream: TtsStream): Promise<Heard> {
  const words: Word[] = [];
  const requestIds: string[] = [];
  stream.on('word', (word) => words.push(word));
  stream.on('ready', ({ requestId }) => requestIds.push(requestId));
  const audio: Buffer[] = [];
  for await (const bytes of stream) audio.push(bytes);
  return { audio: Buffer.concat(audio), words, requestIds };
}

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('TtsStream', () => {
  it('speaks what is written, sentence by sentence, before the end is known', async () => {
    await using server = await scriptedServer(continued());
    const stream = open(server.url, { voiceId: 'v1' });
    stream.write('Hello the');
    stream.write('re. And');
    const [first] = await once(stream, 'word');
    expect(first).toEqual({ text: 'Hello', startS: 0, stopS: WORD_S, charStart: 0, charEnd: 5, streamId: 0 });
    stream.end(' you?');
    const { audio } = await hear(stream);
    expect(audio.equals(wholeAudio(4))).toBe(true);
    expect(server.peers[0]?.received).toEqual([
      { type: 'setup', model_name: 'default', output_format: 'pcm_24000', voice_id: 'v1' },
      { type: 'text', text: 'Hello there.' },
      { type: 'text', text: 'And you?' },
      { type: 'end_of_stream' },
    ]);
    expect(stream.requestId).toBe('req-1');
    expect(stream.sampleRateHz).toBe(24_000);
  });

  it('connects and sends the setup before there is any text', async () => {
    let setUp = () => {};
    const begun = new Promise<void>((resolve) => {
      setUp = resolve;
    });
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      setUp();
      await speakWords(peer);
    });
    const stream = open(server.url);
    await begun;
    stream.destroy();
  });

  it('tells of ready and of need_more_text, and puts up with what it does not know', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(TTS_READY, { type: 'need_more_text' }, { type: 'flushed' }, { type: 'surprise', n: 5 });
      await peer.next('end_of_stream');
      peer.send(audioMessage(wordAudio(0, 24_000)), { type: 'end_of_stream' });
    });
    const stream = open(server.url);
    const ready = once(stream, 'ready');
    const more = once(stream, 'needMoreText');
    expect(await ready).toEqual([
      { requestId: 'req-1', model: 'scripted', sampleRateHz: 48_000, frameSize: 3840 },
    ]);
    await more;
    stream.end('x');
    expect((await hear(stream)).audio.equals(wordAudio(0, 24_000))).toBe(true);
  });

  it('flush has a sentence spoken that is not whole, and a word that is not', async () => {
    await using server = await scriptedServer(continued());
    const stream = open(server.url);
    stream.write('Let me see');
    stream.flush();
    stream.flush(); // nothing since
    await once(stream, 'data');
    stream.write(' Yes.');
    stream.flush();
    stream.end();
    stream.pause();
    await hear(stream);
    expect(sent(server.peers[0])).toEqual(['Let me see', '<flush>', 'Yes.', '<flush>']);
  });

  it('flush of nothing sends nothing; after the end it is ERR_CLOSED', async () => {
    await using server = await scriptedServer(continued());
    const stream = open(server.url);
    stream.flush();
    stream.write('One.');
    stream.end();
    expect(() => stream.flush()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    await hear(stream);
    expect(sent(server.peers[0])).toEqual(['One.']);
  });

  it('gives the same however text was cut, within characters too', async () => {
    const text =
      'Ça va? “Yes,” he said… 日本語 is 👩‍💻 fun! <break time="1s" /> Good bye, Mr. Smith. And on. '.repeat(
        2,
      );
    const bytes = Buffer.from(text);
    let script = continued();
    await using server = await scriptedServer((peer) => script(peer));
    const expected = wordsOf(text);
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.boolean(),
        fc.integer({ min: 60, max: 300 }),
        async (lengths, asBytes, maxCharsPerSession) => {
          script = continued();
          const stream = open(server.url, { maxCharsPerSession });
          const whole = asBytes ? bytes : text;
          const heard = hear(stream);
          for (let at = 0, i = 0; at < whole.length; i++) {
            const size = Number(lengths[i % lengths.length]);
            stream.write(whole.slice(at, at + size));
            at += size;
          }
          stream.end();
          const { audio, words } = await heard;
          expect(words.map((word) => word.text)).toEqual(expected);
          const want = spokenBy(server);
          server.peers.length = 0;
          expect(audio.equals(want.audio)).toBe(true);
          for (const [i, { startS, charStart, charEnd, text: word }] of words.entries()) {
            expect(startS).toBeCloseTo(Number(want.starts[i]), 6);
            expect(word).toContain(text.slice(charStart, charEnd));
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('goes on in another session at the end of a sentence: one WAV header, times and places of the whole', async () => {
    let first = 0;
    await using server = await scriptedServer(async (peer) => {
      await speakWords(peer, { first, rateHz: 48_000, head: wavHeader(44) });
      first += peer.of('text').flatMap(({ text }) => wordsOf(text as string)).length;
    });
    const stream = open(server.url, { outputFormat: 'wav', maxCharsPerSession: 36 });
    const text = 'One two three. Four five six. Seven eight nine. Ten eleven twelve.';
    stream.end(text);
    const { audio, words, requestIds } = await hear(stream);
    expect(server.peers.map((peer) => sent(peer)?.join(' '))).toEqual([
      'One two three. Four five six.',
      'Seven eight nine. Ten eleven twelve.',
    ]);
    const want = spokenBy(server, 48_000);
    expect(audio.equals(Buffer.concat([wavHeader(), want.audio]))).toBe(true);
    expect(words.map(({ charStart, charEnd }) => text.slice(charStart, charEnd))).toEqual(
      wordsOf(text.replaceAll('.', '')),
    );
    for (const [i, { startS }] of words.entries()) expect(startS).toBeCloseTo(Number(want.starts[i]), 6);
    expect(requestIds).toHaveLength(2);
    expect(stream.sampleRateHz).toBe(48_000);
  });

  it('makes one Ogg Opus stream of all sessions', async () => {
    await using server = await scriptedServer(continued(48_000));
    const stream = open(server.url, { outputFormat: 'opus', maxCharsPerSession: 20 });
    stream.end('One two three. Four five six. Seven.');
    const { audio } = await hear(stream);
    const { links, frames, warnings } = readOggOpus(audio);
    expect(server.peers.length).toBeGreaterThan(1);
    expect(server.peers[0]?.of('setup')[0]).toMatchObject({ output_format: 'pcm_48000' });
    expect(links).toHaveLength(1);
    expect(frames).toBe(spokenBy(server, 48_000).audio.length / 2);
    expect(warnings).toEqual([]);
  });

  it('ends the session of text that is written for long, and goes on in another', async () => {
    await using server = await scriptedServer(continued());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url);
    const heard = hear(stream);
    stream.write('One two.');
    stream.flush();
    await once(stream, 'word');
    vi.advanceTimersByTime(240_000);
    while (server.peers[0]?.of('end_of_stream').length === 0) await turns(1);
    stream.end(' Three.');
    const { audio, words } = await heard;
    expect(server.peers.map(sent)).toEqual([['One two.', '<flush>'], ['Three.']]);
    expect(audio.equals(joined([2, 1], 24_000).audio)).toBe(true);
    expect(words.map((word) => word.startS)).toEqual([0, 0.08, 0.24]);
  });

  it('goes on in a new session when the first words come long after it was opened', async () => {
    await using server = await scriptedServer(continued());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url, { retries: 0 });
    const heard = hear(stream);
    await once(stream, 'ready');
    vi.advanceTimersByTime(240_000);
    await server.peers[0]?.closed;
    stream.write('One two.');
    stream.flush();
    await once(stream, 'word');
    stream.end(' Three.');
    const { audio, requestIds } = await heard;
    expect(server.peers.map(sent)).toEqual([[], ['One two.', '<flush>', 'Three.']]);
    expect(audio.equals(wholeAudio(3))).toBe(true);
    expect(requestIds).toHaveLength(2);
  });

  it('keeps to the limit of a session that the client was told', async () => {
    await using server = await scriptedServer(continued());
    const client = new Gradium({ apiKey: 'gd_secret', baseUrl: server.url, sessionLimitS: 10 });
    const stream = client.tts.stream();
    const heard = hear(stream);
    const sentence = `${'word '.repeat(18)}end.`;
    stream.end(`${sentence} ${sentence}`);
    expect((await heard).words).toHaveLength(38);
    expect(server.peers.map((peer) => sent(peer)?.join(' '))).toEqual([sentence, sentence]);
  });

  it('places words behind white space that comes first', async () => {
    await using server = await scriptedServer(continued());
    const stream = open(server.url);
    const heard = hear(stream);
    await once(stream, 'ready');
    stream.write('\n  Hel');
    stream.end('lo there.');
    const { words } = await heard;
    expect(words.map(({ charStart, charEnd }) => [charStart, charEnd])).toEqual([
      [3, 8],
      [9, 14],
    ]);
  });

  it.each([[''], [' \n ']])('is empty when nothing is said (%j)', async (text) => {
    await using server = await scriptedServer(continued());
    const stream = open(server.url);
    const heard = hear(stream);
    stream.write(text);
    await turns();
    stream.end();
    expect((await heard).audio).toHaveLength(0);
    expect(server.peers.flatMap(sent)).toEqual([]);
  });

  it('takes text by pipeline and gives audio by pipe', async () => {
    await using server = await scriptedServer(continued());
    const stream = open(server.url);
    const out = new PassThrough();
    const audio = out.toArray();
    await pipeline(Readable.from([Buffer.from('One. '), Buffer.from('Two.')]), stream, out);
    expect(Buffer.concat(await audio).equals(wholeAudio(2))).toBe(true);
  });

  it('puts U+FFFD where half a character is left over', async () => {
    await using server = await scriptedServer(continued());
    const stream = open(server.url);
    stream.write('a \ud83d');
    stream.write(Buffer.from([0x20, 0x62, 0x20, 0xf0, 0x9f]));
    stream.end(' c');
    await hear(stream);
    expect(sent(server.peers[0])).toEqual(['a \ufffd b \ufffd c']);
  });

  it.each([
    [{ outputFormat: 'mp3' }],
    [{ maxCharsPerSession: 0 }],
    [{ pronunciationId: '' }],
    [{ temp: 2 }],
    [{ deadlines: { idleMs: -1 } }],
  ])('refuses the options of case %#', (options) => {
    expect(() => open('http://127.0.0.1:1', options as TtsOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
    );
  });
});

describe('TtsStream backpressure', () => {
  it('stops reading the socket while nobody reads, and loses nothing', async () => {
    const total = 400;
    let sentWords = 0;
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(TTS_READY);
      await peer.next('end_of_stream');
      for (let i = 0; i < total; i++) {
        peer.send(audioMessage(Buffer.alloc(96_000, i)));
        sentWords++;
        while (peer.ws.bufferedAmount > 1_000_000) await turns(1);
      }
      peer.send({ type: 'end_of_stream' });
    });
    const stream = open(server.url);
    stream.end('x');
    while (stream.readableLength < 48_000) await turns(1);
    await turns(200);
    const held = stream.readableLength;
    expect(held).toBeLessThan(2_000_000);
    expect(sentWords).toBeLessThan(total);
    let read = 0;
    for await (const bytes of stream) read += bytes.length;
    expect(read).toBe(total * 96_000);
  });

  it('holds the writer back while there is text for a session that has not begun', async () => {
    let goOn = () => {};
    const wait = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const speak = continued();
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth === 0) await wait;
      await speak(peer);
    });
    const stream = open(server.url, { maxCharsPerSession: 100 });
    const heard = hear(stream);
    let written = 0;
    const sentence = 'Some thirty chars in a sentence. ';
    while (stream.write(sentence)) {
      written++;
      await turns(1);
      if (written > 1000) break;
    }
    expect(written).toBeLessThan(200);
    expect(server.peers).toHaveLength(1);
    goOn();
    stream.end();
    expect((await heard).words).toHaveLength((written + 1) * 6);
  });
});

describe('TtsStream failing', () => {
  const fails = async (
    script: (peer: Peer, nth: number) => unknown,
    options: TtsOptions = { retries: 0 },
    text = 'One. Two.',
  ) => {
    await using server = await scriptedServer(script);
    const stream = open(server.url, options);
    stream.end(text);
    const error = await errorOf(hear(stream));
    expect(stream.destroyed).toBe(true);
    await Promise.all(server.peers.map((peer) => peer.closed));
    return { error, server };
  };
  const afterAudio = (misdeed: (peer: Peer) => unknown) => async (peer: Peer) => {
    await peer.next('end_of_stream');
    peer.send(TTS_READY, audioMessage(wordAudio(0, 24_000)));
    await misdeed(peer);
  };

  it.each([
    ['a drop', (peer: Peer) => peer.ws.terminate(), { code: 'ERR_CLOSED_EARLY' }],
    ['a close', (peer: Peer) => peer.ws.close(1000), { code: 'ERR_CLOSED_EARLY' }],
    ['1011', (peer: Peer) => peer.ws.close(1011), { apiCode: 1011 }],
    ['an error', (peer: Peer) => peer.send({ type: 'error', message: 'no', code: 1008 }), { apiCode: 1008 }],
    ['half a message', (peer: Peer) => peer.send('{"type":'), { code: 'ERR_PROTOCOL' }],
    ['binary', (peer: Peer) => peer.ws.send(Buffer.alloc(9)), { code: 'ERR_PROTOCOL' }],
    [
      'half a sample',
      (peer: Peer) => peer.send(audioMessage(Buffer.alloc(3)), { type: 'end_of_stream' }),
      { code: 'ERR_PROTOCOL' },
    ],
  ])('after audio was handed out reports %s, and does not try again', async (_name, misdeed, want) => {
    const { error, server } = await fails(afterAudio(misdeed), { retries: 4 });
    expect(error).toMatchObject({ ...want, requestId: 'req-1' });
    expect(server.peers).toHaveLength(1);
  });

  it('before any audio tries again, and gives no word twice', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth === 2) return speakWords(peer);
      await peer.next('end_of_stream');
      peer.send(TTS_READY, { type: 'text', text: 'One.', start_s: 0, stop_s: 1 });
      if (nth === 0) peer.ws.terminate();
      else peer.send({ type: 'error', message: 'busy', code: 1013 });
    });
    const stream = open(server.url);
    stream.end('One. Two.');
    const { audio, words } = await hear(stream);
    expect(audio.equals(wholeAudio(2))).toBe(true);
    expect(words.map((word) => word.text)).toEqual(['One.', 'Two.']);
    expect(server.peers).toHaveLength(3);
  });

  it('tries a further session again as long as none of its own audio was handed out', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const speak = continued();
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth !== 1) return speak(peer);
      await peer.next('end_of_stream');
      peer.ws.terminate();
    });
    const stream = open(server.url, { maxCharsPerSession: 16 });
    stream.end('One two three. Four five six.');
    const { audio, words } = await hear(stream);
    expect(audio.equals(joined([3, 3], 24_000).audio)).toBe(true);
    expect(words).toHaveLength(6);
    expect(server.peers).toHaveLength(3);
  });

  it('gives up after its retries, at once for what will not pass, and when nothing is said', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const drop = async (peer: Peer) => {
      await peer.next('end_of_stream');
      peer.ws.terminate();
    };
    const dropped = await fails(drop, { retries: 1 });
    expect(dropped.error).toMatchObject({ code: 'ERR_CLOSED_EARLY' });
    expect(dropped.server.peers).toHaveLength(2);
    const refuse = async (peer: Peer) => {
      await peer.next('setup');
      peer.send({ type: 'error', message: 'bad key', code: 1008 });
    };
    const refused = await fails(refuse, {});
    expect(refused.error).toMatchObject({ apiCode: 1008 });
    expect(refused.server.peers).toHaveLength(1);
    const silent = async (peer: Peer) => {
      await peer.next('end_of_stream');
      peer.send(TTS_READY, { type: 'end_of_stream' });
    };
    const { error } = await fails(silent, { retries: 0 });
    expect(error).toMatchObject({
      code: 'ERR_PROTOCOL',
      message: 'the service ended the stream without any audio',
    });
  });

  it('reports a refused connection before there is any text', async () => {
    await using server = await scriptedServer(
      () => {},
      () => ({ status: 401 }),
    );
    const stream = open(server.url);
    expect(await errorOf(hear(stream))).toMatchObject({ apiCode: 401 });
  });

  it('connects anew for text that comes after the connection was lost', async () => {
    const speak = continued();
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth > 0) return speak(peer);
      await peer.next('setup');
      peer.send(TTS_READY);
      peer.ws.close(1001);
    });
    const stream = open(server.url, { retries: 1 });
    const heard = hear(stream);
    await once(stream, 'ready');
    await server.peers[0]?.closed;
    await turns();
    expect(server.peers).toHaveLength(1);
    stream.end('Hello.');
    expect((await heard).audio.equals(wholeAudio(1))).toBe(true);
  });

  it('gives up when the service falls silent after the end', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(TTS_READY);
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url, { retries: 0 });
    const error = errorOf(hear(stream));
    stream.end('x');
    while (server.peers[0]?.of('end_of_stream').length !== 1) await turns(1);
    await turns();
    vi.advanceTimersByTime(30_000);
    expect(await error).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'idle' });
  });

  it('does not outlast totalMs', async () => {
    await using server = await scriptedServer(() => {});
    const stream = open(server.url, { deadlines: { totalMs: 5 } });
    expect(await errorOf(hear(stream))).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'total' });
  });

  it('does not end the process when nobody listens', async () => {
    await using server = await scriptedServer((peer) => peer.ws.terminate());
    const stream = open(server.url, { retries: 0 });
    stream.end('x');
    await new Promise((resolve) => stream.once('close', resolve));
    expect(stream.errored).toMatchObject({ code: 'ERR_CLOSED_EARLY' });
  });
});

describe('TtsStream dropped', () => {
  const states: [string, (stream: TtsStream, server: ScriptedServer) => Promise<unknown>][] = [
    ['at once', async () => {}],
    [
      'once the setup is there',
      async (_, server) => {
        while (server.peers[0]?.received.length !== 1) await turns(1);
      },
    ],
    [
      'while text is written',
      async (stream) => {
        stream.write('One. Two');
        await once(stream, 'word');
      },
    ],
    [
      'with a write held back',
      async (stream) => {
        while (stream.write('A sentence of some thirty chars. ')) await turns(1);
      },
    ],
    [
      'while it is spoken',
      async (stream) => {
        stream.end('One.');
        await once(stream, 'readable');
      },
    ],
    [
      'while it waits to try again',
      async (stream, server) => {
        stream.end('drop');
        while (server.peers[0]?.ws.readyState !== 3) await turns(1);
        await turns();
      },
    ],
  ];
  const script = async (peer: Peer) => {
    await peer.next('setup');
    peer.send(TTS_READY);
    for (let text = await peer.next('text'); text; text = await peer.next('text')) {
      if (text.text === 'drop') peer.ws.terminate();
      else
        peer.send({ type: 'text', text: 'One.', start_s: 0, stop_s: 1 }, audioMessage(wordAudio(0, 24_000)));
    }
  };

  it.each(states)('%s by destroy, an abort, or await using leaves nothing behind', async (_name, reach) => {
    for (const how of ['destroy', 'abort', 'dispose']) {
      await using server = await scriptedServer(script);
      const controller = new AbortController();
      const stream = open(server.url, { signal: controller.signal, maxCharsPerSession: 100 });
      let writeError: unknown;
      await reach(stream, server);
      if (!stream.writableEnded) stream.write('last', (error) => (writeError = error));
      const reason = new Error('enough');
      if (how === 'destroy') stream.destroy();
      else if (how === 'abort') controller.abort(reason);
      else await stream[Symbol.asyncDispose]();
      if (!stream.closed) await once(stream, 'close');
      if (how === 'abort') expect(stream.errored).toBe(reason);
      // A write that was held back is told so, and Node takes that for the stream's error.
      else expect((stream.errored as { code?: string } | null)?.code ?? 'ERR_CLOSED').toBe('ERR_CLOSED');
      await turns();
      if (stream.writableNeedDrain) expect(writeError).toBeInstanceOf(Error);
      await Promise.all(server.peers.map((peer) => peer.closed));
      expect(server.peers.every((peer) => peer.of('end_of_stream').length <= 1)).toBe(true);
    }
  });

  it('closes when a loop is left early', async () => {
    await using server = await scriptedServer(script);
    const stream = open(server.url);
    stream.end('One. Two.');
    for await (const bytes of stream) {
      expect(bytes.length).toBeGreaterThan(0);
      break;
    }
    expect(stream.destroyed).toBe(true);
    await server.peers[0]?.closed;
  });

  it('is over at once when its signal was aborted before', async () => {
    const reason = new Error('never');
    const stream = open('http://127.0.0.1:1', { signal: AbortSignal.abort(reason) });
    expect(await errorOf(hear(stream))).toBe(reason);
  });

  it('ends well when end is called twice', async () => {
    await using server = await scriptedServer(continued());
    const stream = open(server.url);
    stream.end('One.');
    stream.end();
    expect((await hear(stream)).words).toHaveLength(1);
  });

  it('passes on what a listener throws, as the error of the stream', async () => {
    await using server = await scriptedServer(continued());
    const stream = open(server.url);
    const failure = new Error('mine');
    stream.on('ready', () => {
      throw failure;
    });
    stream.end('One.');
    expect(await errorOf(hear(stream))).toBe(failure);
    await server.peers[0]?.closed;
  });
});
