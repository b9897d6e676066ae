import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { OggOpusEncoder, writeWav } from '../../../src/audio/index.js';
import { Gradium, type S2sStream, type S2sStreamOptions, type Word } from '../../../src/gradium/index.js';
import { type Peer, scriptedServer } from '../../speech/scripted-server.js';
import { audio, politeS2s, S2S_READY, word } from './s2s-server.js';

const MULAW: S2sStreamOptions = {
  format: { encoding: 'mulaw', sampleRateHz: 8000 },
  targetLanguage: 'fr',
  pace: 0,
  tailSilenceS: 0,
};
/** 80 ms of 8 kHz µ-law, and of what comes back. */
const oneStep = Buffer.alloc(640, 0x55);
const frame = Buffer.alloc(3840, 3);

const open = (url: string, options: Partial<S2sStreamOptions> = {}, sessionLimitS = 300) =>
  new Gradium({ apiKey: 'gd_secret', baseUrl: url, sessionLimitS }).s2s.stream({ ...MULAW, ...options });

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** What came, and how it ended. */
async function outcome(stream: S2sStream): Promise<{ data: Buffer; error: unknown }> {
  const parts: Buffer[] = [];
  try {
    for await (const part of stream) parts.push(part);
    return { data: Buffer.concat(parts), error: undefined };
  } catch (error) {
    return { data: Buffer.concat(parts), error };
  }
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('S2sStream', () => {
  it('takes bytes and gives bytes, and tells of ready and words', async () => {
    await using server = await scriptedServer((peer) =>
      politeS2s(peer, word('Bon', 0, 0.08), audio(frame), word('jour', 0.08, 0.16), audio(frame, 0.08)),
    );
    const stream = open(server.url);
    const told: unknown[] = [];
    stream.on('ready', (ready) => told.push(ready));
    stream.on('word', (spoken: Word) => told.push(spoken));
    stream.write(oneStep.subarray(0, 99));
    stream.write(oneStep.subarray(99));
    stream.end(oneStep);
    const { data, error } = await outcome(stream);
    expect(error).toBeUndefined();
    expect(data.equals(Buffer.concat([frame, frame]))).toBe(true);
    expect(told).toEqual([
      { requestId: 'req-1', model: 'scripted', sampleRateHz: 48_000, frameSize: 3840 },
      { text: 'Bon', startS: 0, stopS: 0.08, streamId: 0 },
      { text: 'jour', startS: 0.08, stopS: 0.16, streamId: 0 },
    ]);
    const [peer] = server.peers;
    expect(peer?.audio.equals(Buffer.alloc(1280, 0x55))).toBe(true);
    expect(peer?.received[0]).toMatchObject({ input_format: 'ulaw_8000', output_format: 'pcm_24000' });
    expect(stream.requestId).toBe('req-1');
    expect((await peer?.closed)?.code).toBe(1000);
  });

  it('sends audio as it comes, before ready and before the end', async () => {
    let heard: Promise<unknown> | undefined;
    await using server = await scriptedServer((peer) => {
      heard = peer.next('audio');
    });
    const stream = open(server.url, { pace: 1 });
    stream.write(oneStep);
    while (!heard) await turns(1);
    expect(await heard).toBeDefined();
    stream.destroy();
  });

  it('goes no faster than it sounds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(S2S_READY);
    });
    const stream = open(server.url, { pace: 1, tailSilenceS: 2 });
    stream.end(Buffer.alloc(80_000, 0x55));
    while ((server.peers[0]?.of('audio').length ?? 0) < 6) await turns(1);
    await turns(20);
    // 0.4 s ahead of time, and the one whose time it is.
    expect(server.peers[0]?.of('audio')).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(5_000);
    while ((server.peers[0]?.of('audio').length ?? 0) < 68) await turns(1);
    await turns(20);
    expect(server.peers[0]?.of('audio')).toHaveLength(68);
    expect(server.peers[0]?.of('end_of_stream')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(7_000);
    while (!server.peers[0]?.of('end_of_stream').length) await turns(1);
    // 10 s, and 2 s of silence behind them.
    expect(server.peers[0]?.audio.length).toBe(12 * 8000);
    stream.destroy();
  });

  it('gives a WAV one header, without sizes', async () => {
    const wav = Buffer.from(writeWav(new Int16Array(1920), { sampleRateHz: 48_000 }));
    await using server = await scriptedServer((peer) => politeS2s(peer, audio(wav), audio(frame)));
    const stream = open(server.url, { outputFormat: 'wav' });
    stream.end(oneStep);
    const { data } = await outcome(stream);
    expect(data.length).toBe(44 + 3840 + 3840);
    expect([data.readUInt32LE(4), data.readUInt32LE(40)]).toEqual([0xffff_ffff, 0xffff_ffff]);
  });

  it('says nothing of nothing', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    const stream = open(server.url, { tailSilenceS: 2 });
    stream.end();
    expect(await outcome(stream)).toEqual({ data: Buffer.alloc(0), error: undefined });
    expect(server.peers[0]?.of('audio')).toHaveLength(0);
  });

  it('fails on a container that is none, and on none at all', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    for (const container of ['wav', 'ogg'] as const) {
      for (const bytes of [Buffer.alloc(20_000, 1), Buffer.alloc(0)]) {
        const stream = open(server.url, { format: { container } });
        stream.end(bytes);
        expect((await outcome(stream)).error).toMatchObject({
          name: expect.stringMatching(/FormatError|UnsupportedError/),
        });
      }
    }
    expect(server.peers).toHaveLength(0);
  });

  it('refuses bad options at once, and text when it is written', async () => {
    expect(() => open('http://127.0.0.1:9', { targetLanguage: 'xx' })).toThrow(RangeError);
    expect(() => open('http://127.0.0.1:9', { format: { encoding: 'x' } as never })).toThrow(RangeError);
    expect(() => new Gradium({ apiKey: 'k' }).s2s.stream(undefined as never)).toThrow(TypeError);
    await using server = await scriptedServer((peer) => politeS2s(peer));
    const stream = open(server.url);
    stream.write('text');
    expect((await outcome(stream)).error).toMatchObject({ code: 'ERR_INVALID_ARG' });
  });

  it('reports a second end as Node does, and ends once', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer, audio(frame)));
    const stream = open(server.url);
    stream.end(oneStep);
    stream.end();
    expect((await outcome(stream)).data.equals(frame)).toBe(true);
    expect(server.peers[0]?.of('end_of_stream')).toHaveLength(1);
  });

  it('holds a writer back: before ready no more than a minute is under way', async () => {
    await using server = await scriptedServer(() => {});
    const stream = open(server.url);
    const second = Buffer.alloc(8000, 0x55);
    let written = 0;
    for (let still = 0; still < 100; still++) {
      if (!stream.writableNeedDrain) {
        stream.write(second);
        written++;
        still = 0;
      }
      await turns(1);
    }
    expect(written).toBeGreaterThan(59);
    expect(written).toBeLessThan(75);
    stream.destroy();
  });

  it('holds a writer back while the pace does', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(S2S_READY);
    });
    const stream = open(server.url, { pace: 1 });
    await once(stream, 'ready');
    stream.write(Buffer.alloc(16_000));
    expect(stream.write(Buffer.alloc(16_000))).toBe(false);
    await turns(20);
    expect(stream.writableNeedDrain).toBe(true);
    stream.destroy();
  });

  it('stops reading the socket while nobody reads the stream', async () => {
    const many = 3_000;
    let sent = 0;
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(S2S_READY);
      await peer.next('end_of_stream');
      const more = () => {
        if (sent++ < many) peer.ws.send(JSON.stringify(audio(frame)), more);
        else peer.send({ type: 'end_of_stream' });
      };
      more();
    });
    const stream = open(server.url);
    stream.end(oneStep);
    await once(stream, 'ready');
    let [seen, still] = [-1, 0];
    while (still < 50) {
      await turns(1);
      still = seen === sent ? still + 1 : 0;
      seen = sent;
    }
    expect(sent).toBeLessThan(many);
    expect(stream.readableLength).toBeLessThan(frame.length * 200);
    expect((await outcome(stream)).data.length).toBe(many * frame.length);
  });

  it('closes the connection when a loop is left, when it is destroyed, when it is disposed of', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(S2S_READY);
      await peer.next('audio');
      peer.send(audio(frame));
    });
    const left = open(server.url);
    left.write(oneStep);
    for await (const _part of left) break;
    open(server.url).destroy();
    const destroyed = open(server.url);
    destroyed.write(oneStep);
    await once(destroyed, 'ready');
    destroyed.destroy();
    await expect(finished(destroyed)).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    {
      await using disposed = open(server.url);
      disposed.write(oneStep);
      await once(disposed, 'ready');
    }
    for (const peer of server.peers) expect((await peer.closed).code).toBe(1006);
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    await using server = await scriptedServer(async (peer) => {
      await peer.next('audio');
      controller.abort(reason);
    });
    const stream = open(server.url, { signal: controller.signal, pace: 1 });
    stream.write(oneStep);
    expect((await outcome(stream)).error).toBe(reason);
    expect((await outcome(open(server.url, { signal: controller.signal }))).error).toBe(reason);
    expect(server.peers).toHaveLength(1);
  });

  it('does not crash where nobody listens', async () => {
    await using server = await scriptedServer((peer) => peer.ws.terminate());
    const stream = open(server.url, { retries: 0 });
    while (!stream.closed) await turns(1);
    expect(stream.errored).toMatchObject({ code: 'ERR_CLOSED_EARLY' });
    await expect(pipeline(stream, new PassThrough())).rejects.toBeInstanceOf(Error);
  });

  it('gives up after its total deadline', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    const stream = open(server.url, { deadlines: { totalMs: 20 } });
    expect((await outcome(stream)).error).toMatchObject({ name: 'TimeoutError', phase: 'total' });
  });
});

describe('S2sStream failing', () => {
  const dropping: [string, (peer: Peer) => unknown][] = [
    ['on connect', (peer) => peer.ws.terminate()],
    [
      'in setup',
      async (peer) => {
        await peer.next('setup');
        peer.ws.terminate();
      },
    ],
    [
      'before any audio',
      async (peer) => {
        await peer.next('setup');
        peer.send(S2S_READY);
        await peer.next('end_of_stream');
        peer.ws.terminate();
      },
    ],
  ];

  it.each(dropping)('is tried again after a drop %s, with all that was written', async (_phase, drop) => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await using server = await scriptedServer((peer, nth) =>
      nth === 0 ? drop(peer) : politeS2s(peer, audio(frame)),
    );
    const stream = open(server.url, { tailSilenceS: 0.08 });
    stream.write(oneStep);
    stream.end(oneStep);
    const { data, error } = await outcome(stream);
    expect(error).toBeUndefined();
    expect(data.equals(frame)).toBe(true);
    expect(server.peers).toHaveLength(2);
    const sent = [Buffer.alloc(1280, 0x55), Buffer.alloc(640, 0xff)];
    expect(server.peers[1]?.audio.equals(Buffer.concat(sent))).toBe(true);
  });

  it('is tried again while it is written to', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth > 0) return await politeS2s(peer, audio(frame));
      await peer.next('audio');
      peer.ws.terminate();
    });
    const stream = open(server.url);
    stream.write(oneStep);
    await server.peers[0]?.closed;
    for (let i = 0; i < 20; i++) {
      await turns(1);
      stream.write(oneStep);
    }
    stream.end();
    expect((await outcome(stream)).error).toBeUndefined();
    expect(server.peers[1]?.audio.length).toBe(21 * 640);
  });

  it('leaves no timer behind when it is destroyed before a new attempt', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('audio');
      peer.ws.terminate();
    });
    const stream = open(server.url, { deadlines: { pingMs: 0 } });
    stream.write(oneStep);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    while (server.peers.length === 0) await turns(1);
    await server.peers[0]?.closed;
    await turns(30);
    expect(vi.getTimerCount()).toBe(1); // of the wait
    stream.destroy();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('fails when its connection is gone by the time of a new attempt', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await using server = await scriptedServer(async (peer) => {
      await peer.next('audio');
      peer.ws.terminate();
    });
    const connection = new Gradium({ apiKey: 'gd_secret', baseUrl: server.url }).connect();
    const stream = connection.s2s.stream(MULAW);
    stream.write(oneStep);
    while (server.peers.length === 0) await turns(1);
    await server.peers[0]?.closed;
    await turns(30);
    connection.destroy();
    expect((await outcome(stream)).error).toMatchObject({ code: 'ERR_CLOSED' });
  });

  it.each([
    ['audio', audio(frame)],
    ['a word', word('Bon', 0, 0.08)],
  ])('is not tried again once there was %s', async (_what, said) => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(S2S_READY, said);
      await peer.next('audio');
      peer.ws.terminate();
    });
    const stream = open(server.url);
    stream.write(oneStep);
    const { error } = await outcome(stream);
    expect(error).toMatchObject({ code: 'ERR_CLOSED_EARLY', requestId: 'req-1' });
    expect(server.peers).toHaveLength(1);
  });

  it('is not tried again after more than half a minute', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(S2S_READY);
      for (let i = 0; i < 380; i++) await peer.next('audio');
      peer.ws.terminate();
    });
    const stream = open(server.url);
    for (let i = 0; i < 31; i++) stream.write(Buffer.alloc(8000, 0x55));
    expect((await outcome(stream)).error).toMatchObject({ code: 'ERR_CLOSED_EARLY' });
    expect(server.peers).toHaveLength(1);
  });

  it('is not tried again more often than it was told to, nor for what does not pass', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await using server = await scriptedServer((peer) => peer.ws.terminate());
    const stream = open(server.url, { retries: 1 });
    expect((await outcome(stream)).error).toMatchObject({ code: 'ERR_CLOSED_EARLY' });
    expect(server.peers).toHaveLength(2);
    await using strict = await scriptedServer((peer) =>
      peer.send({ type: 'error', message: 'no such voice', code: 1008 }),
    );
    expect((await outcome(open(strict.url))).error).toMatchObject({ apiCode: 1008 });
    expect(strict.peers).toHaveLength(1);
  });

  it.each([
    ['audio that is not base64', [{ type: 'audio', audio: 'A$$$' }]],
    ['words without a sound', [word('w', 0, 1)]],
    ['half a sample', [audio(Buffer.alloc(3))]],
    ['a second ready', [S2S_READY]],
  ])('calls %s ERR_PROTOCOL', async (_name, says) => {
    await using server = await scriptedServer((peer) => politeS2s(peer, ...says));
    const stream = open(server.url, { retries: 0 });
    stream.end(oneStep);
    expect((await outcome(stream)).error).toMatchObject({ code: 'ERR_PROTOCOL' });
  });

  it('passes on what a listener throws', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer, word('w', 0, 0.08), audio(frame)));
    const stream = open(server.url);
    const reason = new Error('mine');
    stream.on('word', () => {
      throw reason;
    });
    stream.end(oneStep);
    expect((await outcome(stream)).error).toBe(reason);
  });
});

describe('S2sStream of more than a session takes', () => {
  /** 10 s, of which 9 are for audio. */
  const LIMIT_S = 10;
  const says = (text: string) => [word(text, 0, 0.08), audio(frame)];

  it('is heard in order, though the next session answers first', async () => {
    let answered = () => {};
    const second = new Promise<void>((resolve) => {
      answered = resolve;
    });
    await using server = await scriptedServer(async (peer, nth) => {
      await peer.next('setup');
      peer.send(S2S_READY);
      await peer.next('end_of_stream');
      if (nth === 0) await second;
      peer.send(...says(`w${nth}`), { type: 'end_of_stream' });
      if (nth === 1) answered();
    });
    const stream = open(server.url, {}, LIMIT_S);
    const words: Word[] = [];
    stream.on('word', (spoken) => words.push(spoken));
    stream.end(Buffer.alloc(12 * 8000, 0x55));
    const { data, error } = await outcome(stream);
    expect(error).toBeUndefined();
    expect(words.map(({ text, startS }) => [text, startS])).toEqual([
      ['w0', 0],
      ['w1', 0.16],
    ]);
    // A step of silence lies between them.
    expect(data.equals(Buffer.concat([frame, Buffer.alloc(3840), frame]))).toBe(true);
    expect(server.peers.map((peer) => peer.audio.length)).toEqual([9 * 8000 + 320, 3 * 8000 - 320]);
  });

  it.each(['sockets of their own', 'one socket'])(
    'holds a writer back while much waits for its turn, on %s',
    async (ways) => {
      const said = Buffer.alloc(16 * 1024);
      await using server = await scriptedServer(async (peer) => {
        for (;;) {
          const message = await peer.nextOf('setup', 'audio', 'end_of_stream');
          if (!message) return;
          const { client_req_id } = message;
          const says = (answer: object) => peer.send({ ...answer, client_req_id });
          if (message.type === 'setup') says(S2S_READY);
          else if (message.type === 'audio') says(audio(said));
          else says({ type: 'end_of_stream' });
        }
      });
      const client = new Gradium({ apiKey: 'gd_secret', baseUrl: server.url, sessionLimitS: LIMIT_S });
      const { s2s } = ways === 'one socket' ? client.connect({ sockets: 1 }) : client;
      const stream = s2s.stream(MULAW);
      const seconds = 60;
      let written = 0;
      for (let i = 0; i < seconds; i++) {
        stream.write(Buffer.alloc(8000, 0x55), () => written++);
        await turns(10);
      }
      let [seen, still] = [-1, 0];
      while (still < 50) {
        await turns(1);
        still = seen === written ? still + 1 : 0;
        seen = written;
      }
      expect(written).toBeLessThan(seconds / 2);
      stream.end();
      const { data, error } = await outcome(stream);
      expect(error).toBeUndefined();
      expect(written).toBe(seconds);
      expect(data.length).toBeGreaterThan(12 * seconds * said.length);
    },
  );

  it('keeps no encoder of a session that has ended', async () => {
    const closed = vi.spyOn(OggOpusEncoder.prototype, 'close');
    await using server = await scriptedServer((peer) => politeS2s(peer, ...says('w')));
    const stream = open(server.url, { wire: 'opus' }, LIMIT_S);
    stream.write(Buffer.alloc(12 * 8000, 0x55));
    await once(stream, 'word');
    await server.peers[0]?.closed;
    expect(closed).toHaveBeenCalledTimes(1);
    stream.destroy();
  });

  it('fails as a whole when one of its sessions does', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth === 0) return await politeS2s(peer, ...says('w'));
      await peer.next('setup');
      peer.send({ type: 'error', message: 'no credits', code: 1008 });
    });
    const stream = open(server.url, {}, LIMIT_S);
    stream.end(Buffer.alloc(12 * 8000, 0x55));
    expect((await outcome(stream)).error).toMatchObject({ apiCode: 1008 });
    for (const peer of server.peers) await peer.closed;
  });
});
