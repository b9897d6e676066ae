// A call from both ends, on a clock that the test moves. Not here: what single messages may hold (messages.test.ts).
import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError } from '../../../src/errors.js';
import { MediaStreamBridge } from '../../../src/telephony/index.js';
import { ManualClock } from './manual-clock.js';
import { bytesOf, called, chunksOf, rawLine, speech, word } from './media-stream-bridge-call.js';
import { FakeSocket, STREAM_SID } from './simulated-phone.js';

const MULAW = { encoding: 'mulaw', sampleRateHz: 8_000 } as const;
const raw = (format: object) => ({ protocol: 'raw', format: { ...MULAW, ...format } });

describe('MediaStreamBridge', () => {
  it('tells who calls', () => {
    const { bridge, phone, events } = called();
    expect(bridge.info).toBeUndefined();
    phone.call({ customer: '7' });
    expect(events).toEqual([
      ['start', expect.objectContaining({ streamSid: STREAM_SID, customParameters: { customer: '7' } })],
    ]);
    expect(bridge.info).toBe(events[0]?.[1]);
  });

  it('gives what the caller says, to the hang-up', async () => {
    const { clock, bridge, phone, events } = called();
    phone.speak(speech(100));
    phone.call();
    await clock.live(90);
    phone.hangUp();
    expect(await bytesOf(bridge.inbound)).toEqual(speech(100));
    expect(events.at(-1)).toEqual(['stop']);
  });

  it('keeps the two tracks apart', async () => {
    const { socket, bridge, phone } = called();
    phone.call();
    for (const track of ['inbound', 'outbound']) {
      socket.say({
        event: 'media',
        streamSid: STREAM_SID,
        media: { track, payload: Buffer.from(track).toString('base64') },
      });
    }
    phone.hangUp();
    expect((await bytesOf(bridge.tracks.inbound)).toString().replaceAll('\ufffd', '')).toBe('inbound');
    expect((await bytesOf(bridge.tracks.outbound)).toString()).toBe('outbound');
  });

  it('throws the oldest audio away that nobody reads', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    clock.pass(60_000);
    expect(bridge.inbound.droppedMs).toBeGreaterThan(54_000);
    const droppedMs = bridge.inbound.droppedMs;
    phone.hangUp();
    expect((await bytesOf(bridge.inbound)).length / 8).toBe(60_020 - droppedMs);
  });

  it('passes digits and marks of others on', () => {
    const { socket, phone, events } = called();
    phone.call();
    phone.press('5');
    socket.say({ event: 'mark', streamSid: STREAM_SID, mark: { name: 'theirs' } });
    expect(events.slice(1)).toEqual([
      ['dtmf', '5'],
      ['mark', 'theirs'],
    ]);
  });

  it('fails everything when the connection breaks', async () => {
    const { clock, bridge, phone, events } = called();
    phone.call();
    const playback = bridge.play([speech(500)]);
    await clock.live(100);
    phone.drop();
    const broken = { code: 'ERR_CLOSED_EARLY', closeCode: 1006, phase: 'stream' };
    expect(events.at(-1)).toEqual(['error', expect.objectContaining(broken)]);
    await expect(bytesOf(bridge.inbound)).rejects.toMatchObject(broken);
    await expect(playback.done).rejects.toMatchObject(broken);
    expect(playback.played()).toMatchObject({ complete: false });
    await expect(bridge.play([]).done).rejects.toMatchObject(broken);
  });

  it('fails at what breaks the protocol, and closes', () => {
    const { socket, events } = called();
    socket.say(Buffer.of(1));
    socket.say('nothing is heard any more');
    expect(events).toEqual([['error', expect.any(ConnectionError)]]);
    expect(events[0]?.[1]).toMatchObject({ code: 'ERR_PROTOCOL', phase: 'setup' });
    expect(socket.readyState).toBe(3);
  });

  it('needs no listener for errors', () => {
    const socket = new FakeSocket();
    const bridge = new MediaStreamBridge(socket.webSocket);
    socket.emit('error', new Error('reset'));
    expect(bridge.inbound.errored).toMatchObject({ code: 'ERR_CLOSED_EARLY', cause: { message: 'reset' } });
  });

  it('ends by an abort with its reason, untouched', async () => {
    const controller = new AbortController();
    const { clock, socket, bridge, phone, events } = called({ signal: controller.signal });
    phone.call();
    const playback = bridge.play([speech(500)]);
    await clock.live(40);
    controller.abort('enough');
    expect(events.at(-1)).toEqual(['error', 'enough']);
    await expect(playback.done).rejects.toBe('enough');
    expect(socket.readyState).toBe(3);
  });

  it('ends once by close, with what was heard', async () => {
    const { clock, socket, bridge, phone, events } = called();
    phone.call();
    const source = new PassThrough();
    const playback = bridge.play(source);
    source.write(speech(400));
    await clock.live(300);
    await bridge[Symbol.asyncDispose]();
    bridge.close();
    expect(socket.closeCode).toBe(1000);
    expect(await playback.done).toMatchObject({ durationS: 0.2, complete: false });
    expect(source.destroyed).toBe(true);
    expect(events).toHaveLength(1);
    expect((await bytesOf(bridge.inbound)).length).toBeGreaterThan(0);
  });

  it('fails when the socket was closed before it was made, and tells who listens then', async () => {
    const socket = new FakeSocket();
    socket.close(1001);
    const bridge = new MediaStreamBridge(socket.webSocket, { protocol: 'raw' });
    const [error] = await once(bridge, 'start').catch((error) => [error]);
    expect(error).toMatchObject({ code: 'ERR_CLOSED_EARLY', phase: 'setup' });
    expect(bridge.inbound.errored).toBe(error);
    await expect(bridge.play([]).done).rejects.toBe(error);
  });

  it('tells an abort from before it was made', async () => {
    const socket = new FakeSocket();
    const bridge = new MediaStreamBridge(socket.webSocket, { signal: AbortSignal.abort('enough') });
    const told: unknown[] = [];
    bridge.on('error', (error) => told.push(error));
    await setImmediate();
    expect(told).toEqual(['enough']);
    expect(socket.readyState).toBe(3);
  });

  describe('with a far end that is silent', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
    });
    afterEach(() => {
      vi.useRealTimers();
    });
    const passS = (s: number) => vi.advanceTimersByTime(1_000 * s);

    it('fails where it does not answer a ping', () => {
      const { socket, events } = called();
      passS(21);
      expect(socket.pings).toBe(1);
      expect(events).toEqual([]);
      passS(21);
      expect(events).toEqual([['error', expect.objectContaining({ code: 'ERR_CLOSED_EARLY' })]]);
      expect(socket.readyState).toBe(3);
    });

    it('goes on where it answers, or sends at all', () => {
      const { socket, bridge } = rawLine();
      for (let i = 0; i < 5; i++) {
        passS(21);
        socket.emit('pong');
      }
      const { pings } = socket;
      expect(pings).toBeGreaterThan(2);
      for (let i = 0; i < 10; i++) {
        socket.say('any text');
        passS(9);
      }
      expect(socket.pings).toBe(pings);
      expect(bridge.inbound.errored).toBeNull();
    });

    it('watches no longer when the call is over', () => {
      const { bridge, socket } = called();
      bridge.close();
      expect(vi.getTimerCount()).toBe(0);
      expect(socket.pings).toBe(0);
    });
  });

  const wrong: [string, unknown[], string][] = [
    ['no socket', [undefined], 'TypeError'],
    ['no options', [new FakeSocket(), null], 'TypeError'],
    ['a strange protocol', [new FakeSocket(), { protocol: 'sip' }], 'RangeError'],
    ['a negative lead', [new FakeSocket(), { leadMs: -1 }], 'RangeError'],
    ['a prebuffer that is NaN', [new FakeSocket(), { prebufferMs: Number.NaN }], 'RangeError'],
    ['a lead that is a text', [new FakeSocket(), { leadMs: '5' }], 'TypeError'],
    ['a strange underrun', [new FakeSocket(), { underrun: 'music' }], 'RangeError'],
    ['a signal that is none', [new FakeSocket(), { signal: {} }], 'TypeError'],
    ["a format of Twilio's", [new FakeSocket(), { format: MULAW }], 'TypeError'],
    ['an encoding that no line has', [new FakeSocket(), raw({ encoding: 'f32le' })], 'RangeError'],
    ['no encoding', [new FakeSocket(), raw({ encoding: undefined })], 'TypeError'],
  ];
  it.each(wrong)('refuses %s', (_name, args, type) => {
    const make = () => Reflect.construct(MediaStreamBridge, args);
    expect(make).toThrow(expect.objectContaining({ name: type, code: 'ERR_INVALID_ARG' }));
  });
});

describe('MediaStreamBridge.play', () => {
  it.each([1, 7, 160, 333, 100_000])(
    'sends exact frames without gap or repetition, from chunks of %i',
    async (bytes) => {
      const { clock, bridge, phone } = called();
      phone.call();
      const playback = bridge.play(chunksOf(speech(990), bytes));
      await clock.live(3_000);
      expect(await playback.done).toEqual({ durationS: 1, complete: true, words: [], cutWord: undefined });
      expect(phone.received.every((message) => message.event !== 'media' || message.bytes === 160)).toBe(
        true,
      );
      expect(phone.speechHeard).toEqual(Buffer.concat([speech(990), Buffer.alloc(80, 0xff)]));
      const sounds = phone.heard.map((frame) => frame[0] !== 0xff);
      expect(sounds.lastIndexOf(true) - sounds.indexOf(true) + 1).toBe(50);
    },
  );

  it('leaves leadMs ahead and no further', async () => {
    const { clock, bridge, phone } = called({ leadMs: 100 });
    phone.call();
    bridge.play([speech(2_000)]);
    const beganMs = clock.nowMs();
    await clock.live(1_000);
    const media = phone.received.filter(({ event }) => event === 'media');
    expect(media.map(({ atMs }) => atMs - beganMs).slice(0, 9)).toEqual([5, 5, 5, 5, 5, 5, 25, 45, 65]);
    expect(media.length).toBeLessThanOrEqual(1 + (1_000 + 100) / 20);
  });

  it('waits for the start of the call', async () => {
    const { clock, bridge, phone, socket } = called();
    const playback = bridge.play([speech(100)]);
    await clock.live(100);
    expect(socket.sent).toEqual([]);
    phone.call();
    await clock.live(500);
    expect(await playback.done).toMatchObject({ complete: true });
    expect(phone.speechHeard).toEqual(speech(100));
  });

  it('closes what comes when the caller has hung up', async () => {
    const { clock, bridge, phone, socket } = called();
    phone.call();
    phone.hangUp();
    const { length } = socket.sent;
    const source = new PassThrough();
    source.write(speech(400));
    const nothing = { durationS: 0, complete: false, words: [], cutWord: undefined };
    expect(await bridge.play(source).done).toEqual(nothing);
    expect(await bridge.play([speech(100)]).done).toEqual(nothing);
    expect(source.destroyed).toBe(true);
    await clock.live(100);
    expect(socket.sent).toHaveLength(length);
    expect(clock.timers).toBe(0);
  });

  it('plays one thing behind the other', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    const first = bridge.play([speech(300)]);
    const nothing = bridge.play([]);
    const last = bridge.play([speech(200).reverse()]);
    await clock.live(1_000);
    expect(phone.speechHeard).toEqual(Buffer.concat([speech(300), speech(200).reverse()]));
    expect(
      (await Promise.all([first, nothing, last].map(({ done }) => done))).map(({ durationS }) => durationS),
    ).toEqual([0.3, 0, 0.2]);
  });

  it('hears the words whose end was played, by marks', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    const words = [word('one', 0, 0.2), word('two', 0.25, 0.42), word('three', 0.45, 0.8)];
    const playback = bridge.play([speech(800)], { words });
    await clock.live(520);
    expect(playback.played()).toEqual({
      durationS: 0.5,
      complete: false,
      words: words.slice(0, 2),
      cutWord: words[2],
    });
    await clock.live(500);
    expect(await playback.done).toEqual({ durationS: 0.8, complete: true, words, cutWord: undefined });
  });

  it('waits for a prebuffer that is longer than what is taken of a source otherwise', async () => {
    const { clock, bridge, phone } = called({ prebufferMs: 2_000 });
    phone.call();
    const playback = bridge.play(chunksOf(speech(4_000), 160));
    await clock.live(4_500);
    expect(playback.played()).toMatchObject({ durationS: 4, complete: true });
    expect(phone.speechHeard).toEqual(speech(4_000));
  });

  it('plays and is cleared though its words are none', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    const source = new PassThrough();
    const playbacks = [bridge.play(source), bridge.play([speech(100)])];
    source.write(speech(400));
    for (const strange of [undefined, null, 'hello', { text: 'hello' }, word('one', 0, 0.1)]) {
      source.emit('word', strange);
    }
    await clock.live(300);
    bridge.clear();
    const played = await Promise.all(playbacks.map(({ done }) => done));
    expect(played[0]?.words).toEqual([word('one', 0, 0.1)]);
    expect(played[1]).toMatchObject({ durationS: 0, complete: false });
  });

  it('remembers no more than five minutes of marks that nobody answers', async () => {
    const { clock, socket, bridge, phone } = called();
    phone.call();
    const marks: string[] = [];
    socket.onSend = (message) => {
      const { mark } = JSON.parse(String(message));
      if (mark) marks.push(mark.name);
    };
    const playback = bridge.play([Buffer.alloc(8 * 360_000, 1)]);
    const next = bridge.play([speech(200)]);
    await clock.live(365_000);
    expect(marks).toHaveLength(3_000 + 1 + 1); // of the second the only one is its last
    for (const name of marks.splice(0)) socket.say({ event: 'mark', mark: { name } });
    expect(await playback.done).toMatchObject({ durationS: 360, complete: true });
    expect(await next.done).toMatchObject({ durationS: 0.2, complete: true });
    bridge.play([speech(200)]);
    await clock.live(400);
    expect(marks).toHaveLength(2);
  });

  it('takes the words that a stream tells', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    const source = new PassThrough();
    const playback = bridge.play(source);
    source.emit('word', word('hello', 0, 0.1));
    source.end(speech(200));
    await clock.live(600);
    expect((await playback.done).words).toEqual([word('hello', 0, 0.1)]);
    expect(source.listenerCount('word')).toBe(0);
  });

  it('asks a source for no more than it can send', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    let pulled = 0;
    bridge.play(
      (function* () {
        for (;;) {
          pulled++;
          yield speech(20);
        }
      })(),
    );
    await clock.live(2_000);
    expect(pulled).toBeGreaterThan(100);
    expect(pulled).toBeLessThan(200);
  });

  it('goes on where a slow source does', async () => {
    const { clock, bridge, phone } = called({ leadMs: 40, prebufferMs: 40 });
    phone.call();
    const source = new PassThrough();
    const playback = bridge.play(source);
    source.write(speech(200));
    await clock.live(1_000);
    expect(playback.played()).toMatchObject({ durationS: 0.2, complete: false });
    source.end(speech(200).reverse());
    await clock.live(400);
    expect(await playback.done).toMatchObject({ durationS: 0.4, complete: true });
    expect(phone.speechHeard).toEqual(Buffer.concat([speech(200), speech(200).reverse()]));
  });

  it('fails with its source, and the call goes on', async () => {
    const { clock, bridge, phone, events } = called();
    phone.call();
    const source = new PassThrough();
    const bad = bridge.play(source);
    const strange = bridge.play(['text'] as unknown as Uint8Array[]);
    const good = bridge.play([speech(100)]);
    source.write(speech(40));
    source.destroy(new Error('no voice'));
    await clock.live(400);
    await expect(bad.done).rejects.toThrow('no voice');
    await expect(strange.done).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
    expect(await good.done).toMatchObject({ complete: true });
    expect(events).toHaveLength(1);
  });

  it('waits while the socket takes nothing', async () => {
    const { clock, socket, bridge, phone } = called();
    phone.call();
    const playback = bridge.play([speech(400)]);
    await clock.live(50);
    socket.bufferedAmount = 100_000;
    const sent = socket.sent.length;
    await clock.live(2_000);
    expect(socket.sent).toHaveLength(sent);
    socket.bufferedAmount = 0;
    await clock.live(1_000);
    expect(await playback.done).toMatchObject({ complete: true });
    expect(phone.speechHeard).toEqual(speech(400));
  });

  const strange: [string, unknown, unknown][] = [
    ['nothing', undefined, {}],
    ['bytes that are no list of bytes', speech(20), {}],
    ['words that are no list', [], { words: 'one' }],
  ];
  it.each(strange)('refuses %s', (_name, source, options) => {
    const { bridge } = called();
    expect(() => Reflect.apply(bridge.play, bridge, [source, options])).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG' }),
    );
  });
});

describe('MediaStreamBridge.clear', () => {
  it('cuts what is said, drops late audio, and knows what was heard', async () => {
    const { clock, bridge, phone, events } = called({ leadMs: 400 });
    phone.call();
    const source = new PassThrough();
    const words = [word('one', 0, 0.2), word('two', 0.25, 0.6)];
    const playback = bridge.play(source, { words });
    source.write(speech(1_000));
    await clock.live(330);
    bridge.clear();
    const heard = phone.speechHeard.length;
    await clock.live(500);
    expect(await playback.done).toEqual({
      durationS: 0.3,
      complete: false,
      words: words.slice(0, 1),
      cutWord: words[1],
    });
    expect(source.destroyed).toBe(true);
    expect(phone.speechHeard).toHaveLength(heard);
    expect(phone.count('clear')).toBe(1);
    // The marks that came back by the clear are ours, and say nothing.
    expect(events).toHaveLength(1);
    expect(playback.played()).toMatchObject({ durationS: 0.3 });
  });

  it('drops what a generator gives afterwards, and closes it', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    const gate = new EventEmitter();
    let closed = false;
    const playback = bridge.play(
      (async function* () {
        try {
          await once(gate, 'open');
          yield speech(100);
          yield speech(100);
        } finally {
          closed = true;
        }
      })(),
    );
    await clock.live(100);
    bridge.clear();
    gate.emit('open');
    await clock.live(300);
    expect(closed).toBe(true);
    expect(phone.speechHeard).toHaveLength(0);
    expect(await playback.done).toMatchObject({ durationS: 0, complete: false });
  });

  it('lets the next thing sound at once', async () => {
    const { clock, bridge, phone } = called({ leadMs: 1_000 });
    phone.call();
    bridge.play([speech(3_000)]);
    await clock.live(500);
    bridge.clear();
    const before = phone.heard.length;
    const sent = phone.count('media');
    const next = bridge.play([speech(200).reverse()]);
    await clock.live(10);
    expect(phone.count('media') - sent).toBe(10); // all of it is ahead again
    await clock.live(230);
    expect(await next.done).toMatchObject({ complete: true });
    expect(Buffer.concat(phone.heard.slice(before)).includes(speech(200).reverse())).toBe(true);
  });

  it('is nothing after the end', () => {
    const { bridge, phone } = called();
    phone.call();
    phone.hangUp();
    bridge.clear();
    expect(phone.count('clear')).toBe(0);
  });
});

describe('Playback.stop', () => {
  it('leaves the others alone', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    const first = bridge.play([speech(600)]);
    const second = bridge.play([speech(600)]);
    const third = bridge.play([speech(200).reverse()]);
    await clock.live(300);
    second.stop();
    expect(phone.count('clear')).toBe(0);
    first.stop();
    first.stop();
    expect(phone.count('clear')).toBe(1);
    await clock.live(600);
    expect((await first.done).durationS).toBeGreaterThan(0.1);
    expect(await second.done).toMatchObject({ durationS: 0, complete: false });
    expect(await third.done).toMatchObject({ durationS: 0.2, complete: true });
  });

  it('takes nothing back of what follows one that is stuck', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    const source = new PassThrough();
    const slow = bridge.play(source);
    source.write(speech(200));
    await clock.live(600);
    const next = bridge.play([speech(400).reverse()]);
    await clock.live(50);
    slow.stop();
    await clock.live(800);
    expect(await slow.done).toMatchObject({ durationS: 0.2, complete: false });
    expect(await next.done).toMatchObject({ durationS: 0.4, complete: true });
    expect(phone.speechHeard).toEqual(Buffer.concat([speech(200), speech(400).reverse()]));
  });

  it('lets be heard what other audio is behind', async () => {
    const { clock, bridge, phone } = called({ leadMs: 1_000 });
    phone.call();
    const first = bridge.play([speech(300)]);
    const second = bridge.play([speech(300).reverse()]);
    await clock.live(100);
    first.stop();
    await clock.live(800);
    expect(await first.done).toMatchObject({ complete: true });
    expect(await second.done).toMatchObject({ complete: true });
    expect(phone.count('clear')).toBe(0);
  });
});

describe('MediaStreamBridge raw', () => {
  it('hears binary messages of any size and leaves text alone', async () => {
    const { socket, bridge } = rawLine();
    const started = once(bridge, 'start');
    socket.say(speech(33));
    socket.say('{"event":"websocket:connected"}');
    socket.say(speech(1));
    await started;
    socket.close(1000);
    expect(await bytesOf(bridge.inbound)).toEqual(Buffer.concat([speech(33), speech(1)]));
  });

  it('sends silence where there is nothing to say, and frames on time', async () => {
    const { clock, bridge, frames } = rawLine();
    await setImmediate();
    await clock.live(100);
    const playback = bridge.play([speech(110)]);
    await clock.live(300);
    expect(await playback.done).toMatchObject({ durationS: 0.12, complete: true });
    expect(frames.every(({ atMs, frame }, i) => atMs === 20 * i && frame.length === 160)).toBe(true);
    const sounding = frames.filter(({ frame }) => frame[0] !== 0xff).map(({ frame }) => frame);
    expect(Buffer.concat(sounding)).toEqual(Buffer.concat([speech(110), Buffer.alloc(80, 0xff)]));
    expect(frames.length).toBe(21);
  });

  it('counts as heard what was sent', async () => {
    const { clock, bridge, frames } = rawLine({ underrun: 'nothing' });
    await setImmediate();
    const playback = bridge.play([speech(1_000)]);
    await clock.live(145);
    bridge.clear();
    const { length } = frames;
    await clock.live(200);
    expect(frames).toHaveLength(length);
    expect((await playback.done).durationS).toBeCloseTo(length * 0.02, 9);
  });

  it('waits for a socket that is opening', async () => {
    const socket = new FakeSocket();
    socket.readyState = 0;
    const bridge = new MediaStreamBridge(socket.webSocket, { protocol: 'raw', clock: new ManualClock() });
    await setImmediate();
    expect(socket.sent).toHaveLength(0);
    socket.readyState = 1;
    socket.emit('open');
    expect(bridge.info).toMatchObject({ tracks: ['inbound'] });
    expect(socket.sent).toHaveLength(1);
  });

  it('fails where the line drops', () => {
    const { socket, bridge } = rawLine();
    socket.close(1006);
    expect(bridge.inbound.errored).toMatchObject({ code: 'ERR_CLOSED_EARLY', closeCode: 1006 });
  });
});
