// What listeners, sources and sockets do at the wrong moment. Not here: chance (media-stream-bridge-races.test.ts).
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MediaStreamBridge } from '../../../src/telephony/index.js';
import { ManualClock } from './manual-clock.js';
import { bareCall, called, rawLine, speech } from './media-stream-bridge-call.js';
import { FakeSocket, STREAM_SID } from './simulated-phone.js';

const MARKS = (sent: (string | Buffer)[]): string[] =>
  sent.map((message) => JSON.parse(String(message))).flatMap(({ mark }) => (mark ? [mark.name] : []));

/** Gives nothing until it is closed, and then does that. */
function hanging(close: () => void): AsyncIterable<Buffer> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: () => {
        close();
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
}

describe('MediaStreamBridge', () => {
  it('may be closed by a listener of start', () => {
    const socket = new FakeSocket();
    const bridge = new MediaStreamBridge(socket.webSocket, { clock: new ManualClock() });
    bridge.once('start', () => bridge.close());
    bridge.play([speech(100)]);
    socket.say({ event: 'start', streamSid: STREAM_SID, start: {} });
    expect(socket.closeCode).toBe(1000);
    expect(socket.sent).toEqual([]);
  });

  it('goes on when listeners throw', async () => {
    const socket = new FakeSocket();
    const clock = new ManualClock();
    const bridge = new MediaStreamBridge(socket.webSocket, { clock });
    for (const event of ['start', 'dtmf'] as const) {
      bridge.on(event, () => {
        throw new Error(`a listener of ${event}`);
      });
    }
    bridge.play([speech(100)]);
    const start = () => socket.say({ event: 'start', streamSid: STREAM_SID, start: {} });
    expect(start).toThrow('a listener of start');
    expect(() => socket.say({ event: 'dtmf', dtmf: { digit: '1' } })).toThrow('a listener of dtmf');
    await clock.live(200);
    expect(socket.sent).toHaveLength(6); // five frames and a mark
  });

  it('sends nothing into a socket that is closing', async () => {
    const { clock, socket, bridge, phone } = called();
    phone.call();
    const playback = bridge.play([speech(400)]);
    await clock.live(40);
    const { length } = socket.sent;
    socket.readyState = 2;
    await clock.live(100);
    bridge.clear();
    bridge.play([speech(20)]);
    await clock.live(100);
    expect(socket.sent).toHaveLength(length);
    expect(await playback.done).toMatchObject({ complete: false });
    phone.drop();
    expect(clock.timers).toBe(0);
  });

  it('closes every source, though one throws', async () => {
    const { clock, bridge, phone, events } = called();
    phone.call();
    let closed = 0;
    const playbacks = [
      bridge.play(
        hanging(() => {
          closed++;
          throw new Error('not now');
        }),
      ),
      bridge.play(hanging(() => closed++)),
    ];
    await clock.live(50);
    bridge.clear();
    expect(closed).toBe(2);
    expect((await Promise.all(playbacks.map(({ done }) => done))).map(({ complete }) => complete)).toEqual([
      false,
      false,
    ]);
    expect(events).toHaveLength(1);
  });

  it('may be cleared, closed and played by a source that is being closed', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    bridge.play(
      hanging(() => {
        bridge.clear();
        bridge.play([speech(100)]);
      }),
    );
    const second = bridge.play([speech(500)]);
    await clock.live(60);
    bridge.clear();
    await clock.live(300);
    expect(await second.done).toMatchObject({ durationS: 0 });
    expect(phone.speechHeard).toEqual(speech(100));
    const last = bridge.play(hanging(() => bridge.close()));
    bridge.clear();
    expect(await last.done).toMatchObject({ complete: false });
    phone.drop();
    expect(clock.timers).toBe(0);
  });

  it('stops its timer when a source ends the call behind its last frame', async () => {
    const { clock, bridge } = rawLine();
    await setImmediate();
    const source = new Readable({
      autoDestroy: false,
      read() {
        this.push(speech(40));
        this.push(null);
      },
      destroy: (_error, done) => {
        bridge.close();
        done(null);
      },
    });
    bridge.play(source);
    while (!source.destroyed) await clock.live(5);
    expect(clock.timers).toBe(0);
  });

  it('takes a mark for those before it', async () => {
    const { clock, socket, bridge, phone } = called({ leadMs: 1_000 });
    phone.call();
    socket.onSend = () => {}; // a far end that loses marks
    const first = bridge.play([speech(200)]);
    const second = bridge.play([speech(300)]);
    await clock.live(50);
    const names = MARKS(socket.sent);
    expect(names).toHaveLength(5);
    socket.say({ event: 'mark', streamSid: STREAM_SID, mark: { name: names[3] } });
    expect(await first.done).toMatchObject({ durationS: 0.2, complete: true });
    expect(second.played()).toMatchObject({ durationS: 0.2, complete: false });
    socket.say({ event: 'mark', streamSid: STREAM_SID, mark: { name: names[1] } }); // late, and known
    expect(second.played()).toMatchObject({ durationS: 0.2 });
  });

  it('takes no more than a second of each of many playbacks', async () => {
    const { bridge } = bareCall();
    let taken = 0;
    const source = function* () {
      for (;;) {
        taken += 160;
        yield Buffer.alloc(160, 1);
      }
    };
    for (let i = 0; i < 50; i++) bridge.play(source());
    for (let i = 0; i < 20; i++) await setImmediate();
    expect(taken / 50).toBeLessThan(8_000 + 3_200);
    bridge.close();
  });
});
