// What comes in: its place in time, its two sides; and how it goes to the speech service, and voices come from there. Not here:
// other sources (media-stream-bridge-formats.test.ts).
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gradium, type Sandbox, startSandbox } from '../../../src/index.js';
import type { TrackStream } from '../../../src/telephony/index.js';
import { bareCall, bytesOf, called, speech } from './media-stream-bridge-call.js';

const MULAW = { encoding: 'mulaw', sampleRateHz: 8_000 } as const;
const FRAME = Buffer.alloc(160, 0x11);
const silence = (ms: number): Buffer => Buffer.alloc(8 * ms, 0xff);

describe('TrackStream times', () => {
  it('fills what the service left out', async () => {
    const { bridge, media, hangUp } = bareCall();
    media('inbound', FRAME, '0');
    media('inbound', FRAME, '20');
    media('inbound', FRAME, '3040'); // 3 s of silence were left out
    media('inbound', FRAME, 3060);
    hangUp();
    expect(await bytesOf(bridge.inbound)).toEqual(
      Buffer.concat([FRAME, FRAME, silence(3_000), FRAME, FRAME]),
    );
    expect(bridge.inbound).toMatchObject({ filledMs: 3_000, droppedMs: 0 });
  });

  it('leaves jitter alone, and makes up for what adds up', async () => {
    const { bridge, media, hangUp } = bareCall();
    for (const atMs of [0, 35, 41, 99, 80]) media('inbound', FRAME, atMs);
    expect(bridge.inbound.filledMs).toBe(0);
    for (const atMs of [140, 180, 220]) media('inbound', FRAME, atMs); // every other packet is lost
    expect(bridge.inbound.filledMs).toBe(0);
    media('inbound', FRAME, 260);
    expect(bridge.inbound.filledMs).toBe(100);
    hangUp();
    expect((await bytesOf(bridge.inbound)).length).toBe(8 * 280);
  });

  it('is at most 0.1 s off, whatever is lost', async () => {
    const frames = fc.array(fc.boolean(), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(frames, async (arrived) => {
        const { bridge, media, hangUp } = bareCall();
        arrived.forEach((isThere, i) => {
          if (isThere) media('inbound', Buffer.alloc(160, i % 200), 20 * i);
        });
        hangUp();
        const bytes = await bytesOf(bridge.inbound);
        const order = arrived.flatMap((isThere, i) => (isThere ? [i] : []));
        let at = 0;
        for (const i of order) {
          at = bytes.indexOf(Buffer.alloc(160, i % 200), at);
          expect(at).toBeGreaterThanOrEqual(0);
          expect(Math.abs(at / 8 - 20 * i)).toBeLessThanOrEqual(100);
          at += 160;
        }
      }),
      { seed: 7, numRuns: 30 },
    );
  });

  it('begins anew where the clock is another one', async () => {
    const { bridge, media, hangUp } = bareCall();
    const epochMs = 1_700_000_000_000;
    media('inbound', FRAME, epochMs);
    media('inbound', FRAME, epochMs + 20);
    media('inbound', FRAME, epochMs + 240);
    media('inbound', FRAME, 5);
    media('inbound', FRAME, 'soon');
    hangUp();
    expect(bridge.inbound.filledMs).toBe(200);
    expect((await bytesOf(bridge.inbound)).length).toBe(8 * 300);
  });

  it('begins anew where the clock was put back', async () => {
    const { bridge, media, hangUp } = bareCall();
    media('inbound', FRAME, 0);
    media('inbound', FRAME, 30_000);
    media('inbound', FRAME, 90_000);
    media('inbound', FRAME, 0);
    media('inbound', FRAME, 1_020);
    hangUp();
    expect(bridge.inbound.filledMs).toBe(29_980 + 59_980 + 1_000);
    expect((await bytesOf(bridge.inbound)).length).toBe(8 * (90_020 + 1_000 + 2 * 20));
  });

  it('loses no part of a millisecond', () => {
    const { bridge, media } = bareCall();
    for (let i = 0; i < 1_000; i++) media('inbound', FRAME, 200.9 * i);
    expect(bridge.inbound.filledMs).toBeGreaterThan(180.9 * 999 - 1);
  });

  it('takes no memory for a gap that nobody reads', () => {
    const { bridge, media } = bareCall();
    for (let i = 0; i < 1_000; i++) media('inbound', Buffer.of(1), 59_000 * i);
    expect(bridge.inbound.filledMs).toBeGreaterThan(58_000_000);
    expect(bridge.inbound.readableLength).toBeLessThan(20_000);
  });
});

describe('MediaStreamBridge with the speech service', () => {
  let sandbox: Sandbox;
  let client: Gradium;
  beforeAll(async () => {
    sandbox = await startSandbox();
    client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
  });
  afterAll(() => sandbox.close());

  /** Until the service has got so many messages of audio. */
  async function received(messages: number): Promise<void> {
    while ((sandbox.received().sessions[0]?.audioMessages ?? 0) < messages) await setImmediate();
  }

  it('sends a message for each step of 80 ms, as soon as it is whole', async () => {
    sandbox.clearReceived();
    const { bridge, media, hangUp } = bareCall();
    const hearing = client.stt.stream({ format: bridge.inbound.outputFormat, steps: false });
    bridge.inbound.pipe(hearing).resume();
    for (let step = 1; step <= 10; step++) {
      for (let frame = 0; frame < 4; frame++) media('inbound', speech(20), 80 * (step - 1) + 20 * frame);
      await received(step); // without more of the call
      expect(sandbox.received().sessions[0]).toMatchObject({ audioMessages: step, audioBytes: 640 * step });
    }
    hangUp();
    await hearing.toArray().catch(() => {});
  });

  it.each(['pcm_24000', 'wav', 'alaw_8000'] as const)(
    'plays a voice of %s with its words',
    async (outputFormat) => {
      const text = 'Yes, we are open.';
      const { clock, bridge, phone } = called();
      phone.call();
      const voice = client.tts.stream({ outputFormat });
      voice.end(text);
      const { done } = bridge.play(voice);
      let isOver = false;
      const over = () => {
        isOver = true;
      };
      done.then(over, over);
      while (!isOver) await clock.live(20);
      const played = await done;
      expect(played.complete).toBe(true);
      const { data, words } = await client.tts.synthesize(text, { outputFormat: 'ulaw_8000' });
      expect(played.words).toEqual(words);
      expect(played.words.map((each) => each.text).join(' ')).toBe(text);
      expect(Math.abs(played.durationS - data.length / 8_000)).toBeLessThan(0.1);
      expect((await client.stt.transcribe(Buffer.concat(phone.heard), { format: MULAW })).text).toBe(text);
    },
  );

  /** When each word was said, by one side. */
  async function wordsOf(track: TrackStream): Promise<[string, number][]> {
    const hearing = client.stt.stream({ format: track.outputFormat, steps: false });
    track.pipe(hearing);
    const words: [string, number][] = [];
    for await (const event of hearing)
      if (event.type === 'word') words.push([event.word.text, event.word.startS]);
    return words;
  }

  it('keeps the two sides apart, on one clock', async () => {
    const { bridge, media, hangUp } = bareCall();
    const heard = Promise.all([wordsOf(bridge.tracks.inbound), wordsOf(bridge.tracks.outbound)]);
    const say = async (track: string, text: string, fromMs: number) => {
      const { data } = await client.tts.synthesize(text, { outputFormat: 'ulaw_8000' });
      for (let at = 0; at < data.length; at += 160) {
        media(track, Buffer.from(data.subarray(at, at + 160)), fromMs + at / 8);
        await setImmediate();
      }
    };
    await say('inbound', 'open on sunday', 200);
    await say('outbound', 'yes we are', 2_000); // nothing was sent of this side before
    await say('inbound', 'thanks', 4_000);
    hangUp();
    const [caller, agent] = await heard;
    const texts = (words: [string, number][]) => words.map(([text]) => text).join(' ');
    expect([texts(caller), texts(agent)]).toEqual(['open on sunday thanks', 'yes we are']);
    const [open, , , thanks] = caller.map(([, startS]) => startS);
    expect(open).toBeLessThan(0.5);
    expect(thanks).toBeGreaterThan(3.8);
    expect(thanks).toBeLessThan(4.3);
    expect(agent[0]?.[1]).toBeGreaterThan(1.8);
    expect(agent[0]?.[1]).toBeLessThan(2.3);
  });
});
