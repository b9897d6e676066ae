import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { probeAudio, readOggOpus, readWav } from '../../../src/audio/index.js';
import { WIRE_FORMATS, wireAudio } from '../../../src/format.js';
import { Gradium, type Speech } from '../../../src/gradium/index.js';
import { type Peer, type ScriptedServer, scriptedServer } from '../../speech/scripted-server.js';
import {
  audioMessage,
  joined,
  speakWords,
  type Voice,
  WORD_S,
  wavHeader,
  wordsOf,
} from '../../speech/scripted-voice.js';

const tts = (url: string) => new Gradium({ apiKey: 'gd_secret', baseUrl: url }).tts;
const RATE_HZ = 24_000;

/** Speaks on where the session before it stopped: every word has samples of its own. */
function voices(voice: Omit<Voice, 'first'> = {}): { script: (peer: Peer) => Promise<void> } {
  let spoken = 0;
  const script = async (peer: Peer) => {
    const first = spoken;
    await speakWords(peer, { ...voice, first });
    if (peer.of('end_of_stream').length > 0)
      spoken += peer.of('text').flatMap(({ text }) => wordsOf(text as string)).length;
  };
  return { script };
}

/** What the sessions that came to their end are to be together. */
function spokenBy(server: ScriptedServer, rateHz = RATE_HZ) {
  const ended = server.peers.filter((peer) => peer.of('end_of_stream').length > 0);
  return joined(
    ended.map((peer) => peer.of('text').flatMap(({ text }) => wordsOf(text as string)).length),
    rateHz,
  );
}

async function* pieces(...texts: string[]): AsyncGenerator<string, void, undefined> {
  yield* texts;
}

const sent = (server: ScriptedServer) => server.peers.map((peer) => peer.of('text').map(({ text }) => text));

/** Every word at its 80 ms, and where its letters are. */
function expectWords(
  { words, text }: Speech,
  expected: string[],
  starts = joined([expected.length], RATE_HZ).starts,
): void {
  expect(words.map((word) => word.text)).toEqual(expected);
  for (const [i, { startS, stopS, charStart, charEnd, text: word }] of words.entries()) {
    expect(startS).toBeCloseTo(Number(starts[i]), 6);
    expect(stopS).toBeCloseTo(Number(starts[i]) + WORD_S, 6);
    expect(text.slice(charStart, charEnd)).toBe(word.replace(/[.,!?]/gu, ''));
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('synthesize of a long text', () => {
  const text = 'One two three. Four five six. Seven eight nine. Ten.';
  const words = wordsOf(text);

  it('speaks part after part, cut at sentences: one audio, times and places of the whole', async () => {
    const { script } = voices();
    await using server = await scriptedServer(script);
    const speech = await tts(server.url).synthesize(text, {
      outputFormat: 'pcm_24000',
      maxCharsPerSession: 30,
    });
    expect(sent(server)).toEqual([['One two three. Four five six.'], ['Seven eight nine. Ten.']]);
    const { audio, starts } = spokenBy(server);
    expect(speech.data.equals(audio)).toBe(true);
    expect(speech.durationS).toBeCloseTo((words.length + 1) * WORD_S, 9);
    expect(speech).toMatchObject({ text, requestId: 'req-1', requestIds: ['req-1', 'req-1'] });
    expectWords(speech, words, starts);
  });

  it('opens the next session when the one before has ended', async () => {
    const open = new Set<Peer>();
    const counts: number[] = [];
    const { script } = voices();
    await using server = await scriptedServer(async (peer) => {
      open.add(peer);
      peer.closed.then(() => open.delete(peer));
      counts.push([...open].filter(({ received }) => received.at(-1)?.type !== 'end_of_stream').length);
      await script(peer);
    });
    await tts(server.url).synthesize(text, { outputFormat: 'pcm_24000', maxCharsPerSession: 12 });
    expect(counts.length).toBeGreaterThan(3);
    expect(Math.max(...counts)).toBe(1);
  });

  it.each(['one header', 'a header in two pieces', 'a header before every message'])(
    'makes one WAV of sessions that send %s',
    async (kind) => {
      const head = wavHeader();
      const { script } = voices({ rateHz: 48_000 });
      await using server = await scriptedServer(async (peer) => {
        const send = peer.send.bind(peer);
        let begun = false;
        peer.send = (...messages) => {
          for (const message of messages) {
            const { type, audio } = message as { type: string; audio: string };
            const bytes = Buffer.from(audio ?? '', 'base64');
            if (type !== 'audio') send(message);
            else if (kind === 'a header before every message')
              send(audioMessage(Buffer.concat([head, bytes])));
            else if (begun) send(message);
            else if (kind === 'one header') send(audioMessage(head), message);
            else
              send(
                audioMessage(head.subarray(0, 21)),
                audioMessage(Buffer.concat([head.subarray(21), bytes])),
              );
            begun ||= type === 'audio';
          }
        };
        await script(peer);
      });
      const speech = await tts(server.url).synthesize(text, { maxCharsPerSession: 12 });
      expect(server.peers.length).toBeGreaterThan(3);
      const { audio, starts } = spokenBy(server, 48_000);
      expect(speech.data.subarray(44).equals(audio)).toBe(true);
      expect(probeAudio(speech.data)).toMatchObject({
        frames: audio.length / 2,
        dataOffset: 44,
        warnings: [],
        missingFrames: 0,
      });
      expect(speech.data.readUInt32LE(4)).toBe(speech.data.length - 8);
      expectWords(speech, words, starts);
    },
  );

  it('calls a WAV that goes on at another rate ERR_PROTOCOL', async () => {
    const rates = [48_000, 24_000];
    await using server = await scriptedServer(async (peer, nth) => {
      const head = wavHeader(0xffffffff, rates[nth]);
      await speakWords(peer, { head, ready: { type: 'ready', request_id: `r${nth}` } });
    });
    const speech = tts(server.url).synthesize(text, { maxCharsPerSession: 30, retries: 0 });
    await expect(speech).rejects.toMatchObject({
      code: 'ERR_PROTOCOL',
      requestId: 'r1',
      message: expect.stringContaining('24000 Hz with 1 channel after s16le at 48000 Hz'),
    });
  });

  it('calls audio that ends within a sample ERR_PROTOCOL: what follows would be noise', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('end_of_stream');
      peer.send({ type: 'ready' }, audioMessage(Buffer.alloc(5)), { type: 'end_of_stream' });
    });
    const speech = tts(server.url).synthesize(text, { outputFormat: 'pcm_8000', retries: 0 });
    await expect(speech).rejects.toMatchObject({
      code: 'ERR_PROTOCOL',
      message: expect.stringContaining('within a sample'),
    });
  });

  it('makes one Ogg Opus stream of several sessions', async () => {
    const { script } = voices({ rateHz: 48_000 });
    await using server = await scriptedServer(script);
    const speech = await tts(server.url).synthesize(text, { outputFormat: 'opus', maxCharsPerSession: 12 });
    expect(server.peers.map((peer) => peer.of('setup')[0]?.output_format)).toEqual(
      server.peers.map(() => 'pcm_48000'),
    );
    const { links, frames, warnings } = readOggOpus(speech.data);
    expect(links).toHaveLength(1);
    const { audio, starts } = spokenBy(server, 48_000);
    expect(frames).toBe(audio.length / 2);
    expect(warnings).toEqual([]);
    expect(speech).toMatchObject({ outputFormat: 'opus', sampleRateHz: 48_000, durationS: frames / 48_000 });
    expectWords(speech, words, starts);
  });

  it('tries the part again that was dropped, and no other', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { script } = voices();
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth !== 1) return script(peer);
      await speakWords(peer, { first: 99, onWord: (word) => word === 1 && peer.ws.terminate() });
    });
    const speech = await tts(server.url).synthesize(text, {
      outputFormat: 'pcm_24000',
      maxCharsPerSession: 18,
    });
    expect(sent(server)).toEqual([
      ['One two three.'],
      ['Four five six.'],
      ['Four five six.'],
      ['Seven eight nine.'],
      ['Ten.'],
    ]);
    const { audio, starts } = joined([3, 3, 3, 1], RATE_HZ);
    expect(speech.data.equals(audio)).toBe(true);
    expect(speech.requestIds).toHaveLength(4);
    expectWords(speech, words, starts);
  });

  it('gives nothing at all when a part cannot be spoken', async () => {
    const { script } = voices();
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth < 2) return script(peer);
      await peer.next('setup');
      peer.send({ type: 'error', message: 'no credits', code: 1008 });
    });
    const speech = tts(server.url).synthesize(text, { outputFormat: 'pcm_24000', maxCharsPerSession: 18 });
    await expect(speech).rejects.toMatchObject({ apiCode: 1008 });
    expect(server.peers).toHaveLength(3);
  });
});

describe('synthesize of text without white space', () => {
  it('has no pause where it is cut', async () => {
    const { script } = voices();
    await using server = await scriptedServer(script);
    const text = '日本語も話す。今日はいい天気ですね。';
    const speech = await tts(server.url).synthesize(text, {
      outputFormat: 'pcm_24000',
      maxCharsPerSession: 10,
    });
    expect(sent(server)).toEqual([['日本語も話す。'], ['今日はいい天気ですね。']]);
    expect(speech.data.equals(joined([2], RATE_HZ).audio)).toBe(true);
    expect(speech.words.map(({ charStart, charEnd }) => text.slice(charStart, charEnd))).toEqual([
      '日本語も話す',
      '今日はいい天気ですね',
    ]);
  });
});

describe('synthesize of a list', () => {
  it('joins its items by one space', async () => {
    const { script } = voices();
    await using server = await scriptedServer(script);
    const speech = await tts(server.url).synthesize(['Hello,', 'you there.'], { outputFormat: 'pcm_24000' });
    expect(sent(server)).toEqual([['Hello, you there.']]);
    expect(speech.text).toBe('Hello, you there.');
    expectWords(speech, ['Hello,', 'you', 'there.']);
  });

  it('refuses what is no text, and an empty one', async () => {
    const { synthesize } = {
      synthesize: (text: unknown) => tts('http://127.0.0.1:1').synthesize(text as string),
    };
    await expect(synthesize(['a', 5])).rejects.toThrow('text[1] must be a string, got number');
    await expect(synthesize(null)).rejects.toThrow('got null');
    for (const empty of [[], [''], [' ', '\n']])
      await expect(synthesize(empty)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
  });
});

describe('synthesize of text that is still being written', () => {
  it('speaks a sentence while the next is awaited', async () => {
    const { script } = voices({
      onWord: (nth) => nth === 1 && heard(),
    });
    await using server = await scriptedServer(script);
    let heard = () => {};
    const spoken = new Promise<void>((resolve) => {
      heard = resolve;
    });
    async function* written() {
      yield 'Hello the';
      yield 're. ';
      yield 'And';
      await spoken; // never, unless the first sentence is spoken before the second is there
      yield ' you?';
    }
    const speech = await tts(server.url).synthesize(written(), { outputFormat: 'pcm_24000' });
    expect(sent(server)).toEqual([['Hello there.', 'And you?']]);
    expect(speech.text).toBe('Hello there. And you?');
    expectWords(speech, ['Hello', 'there.', 'And', 'you?']);
  });

  it('has the same words, times, places and audio however it was cut', async () => {
    const text =
      'Ça va? “Yes,” he said… 日本語 is 👩‍💻 fun! <break time="1s" /> Good bye, Mr. Smith. And so on, and on. '.repeat(
        3,
      );
    const expected = wordsOf(text);
    let first = 0;
    await using server = await scriptedServer(async (peer) => {
      const at = first;
      await speakWords(peer, { first: at });
      first += peer.of('text').flatMap(({ text: said }) => wordsOf(said as string)).length;
    });
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 60, max: 400 }), async (sizes, maxCharsPerSession) => {
        const cut: string[] = [];
        for (let at = 0, i = 0; at < text.length; i++) {
          const size = Number(sizes[i % sizes.length]);
          cut.push(text.slice(at, at + size));
          at += size;
        }
        first = 0;
        const speech = await tts(server.url).synthesize(pieces(...cut), {
          outputFormat: 'pcm_24000',
          maxCharsPerSession,
        });
        expect(speech.text).toBe(text);
        expect(speech.words.map((word) => word.text)).toEqual(expected);
        const { audio, starts } = spokenBy(server);
        server.peers.length = 0;
        expect(speech.data.equals(audio)).toBe(true);
        for (const [i, word] of speech.words.entries()) {
          expect(word.startS).toBeCloseTo(Number(starts[i]), 6);
          const letters = word.text.replace(/^[^\p{L}\p{N}\p{So}]+|[^\p{L}\p{N}\p{So}]+$/gu, '');
          expect(text.slice(word.charStart, word.charEnd)).toBe(letters);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('passes the source’s own error on, and drops the connection', async () => {
    const failure = new Error('the model is gone');
    async function* written() {
      yield 'Hello there. And';
      throw failure;
    }
    const { script } = voices();
    await using server = await scriptedServer(script);
    await expect(tts(server.url).synthesize(written(), { outputFormat: 'pcm_24000' })).rejects.toBe(failure);
    await Promise.all(server.peers.map((peer) => peer.closed));
  });

  it('lets go of the source when the service fails, and when it is aborted', async () => {
    const controller = new AbortController();
    for (const end of ['error', 'abort'] as const) {
      let returned = () => {};
      const closed = new Promise<void>((resolve) => {
        returned = resolve;
      });
      const source = {
        [Symbol.asyncIterator]: () => ({
          next: () => Promise.resolve({ done: false as const, value: 'Hello there. And you? ' }),
          return: () => {
            returned();
            return Promise.resolve({ done: true as const, value: undefined });
          },
        }),
      };
      await using server = await scriptedServer(async (peer) => {
        await peer.next('text');
        if (end === 'abort') controller.abort('enough');
        else peer.send({ type: 'error', message: 'no', code: 1008 });
      });
      const speech = tts(server.url).synthesize(source, { signal: controller.signal });
      if (end === 'abort') await expect(speech).rejects.toBe('enough');
      else await expect(speech).rejects.toMatchObject({ apiCode: 1008 });
      await closed;
    }
  });

  it('reads no further than the session after this one', async () => {
    let read = 0;
    async function* written() {
      for (; read < 1000; read++) yield 'A sentence of some thirty chars. ';
    }
    let begun = () => {};
    const stalled = new Promise<void>((resolve) => {
      begun = resolve;
    });
    await using server = await scriptedServer(async (peer) => {
      await peer.next('end_of_stream');
      begun();
    });
    const controller = new AbortController();
    const speech = tts(server.url).synthesize(written(), {
      maxCharsPerSession: 300,
      signal: controller.signal,
    });
    speech.catch(() => {});
    await stalled;
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(read).toBeLessThan(20);
    controller.abort();
    await expect(speech).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('speaks a part again though its text came but once', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { script } = voices();
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth > 0) return script(peer);
      await peer.next('end_of_stream');
      peer.ws.terminate();
    });
    const speech = await tts(server.url).synthesize(pieces('Hello the', 're. And you?'), {
      outputFormat: 'pcm_24000',
    });
    expect(sent(server)).toEqual([
      ['Hello there.', 'And you?'],
      ['Hello there.', 'And you?'],
    ]);
    expectWords(speech, ['Hello', 'there.', 'And', 'you?']);
  });

  it.each([0, 1])(
    'connects anew for text that comes after the connection was lost, which is none of %i attempts',
    async (retries) => {
      const { script } = voices();
      let lost = () => {};
      const gone = new Promise<void>((resolve) => {
        lost = resolve;
      });
      await using server = await scriptedServer(async (peer, nth) => {
        if (nth > 0) return script(peer);
        await peer.next('setup');
        peer.send({ type: 'ready' });
        peer.ws.close(1001);
        await peer.closed;
        lost();
      });
      async function* written() {
        await gone;
        for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
        yield 'Hello.';
      }
      const speech = await tts(server.url).synthesize(written(), { outputFormat: 'pcm_24000', retries });
      expectWords(speech, ['Hello.']);
    },
  );

  it('refuses pieces that are no text, and no text at all', async () => {
    const { script } = voices();
    await using server = await scriptedServer(script);
    const { synthesize } = { synthesize: (text: unknown) => tts(server.url).synthesize(text as string) };
    await expect(synthesize(pieces('a', 5 as unknown as string))).rejects.toThrow(
      'a piece of the text must be a string',
    );
    await expect(synthesize(pieces())).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
    await expect(synthesize(pieces(' ', '\n'))).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
  });
});

describe('Speech', () => {
  it.each(WIRE_FORMATS)('gives its samples as integers and as floats at %s', async (outputFormat) => {
    const raw = wireAudio(outputFormat, 'output');
    const tone = Int16Array.from({ length: 4800 }, (_, i) => 8000 * Math.sin(i / 9));
    const bytes =
      raw && raw.encoding !== 's16le' ? Buffer.alloc(640, 0x55) : Buffer.concat([Buffer.from(tone.buffer)]);
    await using server = await scriptedServer(async (peer) => {
      await peer.next('end_of_stream');
      const head = outputFormat === 'wav' ? [audioMessage(wavHeader())] : [];
      peer.send({ type: 'ready' }, ...head, audioMessage(bytes), { type: 'end_of_stream' });
    });
    const client = tts(server.url);
    // Of an iterable Ogg Opus is made here, of samples.
    const speech = await client.synthesize(outputFormat === 'opus' ? pieces('x.') : 'x', { outputFormat });
    const integers = speech.pcm16();
    const floats = speech.pcm();
    expect(integers.length).toBe(Math.round(speech.durationS * speech.sampleRateHz));
    expect(floats.length).toBe(integers.length);
    expect(
      Math.max(...floats.map((value, i) => Math.abs(value * 32768 - Number(integers[i])))),
    ).toBeLessThanOrEqual(1);
    if (raw?.encoding === 's16le' || outputFormat === 'wav') expect(integers).toEqual(tone);
    if (outputFormat === 'wav') expect(readWav(speech.data).samples).toEqual(integers);
    expect(integers).not.toBe(speech.pcm16());
  });
});
